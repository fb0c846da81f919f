//! Runs: what is found in them, how many there are, and what damage does.

use core::ops::RangeInclusive;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use alloy_consensus::{Header, TransactionEnvelope};
use alloy_primitives::{Address, B256, Bytes, Log, TxHash, U256, keccak256};
use async_trait::async_trait;
use futures::executor::block_on;
use proptest::prelude::*;

use crate::{
    chain::{Block, DepositEvent, Epoch, LayerId, Receipt, SlotNumber, Transaction},
    codec::{record::BlockRecord, run::RunRef},
    flow::index::{Candidate, Index, LogQuery, extend},
    port::{Objects, PortError, Put, PutOutcome, memory::Memory},
    state::Delta,
};

const LAYER: LayerId = LayerId::new([7; 16]);
const EPOCH: Epoch = Epoch(3);
const CACHE: usize = 1 << 20;

type Numbered = (SlotNumber, Arc<BlockRecord>);

fn transaction(number: u64, index: u64) -> Transaction {
    let event = DepositEvent {
        index: number * 1_000_000 + index,
        from: Address::repeat_byte(1),
        to: Address::repeat_byte(2),
        value: U256::from(1),
        gas_limit: 21_000,
        data: Bytes::new(),
    };
    event.into_transaction(Address::repeat_byte(3))
}

/// A block with one transaction for each list of logs; every third slot is a fence.
fn block(number: u64, logs: &[Vec<Log>]) -> Numbered {
    let transactions: Vec<_> =
        (0..).zip(logs).map(|(index, _)| transaction(number, index)).collect();
    let receipts = transactions.iter().zip(logs).map(|(tx, logs)| Receipt {
        tx_type: tx.tx_type(),
        success: true,
        cumulative_gas_used: 0,
        logs: logs.clone(),
    });
    let record = BlockRecord {
        senders: vec![Address::ZERO; transactions.len()],
        receipts: receipts.collect(),
        block: Block { header: Header { number, ..Header::default() }, transactions },
        delta: Delta::default(),
        minted: Vec::new(),
    };
    (SlotNumber(number + number / 2), Arc::new(record))
}

fn log(address: u8, topics: &[u64]) -> Log {
    let topics = topics.iter().map(|topic| B256::from(U256::from(*topic))).collect();
    Log::new_unchecked(Address::repeat_byte(address), topics, Bytes::new())
}

/// Writes one run after the other.
fn written(objects: &dyn Objects, checkpoints: &[Vec<Numbered>]) -> Vec<RunRef> {
    checkpoints.iter().fold(Vec::new(), |runs, blocks| {
        block_on(extend(objects, LAYER, EPOCH, &runs, blocks)).expect("memory does not fail")
    })
}

/// What the runs should say.
#[derive(Debug, Default)]
struct Model {
    blocks: BTreeMap<u64, Numbered>,
    hashes: BTreeMap<B256, u64>,
    transactions: BTreeMap<TxHash, Candidate>,
}

impl Model {
    fn of(checkpoints: &[Vec<Numbered>]) -> Self {
        let mut model = Self::default();
        for (slot, record) in checkpoints.iter().flatten() {
            let number = record.block.header.number;
            model.hashes.insert(record.block.header.hash_slow(), number);
            model.blocks.insert(number, (*slot, Arc::clone(record)));
            for (index, tx) in record.block.transactions.iter().enumerate() {
                model.transactions.insert(*tx.hash(), Candidate { number, index });
            }
        }
        model
    }

    /// Blocks with a log that meets all conditions.
    fn with_logs(&self, range: &RangeInclusive<u64>, query: &LogQuery) -> BTreeSet<u64> {
        let any = |values: &[B256], value: Option<&B256>| {
            values.is_empty() || value.is_some_and(|value| values.contains(value))
        };
        let meets = |log: &Log| {
            let mut topics = (0..).zip(&query.topics);
            (query.addresses.is_empty() || query.addresses.contains(&log.address))
                && topics.all(|(at, values)| any(values, log.topics().get::<usize>(at)))
        };
        let has = |(_, record): &Numbered| {
            record.receipts.iter().flat_map(|receipt| &receipt.logs).any(meets)
        };
        let all = query == &LogQuery::default();
        let blocks = self.blocks.range(range.clone());
        blocks.filter(|(_, block)| all || has(block)).map(|(number, _)| *number).collect()
    }

    /// Asks for all there is and for what is not.
    async fn check(&self, index: &Index, runs: &[RunRef]) -> Result<(), PortError> {
        let last = self.blocks.keys().last().copied().unwrap_or_default();
        for number in 0..=last + 2 {
            let expected = self.blocks.get(&number).map(|(slot, _)| *slot);
            assert_eq!(index.block(runs, number).await?.map(|block| block.slot), expected);
        }
        for (hash, number) in &self.hashes {
            assert_eq!(index.block_number(runs, hash).await?, Some(*number));
            assert_eq!(index.transaction(runs, hash).await?, [], "a block is no transaction");
        }
        for (hash, place) in &self.transactions {
            assert_eq!(index.transaction(runs, hash).await?, [*place]);
            assert_eq!(index.block_number(runs, hash).await?, None, "a transaction is no block");
        }
        for absent in 0..20_u64 {
            let absent = keccak256(absent.to_be_bytes());
            assert_eq!(index.transaction(runs, &absent).await?, []);
            assert_eq!(index.block_number(runs, &absent).await?, None);
        }
        Ok(())
    }

    async fn check_logs(
        &self,
        index: &Index,
        runs: &[RunRef],
        range: RangeInclusive<u64>,
        query: &LogQuery,
    ) -> Result<(), PortError> {
        let found = index.blocks_with_logs(runs, range.clone(), query).await?;
        assert!(found.is_sorted_by(|a, b| a < b), "ascending, each once: {found:?}");
        let expected = self.with_logs(&range, query);
        let got: BTreeSet<u64> = found.iter().copied().collect();
        assert!(got.is_superset(&expected), "{query:?}: {got:?} lacks some of {expected:?}");
        assert!(got.iter().all(|number| range.contains(number)), "{got:?}");
        let conditions = usize::from(!query.addresses.is_empty())
            + query.topics.iter().filter(|values| !values.is_empty()).count();
        if conditions < 2 {
            assert_eq!(got, expected, "one condition is answered exactly: {query:?}");
        }
        Ok(())
    }
}

fn checkpoints() -> impl Strategy<Value = Vec<Vec<Numbered>>> {
    let log = (1..5_u8, proptest::collection::vec(0..4_u64, 0..4))
        .prop_map(|(address, topics)| log(address, &topics));
    let logs = proptest::collection::vec(proptest::collection::vec(log, 0..3), 0..4);
    let blocks = proptest::collection::vec(logs, 0..5);
    proptest::collection::vec(blocks, 1..20).prop_map(|checkpoints| {
        let mut numbers = 1..;
        let mut block = |logs: &Vec<Vec<Log>>| {
            numbers.next().map(|number| block(number, logs)).expect("endless")
        };
        checkpoints.iter().map(|blocks| blocks.iter().map(&mut block).collect()).collect()
    })
}

fn query() -> impl Strategy<Value = LogQuery> {
    let topic = || proptest::collection::vec((0..5_u64).prop_map(|it| U256::from(it).into()), 0..3);
    let addresses = proptest::collection::vec((1..6_u8).prop_map(Address::repeat_byte), 0..3);
    (addresses, topic(), topic(), topic(), topic())
        .prop_map(|(addresses, a, b, c, d)| LogQuery { addresses, topics: [a, b, c, d] })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn runs_say_what_a_map_says(
        checkpoints in checkpoints(),
        queries in proptest::collection::vec((query(), 0..40_u64, 0..40_u64), 8),
    ) {
        let objects = Memory::stores().objects;
        let runs = written(&*objects, &checkpoints);
        let model = Model::of(&checkpoints);
        let index = Index::new(objects, LAYER, CACHE);
        block_on(async {
            model.check(&index, &runs).await?;
            for (query, first, more) in &queries {
                model.check_logs(&index, &runs, *first..=first + more, query).await?;
            }
            Ok::<_, PortError>(())
        }).expect("nothing is damaged");
    }
}

/// Counts reads, and can be told to change what is read.
struct Watched {
    inner: Arc<dyn Objects>,
    reads: AtomicUsize,
}

impl Watched {
    fn new(inner: Arc<dyn Objects>) -> Arc<Self> {
        Arc::new(Self { inner, reads: AtomicUsize::new(0) })
    }

    fn taken(&self) -> usize {
        self.reads.swap(0, Ordering::Relaxed)
    }
}

#[async_trait]
impl Objects for Watched {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        self.inner.put(name, value, put).await
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.get(name).await
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.get_range(name, offset, length).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        self.inner.delete(names).await
    }
}

/// One contract, one event, every holder another topic.
fn sale(number: u64, holders: u64) -> Numbered {
    let logs: Vec<_> = (0..holders).map(|it| vec![log(1, &[7, 0, number << 32 | it])]).collect();
    block(number, &logs)
}

#[test]
fn a_thousand_checkpoints_are_few_runs() {
    let objects = Memory::stores().objects;
    let checkpoints: Vec<_> = (1..=1_000).map(|number| vec![sale(number, 1)]).collect();
    let mut runs = Vec::new();
    let mut most = 0;
    for blocks in &checkpoints {
        runs = block_on(extend(&*objects, LAYER, EPOCH, &runs, blocks)).expect("memory");
        most = most.max(runs.len());
    }
    assert!(most <= 28, "seven of each of four levels, got {most}");
    assert_eq!(runs.first().map(|run| run.first), Some(1));
    assert!(runs.is_sorted_by(|a, b| a.last + 1 == b.first), "no gap: {runs:?}");
    let (model, index) = (Model::of(&checkpoints), Index::new(objects, LAYER, CACHE));
    block_on(model.check(&index, &runs)).expect("nothing is damaged");
}

#[test]
fn a_warm_lookup_reads_one_page_and_an_absent_hash_hardly_any() {
    let watched = Watched::new(Memory::stores().objects);
    // 200 checkpoints of 100 transactions.
    let checkpoints: Vec<_> =
        (0..200).map(|at| (1..=10).map(|it| sale(at * 10 + it, 10)).collect()).collect();
    let runs = written(&*watched, &checkpoints);
    let model = Model::of(&checkpoints);
    let index = |bytes| Index::new(watched.clone(), LAYER, bytes);
    let find = |index: &Index, hash: &TxHash| {
        watched.taken();
        let found = block_on(index.transaction(&runs, hash)).expect("nothing is damaged");
        (found, watched.taken())
    };
    let hashes: Vec<_> = model.transactions.keys().copied().collect();
    let cold = find(&index(CACHE), &hashes[0]).1;
    assert!(cold <= 3 * runs.len(), "{cold} reads of {} runs", runs.len());
    // Room for directories and filters, not for pages.
    let index = index(1 << 17);
    let absent =
        (0..1_000_u64).map(|it| find(&index, &keccak256(it.to_be_bytes())).1).sum::<usize>();
    assert!(absent < 1_000 * runs.len() / 10, "{absent} reads for 1,000 absent hashes");
    let present = hashes.iter().take(1_000).map(|hash| find(&index, hash).1).sum::<usize>();
    assert!(present < 2_000, "{present} reads for 1,000 transactions in {} runs", runs.len());
}

#[test]
fn lists_longer_than_a_page_are_found_whole() {
    let watched = Watched::new(Memory::stores().objects);
    let blocks: Vec<_> = (1..=10_000).map(|number| sale(number, 1)).collect();
    let runs = written(&*watched, std::slice::from_ref(&blocks));
    let (model, index) = (Model::of(&[blocks]), Index::new(watched.clone(), LAYER, CACHE));
    let contract = LogQuery { addresses: vec![Address::repeat_byte(1)], ..LogQuery::default() };
    let topic = |value: u64| vec![B256::from(U256::from(value))];
    let holder = |number: u64| {
        let topics = [topic(7), Vec::new(), topic(number << 32), Vec::new()];
        LogQuery { topics, ..contract.clone() }
    };
    block_on(async {
        for range in [1..=10_000, 4_000..=4_200, 9_999..=20_000, 5..=5, 20_000..=30_000] {
            model.check_logs(&index, &runs, range, &contract).await?;
        }
        for number in [1, 777, 10_000] {
            watched.taken();
            let found = index.blocks_with_logs(&runs, 1..=10_000, &holder(number)).await?;
            assert_eq!(found, [number], "one holder is in one block");
            assert!(watched.taken() <= 2, "the long lists are not read for a rare topic");
        }
        let absent = index.blocks_with_logs(&runs, 1..=10_000, &holder(10_001)).await?;
        assert_eq!(absent, Vec::<u64>::new());
        Ok::<_, PortError>(())
    })
    .expect("nothing is damaged");
}

#[test]
fn every_damaged_byte_is_an_error_that_names_the_run() {
    let objects = Memory::stores().objects;
    let checkpoints = [(1..=3).map(|number| sale(number, 2)).collect::<Vec<_>>()];
    let runs = written(&*objects, &checkpoints);
    let model = Model::of(&checkpoints);
    let name = runs[0].name(LAYER);
    let good = block_on(objects.get(&name)).expect("was written");
    for at in 0..good.len() {
        let mut bad = good.to_vec();
        bad[at] ^= 1 << (at % 8);
        block_on(objects.put(&name, bad.into(), Put::Overwrite)).expect("memory");
        // Asserts inside that nothing wrong is answered before the error.
        let index = Index::new(Arc::clone(&objects), LAYER, CACHE);
        let result = block_on(async {
            model.check(&index, &runs).await?;
            for query in [(0, 1), (1, 7)] {
                let query = match query {
                    (0, byte) => LogQuery {
                        addresses: vec![Address::repeat_byte(byte)],
                        ..LogQuery::default()
                    },
                    _ => LogQuery::default(),
                };
                model.check_logs(&index, &runs, 0..=9, &query).await?;
            }
            Ok(())
        });
        names(&result, &name, at);
        let merged = block_on(extend(&*objects, LAYER, EPOCH, &seven(runs[0]), &[sale(4, 1)]));
        let filters_only = merged.is_ok();
        assert!(!filters_only || in_filter(&good, at), "merging believed byte {at}");
    }
}

/// Bytes of filters are not read when a run is merged: they are made again.
fn in_filter(object: &[u8], at: usize) -> bool {
    let frames = (0..object.len()).filter(|start| object[*start..].starts_with(b"MFLY"));
    let holding = frames.take_while(|start| *start <= at).last();
    holding.is_some_and(|start| object[start + 5] == crate::codec::Kind::RunFilter as u8)
}

/// A list that the next run takes with it.
fn seven(run: RunRef) -> Vec<RunRef> {
    vec![run; 7]
}

fn names(result: &Result<(), PortError>, run: &str, at: usize) {
    let Err(PortError::Corrupt { name, reason }) = result else {
        panic!("byte {at} was not missed: {result:?}");
    };
    assert_eq!(name, run);
    for part in ["at offset", "expected hash", "got"] {
        assert!(reason.contains(part), "byte {at}: says `{part}`: {reason}");
    }
}

#[test]
fn a_run_in_the_place_of_another_is_found() {
    let objects = Memory::stores().objects;
    // Two runs of the same shape and length.
    let runs = written(&*objects, &[vec![sale(1, 1)], vec![sale(2, 1)]]);
    let [one, two] = [runs[0].name(LAYER), runs[1].name(LAYER)];
    let other = block_on(objects.get(&one)).expect("was written");
    block_on(objects.put(&two, other, Put::Overwrite)).expect("memory");
    let index = Index::new(objects, LAYER, CACHE);
    let found = block_on(index.transaction(&runs, transaction(1, 0).hash()));
    assert!(
        matches!(&found, Err(PortError::Corrupt { name, .. }) if *name == two),
        "all runs are asked: {found:?}"
    );
}

#[test]
fn a_run_that_is_cut_or_gone_is_named() {
    let objects = Memory::stores().objects;
    let runs = written(&*objects, &[vec![sale(1, 5)]]);
    let name = runs[0].name(LAYER);
    let whole = block_on(objects.get(&name)).expect("was written");
    let ask = || {
        let index = Index::new(Arc::clone(&objects), LAYER, CACHE);
        block_on(index.block(&runs, 1)).expect_err("not there")
    };
    block_on(objects.put(&name, whole.slice(..whole.len() - 1), Put::Overwrite)).expect("memory");
    assert!(matches!(ask(), PortError::Corrupt { name: it, .. } if it == name));
    let merged = block_on(extend(&*objects, LAYER, EPOCH, &seven(runs[0]), &[sale(2, 1)]));
    assert!(matches!(merged, Err(PortError::Corrupt { name: it, .. }) if it == name));
    block_on(objects.delete(std::slice::from_ref(&name))).expect("memory");
    assert!(matches!(ask(), PortError::NotFound { name: it } if it == name));
}

#[test]
fn a_block_that_is_missing_is_not_passed_over() {
    let objects = Memory::stores().objects;
    let runs = written(&*objects, &[vec![sale(1, 1), sale(2, 1)]]);
    for blocks in [vec![sale(4, 1)], vec![sale(3, 1), sale(5, 1)]] {
        let gap = block_on(extend(&*objects, LAYER, EPOCH, &runs, &blocks));
        assert!(matches!(gap, Err(PortError::Corrupt { .. })), "{gap:?}");
    }
    let again = block_on(extend(&*objects, LAYER, EPOCH, &runs, &[sale(2, 1), sale(3, 1)]));
    let again = again.expect("what is covered already is left out");
    assert_eq!(again.iter().map(|run| (run.first, run.last)).collect::<Vec<_>>(), [(1, 2), (3, 3)]);
    let nothing = block_on(extend(&*objects, LAYER, EPOCH, &again, &[])).expect("memory");
    assert_eq!(nothing, again);
}
