use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use alloy_primitives::{Address, Bytes, TxHash, U256};
use async_trait::async_trait;
use futures::executor::block_on;

use super::kit::{
    Forgetful, Layer, MINTS, NOW_MS, TOKEN, account, deployment, hashes, timing, transfer,
};
use crate::{
    chain::Phase,
    chain::{EXIT_SEALER, SlotNumber},
    codec::{
        names,
        record::{MintOrder, OrderState, SlotContent, SlotEntry},
    },
    execute::SupplyLedger,
    flow::{
        FlowError, Tip, checkpoint, mint,
        phase::{self},
        query::Replica,
        sequence::{Context, LEASE_MS, Sequencer, Step, TakeOver},
    },
    port::{Log, LogAppend, PortError, Recorded, Registers, Version, memory::Memory},
};

#[test]
fn transactions_are_included_in_order_of_arrival() {
    let layer = Layer::open();
    let sent = [transfer(2, 0, 0), transfer(0, 0, 0), transfer(1, 0, 0), transfer(0, 1, 0)];
    sent.iter().for_each(|tx| layer.force(tx));
    let mut sequencer = layer.writer("a", NOW_MS);
    let blocks = layer.drain(&mut sequencer);
    assert_eq!(hashes(&blocks), sent.map(|tx| *tx.hash()));
    assert_eq!(layer.waiting(), 0, "what is included is forgotten by the inbox");
}

#[test]
fn a_nonce_gap_waits_and_is_filled_within_a_block() {
    let layer = Layer::open();
    let (first, second, third) = (transfer(0, 0, 0), transfer(0, 1, 0), transfer(0, 2, 0));
    layer.force(&third);
    layer.force(&second);
    let mut sequencer = layer.writer("a", NOW_MS);
    assert!(layer.drain(&mut sequencer).is_empty(), "no block of what must wait");
    assert_eq!(layer.waiting(), 2);
    layer.force(&first);
    let blocks = layer.drain(&mut sequencer);
    assert_eq!(hashes(&blocks), [first, second, third].map(|tx| *tx.hash()));
}

#[test]
fn a_gap_that_stays_open_is_dropped_with_a_reason() {
    let layer = Layer::open();
    let ahead = transfer(0, 5, 0);
    layer.force(&ahead);
    let mut sequencer = layer.writer("a", NOW_MS);
    let wait_ms = layer.context.config.limits.gap_wait_ms;
    block_on(sequencer.step(timing(NOW_MS + wait_ms + 1))).expect("memory does not fail");
    assert_eq!(layer.waiting(), 0);
    let reason = layer.dropped(&ahead).expect("dropped");
    assert!(reason.contains("nonce below 5"), "{reason}");
}

#[test]
fn of_two_with_one_nonce_the_better_paying_one_stays() {
    let layer = Layer::open();
    let (cheap, slightly, dear) = (transfer(0, 1, 100), transfer(0, 1, 105), transfer(0, 1, 110));
    [&cheap, &slightly, &dear, &transfer(0, 0, 0)].into_iter().for_each(|tx| layer.force(tx));
    let mut sequencer = layer.writer("a", NOW_MS);
    let blocks = layer.drain(&mut sequencer);
    assert_eq!(hashes(&blocks), [*transfer(0, 0, 0).hash(), *dear.hash()]);
    assert!(layer.dropped(&slightly).expect("dropped").contains("underpriced"));
    assert!(layer.dropped(&cheap).expect("dropped").contains(&dear.hash().to_string()));
}

#[test]
fn an_invalid_transaction_is_dropped_and_the_rest_goes_on() {
    let layer = Layer::open();
    let (penniless, good) = (transfer(7, 0, 0), transfer(0, 0, 0));
    layer.force(&penniless);
    layer.force(&good);
    let mut sequencer = layer.writer("a", NOW_MS);
    assert_eq!(hashes(&layer.drain(&mut sequencer)), [*good.hash()]);
    let reason = layer.dropped(&penniless).expect("dropped");
    assert!(reason.contains("insufficient funds"), "{reason}");
}

#[test]
fn deposits_are_credited_in_order_and_once() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    // After the take-over, which would have forgotten the second one: a slow bridge that is late.
    layer.deposit(5, account(5));
    layer.deposit(2, account(2));
    assert!(layer.drain(&mut sequencer).is_empty(), "deposit 4 is missing, deposit 2 is credited");
    layer.deposit(4, account(4));
    assert_eq!(hashes(&layer.drain(&mut sequencer)).len(), 2);
    let world = &sequencer.tip().world;
    let count = world.storage(&EXIT_SEALER, &SupplyLedger::DEPOSITS).expect("loaded");
    assert_eq!(count, U256::from(6));
    let two = world.account(&account(2)).expect("loaded").expect("exists").info.balance;
    let five = world.account(&account(5)).expect("loaded").expect("exists").info.balance;
    assert_eq!(two, five, "nobody is credited twice");
}

#[test]
fn a_writer_keeps_what_its_blocks_used_in_the_flat_cache() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    for nonce in 0..3 {
        layer.force(&transfer(0, nonce, 0));
        assert_eq!(layer.drain(&mut sequencer).len(), 1);
        let world = &sequencer.tip().world;
        for address in [account(0), Address::repeat_byte(0xbb)] {
            let known = world.recent_account(&address).expect("in the flat cache");
            let held = world.account(&address).expect("loaded").map(|account| account.info);
            assert_eq!(known, held, "after transaction {nonce}");
        }
    }
}

#[test]
fn a_second_sequencer_is_held_off_by_the_lease() {
    let layer = Layer::open();
    let _first = layer.writer("a", NOW_MS);
    let second = block_on(Sequencer::take_over(layer.context, "b", NOW_MS + 1));
    assert!(matches!(second, Ok(TakeOver::Held { .. })), "{second:?}");
}

#[test]
fn a_fenced_writer_cannot_commit() {
    let layer = Layer::open();
    let mut old = layer.writer("old", NOW_MS);
    let mut new = layer.writer("new", NOW_MS + LEASE_MS + 1);
    layer.force(&transfer(0, 0, 0));
    // The old writer believes in its lease: its clock stands still.
    let fenced = block_on(old.step(timing(NOW_MS)));
    assert!(matches!(fenced, Err(FlowError::Port(PortError::Fenced { .. }))), "{fenced:?}");
    assert_eq!(layer.tip().header.number, new.tip().header.number, "nothing was committed");
    assert_eq!(layer.drain(&mut new).len(), 1, "the new writer includes it");
}

/// A log in front of which somebody else takes over, once, before it is read.
struct Overtaken {
    inner: Context,
    is_done: AtomicBool,
    checkpoints: bool,
}

#[async_trait]
impl Log for Overtaken {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        self.inner.stores.log.append(entry).await
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        self.inner.stores.log.read(slot).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        self.overtake().await;
        self.inner.stores.log.read_from(first, limit).await
    }
}

#[async_trait]
impl Registers for Overtaken {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        if self.checkpoints && key == names::CHECKPOINT {
            self.overtake().await;
        }
        self.inner.stores.registers.load(key).await
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError> {
        self.inner.stores.registers.store(key, expected, value).await
    }
}

impl Overtaken {
    async fn overtake(&self) {
        if self.is_done.swap(true, Ordering::Relaxed) {
            return;
        }
        let context = self.inner.clone();
        let taken = Sequencer::take_over(context, "newer", NOW_MS + LEASE_MS + 1).await;
        let Ok(TakeOver::Won(mut newer)) = taken else { panic!("the lease ran out") };
        if self.checkpoints {
            newer.step(timing(NOW_MS + LEASE_MS + 1)).await.expect("memory does not fail");
            newer.checkpoint().await.expect("memory does not fail");
        }
    }
}

#[test]
fn a_writer_that_stood_still_after_its_claim_does_not_fence_a_newer_one() {
    for checkpoints in [false, true] {
        let layer = Layer::open();
        layer.force(&transfer(0, 0, 0));
        let mut context = layer.context.clone();
        let inner = layer.context.clone();
        let log = Arc::new(Overtaken { inner, is_done: AtomicBool::new(false), checkpoints });
        (context.stores.log, context.stores.registers) = (log.clone(), log);
        let fenced = block_on(Sequencer::take_over(context, "older", NOW_MS));
        assert!(matches!(fenced, Err(FlowError::Port(PortError::Fenced { .. }))), "{fenced:?}");
        let slots = block_on(layer.context.stores.log.read_from(SlotNumber(0), 100));
        let epochs: Vec<_> = slots.expect("memory").iter().map(|slot| slot.epoch).collect();
        assert!(epochs.is_sorted(), "{epochs:?}");
    }
}

#[test]
fn a_new_writer_takes_over_what_the_old_one_committed_before_the_fence() {
    let layer = Layer::open();
    let mut old = layer.writer("old", NOW_MS);
    layer.force(&transfer(0, 0, 0));
    let committed = layer.drain(&mut old);
    let new = layer.writer("new", NOW_MS + LEASE_MS + 1);
    assert_eq!(new.tip().header.hash(), committed[0].header.hash());
}

#[test]
fn a_time_out_after_the_write_commits_once() {
    let mut layer = Layer::open();
    let inner = layer.context.stores.log.clone();
    let forgetful = Forgetful { inner, time_outs: AtomicUsize::new(2) };
    layer.context.stores.log = Arc::new(forgetful);
    layer.force(&transfer(0, 0, 0));
    let mut sequencer = layer.writer("a", NOW_MS);
    assert_eq!(layer.drain(&mut sequencer).len(), 1);
    let blocks = block_on(layer.context.stores.log.read_from(SlotNumber(0), 100))
        .expect("memory does not fail")
        .into_iter()
        .filter(|entry| matches!(entry.content, SlotContent::Block { .. }));
    assert_eq!(blocks.count(), 2, "one for the deposits, one for the transfer");
}

#[test]
fn what_is_committed_is_forgotten_by_the_next_step_and_never_dropped() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    let (one, two) = (transfer(0, 0, 0), transfer(0, 1, 0));
    let mut step = || block_on(sequencer.step(timing(NOW_MS))).expect("memory does not fail");
    layer.force(&one);
    assert!(matches!(step(), Step::Committed(_)));
    assert_eq!(layer.waiting(), 1, "nobody waits for the inbox to forget it");
    layer.force(&two);
    let Step::Committed(block) = step() else { panic!("the second one waits") };
    assert_eq!(hashes(&[*block]), [*two.hash()]);
    assert!(matches!(step(), Step::Idle));
    assert_eq!(layer.waiting(), 0);
    assert_eq!((layer.dropped(&one), layer.dropped(&two)), (None, None));
}

#[test]
fn what_a_crash_left_in_the_inbox_is_not_included_twice() {
    let layer = Layer::open();
    let tx = transfer(0, 0, 0);
    layer.force(&tx);
    let mut first = layer.writer("a", NOW_MS);
    layer.drain(&mut first);
    // As if the writer had died between the commit and the removal.
    layer.force(&tx);
    let mut second = layer.writer("b", NOW_MS + LEASE_MS + 1);
    assert_eq!(layer.waiting(), 0, "taking over finishes what the newest block left");
    assert!(layer.drain(&mut second).is_empty());
    assert_eq!(layer.dropped(&tx), None, "an included transaction is never reported as dropped");
}

#[test]
fn an_order_is_minted_once_even_when_its_mark_was_lost() {
    let layer = Layer::open();
    let (key, recipient) = ("shop/1".into(), account(3));
    let order = MintOrder { key, recipient, received_ms: NOW_MS, sold: None };
    let record = || {
        let recorded =
            mint::record(&layer.context.stores, &layer.rings, &layer.context.config, order.clone());
        block_on(recorded).expect("memory does not fail")
    };
    assert_eq!(record(), Recorded::New);
    assert_eq!(record(), Recorded::Known(OrderState::Waiting));
    let mut sequencer = layer.writer("a", NOW_MS);
    let blocks = layer.drain(&mut sequencer);
    assert_eq!(blocks.len(), 1);
    let transaction = blocks[0].record.minted[0].transaction;
    assert_eq!(record(), Recorded::Known(OrderState::Minted { transaction }));
    assert!(layer.drain(&mut sequencer).is_empty());
}

#[test]
fn an_order_waits_until_its_contract_is_there() {
    let layer = Layer::open();
    let Context { stores, config, .. } = &layer.context;
    block_on(mint::set_ticket(stores, account(2).create(0))).expect("memory does not fail");
    let (key, recipient) = (String::from("shop/1"), account(3));
    let order = MintOrder { key: key.clone(), recipient, received_ms: NOW_MS, sold: None };
    let recorded = mint::record(stores, &layer.rings, config, order);
    assert_eq!(block_on(recorded).expect("memory does not fail"), Recorded::New);
    let mut sequencer = layer.writer("a", NOW_MS);
    // A call of an address without code succeeds.
    assert!(layer.drain(&mut sequencer).is_empty(), "it would mint nothing");

    layer.force(&deployment(2, 0, &MINTS));
    let [deployed, minted] = &layer.drain(&mut sequencer)[..] else { panic!("two blocks") };
    assert!(deployed.record.minted.is_empty());
    assert_eq!(minted.record.minted.len(), 1);
    let order = block_on(stores.orders.get(&key)).expect("memory does not fail");
    assert_eq!(order.expect("it is recorded").token(), Some(U256::from(TOKEN)));
}

#[test]
fn orders_are_minted_when_the_clocks_of_those_who_recorded_them_differ() {
    let layer = Layer::open();
    let orders = &layer.context.stores.orders;
    for (at, received_ms) in [NOW_MS + 2, NOW_MS, NOW_MS + 1].into_iter().enumerate() {
        let order =
            MintOrder { key: format!("shop/{at}"), recipient: account(3), received_ms, sold: None };
        block_on(orders.record(order)).expect("memory does not fail");
    }
    let mut sequencer = layer.writer("a", NOW_MS);
    let blocks = layer.drain(&mut sequencer);
    let minted = blocks.iter().flat_map(|block| &block.record.minted);
    let keys: Vec<_> = minted.map(|minted| minted.key.as_str()).collect();
    assert_eq!(keys, ["shop/1", "shop/2", "shop/0"]);
}

#[test]
fn no_block_is_made_of_nothing() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    let before = sequencer.tip().header.number;
    assert!(layer.drain(&mut sequencer).is_empty());
    assert_eq!(sequencer.tip().header.number, before);
}

#[test]
fn a_checkpoint_opens_to_the_state_of_its_block() {
    let layer = Layer::open();
    for nonce in 0..3 {
        layer.force(&transfer(0, nonce, 0));
    }
    let mut sequencer = layer.writer("a", NOW_MS);
    layer.drain(&mut sequencer);
    block_on(sequencer.checkpoint()).expect("memory does not fail");
    let loaded = block_on(checkpoint::load(&layer.context.stores)).expect("just written");
    assert_eq!(loaded.header.hash(), sequencer.tip().header.hash());
    assert_eq!(loaded.ancestors, sequencer.tip().ancestors);
    assert_eq!(loaded.world.root(), sequencer.tip().header.state_root);
}

#[test]
fn a_damaged_checkpoint_is_an_error() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    block_on(sequencer.checkpoint()).expect("memory does not fail");
    let objects = &layer.context.stores.objects;
    for name in block_on(objects.list("")).expect("memory does not fail") {
        let mut bytes = block_on(objects.get(&name)).expect("listed").to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        block_on(objects.put(&name, bytes.into(), crate::port::Put::Overwrite))
            .expect("memory does not fail");
    }
    let opened = block_on(Tip::open(&layer.context.stores));
    assert!(matches!(opened, Err(FlowError::Port(PortError::Corrupt { .. }))), "{opened:?}");
}

#[test]
fn a_replica_follows_and_finds_transactions_of_every_block() {
    let layer = Layer::open();
    let replica = block_on(Replica::open(&layer.context.stores, layer.context.config.id))
        .expect("memory does not fail");
    let sent: Vec<_> = (0..3).map(|nonce| transfer(0, nonce, 0)).collect();
    let mut sequencer = layer.writer("a", NOW_MS);
    for tx in &sent {
        layer.force(tx);
        for block in layer.drain(&mut sequencer) {
            replica.push(block);
        }
    }
    let again = block_on(Replica::open(&layer.context.stores, layer.context.config.id))
        .expect("memory does not fail");
    for chain in [&replica, &again] {
        assert_eq!(chain.head().header.hash(), sequencer.tip().header.hash());
        for tx in &sent {
            let found = block_on(chain.transaction(tx.hash())).expect("memory").expect("committed");
            assert_eq!(found.block.record.block.transactions[found.index], *tx);
        }
        assert!(block_on(chain.transaction(&TxHash::ZERO)).expect("memory").is_none());
        let mut earlier = block_on(chain.snapshot(2)).expect("memory").expect("exists");
        let address = Address::repeat_byte(0xbb);
        let read = earlier.with(|state| Ok::<_, FlowError>(state.account(&address)?));
        let account = block_on(read).expect("memory");
        assert_eq!(account.expect("exists").balance, U256::ONE, "history is kept");
    }
    block_on(replica.follow(&layer.context.stores)).expect("what was pushed is not read again");
}

#[test]
fn nothing_is_committed_after_the_end() {
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    block_on(sequencer.end()).expect("memory does not fail");
    layer.force(&transfer(0, 0, 0));
    assert!(layer.drain(&mut sequencer).is_empty());
    block_on(sequencer.leave()).expect("memory does not fail");
    let mut next = layer.writer("b", NOW_MS);
    assert!(layer.drain(&mut next).is_empty(), "the end is for every later writer");
}

#[test]
fn nothing_is_committed_after_the_end_by_who_opens_a_checkpoint_of_it() {
    let layer = Layer::open();
    layer.force(&transfer(0, 0, 0));
    let mut sequencer = layer.writer("a", NOW_MS);
    layer.drain(&mut sequencer);
    block_on(sequencer.end()).expect("memory does not fail");
    block_on(sequencer.checkpoint()).expect("memory does not fail");
    block_on(sequencer.leave()).expect("memory does not fail");
    let before = layer.tip();
    assert!(before.ended && before.since.blocks == 0, "the checkpoint is that of the end");
    layer.force(&transfer(0, 1, 0));
    let mut next = layer.writer("b", NOW_MS);
    assert!(layer.drain(&mut next).is_empty());
    assert_eq!(layer.tip().next_slot, before.next_slot, "no fence either");
}

#[test]
fn phases_are_walked_one_by_one() {
    let layer = Layer::open();
    let registers = &*layer.context.stores.registers;
    assert_eq!(block_on(phase::advance(registers, Phase::Open)).expect("open"), Phase::Draining);
    let again = block_on(phase::advance(registers, Phase::Open)).expect("the same as once");
    assert_eq!(again, Phase::Draining);
    let skipped = block_on(phase::advance(registers, Phase::Sealed));
    assert!(matches!(skipped, Err(FlowError::Port(PortError::Conflict { .. }))), "{skipped:?}");
    let empty = Memory::stores();
    let nothing = block_on(phase::current(&*empty.registers));
    assert!(matches!(nothing, Err(FlowError::NoLayer)), "{nothing:?}");
}
