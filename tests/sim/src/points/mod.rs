//! Writers that die at their nth write, on stores that are real: the crash points of an adapter.
//!
//! Simulated lives try every order of events on stores that are a model. This tries the few points where a process can
//! die on the stores themselves: [`open()`] a layer and have something wait, let [`writers_die`] at once, [`recover`] with
//! one that lives, and [`check`].

mod mortal;

use std::{collections::BTreeMap, sync::Arc};

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::TxHash;
use futures::future::join_all;
use node_core::{
    chain::{Epoch, LayerConfig, LayerId, SlotNumber},
    codec::record::{BlockRecord, Body, MintOrder, Pending, Record, SlotContent},
    execute::Rules,
    flow::{
        Caches, FlowError, checkpoint,
        open::{self, Genesis},
        sequence::{Context, Pipeline, Sequencer, Step, TakeOver, Timing},
        submit::Signed,
    },
    port::Stores,
};

use self::mortal::Mortal;
use crate::{port::Minter, sim::START_MS, template};

/// Slots that are read at a time, and more than there are.
const PAGE: usize = 1_000;

/// Milliseconds after which nobody has the lease of before any more.
const LEASE_MS: u64 = 60_000;

/// How often somebody who lives tries.
const TRIES: u64 = 8;

/// What becomes of the write at which a writer dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// It is not done.
    Before,
    /// It is done, and nobody hears of that.
    After,
}

/// What waits in a layer, and must be in one block each.
#[derive(Debug, Clone)]
pub struct Waiting {
    config: Arc<LayerConfig>,
    transactions: Vec<TxHash>,
    orders: Vec<String>,
}

/// Opens a layer in `stores`; transactions, one of them too large for a slot, and orders wait in it.
///
/// # Errors
/// The stores' errors.
pub async fn open(stores: &Stores, id: LayerId) -> Result<Waiting, FlowError> {
    let config = Arc::new(LayerConfig { id, ..template::config() });
    let genesis = Genesis::of(&config, template::template().genesis.world.clone());
    open::open(stores, &config, &genesis).await?;
    let free = (1..template::SENDERS)
        .flat_map(|sender| (0..2).map(move |nonce| template::free(sender, nonce)));
    let sent: Vec<Signed> = free.chain([template::template().large.clone()]).collect();
    let pending = |signed: &Signed| Pending {
        hash: *signed.transaction.hash(),
        sender: signed.sender,
        raw: signed.transaction.encoded_2718().into(),
        received_ms: START_MS,
        deposit_position: 0,
    };
    stores.inbox.append_all(sent.iter().map(pending).collect()).await?;
    let orders: Vec<_> = (0..2).map(|number| format!("item-{number}")).collect();
    for key in orders.iter().cloned() {
        let recipient = template::sender(1);
        let order = MintOrder { key, recipient, received_ms: START_MS, sold: None };
        stores.orders.record(order).await?;
    }
    let transactions = sent.iter().map(|signed| *signed.transaction.hash()).collect();
    Ok(Waiting { config, transactions, orders })
}

/// Lets writers work at the same time until each dies at its write number `point`, the first being 0; returns how many
/// died. Their clocks are so far apart that the lease of one never hinders another.
pub async fn writers_die(
    stores: &[Stores],
    waiting: &Waiting,
    point: usize,
    death: Death,
) -> usize {
    let writers = (1..).zip(stores).map(|(number, stores): (u64, _)| async move {
        let (mortal, stores) = Mortal::stores(stores.clone(), point, death);
        let now_ms = START_MS + number * LEASE_MS;
        // It dies, is fenced by another one, or is done.
        drop(work(stores, waiting, &format!("mortal {number}"), now_ms).await);
        mortal.is_dead()
    });
    join_all(writers).await.into_iter().filter(|died| *died).count()
}

/// Lets somebody who lives do the rest.
///
/// # Errors
/// What hinders it every time.
pub async fn recover(stores: &Stores, waiting: &Waiting) -> Result<(), FlowError> {
    let mut done = Ok(());
    for number in 1..=TRIES {
        // A lease that one of the dead has is of a time to come.
        let now_ms = START_MS + (TRIES + number) * LEASE_MS;
        done = work(stores.clone(), waiting, "alive", now_ms).await;
        if done.is_ok() {
            break;
        }
    }
    done
}

/// Takes the lease, includes what waits, writes a checkpoint, leaves.
async fn work(
    stores: Stores,
    waiting: &Waiting,
    holder: &str,
    now_ms: u64,
) -> Result<(), FlowError> {
    let context = Context {
        stores,
        rules: Arc::new(Rules::layer(waiting.config.chain_id)),
        config: Arc::clone(&waiting.config),
        signer: Some(Arc::new(Minter)),
        pipeline: Pipeline::default(),
        caches: Caches::default(),
    };
    let taken = Sequencer::take_over(context, holder, now_ms).await?;
    let TakeOver::Won(mut sequencer) = taken else { return Ok(()) };
    let timing = Timing { now_ms, last_call: false };
    while let Step::Committed(_) = sequencer.step(timing).await? {}
    sequencer.settle().await?;
    sequencer.checkpoint().await?;
    sequencer.leave().await
}

/// Checks that everything that waited is in one block, that blocks and epochs are one chain, that the newest checkpoint
/// opens to the newest block, and that nothing waits.
///
/// # Panics
/// When it is not so, with what.
pub async fn check(stores: &Stores, waiting: &Waiting) {
    let mut included = BTreeMap::<TxHash, usize>::new();
    let mut minted = BTreeMap::<String, usize>::new();
    let (mut epoch, mut newest) = (Epoch(0), None);
    let entries = stores.log.read_from(SlotNumber(0), PAGE).await.expect("it is read");
    for (slot, entry) in (0..).zip(entries) {
        assert_eq!(entry.slot, SlotNumber(slot), "no slot is left out");
        match entry.content {
            SlotContent::Fence => assert!(entry.epoch > epoch, "{}: {epoch} before", entry.epoch),
            _ => assert_eq!(entry.epoch, epoch, "slot {slot} is its writer's"),
        }
        epoch = entry.epoch;
        let SlotContent::Block { number, hash, body } = entry.content else { continue };
        let frame = match body {
            Body::Inline(frame) => frame,
            Body::Object(name) => stores.objects.get(&name).await.expect("its body is there"),
        };
        let record = BlockRecord::from_frame(&frame).expect("it is whole");
        let parent = newest.map(|(_, hash)| hash);
        assert!(parent.is_none_or(|parent| record.block.header.parent_hash == parent), "{number}");
        newest = Some((number, hash));
        for transaction in &record.block.transactions {
            *included.entry(*transaction.hash()).or_default() += 1;
        }
        for one in record.minted {
            *minted.entry(one.key).or_default() += 1;
        }
    }
    for hash in &waiting.transactions {
        assert_eq!(included.get(hash), Some(&1), "tx {hash}");
    }
    for key in &waiting.orders {
        assert_eq!(minted.get(key), Some(&1), "order {key}");
    }
    let tip = checkpoint::load(stores).await.expect("a checkpoint opens");
    assert_eq!(
        newest,
        Some((tip.header.number, tip.header.hash())),
        "the checkpoint is the newest"
    );
    assert_eq!(stores.inbox.waiting(PAGE).await.expect("it is read"), []);
    assert_eq!(stores.orders.waiting(PAGE).await.expect("it is read"), []);
}
