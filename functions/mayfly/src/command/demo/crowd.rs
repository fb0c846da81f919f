use alloy::{
    primitives::{Address, Bytes, TxKind, U256, address, utils::parse_ether},
    signers::local::PrivateKeySigner,
    sol,
    sol_types::SolCall,
};
use futures::{StreamExt, TryStreamExt, stream};
use mayfly_contracts::Ticket;

use crate::{
    client::{Call, Client},
    failure::Failure,
    runner::TICKET_PRICE,
    ui::{Step, Steps},
};

/// Multicall3, preinstalled on every layer.
const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");

/// Buyers funded in one transaction: 35 k gas each, 16.7 M in a transaction.
const FUNDED_AT_ONCE: usize = 300;

/// Requests under way at a time.
const IN_FLIGHT: usize = 128;

/// Gas of one purchase.
const BUY_GAS: u64 = 200_000;

/// What every buyer gets before buying: ETH.
const ALLOWANCE: &str = "0.05";

sol! {
    struct Call3Value { address target; bool allowFailure; uint256 value; bytes callData; }
    function aggregate3Value(Call3Value[] calldata calls) external payable;
}

/// Makes the keys of the buyers.
pub(super) fn keys(count: u32) -> Vec<PrivateKeySigner> {
    (0..count).map(|_| PrivateKeySigner::random()).collect()
}

/// Gives every buyer something to spend.
pub(super) async fn fund(
    client: &Client,
    organiser: &PrivateKeySigner,
    buyers: &[PrivateKeySigner],
    steps: &Steps,
) -> Result<(), Failure> {
    let step = steps.start("fund the buyers", buyers.len());
    let allowance = parse_ether(ALLOWANCE).expect("a number");
    for chunk in buyers.chunks(FUNDED_AT_ONCE) {
        let call = |buyer: &PrivateKeySigner| Call3Value {
            target: buyer.address(),
            allowFailure: false,
            value: allowance,
            callData: Bytes::new(),
        };
        let calls = aggregate3ValueCall { calls: chunk.iter().map(call).collect() };
        let value = allowance * U256::from(chunk.len());
        client.send(organiser, TxKind::Call(MULTICALL3), value, calls.abi_encode().into()).await?;
        step.advance(chunk.len());
    }
    step.done(&format!("{ALLOWANCE} ETH each, by Multicall3"));
    Ok(())
}

/// Lets every buyer sign and send one purchase; all wait for their receipts.
pub(super) async fn buy(
    client: &Client,
    chain_id: u64,
    ticket: Address,
    buyers: &[PrivateKeySigner],
    step: &Step,
) -> Result<(), Failure> {
    let price = parse_ether(TICKET_PRICE).expect("a number");
    let purchase = |buyer: &PrivateKeySigner| {
        let call = Call {
            nonce: 0,
            to: TxKind::Call(ticket),
            value: price,
            input: Ticket::buyCall {}.abi_encode().into(),
            gas_limit: BUY_GAS,
        };
        Client::sign(buyer, chain_id, call)
    };
    stream::iter(buyers.iter().map(|buyer| {
        let raw = purchase(buyer);
        async move { client.send_sync(&raw).await }
    }))
    .buffer_unordered(IN_FLIGHT)
    .try_for_each(|_| {
        step.tick();
        std::future::ready(Ok(()))
    })
    .await
}

/// Moves what the tickets brought to the organiser.
pub(super) async fn withdraw(
    client: &Client,
    organiser: &PrivateKeySigner,
    ticket: Address,
) -> Result<(), Failure> {
    let input = Ticket::withdrawCall {}.abi_encode().into();
    client.send(organiser, TxKind::Call(ticket), U256::ZERO, input).await?;
    Ok(())
}
