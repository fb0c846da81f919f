//! What the contract does not do twice, or for others.

use alloy::{hex, sol_types::SolError};
use mayfly_contracts::FlashLayer::BadPhase;
use mayfly_l1::{claim, claim_range, push};
use node_core::port::{L1Action, PublishedChunk};
use serde_json::json;

use crate::event::{Event, HEAD, ORGANISER, person};

/// `Phase.Final`, as the contract counts.
const FINAL: u8 = 3;

#[tokio::test]
async fn settling_twice_is_refused_by_the_contract() {
    let (event, _) = Event::over().await;
    let settled = event.recorder.find(|action| matches!(action, L1Action::Settle(_))).1;
    let rpc = event.anvil.rpc();
    let sent = rpc.call("eth_getTransactionByHash", &json!([settled.transaction]));
    let again = json!([{
        "from": person(ORGANISER).address(),
        "to": event.layer(),
        "input": sent["input"],
    }, "latest"]);
    let answer = rpc.try_call("eth_call", &again).expect("anvil answers");
    let expected = hex::encode_prefixed(BadPhase { have: FINAL }.abi_encode());
    assert_eq!(answer["error"]["data"], expected, "{answer}");
}

#[tokio::test]
async fn range_that_is_shifted_is_refused() {
    let (event, exits) = Event::over().await;
    let (sender, layer) = (event.sender(7), event.layer());
    assert!(exits.leaves().len() > 3, "{:?}", exits.leaves());
    let right = exits.chunk(1, 2).expect("there are more");
    for start in [0, 2] {
        let shifted = PublishedChunk { start, ..right.clone() };
        let error = claim_range(&sender, layer, shifted).await.expect_err("other leaves");
        assert_eq!(error.to_string(), "refused: claimRange: BadProof", "from {start}");
    }
    // With the siblings of where it claims to be.
    let siblings = exits.chunk(0, 2).expect("there are more").siblings;
    let shifted = PublishedChunk { start: 0, siblings, ..right.clone() };
    let error = claim_range(&sender, layer, shifted).await.expect_err("other leaves");
    assert_eq!(error.to_string(), "refused: claimRange: BadProof");
    assert_eq!(event.view(HEAD).await.claimed, 0);
    claim_range(&sender, layer, right).await.expect("the right one");
    assert_eq!(event.view(HEAD).await.claimed, 2);
}

#[tokio::test]
async fn claim_after_a_push_is_refused_and_a_push_goes_on_where_the_last_one_ended() {
    let (event, exits) = Event::over().await;
    let (sender, layer) = (event.sender(7), event.layer());
    let count = exits.leaves().len() as u64;
    let first = exits.chunk(0, 2).expect("there are exits");
    push(&sender, layer, first.clone()).await.expect("claims are open");
    assert_eq!(event.node.pushed(layer).await.expect("anvil answers"), 2);
    let error = push(&sender, layer, first).await.expect_err("they were pushed");
    assert_eq!(error.to_string(), "refused: push: BadProof");
    for leaf in &exits.leaves()[..2] {
        let proof = exits.proof(leaf.index.into()).expect("it is in the tree");
        let error = claim(&sender, layer, leaf, proof).await.expect_err("it was pushed");
        let expected = format!("refused: claim: AlreadyClaimed {{ index: {} }}", leaf.index);
        assert_eq!(error.to_string(), expected);
    }
    let rest = exits.push_chunk(2, |_| false).expect("there are more");
    push(&sender, layer, rest).await.expect("it is next");
    assert_eq!(event.node.pushed(layer).await.expect("anvil answers"), count);
    assert_eq!(event.view(HEAD).await.claimed, count);
    assert_eq!(exits.push_chunk(count, |_| false), None);
}
