use core::sync::atomic::Ordering;

use alloy::primitives::B256;
use node_core::{
    chain::{Finality, Phase},
    exit::unpack,
    port::{L1, L1Action, PortError},
};

use crate::event::{Event, HEAD, ether};

#[tokio::test]
async fn layer_ends_on_the_l1_and_is_erased() {
    let (event, exits) = Event::over().await;
    let view = event.view(Finality::Finalized).await;
    let settlement = view.settlement.expect("it is settled");
    assert_eq!(settlement.exit_root, exits.tree().root());
    assert_eq!(settlement.leaf_count, exits.leaves().len() as u64);
    assert!(settlement.final_at_s <= view.timestamp_s);
    assert_eq!((view.published, view.disposable), (0, false));

    event.end(Phase::Published).await;
    let view = event.view(Finality::Finalized).await;
    assert_eq!((view.published, view.disposable), (settlement.leaf_count, true));
    event.end(Phase::Erased).await;
    let left = event.context.stores.stored.count().await.expect("memory does not fail");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn leaves_are_published_in_chunks_and_found_in_calldata() {
    let (event, exits) = Event::over().await;
    let mut published = 0;
    while let Some(chunk) = exits.chunk(published, 2) {
        assert!(!event.view(HEAD).await.disposable);
        let leaves = unpack(&chunk.packed, u32::try_from(published).expect("few leaves"));
        event.l1.act(L1Action::Publish(chunk)).await.expect("it is next");
        published += leaves.expect("our own packing").len() as u64;
        assert_eq!(event.view(HEAD).await.published, published);
    }
    assert!(event.view(HEAD).await.disposable);
    assert!(!event.view(Finality::Finalized).await.disposable, "not final yet");
}

#[tokio::test]
async fn acting_again_answers_with_the_first_time() {
    let (event, exits) = Event::over().await;
    let chunk = exits.chunk(0, 2).expect("there are exits");
    event.recorder.act(L1Action::Publish(chunk)).await.expect("it is next");
    let wanted: [fn(&L1Action) -> bool; 3] = [
        |action| matches!(action, L1Action::CloseDeposits),
        |action| matches!(action, L1Action::Settle(_)),
        |action| matches!(action, L1Action::Publish(_)),
    ];
    for wanted in wanted {
        let (action, first) = event.recorder.find(wanted);
        let again = event.l1.act(action.clone()).await.expect("it is done");
        assert_eq!(again, first, "{action:?}");
    }
}

#[tokio::test]
async fn settling_another_root_is_refused() {
    let (event, _) = Event::over().await;
    let (action, _) = event.recorder.find(|action| matches!(action, L1Action::Settle(_)));
    let L1Action::Settle(mut settlement) = action else { unreachable!("it was looked for") };
    settlement.state_root = B256::repeat_byte(1);
    let error = event.l1.act(L1Action::Settle(settlement)).await.expect_err("another root");
    assert!(error.to_string().starts_with("refused: settle: settled with state root"), "{error}");
}

#[tokio::test]
async fn settlement_whose_proof_is_wrong_is_refused() {
    let event = Event::open().await;
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    event.end(Phase::Sealed).await;
    event.recorder.idle.store(true, Ordering::Relaxed);
    event.teardown().advance(event.now_ms).await.expect("nothing fails");
    let (action, _) = event.recorder.find(|action| matches!(action, L1Action::Settle(_)));
    let L1Action::Settle(right) = action else { unreachable!("it was looked for") };

    let mut wrong = right.clone();
    wrong.sealed.exit_root = B256::repeat_byte(1);
    let error = event.l1.act(L1Action::Settle(wrong)).await.expect_err("another exit root");
    assert!(error.to_string().starts_with("refused: settle: BadSeal { got: "), "{error}");

    let mut wrong = right.clone();
    wrong.account_proof.pop();
    let error = event.l1.act(L1Action::Settle(wrong)).await.expect_err("half a proof");
    assert!(matches!(error, PortError::Refused { .. }), "{error:?}");

    event.l1.act(L1Action::Settle(right)).await.expect("the right one");
}

#[tokio::test]
async fn stranger_cannot_end_the_layer() {
    let event = Event::open().await;
    let stranger = event.sender(5);
    let address = stranger.address();
    let l1 = (*event.l1).clone().with_sender(stranger.into());
    let error = l1.act(L1Action::CloseDeposits).await.expect_err("a stranger");
    let expected = format!("refused: closeDeposits: NotAllowed {{ caller: {address:?} }}");
    assert_eq!(error.to_string(), expected);
}
