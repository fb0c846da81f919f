//! Transactions that come at the same time.

use core::{future::poll_fn, task::Poll};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, TxHash};
use async_trait::async_trait;
use futures::{executor::block_on, future::join_all, poll};

use super::kit::{Layer, NOW_MS, transfer};
use crate::{
    chain::{Phase, Transaction},
    codec::record::{Dropped, Pending},
    flow::{
        phase,
        query::Replica,
        submit::{self, Desk, Intake, Signed, SubmitError, Submitted},
    },
    port::{Appended, Clock, Inbox, PortError, Stores},
};

/// An inbox whose writes take a while, and are counted.
struct Slow {
    inbox: Arc<dyn Inbox>,
    writes: AtomicUsize,
}

#[async_trait]
impl Inbox for Slow {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        give_way().await;
        self.inbox.append_all(pending).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        self.inbox.waiting(limit).await
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        self.inbox.of_sender(sender).await
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        self.inbox.remove(hashes).await
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        self.inbox.drop_with_reason(dropped).await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        self.inbox.dropped(hash).await
    }
}

/// Pending once.
async fn give_way() {
    let mut gave = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if core::mem::replace(&mut gave, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

struct Still;

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        NOW_MS
    }
}

struct Door {
    layer: Layer,
    stores: Stores,
    slow: Arc<Slow>,
    replica: Replica,
    intake: Intake,
}

impl Door {
    fn open() -> Self {
        let layer = Layer::open();
        let stores = layer.context.stores.clone();
        let slow = Arc::new(Slow { inbox: stores.inbox.clone(), writes: AtomicUsize::new(0) });
        let stores = Stores { inbox: slow.clone(), ..stores };
        let replica = block_on(Replica::open(&stores, layer.context.config.id)).expect("memory");
        Self { layer, stores, slow, replica, intake: Intake::default() }
    }

    async fn submit(&self, transactions: &[Transaction]) -> Vec<Submitted> {
        let (config, rules) = (&*self.layer.context.config, &*self.layer.context.rules);
        let desk = Desk {
            stores: &self.stores,
            doorbell: &self.layer.rings,
            config,
            rules,
            replica: &self.replica,
            clock: &Still,
        };
        let decode = |tx: &Transaction| submit::decode(&tx.encoded_2718(), config);
        let signed: Result<Vec<Signed>, _> = transactions.iter().map(decode).collect();
        self.intake.submit(desk, signed.expect("well formed")).await
    }

    fn writes(&self) -> usize {
        self.slow.writes.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> Vec<TxHash> {
        let waiting = block_on(self.stores.inbox.waiting(100)).expect("memory");
        waiting.iter().map(|one| one.hash).collect()
    }
}

fn nonces(nonces: &[u64]) -> Vec<Transaction> {
    nonces.iter().map(|nonce| transfer(0, *nonce, 0)).collect()
}

fn hashes(transactions: &[Transaction]) -> Vec<TxHash> {
    transactions.iter().map(|tx| *tx.hash()).collect()
}

#[test]
fn who_comes_during_a_write_shares_the_next_one() {
    let door = Door::open();
    let all = nonces(&[0, 1, 2, 3, 4, 5, 6, 7]);
    let answers = block_on(join_all(all.chunks(1).map(|one| door.submit(one))));
    let answered: Vec<_> = answers.into_iter().flatten().map(|it| it.expect("valid")).collect();
    assert_eq!(answered, hashes(&all), "each has its own answer");
    assert_eq!(door.waiting(), hashes(&all), "in order of arrival");
    assert_eq!(door.writes(), 2, "the first alone, then all others");
}

#[test]
fn a_caller_that_goes_leaves_the_others_to_the_next() {
    let door = Door::open();
    let all = nonces(&[0, 1, 2]);
    block_on(async {
        let mut first = Box::pin(door.submit(&all[..1]));
        assert!(poll!(&mut first).is_pending(), "it writes");
        let mut second = Box::pin(door.submit(&all[1..2]));
        let mut third = Box::pin(door.submit(&all[2..]));
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        drop(first);
        assert!(poll!(&mut second).is_pending(), "it writes for the third as well");
        drop(second);
        let answers = third.await;
        assert!(matches!(&answers[..], [Ok(hash)] if hash == all[2].hash()), "{answers:?}");
    });
}

#[test]
fn one_that_is_refused_takes_no_other_with_it() {
    let door = Door::open();
    let mut all = nonces(&[0, 1, 100_000, 1, 2]);
    all.push(transfer(8, 0, 0));
    let answers = block_on(door.submit(&all));
    assert!(matches!(&answers[2], Err(error) if matches!(**error, SubmitError::NonceGap { .. })));
    assert!(matches!(&answers[5], Err(error) if matches!(**error, SubmitError::Rejected(_))));
    for at in [0, 1, 3, 4] {
        assert_eq!(answers[at].as_ref().ok(), Some(all[at].hash()), "{answers:?}");
    }
    assert_eq!(door.waiting(), hashes(&nonces(&[0, 1, 2])), "the same twice is once");
    assert_eq!(door.writes(), 1);
}

#[test]
fn those_before_it_in_a_group_count_against_a_sender() {
    let door = Door::open();
    let limit = door.layer.context.config.limits.in_flight_per_sender;
    let all: Vec<_> =
        (0..=limit).map(|n| transfer(0, u64::try_from(n).expect("small"), 0)).collect();
    let answers = block_on(door.submit(&all));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), limit);
    let last = answers.last().expect("one each");
    assert!(matches!(last, Err(error) if matches!(**error, SubmitError::InFlight { .. })));
}

#[test]
fn a_layer_that_begins_to_drain_during_the_write_acknowledges_nothing_of_it() {
    let door = Door::open();
    let all = nonces(&[0, 1]);
    let answers = block_on(async {
        let mut submitting = Box::pin(door.submit(&all));
        assert!(poll!(&mut submitting).is_pending(), "it writes");
        phase::advance(&*door.stores.registers, Phase::Open).await.expect("open");
        submitting.await
    });
    for answer in answers {
        assert!(matches!(answer, Err(error) if matches!(*error, SubmitError::Closed { .. })));
    }
}
