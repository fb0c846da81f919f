//! On which L1 block a layer rests.

use std::sync::Arc;

use alloy_primitives::B256;
use async_trait::async_trait;
use futures::executor::block_on;

use super::kit::{Layer, NOW_MS, account, deposit, l1_block, transfer};
use crate::{
    chain::{DepositEvent, Finality, L1Origin},
    flow::{bridge, sequence::Committed},
    port::{L1, L1Action, L1Receipt, L1View, PortError},
};

fn origins(blocks: &[Committed]) -> Vec<Option<L1Origin>> {
    blocks.iter().map(|block| L1Origin::of(&block.header).expect("a layer's header")).collect()
}

#[test]
fn layer_rests_on_the_l1_block_whose_deposits_it_has() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS + 60_000);
    assert_eq!(L1Origin::of(&sequencer.tip().header), Ok(None), "nothing was read yet");
    layer.read_l1(7, 4);
    assert_eq!(layer.drain(&mut sequencer).len(), 0, "the L1 alone makes no block");
    layer.force(&transfer(0, 0, 0));
    assert_eq!(origins(&layer.drain(&mut sequencer)), [Some(l1_block(7))]);
    layer.force(&transfer(0, 1, 0));
    assert_eq!(origins(&layer.drain(&mut sequencer)), [Some(l1_block(7))], "until a later one");

    // The deposit of block 8 is not on the layer before its own block.
    layer.read_l1(8, 5);
    layer.force(&transfer(0, 2, 0));
    assert_eq!(origins(&layer.drain(&mut sequencer)), [Some(l1_block(7))]);
    layer.deposit(4, account(5));
    assert_eq!(origins(&layer.drain(&mut sequencer)), [Some(l1_block(7))]);
    layer.force(&transfer(0, 3, 0));
    assert_eq!(origins(&layer.drain(&mut sequencer)), [Some(l1_block(8))]);
}

#[test]
fn layer_never_rests_on_an_earlier_l1_block() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS + 60_000);
    for (nonce, read, rests_on) in [(0, 7, 7), (1, 6, 7), (2, 9, 9)] {
        layer.read_l1(read, 4);
        layer.force(&transfer(0, nonce, 0));
        assert_eq!(origins(&layer.drain(&mut sequencer)), [Some(l1_block(rests_on))]);
    }
}

#[test]
fn another_writer_goes_on_with_the_l1_block_of_its_parent() {
    let layer = Layer::open();
    let mut first = layer.writer("a", NOW_MS + 60_000);
    layer.read_l1(7, 4);
    layer.force(&transfer(0, 0, 0));
    layer.drain(&mut first);
    block_on(first.checkpoint()).expect("memory does not fail");
    let mut second = layer.writer("b", NOW_MS + 120_000);
    layer.force(&transfer(0, 1, 0));
    assert_eq!(origins(&layer.drain(&mut second)), [Some(l1_block(7))]);
}

/// An L1 at block 2,500, with one deposit in block 3.
struct Long;

#[async_trait]
impl L1 for Long {
    async fn newest(&self, _: Finality) -> Result<L1Origin, PortError> {
        self.block(2_500).await
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        Ok(L1Origin { hash: B256::repeat_byte(7), ..l1_block(number) })
    }

    async fn deposits(&self, first: u64, last: u64) -> Result<Vec<DepositEvent>, PortError> {
        let found = (first..=last).contains(&3);
        Ok(found.then(|| deposit(0, account(0))).into_iter().collect())
    }

    async fn view(&self, _: Finality) -> Result<L1View, PortError> {
        Ok(L1View::default())
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        Err(PortError::Refused { what: format!("{action:?}"), reason: "reads only".into() })
    }
}

#[test]
fn ingestion_remembers_the_last_block_that_it_read() {
    let layer = Layer::open();
    let (stores, config) = (&layer.context.stores, &layer.context.config);
    let l1: Arc<dyn L1> = Arc::new(Long);
    let ingest = bridge::ingest(stores, config, &*l1, &layer.rings, NOW_MS);
    let cursor = block_on(ingest).expect("memory does not fail");
    assert_eq!((cursor.next_block, cursor.next_index), (2_501, 1));
    let read = cursor.read.expect("it read blocks");
    assert_eq!((read.number, read.hash), (2_500, B256::repeat_byte(7)));
}
