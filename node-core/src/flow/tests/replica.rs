//! A replica answers the same wherever it starts, and whatever it has in memory.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, TxHash};
use futures::executor::block_on;

use super::kit::{Layer, NOW_MS, transfer};
use crate::{
    chain::Epoch,
    codec::{record::BlockRecord, run::RunRef},
    flow::{
        Caches, FlowError, Tip, checkpoint,
        index::{LogQuery, extend},
        query::Replica,
        sequence::Committed,
    },
    port::{PortError, Put},
};

/// A layer with blocks 1 to `blocks`, and a checkpoint at `checkpoint`. Block 1 has the deposits with
/// which the layer opens, each other one transfer.
fn committed(blocks: u64, checkpoint: u64) -> (Layer, Vec<Committed>) {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    let mut committed = vec![first_block(&layer)];
    for nonce in 0..blocks - 1 {
        layer.force(&transfer(0, nonce, 0));
        committed.extend(layer.drain(&mut sequencer));
        if sequencer.tip().header.number == checkpoint {
            block_on(sequencer.checkpoint()).expect("memory does not fail");
        }
    }
    assert_eq!(committed.last().map(|block| block.header.number), Some(blocks));
    (layer, committed)
}

fn first_block(layer: &Layer) -> Committed {
    let first = block_on(from_genesis(layer).block(1)).expect("memory").expect("the deposits");
    Committed::clone(&first)
}

/// Runs over `blocks`, five blocks each.
fn indexed(layer: &Layer, blocks: &[Committed]) -> Vec<RunRef> {
    let objects = &*layer.context.stores.objects;
    let numbered = |block: &Committed| {
        let slot = crate::chain::SlotNumber(block.next_slot.0 - 1);
        (slot, Arc::<BlockRecord>::clone(&block.record))
    };
    blocks.chunks(5).fold(Vec::new(), |runs, blocks| {
        let blocks: Vec<_> = blocks.iter().map(numbered).collect();
        let id = layer.context.config.id;
        block_on(extend(objects, id, Epoch(1), &runs, &blocks)).expect("memory does not fail")
    })
}

fn replica(layer: &Layer, tip: Tip, runs: Vec<RunRef>) -> Replica {
    let (stores, id) = (&layer.context.stores, layer.context.config.id);
    block_on(async {
        let replica =
            Replica::start(stores.clone(), id, tip, runs.into(), &Caches::default()).await?;
        replica.follow(stores).await?;
        Ok::<_, FlowError>(replica)
    })
    .expect("memory does not fail")
}

fn from_genesis(layer: &Layer) -> Replica {
    let (stores, id) = (&layer.context.stores, layer.context.config.id);
    replica(layer, block_on(checkpoint::load_genesis(stores, id)).expect("memory"), Vec::new())
}

/// From the newest checkpoint, with the index that it names.
fn opened(layer: &Layer) -> Replica {
    let (stores, id) = (&layer.context.stores, layer.context.config.id);
    block_on(Replica::open(stores, id)).expect("memory")
}

fn from_checkpoint(layer: &Layer, runs: Vec<RunRef>) -> Replica {
    replica(layer, block_on(checkpoint::load(&layer.context.stores)).expect("memory"), runs)
}

/// Asks for every block in every way, and for what is not there.
async fn check(replica: &Replica, blocks: &[Committed]) -> Result<(), FlowError> {
    let head = blocks.last().expect("there are blocks");
    assert_eq!(replica.head().header.hash(), head.header.hash());
    let count = blocks.iter().map(|block| block.record.block.transactions.len()).sum::<usize>();
    assert_eq!(replica.transaction_count(), count as u64);
    let genesis = replica.block(0).await?.expect("block 0");
    let by_hash = replica.block_by_hash(&genesis.header.hash()).await?.expect("block 0");
    assert_eq!(by_hash.header.number, 0);
    let mut balance = None;
    for block in blocks {
        let (number, hash) = (block.header.number, block.header.hash());
        let found = replica.block(number).await?.expect("committed");
        assert_eq!((&found.record, found.next_slot), (&block.record, block.next_slot));
        assert_eq!(replica.block_by_hash(&hash).await?.expect("committed").header.hash(), hash);
        let tx = block.record.block.transactions[0].hash();
        let located = replica.transaction(tx).await?.expect("committed");
        assert_eq!((located.block.header.number, located.index), (number, 0));
        let mut snapshot = replica.snapshot(number).await?.expect("committed");
        assert_eq!(snapshot.header.hash(), hash);
        let read = snapshot.with(|state| Ok::<_, FlowError>(state.world()?.root())).await?;
        assert_eq!(read, block.header.state_root, "state of block {number}");
        let receiver = Address::repeat_byte(0xbb);
        let receiver = snapshot.with(|state| Ok::<_, FlowError>(state.account(&receiver)?)).await?;
        let more = receiver.map(|account| account.balance) > balance;
        assert!(number == 1 || more, "each block pays more");
        balance = receiver.map(|account| account.balance);
        let ancestors = replica.ancestors(number).await?;
        assert_eq!(ancestors.get(number - 1), Some(block.record.block.header.parent_hash));
        assert_eq!(ancestors.iter().count() as u64, number.min(256));
    }
    let absent = B256::repeat_byte(0xee);
    assert!(replica.block(head.header.number + 1).await?.is_none());
    assert!(replica.snapshot(head.header.number + 1).await?.is_none());
    assert!(replica.block_by_hash(&absent).await?.is_none());
    assert!(replica.transaction(&absent).await?.is_none());
    Ok(())
}

#[test]
fn a_replica_answers_the_same_wherever_it_starts() {
    let (layer, blocks) = committed(40, 23);
    let runs = indexed(&layer, &blocks[..23]);
    for replica in [
        from_genesis(&layer),
        from_checkpoint(&layer, Vec::new()),
        from_checkpoint(&layer, runs[..2].to_vec()),
        from_checkpoint(&layer, runs),
        opened(&layer),
    ] {
        block_on(check(&replica, &blocks)).expect("nothing is damaged");
    }
}

#[test]
fn what_is_pushed_and_what_is_followed_is_the_same() {
    let (layer, blocks) = committed(30, 0);
    let (stores, id) = (&layer.context.stores, layer.context.config.id);
    let genesis = block_on(checkpoint::load_genesis(stores, id)).expect("memory");
    let empty = replica_without_following(&layer, genesis);
    for (at, block) in blocks.iter().enumerate() {
        empty.push(block.clone());
        block_on(check(&empty, &blocks[..=at])).expect("nothing is damaged");
        if at % 7 == 0 {
            block_on(empty.follow(stores)).expect("memory does not fail");
            break;
        }
    }
    blocks.iter().for_each(|block| empty.push(block.clone()));
    block_on(check(&empty, &blocks)).expect("nothing is damaged");
}

fn replica_without_following(layer: &Layer, tip: Tip) -> Replica {
    let (stores, id) = (layer.context.stores.clone(), layer.context.config.id);
    block_on(Replica::start(stores, id, tip, Arc::default(), &Caches::default())).expect("memory")
}

#[test]
fn a_replica_goes_on_from_a_newer_checkpoint() {
    // More blocks than are kept, and a checkpoint among them that the replica has not seen at first.
    let (layer, blocks) = committed(600, 580);
    let replica = from_genesis(&layer);
    let first = *blocks[0].record.block.transactions[0].hash();
    assert!(replica.recent(&first).is_none(), "forgotten");
    let last = *blocks[599].record.block.transactions[0].hash();
    assert!(replica.recent(&last).is_some());
    block_on(async {
        for at in [0, 299, 578, 579, 580, 599] {
            let block = &blocks[at];
            let found = replica.block(block.header.number).await?.expect("committed");
            assert_eq!(found.record, block.record);
            let mut snapshot = replica.snapshot(block.header.number).await?.expect("committed");
            let root = snapshot.with(|state| Ok::<_, FlowError>(state.world()?.root())).await?;
            assert_eq!(root, block.header.state_root, "block {at}");
        }
        Ok::<_, FlowError>(())
    })
    .expect("nothing is damaged");
}

#[test]
fn a_damaged_index_is_an_error_and_not_nothing() {
    let (layer, blocks) = committed(10, 10);
    let runs = indexed(&layer, &blocks);
    let replica = from_checkpoint(&layer, runs.clone());
    let (stores, tip) = (layer.context.stores.clone(), layer.tip());
    let (objects, id) = (&layer.context.stores.objects, layer.context.config.id);
    let name = runs[0].name(id);
    let mut bytes = block_on(objects.get(&name)).expect("was written").to_vec();
    bytes.iter_mut().for_each(|byte| *byte ^= 1);
    block_on(objects.put(&name, Bytes::from(bytes), Put::Overwrite)).expect("memory");
    let is_named = |error: Option<FlowError>| matches!(&error, Some(FlowError::Port(PortError::Corrupt { name: it, .. })) if *it == name);
    let tx: TxHash = *blocks[0].record.block.transactions[0].hash();
    assert!(is_named(block_on(replica.transaction(&tx)).err()));
    assert!(is_named(block_on(replica.transaction(&TxHash::ZERO)).err()), "absent or not");
    assert!(is_named(block_on(replica.block(1)).err()));
    assert!(is_named(block_on(replica.block_by_hash(&B256::ZERO)).err()));
    let one = runs[..1].to_vec().into();
    let started = block_on(Replica::start(stores, id, tip, one, &Caches::default()));
    assert!(is_named(started.err()), "nor does it start");
    let query = LogQuery { addresses: vec![Address::ZERO], ..LogQuery::default() };
    assert!(is_named(block_on(replica.blocks_with_logs(1..=10, &query, |_| true)).err()));
}
