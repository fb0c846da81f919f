//! What a new layer on the development L1 gets, so that there is something to play with.

use std::sync::Arc;

use alloy::{
    primitives::{Address, U256, utils::parse_ether},
    sol_types::SolConstructor,
};
use futures::future::try_join_all;
use mayfly_contracts::Ticket;
use mayfly_l1::{Sender, deposit_eth, devnet};
use node_core::{flow::mint, rpc::Node};
use tokio::task::JoinHandle;

use super::{Runner, http};
use crate::{client::Client, failure::Failure};

/// What each development account deposits: ETH.
const DEPOSIT: &str = "1000";

/// What a sample ticket costs: ETH.
pub(crate) const PRICE: &str = "0.01";

/// Deposits for the ten development accounts from the L1, and deploys the sample ticket contract.
pub(super) async fn equip(runner: &Runner, ticket: Option<Address>) -> Result<(), Failure> {
    let wei = parse_ether(DEPOSIT).expect("a number");
    let layer = runner.config().l1.layer;
    let accounts = devnet::accounts();
    let deposits = accounts.iter().map(|key| async move {
        let sender = Sender::new(runner.l1.node().clone(), key.clone());
        deposit_eth(&sender, layer, sender.address(), wei).await
    });
    try_join_all(deposits).await?;
    let (url, server) = own_door(runner).await?;
    let client = Client::connect(&url)?;
    try_join_all(accounts.iter().map(|key| client.wait_for_deposit(key.address()))).await?;
    if ticket.is_none() {
        let ticket = deploy_ticket(runner, &client, "Mayfly ticket", "TICKET").await?;
        mint::set_ticket(&runner.layer.context.stores, ticket).await?;
    }
    server.abort();
    Ok(())
}

/// Serves the layer without the organiser's rules, on a port that nobody is told of.
async fn own_door(runner: &Runner) -> Result<(String, JoinHandle<()>), Failure> {
    let node = Node { access: Arc::default(), ..Node::clone(&runner.layer.node) };
    let listener = http::bind(0, "--port").await?;
    let address = listener.local_addr().map_err(|error| Failure::remote("server", error))?;
    let routes = mayfly_rpc::router(Arc::new(node));
    Ok((http::url(address), http::serve(listener, routes, runner.layer.stop.subscribe())))
}

/// Deploys the plain `OpenZeppelin` ticket contract from the organiser's account on the layer.
pub(crate) async fn deploy_ticket(
    runner: &Runner,
    client: &Client,
    name: &str,
    symbol: &str,
) -> Result<Address, Failure> {
    let [organiser, ..] = &devnet::accounts()[..] else {
        unreachable!("the development L1 has ten accounts")
    };
    let arguments = Ticket::constructorCall {
        name_: name.to_owned(),
        symbol_: symbol.to_owned(),
        priceWei_: parse_ether(PRICE).expect("a number"),
        minter_: runner.keys.minter_address()?,
        maxSupply_: U256::from(1_000_000),
    };
    let code = [Ticket::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    client.deploy(organiser, code.into()).await
}
