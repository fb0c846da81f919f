//! State in pages, against the same state in memory.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, TxKind, U256, keccak256};
use futures::executor::block_on;
use proptest::prelude::*;

use super::kit::{CHAIN_ID, Layer, NOW_MS, account, hashes, sign};
use crate::{
    chain::{Epoch, LayerId, Transaction},
    codec::{names, record::PageRef},
    flow::{
        FlowError,
        pages::{Import, Imported, Layout, PageCache, Pages, Written},
        sequence::Committed,
    },
    port::{Objects, PortError, Put, memory::Memory},
    state::{AccountChange, AccountDelta, AccountInfo, Delta, Need, WorldState},
};

/// Pages of a handful of leaves, so that a small state has three levels of them.
const SMALL: Layout = Layout { page_bytes: 300, fan_out: 4, slots_here: 2, top_pages: 6 };

/// A state in memory and the same in pages.
struct Twins {
    objects: Arc<dyn Objects>,
    layer: LayerId,
    layout: Layout,
    whole: WorldState,
    paged: WorldState,
    pages: Pages,
    top: Written,
    checkpoints: u64,
}

impl Twins {
    fn new(layout: Layout) -> Self {
        let (objects, layer) = (Memory::stores().objects, LayerId::new([3; 16]));
        let pages = Pages::none(objects.clone(), layer, layout);
        let (whole, paged) = (WorldState::new(), pages.world().expect("empty"));
        let top = Written::default();
        Self { objects, layer, layout, whole, paged, pages, top, checkpoints: 0 }
    }

    fn apply(&mut self, delta: &Delta) {
        self.whole = self.whole.clone().apply(delta).expect("all in memory");
        let mut paged = self.paged.clone();
        let applied = self.pages.with(&mut paged, |world| world.clone().apply(delta));
        self.paged = block_on(applied).expect("pages are stored");
        assert_eq!(self.paged.root(), self.whole.root(), "root after a delta");
    }

    fn checkpoint(&mut self) {
        self.checkpoints += 1;
        let written = self.pages.write(&self.paged, self.checkpoints, Epoch(1));
        self.top = block_on(written).expect("pages are stored");
        let name = names::pack(self.layer, self.checkpoints, Epoch(1));
        block_on(self.objects.put(&name, self.top.pack.clone(), Put::IfAbsent)).expect("memory");
        self.pages = self.open();
    }

    /// The pages as somebody opens them who has nothing in memory.
    fn open(&self) -> Pages {
        let objects = self.objects.clone();
        Pages::of(objects, self.layer, self.layout, PageCache::new(0), self.top.clone())
    }

    /// Forgets all that was loaded.
    fn reopen(&mut self) {
        self.pages = self.open();
        self.paged = self.pages.world().expect("pages of one trie");
    }

    fn check_whole(&self) {
        let pages = self.open();
        let mut world = pages.world().expect("pages of one trie");
        assert_eq!(world.root(), self.whole.root());
        block_on(pages.load_all(&mut world)).expect("pages are stored");
        assert_eq!(dump(&world), dump(&self.whole));
    }
}

type Dump = BTreeMap<Address, (AccountInfo, Bytes, BTreeMap<U256, U256>)>;

fn dump(world: &WorldState) -> Dump {
    let accounts = world.iter_accounts().map(|account| {
        let (_, account) = account.expect("loaded");
        let slots = account.slots().map(|slot| slot.expect("loaded").1.entry().expect("known"));
        let code = world.code(&account.info.code_hash).expect("loaded");
        (account.address.expect("known"), (account.info, code, slots.collect()))
    });
    accounts.collect()
}

/// What one account becomes: gone, or with a balance, maybe code, and slots.
#[derive(Debug, Clone)]
enum Change {
    Gone,
    Is { balance: u64, code: Option<u8>, slots: Vec<(u8, u8)>, cleared: bool },
}

fn change() -> impl Strategy<Value = Change> {
    let slots = prop::collection::vec((any::<u8>(), 0_u8..3), 0..40);
    prop_oneof![
        1 => Just(Change::Gone),
        6 => (1_u64..1_000).prop_map(|balance| Change::Is {
            balance, code: None, slots: Vec::new(), cleared: false
        }),
        2 => (1_u64..9, prop::option::of(0_u8..6), slots, prop::bool::weighted(0.1)).prop_map(
            |(balance, code, slots, cleared)| Change::Is { balance, code, slots, cleared }
        ),
    ]
}

fn address(i: u16) -> Address {
    Address::from_word(keccak256(i.to_be_bytes()))
}

fn delta(changes: &BTreeMap<u16, Change>) -> Delta {
    let mut delta = Delta::default();
    for (i, change) in changes {
        let change = match change {
            Change::Gone => AccountDelta::default(),
            Change::Is { balance, code, slots, cleared } => {
                let code = code.map(|code| Bytes::from(vec![code; 200]));
                let code_hash = code.as_ref().map_or(KECCAK256_EMPTY, keccak256);
                delta.codes.extend(code.map(|code| (code_hash, code)));
                let balance = U256::from(*balance);
                AccountDelta {
                    change: AccountChange::Updated(AccountInfo { nonce: 1, balance, code_hash }),
                    storage_cleared: *cleared,
                    slots: slots.iter().map(|(k, v)| (U256::from(*k), U256::from(*v))).collect(),
                }
            }
        };
        delta.accounts.insert(address(*i), change);
    }
    delta
}

fn changes() -> impl Strategy<Value = BTreeMap<u16, Change>> {
    prop::collection::btree_map(0_u16..150, change(), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Deltas, checkpoints and restarts in any order: pages split, melt, and hold what memory holds.
    #[test]
    fn pages_hold_what_memory_holds(
        steps in prop::collection::vec((changes(), 0_u8..4), 1..8),
    ) {
        let mut twins = Twins::new(SMALL);
        for (changes, then) in steps {
            twins.apply(&delta(&changes));
            if then > 0 {
                twins.checkpoint();
                twins.check_whole();
            }
            if then > 2 {
                twins.reopen();
            }
        }
    }
}

/// `count` accounts with a balance each, and one contract with as many slots.
fn crowd(count: u16) -> Delta {
    let is = |i: u16| Change::Is {
        balance: u64::from(i) + 1,
        code: None,
        slots: Vec::new(),
        cleared: false,
    };
    let mut delta = delta(&(0..count).map(|i| (i, is(i))).collect());
    if let Some(first) = delta.accounts.get_mut(&address(0)) {
        first.slots = (1..=count).map(|i| (U256::from(i), U256::from(i))).collect();
    }
    delta
}

fn opened(count: u16) -> Twins {
    let mut twins = Twins::new(SMALL);
    twins.apply(&crowd(count));
    twins.checkpoint();
    twins.reopen();
    twins
}

#[test]
fn one_account_is_read_without_the_others() {
    let mut twins = opened(5_000);
    let all = twins.top.pack.len();
    let pages = twins.pages.clone();

    let read =
        |world: &WorldState| world.account(&address(77)).map(|found| found.map(|it| it.info));
    let info = block_on(pages.with(&mut twins.paged, read)).expect("stored").expect("exists");

    assert_eq!(info.balance, U256::from(78));
    let (count, bytes) = pages.fetched();
    assert!((2..=6).contains(&count), "{count} pages");
    assert!(usize::try_from(bytes).expect("small") < all / 50, "{bytes} of {all} bytes");
}

#[test]
fn one_changed_account_rewrites_its_page_and_the_ones_above() {
    let mut twins = opened(5_000);
    let all = twins.top.pack.len();
    let changes = [(77, Change::Is { balance: 1, code: None, slots: Vec::new(), cleared: false })];
    twins.apply(&delta(&changes.into()));

    twins.checkpoint();

    assert!(twins.top.pack.len() < all / 50, "{} of {all} bytes", twins.top.pack.len());
    twins.check_whole();
}

#[test]
fn checkpoint_without_changes_writes_no_page() {
    let mut twins = opened(500);
    twins.checkpoint();
    assert!(twins.top.pack.is_empty());
    twins.check_whole();
}

#[test]
fn manifest_names_few_pages_of_many() {
    let twins = opened(5_000);
    assert!(twins.top.accounts.len() <= SMALL.top_pages, "{}", twins.top.accounts.len());
    assert!(twins.top.accounts.iter().any(|page| page.page.level > 1));
}

#[test]
fn what_shrinks_melts_into_one_page() {
    let mut twins = opened(300);
    let gone = (2..300).map(|i| (i, Change::Gone)).collect();
    twins.apply(&delta(&gone));
    let mut cleared = crowd(2);
    cleared.accounts.get_mut(&address(0)).expect("there").slots =
        (1..=300_u64).map(|i| (U256::from(i), U256::ZERO)).collect();
    twins.apply(&cleared);

    twins.checkpoint();
    twins.check_whole();

    let [PageRef { page, .. }] = twins.top.accounts[..] else {
        panic!("{} pages", twins.top.accounts.len());
    };
    assert_eq!(page.level, 0);
}

#[test]
fn whole_batch_is_loaded_in_one_round_for_each_level() {
    let mut twins = opened(5_000);
    let needs: Vec<Need> = (100..200).map(|i| Need::account(&address(i))).collect();
    let pages = twins.pages.clone();
    block_on(pages.load(&mut twins.paged, &needs)).expect("stored");
    let before = pages.fetched();
    for i in 100..200 {
        let balance = twins.paged.account(&address(i)).expect("loaded").map(|it| it.info.balance);
        assert_eq!(balance, Some(U256::from(u64::from(i) + 1)));
    }
    assert_eq!(pages.fetched(), before, "reading what is loaded fetches nothing");
}

/// Readers that each know nothing, of pages that one process keeps open for longer than 255 of them.
#[test]
fn page_that_many_readers_ask_is_loaded_whole_for_all_but_the_first_few() {
    let is = |i: u64| Change::Is { balance: i + 1, code: None, slots: Vec::new(), cleared: false };
    let mut twins = Twins::new(Layout { page_bytes: 1 << 20, ..SMALL });
    twins.apply(&delta(&(0..60).map(|i| (i, is(u64::from(i)))).collect()));
    twins.checkpoint();
    let Twins { objects, layer, layout, top, .. } = twins;
    let pages = Pages::of(objects, layer, layout, PageCache::default(), top);
    let reads_another = |_| {
        let mut world = pages.world().expect("one page");
        block_on(pages.load(&mut world, &[Need::account(&address(1))])).expect("stored");
        assert!(world.account(&address(1)).is_ok(), "what was asked for");
        world.account(&address(2)).is_ok()
    };
    let whole: Vec<bool> = (0..600).map(reads_another).collect();
    let few = whole.iter().take_while(|whole| !**whole).count();
    assert!((1..10).contains(&few), "one at a time for {few}");
    assert!(whole[few..].iter().all(|whole| *whole), "and whole ever after");
}

/// Every byte of a pack, flipped: what is read is right or refused, and the error says where.
#[test]
fn altered_page_is_refused_by_name() {
    let twins = opened(120);
    let name = names::pack(twins.layer, 1, Epoch(1));
    let good = twins.top.pack.to_vec();
    for at in (0..good.len()).step_by(3) {
        let mut bad = good.clone();
        bad[at] ^= 0x41;
        let error = load_with(&twins, &name, bad).expect_err("an altered page");
        let FlowError::Port(PortError::Corrupt { name: at, .. }) = &error else {
            panic!("{error}");
        };
        assert!(at.contains(&name) && at.contains("bytes"), "{error}");
    }
}

#[test]
fn truncated_and_missing_packs_are_refused_by_name() {
    let twins = opened(120);
    let name = names::pack(twins.layer, 1, Epoch(1));
    let cut = twins.top.pack[..twins.top.pack.len() - 1].to_vec();
    let error = load_with(&twins, &name, cut).expect_err("a cut pack").to_string();
    assert!(error.contains(&name), "{error}");

    block_on(twins.objects.delete(core::slice::from_ref(&name))).expect("memory");
    let pages = twins.open();
    let mut world = pages.world().expect("top");
    let error = block_on(pages.load_all(&mut world)).expect_err("no pack").to_string();
    assert!(error.contains(&name), "{error}");
}

/// A page that is whole, but of another state.
#[test]
fn swapped_page_is_refused_with_both_hashes() {
    let (twins, other) = (opened(2), opened(3));
    let mut top = other.top.clone();
    top.accounts[0].page.hash = twins.top.accounts[0].page.hash;
    let pages = Pages::of(other.objects, other.layer, SMALL, PageCache::default(), top);
    let mut world = pages.world().expect("one page");
    let error = block_on(pages.load_all(&mut world)).expect_err("another state").to_string();
    let (expected, got) = (twins.whole.root(), other.whole.root());
    assert!(error.contains(&format!("expected hash {expected}, got {got}")), "{error}");
}

fn load_with(twins: &Twins, name: &str, pack: Vec<u8>) -> Result<(), FlowError> {
    block_on(twins.objects.delete(&[name.to_owned()])).expect("memory");
    block_on(twins.objects.put(name, pack.into(), Put::IfAbsent)).expect("memory");
    let pages = twins.open();
    let mut world = pages.world()?;
    block_on(pages.load_all(&mut world))?;
    assert_eq!(dump(&world), dump(&twins.whole), "served and wrong");
    Ok(())
}

#[test]
fn top_pages_of_another_state_do_not_open() {
    let twins = opened(50);
    let mut top = twins.top.clone();
    top.accounts[0].page.hash = B256::repeat_byte(1);
    let pages = Pages::of(twins.objects, twins.layer, SMALL, PageCache::default(), top);
    assert_ne!(pages.world().expect("one trie").root(), twins.whole.root());
}

/// Two ways to the same state: a delta that is cut into pages, and sorted leaves.
#[test]
fn imported_state_is_the_one_that_was_cut() {
    let twins = {
        let mut twins = Twins::new(SMALL);
        let code = Change::Is { balance: 3, code: Some(4), slots: vec![(1, 2)], cleared: false };
        twins.apply(&delta(&[(7, code)].into()));
        twins.apply(&crowd(700));
        twins
    };
    let accounts = dump(&twins.whole).into_iter().map(|(address, (info, _, slots))| Imported {
        address,
        info,
        slots: slots.into_iter().collect(),
    });
    let codes = vec![Bytes::from(vec![4; 200])];
    let objects = Memory::stores().objects;
    let import = Import::new(SMALL, |epoch, pack| {
        let name = names::pack(twins.layer, 0, epoch);
        Ok(block_on(objects.put(&name, pack, Put::IfAbsent)).map(drop)?)
    });

    let top = import.write(accounts.collect(), codes).expect("memory");

    let pages = Pages::of(objects.clone(), twins.layer, SMALL, PageCache::default(), top);
    let mut world = pages.world().expect("pages of one trie");
    assert_eq!(world.root(), twins.whole.root());
    block_on(pages.load_all(&mut world)).expect("stored");
    assert_eq!(dump(&world), dump(&twins.whole));
}

/// Counts, for each caller, how often it was called: `slot[caller] += 1`.
const COUNTER: [u8; 17] = [
    // PUSH8 code, MSTORE at 0, RETURN its 8 bytes.
    0x67, 0x33, 0x54, 0x60, 0x01, 0x01, 0x33, 0x55, 0x00, 0x5f, 0x52, 0x60, 0x08, 0x60, 0x18, 0xf3,
    0x00,
];

/// A transaction of account `i`: the first deploys the counter, later ones call it or move ETH.
fn work(i: u8, nonce: u64) -> Transaction {
    let counter = account(0).create(0);
    let plain = TxEip1559 { chain_id: CHAIN_ID, nonce, gas_limit: 200_000, ..TxEip1559::default() };
    let tx = match (i, nonce) {
        (0, 0) => TxEip1559 { input: COUNTER.to_vec().into(), ..plain },
        (_, nonce) if nonce % 2 == 1 => TxEip1559 { to: TxKind::Call(counter), ..plain },
        (i, nonce) => {
            let to = address(u16::from(i) * 100 + u16::try_from(nonce).expect("small"));
            TxEip1559 { to: TxKind::Call(to), value: U256::ONE, ..plain }
        }
    };
    sign(i, tx)
}

/// One writer keeps all in memory; the other is born for each block and knows only what is stored.
#[test]
fn cold_writer_builds_the_blocks_of_a_warm_one() {
    let (warm, cold) = (Layer::open(), Layer::open());
    let mut writer = warm.writer("warm", NOW_MS);
    block_on(writer.load_all()).expect("memory");
    for nonce in 0..12 {
        let sent: Vec<_> = (0..4).map(|i| work(i, nonce)).collect();
        sent.iter().for_each(|tx| warm.force(tx));
        sent.iter().for_each(|tx| cold.force(tx));
        let expected = warm.drain(&mut writer);

        let mut born = cold.writer(&format!("cold {nonce}"), NOW_MS);
        let got = cold.drain(&mut born);
        if nonce % 3 != 1 {
            block_on(born.checkpoint()).expect("memory");
        }
        block_on(born.leave()).expect("memory");

        assert_eq!(hashes(&got), sent.iter().map(|tx| *tx.hash()).collect::<Vec<_>>());
        let hash = |blocks: &[Committed]| blocks.last().map(|block| block.header.hash());
        assert_eq!(hash(&got), hash(&expected), "nonce {nonce}");
    }
    let counted = writer.tip().world.storage(&account(0).create(0), &account(1).into_word().into());
    assert_eq!(counted, Ok(U256::from(6)), "six calls of account 1");
}
