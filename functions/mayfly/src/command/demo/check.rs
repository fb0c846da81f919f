//! Is everything on the L1 that was on the layer?

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};
use futures::{StreamExt, TryStreamExt, stream};
use mayfly_l1::Node;
use node_core::{
    chain::Finality, exit::ExitLeaf, flow::teardown::exits::Exits, port::L1, state::WorldState,
};

use crate::{
    command::verify::same,
    failure::Failure,
    runner::{Outcome, Runner},
    ui::Step,
};

/// Requests under way at a time.
const IN_FLIGHT: usize = 32;

/// Reads what everybody who exits with ETH has on the L1.
pub(super) async fn balances(
    runner: &Runner,
    exits: &Exits,
) -> Result<BTreeMap<Address, U256>, Failure> {
    let node = runner.l1.node();
    let holders: BTreeSet<Address> =
        exits.leaves().iter().filter(|leaf| leaf.asset == 0).map(|leaf| leaf.recipient).collect();
    let read = stream::iter(holders)
        .map(|holder| async move { Ok::<_, Failure>((holder, node.balance_of(holder).await?)) })
        .buffer_unordered(IN_FLIGHT);
    read.try_collect().await
}

/// The L1 holds the state root that the layer ended with.
pub(super) async fn settlement(runner: &Runner, outcome: &Outcome) -> Result<(), Failure> {
    let view = runner.binding.view(Finality::Depth(0)).await?;
    let held = view.settlement.unwrap_or_default().state_root;
    same("state root on the L1", outcome.state_root, held)
}

/// Every recipient has on the L1 what its exits say.
pub(super) async fn payouts(
    runner: &Runner,
    outcome: &Outcome,
    exits: &Exits,
    before: &BTreeMap<Address, U256>,
    step: &Step,
) -> Result<(), Failure> {
    let node = runner.l1.node();
    let mut due: BTreeMap<Address, U256> = BTreeMap::new();
    for leaf in exits.leaves().iter().filter(|leaf| leaf.asset == 0) {
        *due.entry(leaf.recipient).or_default() += leaf.value;
    }
    stream::iter(due)
        .map(Ok)
        .try_for_each_concurrent(IN_FLIGHT, |(holder, wei)| async move {
            let expected = before.get(&holder).copied().unwrap_or_default() + wei;
            let got = node.balance_of(holder).await?;
            step.tick();
            equal("ETH on the L1", expected, got)
        })
        .await?;
    let tickets = exits.leaves().iter().filter(|leaf| leaf.asset != 0);
    stream::iter(tickets)
        .map(Ok)
        .try_for_each_concurrent(IN_FLIGHT, |leaf| async move {
            step.tick();
            ticket(node, outcome.l1_layer, leaf).await
        })
        .await
}

/// The exits hold all ETH of the layer's final state; returns how many tickets exit beside it.
pub(super) fn completeness(exits: &Exits, last: &WorldState) -> Result<usize, Failure> {
    let mut on_layer = U256::ZERO;
    for account in last.iter_accounts() {
        let (_, account) = account.map_err(|error| Failure::Flow(error.into()))?;
        on_layer += account.info.balance;
    }
    let eth = exits.leaves().iter().filter(|leaf| leaf.asset == 0);
    equal("ETH in the exits", on_layer, eth.map(|leaf| leaf.value).sum())?;
    Ok(exits.leaves().iter().filter(|leaf| leaf.asset != 0).count())
}

async fn ticket(node: &Node, layer: Address, leaf: &ExitLeaf) -> Result<(), Failure> {
    let missing = || Failure::remote("twin on the L1", "there is none");
    let twin = node.twin_of(layer, leaf.asset).await?.ok_or_else(missing)?;
    let owner = node.owner_of(twin, leaf.id).await?;
    if owner == Some(leaf.recipient) {
        return Ok(());
    }
    Err(Failure::Mismatch {
        what: "owner of a ticket on the L1",
        expected: leaf.recipient.to_string(),
        got: owner.map_or_else(|| "nobody".to_owned(), |owner| owner.to_string()),
    })
}

fn equal(what: &'static str, expected: U256, got: U256) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    Err(Failure::Mismatch { what, expected: expected.to_string(), got: got.to_string() })
}
