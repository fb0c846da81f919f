use alloy::primitives::{B256, U256};
use mayfly_l1::claim;
use node_core::{
    exit::ExitLeaf,
    flow::teardown::exits::Exits,
    port::{L1, L1Action},
};

use crate::event::{Event, HEAD, ether, person};

/// The exit of person `i` in `asset`, with its proof.
fn exit(exits: &Exits, i: usize, asset: u32) -> (ExitLeaf, Vec<B256>) {
    let recipient = person(i).address();
    let leaf =
        exits.leaves().iter().find(|leaf| leaf.asset == asset && leaf.recipient == recipient);
    let leaf = *leaf.expect("it is among the exits");
    (leaf, exits.proof(leaf.index.into()).expect("it is in the tree"))
}

#[tokio::test]
async fn claim_pays_eth_to_its_holder_whoever_sends_it() {
    let (event, exits) = Event::over().await;
    let holder = person(1).address();
    let before = event.node.balance_of(holder).await.expect("anvil answers");
    let (leaf, proof) = exit(&exits, 1, 0);
    assert_eq!(leaf.value, ether("4"), "5 ETH less a ticket");

    claim(&event.sender(7), event.layer(), &leaf, proof).await.expect("claims are open");
    let after = event.node.balance_of(holder).await.expect("anvil answers");
    assert_eq!(after - before, ether("4"));
    assert!(event.node.is_claimed(event.layer(), leaf.index).await.expect("anvil answers"));
}

#[tokio::test]
async fn claim_mints_the_twin_of_a_ticket() {
    let (event, exits) = Event::over().await;
    let twin = event.node.twin_of(event.layer(), 1).await.expect("anvil answers");
    let twin = twin.expect("the tickets are asset 1");
    let (leaf, proof) = exit(&exits, 2, 1);
    assert_eq!(event.node.owner_of(twin, leaf.id).await.expect("anvil answers"), None);

    let sender = event.sender(2);
    claim(&sender, event.layer(), &leaf, proof).await.expect("claims are open");
    let owner = event.node.owner_of(twin, leaf.id).await.expect("anvil answers");
    assert_eq!((leaf.id, owner), (U256::from(2), Some(sender.address())));
    assert_eq!(event.node.twin_of(event.layer(), 2).await.expect("anvil answers"), None);
}

#[tokio::test]
async fn claim_twice_is_refused_by_name() {
    let (event, exits) = Event::over().await;
    let (leaf, proof) = exit(&exits, 1, 0);
    let action = L1Action::Claim { leaf, proof };
    event.l1.act(action.clone()).await.expect("claims are open");

    let error = event.l1.act(action).await.expect_err("it was paid");
    let expected = format!("refused: claim: AlreadyClaimed {{ index: {} }}", leaf.index);
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn claim_with_a_wrong_proof_is_refused_by_name() {
    let (event, exits) = Event::over().await;
    let (leaf, mut proof) = exit(&exits, 1, 0);
    proof[0].0[31] ^= 1;
    let refused = claim(&event.sender(1), event.layer(), &leaf, proof).await;
    assert_eq!(refused.expect_err("a bit is wrong").to_string(), "refused: claim: BadProof");

    let (leaf, proof) = exit(&exits, 1, 0);
    let more = ExitLeaf { value: leaf.value + U256::ONE, ..leaf };
    let refused = claim(&event.sender(1), event.layer(), &more, proof).await;
    assert_eq!(refused.expect_err("a wei too much").to_string(), "refused: claim: BadProof");
}

#[tokio::test]
async fn push_pays_everybody_who_was_not_paid_yet() {
    let (event, exits) = Event::over().await;
    let (leaf, proof) = exit(&exits, 1, 0);
    claim(&event.sender(1), event.layer(), &leaf, proof).await.expect("claims are open");
    assert_eq!(event.view(HEAD).await.claimed, 1);
    let poor = event.node.balance_of(person(2).address()).await.expect("anvil answers");

    let all = exits.chunk(0, 100).expect("there are exits");
    event.l1.act(L1Action::Push(all.clone())).await.expect("claims are open");
    event.l1.act(L1Action::Push(all)).await.expect("a second push pays nobody");
    assert_eq!(event.view(HEAD).await.claimed, exits.leaves().len() as u64);
    let rich = event.node.balance_of(person(2).address()).await.expect("anvil answers");
    assert_eq!(rich - poor, ether("4"));
    let left = event.node.balance_of(event.layer()).await.expect("anvil answers");
    assert_eq!(left, U256::ZERO, "what came in went out");
}
