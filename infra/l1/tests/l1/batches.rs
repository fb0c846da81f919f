//! Inputs on the L1: what is posted there rebuilds the layer, whoever ends it.

use alloy::primitives::B256;
use mayfly_contracts::exit_sealer_code;
use mayfly_l1::{Assurance, BlobSource, HttpL1};
use node_core::{
    chain::{Finality, Phase, Posting},
    flow::{
        batch::{self, Batcher, Due},
        query::Replica,
        rebuild::{Rebuild, Restored},
        teardown::exits::{self, Exits},
    },
    port::{L1, L1Action, L1Receipt, PortError, PostedBatch, Stores, memory::Memory},
};

use crate::event::{Event, HEAD, ether};

/// Posts what the layer has committed.
async fn post(event: &Event, due: Due) -> Result<Vec<L1Receipt>, node_core::flow::FlowError> {
    let (stores, config) = (&event.context.stores, &*event.context.config);
    let replica = &Replica::open(stores, config.id).await.expect("memory does not fail");
    let batcher = Batcher { stores, config, replica, known_codes: &[] };
    batch::post(&batcher, &*event.recorder, due).await
}

/// Builds the layer again from the L1 alone, into stores of its own.
pub(crate) async fn rebuild(event: &Event, source: &BlobSource) -> (Rebuild, Stores) {
    // Nothing but the contract's address is known.
    let (node, layer) = (event.node.clone(), event.layer());
    let found = HttpL1::find(node, layer, 0, Finality::Finalized).await;
    let l1 = found.expect("it was opened");
    let until = l1.node().block(HEAD).await.expect("anvil answers");
    let batches = l1.batches(until, source, || ()).await.expect("they are there");
    let opened = l1.binding().opened_in_block;
    let deposits = l1.deposits(opened, until.number).await.expect("anvil answers");
    let known = &[exit_sealer_code()];
    let started = Rebuild::start(l1.layer_config(), &l1.genesis(), &batches[0], known);
    let mut rebuild = started.expect("block 0 is right");
    let stores = Memory::stores();
    let now_ms = event.now_ms;
    let open = Restored::open(&stores, &rebuild, "stranger", now_ms).await;
    let mut restored = open.expect("memory does not fail");
    for batch in &batches {
        let mut blocks = Vec::new();
        rebuild.batch(batch, &deposits, |block| blocks.push(block)).expect("every block is right");
        for block in blocks {
            restored.add(block).await.expect("it follows");
        }
    }
    Box::pin(restored.finish()).await.expect("memory does not fail");
    (rebuild, stores)
}

/// The whole life of a layer, and what the L1 has of it afterwards.
async fn rebuilt_from(posting: Posting, source: impl FnOnce(&Event) -> BlobSource) {
    let (event, exits) = Event::over_with(posting, Assurance::Operator).await;
    let (rebuilt, stores) = Box::pin(rebuild(&event, &source(&event))).await;
    let settled = event.view(HEAD).await.settlement.expect("it is settled");
    assert_eq!(rebuilt.world().root(), settled.state_root);
    let ours = Exits::new(exits::collect(&stores).await.expect("memory does not fail"));
    assert_eq!(ours.leaves(), exits.leaves());
    assert_eq!(ours.tree().root(), settled.exit_root);
    for leaf in exits.leaves() {
        let index = u64::from(leaf.index);
        assert_eq!(ours.proof(index), exits.proof(index), "{leaf:?}");
    }
}

#[tokio::test]
async fn calldata_rebuilds_the_layer_with_every_exit() {
    Box::pin(rebuilt_from(Posting::Calldata, |_| BlobSource::Anvil)).await;
}

#[tokio::test]
async fn blobs_rebuild_the_layer_with_every_exit() {
    Box::pin(rebuilt_from(Posting::Blobs, |_| BlobSource::Anvil)).await;
}

#[tokio::test]
async fn posting_again_answers_with_the_first_time() {
    let event = Event::open_with(Posting::Blobs, Assurance::Operator).await;
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    let receipts = post(&event, Due::All).await.expect("nothing fails");
    assert_eq!(receipts.len(), 1, "one block");
    assert_eq!(post(&event, Due::All).await.expect("nothing fails"), [], "all is posted");
    let (action, first) = event.recorder.find(|action| matches!(action, L1Action::PostBatch(_)));
    assert_eq!(event.l1.act(action).await.expect("it is done"), first);
    let posted = event.view(HEAD).await.posted;
    assert_eq!((posted.batches, posted.last_block, posted.consumed_deposits), (1, 1, 1));
}

#[tokio::test]
async fn a_batch_waits_for_company_unless_it_is_old() {
    let event = Event::open_with(Posting::Calldata, Assurance::Operator).await;
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    let block_s = event.now_ms / 1_000;
    let waits = post(&event, Due::Since(block_s - 1)).await.expect("nothing fails");
    assert_eq!(waits, []);
    assert_eq!(post(&event, Due::Since(block_s)).await.expect("nothing fails").len(), 1);
}

#[tokio::test]
async fn batch_of_a_layer_that_leaves_out_an_old_deposit_is_refused() {
    let event = Event::open_with(Posting::Calldata, Assurance::Operator).await;
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    post(&event, Due::All).await.expect("nothing waits");
    // Two more arrive, of which the layer has one: the other is young, and proved to be.
    event.deposit(2, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    event.deposit(3, ether("5")).await;
    post(&event, Due::All).await.expect("it is young");
    // The layer goes on without it.
    event.anvil.pass_time(7_200);
    event.pay(1, ether("1")).await;
    let error = post(&event, Due::All).await.expect_err("it is old");
    assert!(error.to_string().contains("DepositOverdue { index: 2 }"), "{error}");
    // Taken in at last.
    event.anvil.finalize();
    event.ingest().await;
    post(&event, Due::All).await.expect("nothing waits any more");
}

#[tokio::test]
async fn reorg_under_batch_and_settlement_is_made_good() {
    let event = Event::open_with(Posting::Calldata, Assurance::Operator).await;
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    event.end(Phase::Sealed).await;
    let before = event.view(HEAD).await.block;
    event.teardown().advance(event.now_ms).await.expect("posts and settles");
    let view = event.view(HEAD).await;
    assert!(view.settlement.is_some() && view.posted.batches > 0, "{view:?}");
    let first = event.recorder.find(|action| matches!(action, L1Action::Settle(_))).1;

    event.anvil.reorg(view.block - before);
    let view = event.view(HEAD).await;
    assert!(view.settlement.is_none() && view.posted.batches == 0, "{view:?}");
    event.end(Phase::Final).await;
    assert!(event.view(Finality::Finalized).await.settlement.is_some());
    let stores = &event.context.stores;
    let kept = node_core::flow::teardown::bundle::settlement(stores).await;
    let kept = kept.expect("memory does not fail").expect("it is remembered");
    assert_ne!(kept.transaction, B256::ZERO);
    let receipt =
        event.l1.act(event.recorder.find(|action| matches!(action, L1Action::Settle(_))).0);
    assert_eq!(receipt.await.expect("it is done"), kept, "not {first:?}, which is gone");
    Box::pin(rebuild(&event, &BlobSource::Anvil)).await;
}

#[tokio::test]
async fn blobs_are_read_back_and_a_silent_node_is_named_without_its_key() {
    let event = Event::open_with(Posting::Blobs, Assurance::Operator).await;
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    post(&event, Due::All).await.expect("nothing fails");
    let until = event.node.block(HEAD).await.expect("anvil answers");
    let batches = event.l1.batches(until, &BlobSource::Anvil, || ()).await.expect("they are there");
    let (action, _) = event.recorder.find(|action| matches!(action, L1Action::PostBatch(_)));
    let L1Action::PostBatch(posted) = action else { unreachable!("it was looked for") };
    assert_eq!(batches, [posted]);
    let nobody = BlobSource::of(Some("http://127.0.0.1:1/key")).expect("a URL");
    let error = event.l1.batches(until, &nobody, || ()).await.expect_err("nobody answers");
    assert!(error.is_retryable(), "{error:?}");
    assert!(!format!("{error:?}").contains("key"), "the URL may hold a key: {error:?}");
}

#[tokio::test]
async fn only_the_operator_posts_while_the_layer_is_open() {
    let event = Event::open_with(Posting::Calldata, Assurance::Operator).await;
    let stranger = event.sender(5);
    let address = stranger.address();
    let l1 = (*event.l1).clone().with_sender(stranger.into());
    let head = node_core::port::BatchHead { last_block: 1, ..Default::default() };
    let batch = PostedBatch { head, payload: alloy::primitives::Bytes::from_static(b"batch") };
    let error = l1.act(L1Action::PostBatch(batch)).await.expect_err("a stranger");
    assert!(matches!(error, PortError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("{address:?}")), "{error}");
}
