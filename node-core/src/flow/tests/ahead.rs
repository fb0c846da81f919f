//! Blocks that are built while their parents are written: as they would be without, seen by nobody too early, and
//! nothing is lost or doubled when a write fails.

use core::{future::poll_fn, mem::replace, task::Poll};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use alloy_primitives::{Address, TxHash, U256};
use async_trait::async_trait;
use futures::{FutureExt, executor::block_on};

use super::kit::{Layer, NOW_MS, account, hashes, pending, timing, transfer};
use crate::{
    chain::{SlotNumber, Transaction},
    codec::record::{MintOrder, OrderState, SlotContent, SlotEntry},
    execute::verify,
    flow::{
        FlowError, Tip, checkpoint, mint,
        query::Replica,
        sequence::{Committed, Context, LEASE_MS, Pipeline, Sequencer, Step},
    },
    port::{Log, LogAppend, PortError, Stores},
};

/// What becomes of one attempt to write a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Written,
    /// It is written, but the writer does not hear of it.
    Unheard,
    /// It is not written, and the writer does not hear that either.
    Lost,
}

/// What happens while a block is written.
type Event = Box<dyn FnOnce(&Stores) + Send>;

/// A log that takes its time.
struct Slow {
    stores: Stores,
    /// One for each attempt to write a block.
    events: Mutex<VecDeque<Event>>,
    fates: Mutex<VecDeque<Fate>>,
    /// The newest block of the layer, for who opens it, before each attempt.
    seen: Mutex<Vec<u64>>,
}

#[async_trait]
impl Log for Slow {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        if !matches!(entry.content, SlotContent::Block { .. }) {
            return self.stores.log.append(entry).await;
        }
        if let Some(event) = self.events.lock().expect("one thread").pop_front() {
            event(&self.stores);
        }
        // The writer builds.
        yield_once().await;
        let tip = Tip::open(&self.stores).await.expect("memory does not fail");
        self.seen.lock().expect("one thread").push(tip.header.number);
        let fate = self.fates.lock().expect("one thread").pop_front().unwrap_or(Fate::Written);
        if fate == Fate::Lost {
            return Err(PortError::unavailable("append", "timed out before the write"));
        }
        let appended = self.stores.log.append(entry).await?;
        match fate {
            Fate::Unheard => Err(PortError::unavailable("append", "timed out after the write")),
            _ => Ok(appended),
        }
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        self.stores.log.read(slot).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        self.stores.log.read_from(first, limit).await
    }
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A layer whose writer builds ahead whatever waits.
struct Busy {
    layer: Layer,
    log: Arc<Slow>,
}

impl Busy {
    fn open() -> Self {
        let mut layer = Layer::open();
        let log = Arc::new(Slow {
            stores: layer.context.stores.clone(),
            events: Mutex::default(),
            fates: Mutex::default(),
            seen: Mutex::default(),
        });
        layer.context.stores.log = log.clone();
        layer.context.pipeline = Pipeline { busy: 1, ..Pipeline::default() };
        Self { layer, log }
    }

    /// The first is there, each other one comes while the block before it is written.
    fn send(&self, sent: &[Transaction]) {
        let [first, rest @ ..] = sent else { return };
        self.layer.force(first);
        rest.iter().for_each(|tx| self.while_writing(arrival(tx)));
    }

    fn while_writing(&self, event: Event) {
        self.log.events.lock().expect("one thread").push_back(event);
    }

    fn fail(&self, fates: impl IntoIterator<Item = Fate>) {
        self.log.fates.lock().expect("one thread").extend(fates);
    }

    /// How often each transaction is in a block, after everything was executed again.
    fn included(&self) -> BTreeMap<TxHash, usize> {
        let context = &self.layer.context;
        let replica =
            block_on(Replica::open(&context.stores, context.config.id)).expect("one chain");
        let numbers: Vec<u64> = (1..=replica.head().header.number).collect();
        let blocks = block_on(replica.blocks(&numbers)).expect("memory does not fail");
        let mut included = BTreeMap::new();
        for tx in blocks.iter().flat_map(|block| &block.record.block.transactions) {
            *included.entry(*tx.hash()).or_default() += 1;
        }
        included
    }

    /// Executes every block again, from block 0.
    fn executes_again(&self) {
        let Context { stores, config, rules, .. } = &self.layer.context;
        let replica = block_on(Replica::open(stores, config.id)).expect("one chain");
        let genesis = block_on(checkpoint::load_genesis(stores, config.id)).expect("opened");
        let Tip { mut header, mut world, mut ancestors, pages, .. } = genesis;
        block_on(pages.load_all(&mut world)).expect("memory does not fail");
        for number in 1..=replica.head().header.number {
            let block = block_on(replica.block(number)).expect("memory").expect("committed");
            let block = &block.record.block;
            let verified = verify(&header, &world, &ancestors, rules, block).expect("the same");
            (header, world) = (verified.header, verified.world);
            ancestors.push(header.number, header.hash());
        }
    }

    /// Nothing waits, and each of `sent` is in one block.
    fn has_each_once(&self, sent: &[Transaction]) {
        let included = self.included();
        for tx in sent {
            assert_eq!(included.get(tx.hash()), Some(&1), "{} is in one block", tx.hash());
            assert_eq!(self.layer.dropped(tx), None);
        }
        assert_eq!(self.layer.waiting(), 0);
    }
}

fn arrival(tx: &Transaction) -> Event {
    let pending = pending(tx, NOW_MS);
    Box::new(move |stores| {
        let appended = stores.inbox.append(pending).now_or_never();
        appended.expect("memory does not wait").expect("memory does not fail");
    })
}

fn ordered(key: &str) -> MintOrder {
    MintOrder { key: key.to_owned(), recipient: account(3), received_ms: NOW_MS, sold: None }
}

/// Transfers of one account.
fn transfers(count: u64) -> Vec<Transaction> {
    (0..count).map(|nonce| transfer(0, nonce, 0)).collect()
}

fn step(sequencer: &mut Sequencer) -> Result<Step, FlowError> {
    block_on(sequencer.step(timing(NOW_MS)))
}

fn commit(sequencer: &mut Sequencer) -> Committed {
    match step(sequencer).expect("nothing fails") {
        Step::Committed(block) => *block,
        Step::Idle => panic!("something waits"),
    }
}

/// Whether the next block is begun already: the state of the newest one is gone into it.
fn is_ahead(sequencer: &Sequencer) -> bool {
    sequencer.tip().world.account(&account(0)).is_err()
}

#[test]
fn blocks_built_ahead_are_those_built_one_after_the_other() {
    let sent: Vec<_> = (0..6).map(|at| transfer(at % 3, u64::from(at / 3), 0)).collect();
    let layer = Layer::open();
    let mut sequencer = layer.writer("a", NOW_MS);
    let mut expected = Vec::new();
    for tx in &sent {
        layer.force(tx);
        expected.push(commit(&mut sequencer).header.hash());
    }
    let busy = Busy::open();
    busy.send(&sent);
    let mut sequencer = busy.layer.writer("a", NOW_MS);
    for (at, expected) in expected.iter().enumerate() {
        assert_eq!(commit(&mut sequencer).header.hash(), *expected);
        assert!(is_ahead(&sequencer) || at + 1 == sent.len());
    }
    assert!(matches!(step(&mut sequencer), Ok(Step::Idle)));
    busy.has_each_once(&sent);
}

#[test]
fn nobody_sees_a_block_before_it_is_durable() {
    let busy = Busy::open();
    let sent = transfers(3);
    busy.send(&sent);
    let mut sequencer = busy.layer.writer("a", NOW_MS);
    let before = sequencer.tip().header.number;
    let replica = block_on(Replica::open(&busy.layer.context.stores, busy.layer.context.config.id));
    let replica = replica.expect("memory does not fail");
    for number in before + 1..before + 3 {
        let committed = commit(&mut sequencer);
        assert!(is_ahead(&sequencer), "the next block is built");
        assert_eq!(committed.header.number, number);
        replica.push(committed);
        assert_eq!(sequencer.tip().header.number, number);
        assert_eq!(busy.layer.tip().header.number, number);
        assert_eq!(replica.head().header.number, number);
        assert_eq!(replica.newest().header.number, number);
    }
    let seen = busy.log.seen.lock().expect("one thread").clone();
    assert_eq!(seen, [before, before + 1], "while each was written");
}

#[test]
fn a_write_that_fails_loses_nothing_and_doubles_nothing_of_two_blocks() {
    use Fate::{Lost, Unheard, Written};
    let four = |fate| vec![fate; 4];
    let ends = [vec![Unheard, Written], vec![Lost, Written], four(Unheard), four(Lost)];
    for first in [Vec::new(), vec![Written]] {
        for end in &ends {
            let busy = Busy::open();
            let sent = transfers(3);
            busy.send(&sent);
            busy.fail(first.iter().chain(end).copied());
            let mut old = busy.layer.writer("old", NOW_MS);
            let error = loop {
                match step(&mut old) {
                    Ok(Step::Committed(_)) => {}
                    Ok(Step::Idle) => break None,
                    Err(error) => break Some(error),
                }
            };
            assert_eq!(error.is_some(), end.len() == 4, "{end:?}: {error:?}");
            if error.is_some() {
                assert!(step(&mut old).is_err(), "it does not know what it wrote");
                assert!(block_on(old.settle()).is_err() && block_on(old.checkpoint()).is_err());
            }
            let mut new = busy.layer.writer("new", NOW_MS + LEASE_MS + 1);
            busy.layer.drain(&mut new);
            let came = sent.len() - busy.log.events.lock().expect("one thread").len();
            busy.has_each_once(&sent[..came]);
        }
    }
}

#[test]
fn a_fenced_writer_drops_the_block_that_it_built_ahead() {
    let busy = Busy::open();
    let sent = transfers(2);
    busy.send(&sent);
    let mut old = busy.layer.writer("old", NOW_MS);
    commit(&mut old);
    assert!(is_ahead(&old));
    let mut new = busy.layer.writer("new", NOW_MS + LEASE_MS + 1);
    let fenced = step(&mut old);
    assert!(matches!(fenced, Err(FlowError::Port(PortError::Fenced { .. }))), "{fenced:?}");
    assert!(step(&mut old).is_err());
    assert_eq!(busy.layer.waiting(), 1, "what was in it waits");
    assert_eq!(hashes(&busy.layer.drain(&mut new)), [*sent[1].hash()]);
    busy.has_each_once(&sent);
}

#[test]
fn a_writer_that_leaves_drops_the_block_that_it_built_ahead() {
    let busy = Busy::open();
    let sent = transfers(2);
    busy.send(&sent);
    let mut first = busy.layer.writer("a", NOW_MS);
    commit(&mut first);
    assert!(is_ahead(&first));
    block_on(first.leave()).expect("memory does not fail");
    let mut next = busy.layer.writer("b", NOW_MS);
    assert_eq!(hashes(&busy.layer.drain(&mut next)), [*sent[1].hash()]);
    busy.has_each_once(&sent);
}

#[test]
fn who_needs_the_state_gets_that_of_a_committed_block() {
    let paid = Address::repeat_byte(0xbb);
    let balance = |tip: &Tip| tip.world.account(&paid).expect("loaded").map(|it| it.info.balance);
    type Need = fn(&mut Sequencer) -> Result<(), FlowError>;
    let needs: [Need; 4] = [
        |writer| block_on(writer.settle()).map(drop),
        |writer| block_on(writer.load_all()),
        |writer| block_on(writer.checkpoint()),
        |writer| block_on(writer.end()),
    ];
    for need in needs {
        let busy = Busy::open();
        let sent = transfers(2);
        busy.send(&sent);
        let mut sequencer = busy.layer.writer("a", NOW_MS);
        let first = commit(&mut sequencer).header.number;
        assert!(is_ahead(&sequencer));
        need(&mut sequencer).expect("memory does not fail");
        let tip = busy.layer.tip();
        assert_eq!(tip.header.number, first + 1, "the block was committed first");
        assert_eq!(tip.header.hash(), sequencer.tip().header.hash());
        assert_eq!(balance(sequencer.tip()), Some(U256::from(2)));
        let read = block_on(sequencer.with(|world| {
            world.account(&paid).map(|account| account.map(|account| account.info.balance))
        }));
        assert_eq!(read.expect("memory does not fail"), Some(U256::from(2)));
        block_on(sequencer.checkpoint()).expect("memory does not fail");
        let loaded = block_on(checkpoint::load(&busy.layer.context.stores)).expect("just written");
        assert_eq!(loaded.header.hash(), tip.header.hash());
        block_on(sequencer.leave()).expect("memory does not fail");
        busy.has_each_once(&sent);
    }
}

#[test]
fn what_cannot_be_included_is_dropped_with_a_reason_by_the_block_built_ahead() {
    let busy = Busy::open();
    let (good, penniless, again) = (transfer(0, 0, 0), transfer(7, 0, 0), transfer(0, 0, 5));
    busy.layer.force(&good);
    let (one, other) = (arrival(&penniless), arrival(&again));
    busy.while_writing(Box::new(move |stores| {
        one(stores);
        other(stores);
    }));
    let mut sequencer = busy.layer.writer("a", NOW_MS);
    commit(&mut sequencer);
    assert_eq!(busy.layer.dropped(&again), None, "not before the step that follows");
    assert!(matches!(step(&mut sequencer), Ok(Step::Idle)));
    assert!(busy.layer.dropped(&penniless).expect("dropped").contains("insufficient funds"));
    assert!(busy.layer.dropped(&again).expect("dropped").contains("nonce"));
    assert_eq!(busy.included().get(good.hash()), Some(&1));
}

#[test]
fn an_order_is_minted_once_when_the_next_block_is_built_ahead() {
    let busy = Busy::open();
    let Layer { context, rings, .. } = &busy.layer;
    let record = |key| {
        let recorded = mint::record(&context.stores, rings, &context.config, ordered(key));
        block_on(recorded).expect("memory does not fail");
    };
    ["shop/1", "shop/2"].into_iter().for_each(record);
    busy.while_writing(Box::new(|stores| {
        let recorded = stores.orders.record(ordered("shop/3")).now_or_never();
        recorded.expect("memory does not wait").expect("memory does not fail");
    }));
    let mut sequencer = busy.layer.writer("a", NOW_MS);
    let first = commit(&mut sequencer);
    assert!(is_ahead(&sequencer));
    let minted = [first, commit(&mut sequencer)].map(|block| block.record.minted.len());
    assert_eq!(minted, [2, 1]);
    assert!(matches!(step(&mut sequencer), Ok(Step::Idle)));
    for key in ["shop/1", "shop/2", "shop/3"] {
        let order = block_on(context.stores.orders.get(key)).expect("memory").expect("recorded");
        assert!(matches!(order.state(), OrderState::Minted { .. }), "{key}: {:?}", order.state());
    }
}

#[test]
fn what_two_blocks_left_in_the_inbox_is_not_included_twice() {
    let busy = Busy::open();
    let sent = transfers(2);
    busy.send(&sent);
    let mut first = busy.layer.writer("a", NOW_MS);
    assert_eq!(busy.layer.drain(&mut first).len(), 2);
    // As if the writer had died before either was forgotten.
    sent.iter().for_each(|tx| busy.layer.force(tx));
    let mut second = busy.layer.writer("b", NOW_MS + LEASE_MS + 1);
    assert!(busy.layer.drain(&mut second).is_empty());
    busy.has_each_once(&sent);
}

/// Writers come and go, writes fail, transactions come all the time: everything is included once, and who executes
/// all of it again finds the same.
#[test]
fn whatever_happens_everything_is_included_once() {
    for seed in 1..=24 {
        let busy = Busy::open();
        let mut dice = Dice(seed);
        let mut sent: Vec<Transaction> = Vec::new();
        let mut nonces = [0_u64; 4];
        // Those that come while a block is written have senders of their own, and so no gaps.
        let mut come = |dice: &mut Dice, first: usize| {
            let who = first + dice.below(2);
            let tx = transfer(u8::try_from(who).expect("below 4"), nonces[who], 0);
            nonces[who] += 1;
            sent.push(tx.clone());
            tx
        };
        let mut now_ms = NOW_MS;
        for life in 0..12 {
            now_ms += LEASE_MS + 1;
            let mut writer = busy.layer.writer(&format!("life {life}"), now_ms);
            for _ in 0..dice.below(8) {
                match dice.below(8) {
                    0..4 => busy.layer.force(&come(&mut dice, 0)),
                    4..6 => busy.while_writing(arrival(&come(&mut dice, 2))),
                    6 => busy.fail(vec![[Fate::Unheard, Fate::Lost][dice.below(2)]; dice.below(6)]),
                    _ => drop(block_on(writer.checkpoint())),
                }
                // An error leaves a writer that does nothing; the next life takes over.
                drop(block_on(writer.step(timing(now_ms))));
            }
        }
        busy.log.fates.lock().expect("one thread").clear();
        let events: Vec<_> = busy.log.events.lock().expect("one thread").drain(..).collect();
        events.into_iter().for_each(|event| event(&busy.log.stores));
        let mut last = busy.layer.writer("last", now_ms + LEASE_MS + 1);
        busy.layer.drain(&mut last);
        busy.has_each_once(&sent);
        busy.executes_again();
    }
}

/// Small numbers from a seed: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 32).expect("32 bits") % end
    }
}
