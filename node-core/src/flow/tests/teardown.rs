use std::sync::{Arc, Mutex};

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use async_trait::async_trait;
use futures::executor::block_on;

use super::kit::{Layer, NOW_MS, account, deposit, l1_block, timing, transfer};
use crate::{
    chain::{DepositEvent, EXIT_SEALER, Finality, L1Origin, Phase, SlotNumber, system_transaction},
    codec::record::{BlockRecord, Body, Record, SlotContent, SlotEntry},
    exit::IExitSealer::{freezeCall, sweepETHCall},
    flow::{
        phase,
        sequence::{Context, LEASE_MS, Sequencer, TakeOver},
        teardown::{Progress, Teardown, Wait},
    },
    port::{L1, L1Action, L1Receipt, L1View, Log, LogAppend, PortError, Stored},
};

/// An L1 that says what it is told to say, has these deposits in block 1, and takes no transaction.
#[derive(Debug, Default)]
struct Said(Mutex<L1View>, Vec<DepositEvent>);

#[async_trait]
impl L1 for Said {
    async fn newest(&self, _: Finality) -> Result<L1Origin, PortError> {
        self.block(1).await
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        Ok(l1_block(number))
    }

    async fn deposits(&self, _: u64, _: u64) -> Result<Vec<DepositEvent>, PortError> {
        Ok(self.1.clone())
    }

    async fn view(&self, _: Finality) -> Result<L1View, PortError> {
        Ok(self.0.lock().expect("no test panics in between").clone())
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        Err(PortError::Refused { what: format!("{action:?}"), reason: "takes nothing".into() })
    }
}

fn published(layer: &Layer) -> (Teardown, Arc<Said>) {
    let registers = &*layer.context.stores.registers;
    for from in Phase::ALL.into_iter().take_while(|phase| *phase != Phase::Published) {
        block_on(phase::advance(registers, from)).expect("one by one");
    }
    let l1 = Arc::new(Said::default());
    let teardown = Teardown {
        context: layer.context.clone(),
        l1: l1.clone(),
        holder: "end".to_owned(),
        known_codes: Arc::default(),
    };
    (teardown, l1)
}

#[test]
fn nothing_is_erased_before_the_l1_says_that_it_may_be() {
    let layer = Layer::open();
    let (teardown, l1) = published(&layer);
    let stores = &layer.context.stores;
    let items = block_on(stores.stored.count()).expect("memory does not fail");
    let objects = block_on(stores.objects.list("")).expect("memory does not fail");
    for _ in 0..3 {
        let progress = block_on(teardown.advance(NOW_MS)).expect("it waits");
        assert!(matches!(progress, Progress::Waiting(Wait::L1Finality { .. })), "{progress:?}");
    }
    assert_eq!(block_on(stores.stored.count()).expect("memory does not fail"), items);
    assert_eq!(block_on(stores.objects.list("")).expect("memory does not fail"), objects);

    assert!(matches!(block_on(teardown.erase()), Ok(Progress::Waiting(_))), "whoever asks");
    assert_eq!(block_on(stores.stored.count()).expect("memory does not fail"), items);

    l1.0.lock().expect("no test panics in between").disposable = true;
    assert_eq!(block_on(teardown.advance(NOW_MS)).expect("it may"), Progress::Disposable);
    assert_eq!(block_on(stores.stored.count()).expect("memory does not fail"), items);
    assert_eq!(block_on(teardown.erase()).expect("it erases"), Progress::Erased);
    assert_eq!(block_on(stores.stored.count()).expect("memory does not fail"), 0);
    assert_eq!(block_on(stores.objects.list("")).expect("memory does not fail"), [""; 0]);
    assert_eq!(block_on(teardown.advance(NOW_MS)).expect("again"), Progress::Erased);
}

#[test]
fn an_erase_that_died_in_the_middle_is_finished_whatever_it_left() {
    for reached in 0..64_u32 {
        let (layer, teardown) = dying_erase();
        let (stores, mut item) = (&layer.context.stores, 0);
        layer.memory.erase_some(|| {
            item += 1;
            reached >> (item % 6) & 1 == 1
        });
        assert_eq!(block_on(teardown.bundle()).expect("nobody looks for it"), None);
        assert_eq!(block_on(teardown.advance(NOW_MS)).expect("it erases"), Progress::Erased);
        assert_eq!(block_on(stores.stored.count()).expect("memory does not fail"), 0);
        assert_eq!(block_on(stores.objects.list("")).expect("memory does not fail"), [""; 0]);
    }
}

/// A layer of which an erase has deleted the objects, and died then.
fn dying_erase() -> (Layer, Teardown) {
    let layer = Layer::open();
    let (mut teardown, l1) = published(&layer);
    l1.0.lock().expect("no test panics in between").disposable = true;
    let stores = layer.context.stores.clone();
    teardown.context.stores.stored = Arc::new(Dying);
    assert!(block_on(teardown.bundle()).expect("it is whole").is_some());
    assert!(block_on(teardown.erase()).is_err(), "it dies");
    assert_eq!(block_on(stores.objects.list("")).expect("memory does not fail"), [""; 0]);
    teardown.context.stores = stores;
    (layer, teardown)
}

/// A ledger whose owner dies before it is erased.
struct Dying;

#[async_trait]
impl Stored for Dying {
    async fn count(&self) -> Result<u64, PortError> {
        self.erase().await
    }

    async fn erase(&self) -> Result<u64, PortError> {
        Err(PortError::unavailable("the ledger", "its owner died"))
    }
}

#[test]
fn who_sleeps_while_another_erases_keeps_no_part_of_a_bundle() {
    let layer = Layer::open();
    let (teardown, l1) = published(&layer);
    l1.0.lock().expect("no test panics in between").disposable = true;
    let whole = block_on(teardown.bundle()).expect("it is whole").expect("nobody erases");
    let mut sleeper = teardown.clone();
    let log = Arc::clone(&layer.context.stores.log);
    sleeper.context.stores.log = Arc::new(Sleeping { log, other: teardown });
    assert!(!whole.blocks.is_empty(), "there is something to keep");
    assert_eq!(block_on(sleeper.bundle()).expect("another has it"), None);
}

/// A log whose reader sleeps at its first read, while `other` erases the layer.
struct Sleeping {
    log: Arc<dyn Log>,
    other: Teardown,
}

#[async_trait]
impl Log for Sleeping {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        self.log.append(entry).await
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        self.log.read(slot).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        self.other.erase().await.expect("it erases");
        self.log.read_from(first, limit).await
    }
}

#[test]
fn a_layer_whose_deposits_cannot_be_closed_is_not_sealed() {
    let layer = Layer::open();
    let l1 = Arc::new(Said::default());
    let teardown = Teardown {
        context: layer.context.clone(),
        l1,
        holder: "end".to_owned(),
        known_codes: Arc::default(),
    };
    let moved = block_on(teardown.advance(NOW_MS)).expect("the first step is ours");
    assert_eq!(moved, Progress::Moved(Phase::Draining));
    let refused = block_on(teardown.advance(NOW_MS));
    assert!(refused.is_err(), "{refused:?}");
    let registers = &*layer.context.stores.registers;
    assert_eq!(block_on(phase::current(registers)).expect("open"), Phase::Draining);
}

#[test]
fn deposit_that_the_l1_does_not_show_yet_is_waited_for() {
    let layer = Layer::open();
    let deposits: Vec<_> = (0..4).map(|index| deposit(index, account(0))).collect();
    // The node that is asked for deposits is behind the one that says how many there are.
    let view = L1View { deposits_closed: true, deposit_count: 5, ..L1View::default() };
    let teardown = Teardown {
        context: layer.context,
        l1: Arc::new(Said(Mutex::new(view), deposits)),
        holder: "end".to_owned(),
        known_codes: Arc::default(),
    };
    block_on(teardown.advance(NOW_MS)).expect("draining");
    let progress = block_on(teardown.advance(NOW_MS)).expect("it waits");
    assert_eq!(progress, Progress::Waiting(Wait::Deposit { index: 4 }));
}

/// Runtime code that reverts when its call data is longer than 1 KiB, and else stops:
///
/// ```text
/// CALLDATASIZE PUSH2 0x0400 LT PUSH1 9 JUMPI STOP JUMPDEST PUSH0 PUSH0 REVERT
/// ```
const TAKES_LITTLE: &[u8] =
    &[0x36, 0x61, 0x04, 0x00, 0x10, 0x60, 0x09, 0x57, 0x00, 0x5b, 0x5f, 0x5f, 0xfd];

#[test]
fn a_step_of_the_seal_that_does_not_fit_is_halved_and_nobody_is_left_out() {
    let layer = Layer::with_sealer(TAKES_LITTLE);
    let holder = |index: u64| match u8::try_from(index) {
        Ok(index) if index < 4 => account(index),
        _ => Address::left_padding_from(&(0x1000 + index).to_be_bytes()),
    };
    let deposits: Vec<_> = (0..90).map(|index| deposit(index, holder(index))).collect();
    let view = L1View { deposits_closed: true, deposit_count: 90, ..L1View::default() };
    let l1 = Arc::new(Said(Mutex::new(view), deposits));
    let teardown = Teardown {
        context: layer.context.clone(),
        l1,
        holder: "end".to_owned(),
        known_codes: Arc::default(),
    };
    block_on(teardown.advance(NOW_MS)).expect("draining");
    let sealed = block_on(teardown.advance(NOW_MS)).expect("it seals, in smaller steps");
    assert_eq!(sealed, Progress::Moved(Phase::Sealed));

    let mut swept = Vec::new();
    let mut steps = 0;
    let entries = block_on(layer.context.stores.log.read_from(SlotNumber(0), 1_000));
    for entry in entries.expect("memory does not fail") {
        let SlotContent::Block { body: Body::Inline(frame), .. } = entry.content else { continue };
        let record = BlockRecord::from_frame(&frame).expect("our own frame");
        for tx in record.block.transactions {
            let call = tx.as_deposit().map(|deposit| deposit.input.clone()).unwrap_or_default();
            if let Ok(call) = sweepETHCall::abi_decode(&call) {
                swept.extend(call.holders);
                steps += 1;
            }
        }
    }
    let mut expected: Vec<_> = (0..90).map(holder).collect();
    expected.sort_unstable();
    assert_eq!(swept, expected, "each holder once, ascending");
    assert!(steps > 1, "the sweep was cut into {steps}");
}

/// Runtime code that takes any call once `freeze` was called, and reverts before:
///
/// ```text
/// PUSH0 CALLDATALOAD PUSH1 0xe0 SHR PUSH4 freeze EQ PUSH1 23 JUMPI
/// PUSH1 4 SLOAD PUSH1 29 JUMPI PUSH0 PUSH0 REVERT
/// JUMPDEST PUSH1 1 PUSH1 4 SSTORE JUMPDEST STOP
/// ```
const FREEZES_FIRST: &[u8] = {
    let [a, b, c, d] = freezeCall::SELECTOR;
    &[
        0x5f, 0x35, 0x60, 0xe0, 0x1c, 0x63, a, b, c, d, 0x14, 0x60, 23, 0x57, //
        0x60, 4, 0x54, 0x60, 29, 0x57, 0x5f, 0x5f, 0xfd, //
        0x5b, 0x60, 1, 0x60, 4, 0x55, 0x5b, 0x00,
    ]
};

/// The log of a teardown that stands still after its fence, for longer than its lease lasts: another one takes over
/// meanwhile, freezes the layer, and dies.
struct StandsStill {
    inner: Arc<dyn Log>,
    other: Mutex<Option<Context>>,
}

#[async_trait]
impl Log for StandsStill {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        let appended = self.inner.append(entry).await?;
        let other = self.other.lock().expect("no test panics in between").take();
        if let Some(context) = other {
            freeze(context).await;
        }
        Ok(appended)
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        self.inner.read(slot).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        self.inner.read_from(first, limit).await
    }
}

async fn freeze(context: Context) {
    let (now_ms, layer) = (NOW_MS + LEASE_MS + 1, context.config.l1.layer);
    let taken = Sequencer::take_over(context, "other", now_ms).await;
    let Ok(TakeOver::Won(mut other)) = taken else { panic!("the lease has run out: {taken:?}") };
    let freeze = freezeCall {}.abi_encode().into();
    let freeze = [system_transaction(layer, 0, EXIT_SEALER, freeze)];
    other.commit_system(&freeze, 0, timing(now_ms)).await.expect("the first step of the seal");
}

#[test]
fn teardown_that_stood_still_after_its_fence_stops_as_fenced() {
    let mut layer = Layer::with_sealer(FREEZES_FIRST);
    let deposits: Vec<_> = (0..4).map(|index| deposit(index.into(), account(index))).collect();
    let view = L1View { deposits_closed: true, deposit_count: 4, ..L1View::default() };
    let other = Mutex::new(Some(layer.context.clone()));
    let inner = Arc::clone(&layer.context.stores.log);
    layer.context.stores.log = Arc::new(StandsStill { inner, other });
    let mut teardown = Teardown {
        context: layer.context.clone(),
        l1: Arc::new(Said(Mutex::new(view), deposits)),
        holder: "end".to_owned(),
        known_codes: Arc::default(),
    };
    block_on(teardown.advance(NOW_MS)).expect("draining");
    // It knows nothing of what the other one did: to take that for done would be to seal a layer that is not frozen.
    let stopped = block_on(teardown.advance(NOW_MS)).expect_err("it was fenced");
    assert!(stopped.is_fenced(), "{stopped}");

    teardown.holder = "third".to_owned();
    let sealed = block_on(teardown.advance(NOW_MS + 3 * LEASE_MS)).expect("it goes on");
    assert_eq!(sealed, Progress::Moved(Phase::Sealed));
}

#[test]
fn what_comes_after_the_seal_has_begun_is_in_no_block() {
    let layer = Layer::with_sealer(FREEZES_FIRST);
    let deposits: Vec<_> = (0..4).map(|index| deposit(index.into(), account(index))).collect();
    let view = L1View { deposits_closed: true, deposit_count: 4, ..L1View::default() };
    let teardown = Teardown {
        context: layer.context.clone(),
        l1: Arc::new(Said(Mutex::new(view), deposits)),
        holder: "end".to_owned(),
        known_codes: Arc::default(),
    };
    block_on(teardown.advance(NOW_MS)).expect("draining");
    // Who began to seal dies. An append that was on its way all the time lands, and is acknowledged to nobody.
    block_on(freeze(layer.context.clone()));
    layer.force(&transfer(0, 0, 0));
    let mut writer = layer.writer("late", NOW_MS + 3 * LEASE_MS);
    assert!(layer.drain(&mut writer).is_empty(), "a writer that the append has woken");
    block_on(writer.leave()).expect("memory does not fail");
    let sealed = block_on(teardown.advance(NOW_MS + 6 * LEASE_MS)).expect("it goes on");
    assert_eq!(sealed, Progress::Moved(Phase::Sealed));
    let waits = block_on(layer.context.stores.inbox.of_sender(account(0)));
    assert_eq!(
        waits.expect("memory does not fail").len(),
        1,
        "whoever ended the layer left it alone"
    );
}
