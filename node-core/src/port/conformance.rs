//! One suite that every adapter of the stores must pass; the reference model passes it first.
//!
//! The suite is public so that adapters in other crates run it against their own stores. It takes an
//! empty set of stores and panics at the first broken promise.

use alloy_primitives::{Address, B256, Bytes, TxHash, U256};

use super::{Appended, LogAppend, PortError, Put, PutOutcome, Recorded, Stores, Version};
use crate::{
    chain::{Epoch, SlotNumber},
    codec::record::{
        AttemptId, Dropped, Effect, MintOrder, OrderRecord, OrderState, Outcome, Pending,
        RefundCall, SlotContent, SlotEntry,
    },
};

/// Runs every check on `stores`, which must be empty.
///
/// # Errors
/// The first error of a port where the suite expects none.
///
/// # Panics
/// At the first broken promise.
pub async fn all(stores: &Stores) -> Result<(), PortError> {
    inbox_keeps_order_and_appends_once(stores).await?;
    inbox_forgets_included_and_remembers_dropped(stores).await?;
    inbox_appends_many_as_one_after_the_other(stores).await?;
    log_slot_is_written_once(stores).await?;
    register_is_compare_and_swap(stores).await?;
    order_is_recorded_once(stores).await?;
    order_is_compare_and_swap(stores).await?;
    order_that_is_paid_back_is_burned(stores).await?;
    orders_are_listed(stores).await?;
    object_create_if_absent(stores).await?;
    object_ranges_are_exact(stores).await?;
    objects_are_listed_and_deleted(stores).await?;
    erase_leaves_nothing(stores).await
}

fn pending(seed: u8, sender: u8) -> Pending {
    Pending {
        hash: TxHash::repeat_byte(seed),
        sender: Address::repeat_byte(sender),
        raw: Bytes::from(vec![seed; 100]),
        received_ms: u64::from(seed),
        deposit_position: 0,
    }
}

async fn inbox_keeps_order_and_appends_once(stores: &Stores) -> Result<(), PortError> {
    let inbox = &stores.inbox;
    for seed in [9, 3, 7] {
        assert_eq!(inbox.append(pending(seed, 1)).await?, Appended::New);
    }
    assert_eq!(inbox.append(pending(3, 1)).await?, Appended::Known, "same hash twice is once");
    assert_eq!(inbox.append(pending(5, 2)).await?, Appended::New);
    let waiting = inbox.waiting(10).await?;
    let order: Vec<u8> = waiting.iter().map(|one| one.hash[0]).collect();
    assert_eq!(order, [9, 3, 7, 5], "arrival order, not key order");
    assert_eq!(waiting[0], pending(9, 1), "stored as given");
    assert_eq!(inbox.waiting(2).await?.len(), 2, "limit is kept");
    let own = inbox.of_sender(Address::repeat_byte(1)).await?;
    assert_eq!(own.iter().map(|one| one.hash[0]).collect::<Vec<_>>(), [9, 3, 7]);
    Ok(())
}

async fn inbox_forgets_included_and_remembers_dropped(stores: &Stores) -> Result<(), PortError> {
    let inbox = &stores.inbox;
    inbox.remove(&[TxHash::repeat_byte(9), TxHash::repeat_byte(0xee)]).await?;
    let dropped = Dropped { hash: TxHash::repeat_byte(3), reason: "nonce".into(), dropped_ms: 5 };
    inbox.drop_with_reason(std::slice::from_ref(&dropped)).await?;
    assert_eq!(inbox.dropped(dropped.hash).await?, Some(dropped.clone()));
    assert_eq!(inbox.dropped(TxHash::repeat_byte(9)).await?, None, "included is not dropped");
    let left: Vec<u8> = inbox.waiting(10).await?.iter().map(|one| one.hash[0]).collect();
    assert_eq!(left, [7, 5]);
    assert_eq!(inbox.append(pending(3, 1)).await?, Appended::New, "a dropped one may come again");
    assert_eq!(inbox.dropped(dropped.hash).await?, None, "and waits again");
    Ok(())
}

async fn inbox_appends_many_as_one_after_the_other(stores: &Stores) -> Result<(), PortError> {
    use Appended::{Known, New};
    let inbox = &stores.inbox;
    let many = [11, 7, 13, 11, 12].map(|seed| pending(seed, 1)).to_vec();
    assert_eq!(inbox.append_all(many).await?, [New, Known, New, Known, New]);
    assert_eq!(inbox.append_all(Vec::new()).await?, []);
    let order = |waiting: Vec<Pending>| waiting.iter().map(|one| one.hash[0]).collect::<Vec<_>>();
    assert_eq!(order(inbox.waiting(10).await?), [7, 5, 3, 11, 13, 12], "in the order given");
    let (middle, one) = (TxHash::repeat_byte(13), Address::repeat_byte(1));
    inbox.remove(&[middle]).await?;
    assert_eq!(order(inbox.of_sender(one).await?), [7, 3, 11, 12], "one of many goes alone");
    let reason =
        |seed| Dropped { hash: TxHash::repeat_byte(seed), reason: "r".into(), dropped_ms: 6 };
    inbox.drop_with_reason(&[reason(11), reason(12)]).await?;
    assert_eq!(inbox.append_all(vec![pending(12, 1), pending(13, 1)]).await?, [New, New]);
    assert_eq!(order(inbox.waiting(10).await?), [7, 5, 3, 12, 13], "what comes again comes last");
    Ok(())
}

const fn fence(slot: u64, epoch: u64, attempt: u128) -> SlotEntry {
    SlotEntry {
        slot: SlotNumber(slot),
        epoch: Epoch(epoch),
        attempt: AttemptId(attempt),
        content: SlotContent::Fence,
    }
}

async fn log_slot_is_written_once(stores: &Stores) -> Result<(), PortError> {
    let log = &stores.log;
    assert_eq!(log.read(SlotNumber(0)).await?, None);
    assert_eq!(log.append(fence(0, 1, 10)).await?, LogAppend::Written);
    assert_eq!(log.append(fence(0, 1, 10)).await?, LogAppend::Written, "own attempt again");
    let occupied = log.append(fence(0, 2, 11)).await?;
    assert_eq!(occupied, LogAppend::Occupied(fence(0, 1, 10)), "the first writer stays");
    let end = SlotContent::End { number: 7, hash: B256::repeat_byte(1) };
    let entry = SlotEntry { content: end, ..fence(1, 2, 12) };
    assert_eq!(log.append(entry.clone()).await?, LogAppend::Written);
    assert_eq!(log.read(SlotNumber(1)).await?, Some(entry.clone()));
    assert_eq!(log.read_from(SlotNumber(0), 10).await?, [fence(0, 1, 10), entry.clone()]);
    assert_eq!(log.read_from(SlotNumber(1), 1).await?, [entry]);
    assert_eq!(log.read_from(SlotNumber(2), 10).await?, []);
    Ok(())
}

async fn register_is_compare_and_swap(stores: &Stores) -> Result<(), PortError> {
    let registers = &stores.registers;
    assert_eq!(registers.load("r").await?, None);
    let one = registers.store("r", None, Bytes::from_static(b"one")).await?;
    let race = registers.store("r", None, Bytes::from_static(b"other")).await;
    assert!(matches!(race, Err(PortError::Conflict { .. })), "created once: {race:?}");
    assert_eq!(registers.load("r").await?, Some((one, Bytes::from_static(b"one"))));
    let two = registers.store("r", Some(one), Bytes::from_static(b"two")).await?;
    assert!(two > one, "versions grow");
    for stale in [Some(one), None, Some(Version(u64::MAX))] {
        let late = registers.store("r", stale, Bytes::from_static(b"late")).await;
        assert!(matches!(late, Err(PortError::Conflict { .. })), "stale version: {late:?}");
    }
    assert_eq!(registers.load("r").await?, Some((two, Bytes::from_static(b"two"))));
    Ok(())
}

fn order(key: &str) -> MintOrder {
    let recipient = Address::repeat_byte(4);
    MintOrder { key: key.to_owned(), recipient, received_ms: 1, sold: None }
}

async fn order_is_recorded_once(stores: &Stores) -> Result<(), PortError> {
    let orders = &stores.orders;
    assert_eq!(orders.record(order("b")).await?, Recorded::New);
    assert_eq!(orders.record(order("a")).await?, Recorded::New);
    assert_eq!(orders.record(order("b")).await?, Recorded::Known(OrderState::Waiting));
    assert_eq!(orders.waiting(10).await?, [order("b"), order("a")], "arrival order");
    let transaction = TxHash::repeat_byte(8);
    let done = Outcome::Done { transaction, token: Some(U256::from(5)) };
    orders.mark(&[("b".to_owned(), done)]).await?;
    let failed = Outcome::Failed { reason: "late".to_owned() };
    orders.mark(&[("b".to_owned(), failed)]).await?;
    let minted = OrderState::Minted { transaction };
    assert_eq!(orders.record(order("b")).await?, Recorded::Known(minted.clone()));
    let record = orders.get("b").await?.expect("it is recorded");
    assert_eq!((record.state(), record.token()), (minted, Some(U256::from(5))));
    assert_eq!(orders.waiting(10).await?, [order("a")]);
    assert_eq!(orders.get("c").await?, None);
    Ok(())
}

async fn order_is_compare_and_swap(stores: &Stores) -> Result<(), PortError> {
    let orders = &stores.orders;
    let mut claimed = OrderRecord::unclaimed(order("d"));
    let unclaimed = claimed.clone();
    orders.change(None, &unclaimed).await?;
    assert!(matches!(orders.change(None, &unclaimed).await, Err(PortError::Conflict { .. })));
    assert_eq!(orders.record(order("d")).await?, Recorded::Known(OrderState::Unclaimed));
    assert_eq!(orders.waiting(10).await?, [order("a")], "what nobody claimed does not wait");
    claimed.claim(Address::repeat_byte(6), Bytes::from_static(b"call"));
    orders.change(Some(&unclaimed), &claimed).await?;
    let again = orders.change(Some(&unclaimed), &claimed).await;
    assert!(matches!(again, Err(PortError::Conflict { .. })), "{again:?}");
    assert_eq!(orders.get("d").await?, Some(claimed.clone()));
    assert_eq!(orders.waiting(10).await?, [order("a"), claimed.order.clone()]);
    orders.change(Some(&claimed), &claimed).await?;
    assert_eq!(orders.waiting(10).await?, [order("a"), claimed.order.clone()], "due once");
    let mut void = claimed.clone();
    void.refund(None);
    orders.change(Some(&claimed), &void).await?;
    assert_eq!(orders.waiting(10).await?, [order("a")], "what is paid back does not wait");
    let tombstone = OrderRecord::tombstone("e".to_owned(), 1);
    orders.change(None, &tombstone).await?;
    assert_eq!(orders.record(order("e")).await?, Recorded::Known(OrderState::Void));
    Ok(())
}

async fn order_that_is_paid_back_is_burned(stores: &Stores) -> Result<(), PortError> {
    let orders = &stores.orders;
    let minted = orders.get("b").await?.expect("it is minted");
    let mut burning = minted.clone();
    let before = Bytes::from_static(b"burn");
    let burn = RefundCall { before, after: Bytes::new(), effect: Effect::Burn };
    burning.refund(Some(&burn));
    orders.change(Some(&minted), &burning).await?;
    let waiting = orders.waiting(10).await?;
    let keys: Vec<_> = waiting.iter().map(|order| order.key.as_str()).collect();
    assert_eq!(keys, ["b", "a"], "in order of arrival of the orders");
    let call = waiting[0].sold.as_ref().map(|sold| sold.call.to_vec());
    let expected = [b"burn".as_slice(), &U256::from(5).to_be_bytes::<32>()].concat();
    assert_eq!(call, Some(expected));
    let transaction = TxHash::repeat_byte(8);
    let replayed = Outcome::Done { transaction, token: None };
    orders.mark(&[("b".to_owned(), replayed)]).await?;
    assert_eq!(orders.waiting(10).await?.len(), 2, "its mint is not its burn");
    let transaction = TxHash::repeat_byte(9);
    orders.mark(&[("b".to_owned(), Outcome::Done { transaction, token: None })]).await?;
    let record = orders.get("b").await?.expect("it is burned");
    assert_eq!(record.state(), OrderState::Burned { transaction });
    assert_eq!(orders.waiting(10).await?, [order("a")]);
    Ok(())
}

async fn orders_are_listed(stores: &Stores) -> Result<(), PortError> {
    for limit in [1, 2, 100] {
        let (mut keys, mut from) = (Vec::new(), None);
        loop {
            let page = stores.orders.list(from.as_deref(), limit).await?;
            keys.extend(page.records.into_iter().map(|record| record.order.key));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        keys.sort();
        assert_eq!(keys, ["a", "b", "d", "e"], "pages of {limit}");
    }
    Ok(())
}

async fn object_create_if_absent(stores: &Stores) -> Result<(), PortError> {
    let objects = &stores.objects;
    let one = Bytes::from_static(b"0123456789");
    assert_eq!(objects.put("p/a", one.clone(), Put::IfAbsent).await?, PutOutcome::Written);
    let again = objects.put("p/a", Bytes::from_static(b"x"), Put::IfAbsent).await?;
    assert_eq!(again, PutOutcome::Exists);
    assert_eq!(objects.get("p/a").await?, one, "the first value stays");
    let two = Bytes::from_static(b"abcdefghij");
    assert_eq!(objects.put("p/a", two.clone(), Put::Overwrite).await?, PutOutcome::Written);
    assert_eq!(objects.get("p/a").await?, two);
    let missing = objects.get("p/none").await;
    assert!(matches!(missing, Err(PortError::NotFound { .. })), "{missing:?}");
    Ok(())
}

async fn object_ranges_are_exact(stores: &Stores) -> Result<(), PortError> {
    let objects = &stores.objects;
    for (offset, length, expected) in
        [(2, 3, "cde"), (0, 10, "abcdefghij"), (9, 1, "j"), (4, 0, ""), (10, 0, "")]
    {
        let got = objects.get_range("p/a", offset, length).await?;
        assert_eq!(got, Bytes::from_static(expected.as_bytes()), "{length} bytes from {offset} on");
    }
    for (offset, length) in [(8, 3), (10, 1), (11, 0), (0, 11), (u64::MAX, 1), (1, usize::MAX)] {
        let short = objects.get_range("p/a", offset, length).await;
        let Err(PortError::Corrupt { name, reason }) = &short else {
            panic!("{length} bytes from {offset} on are not there: {short:?}");
        };
        assert!(name.contains("p/a"), "names the object: {name}");
        for part in [format!("{length} bytes"), format!("offset {offset}"), "10 bytes".to_owned()] {
            assert!(reason.contains(&part), "says `{part}`: {reason}");
        }
    }
    for length in [0, 1] {
        let missing = objects.get_range("p/none", 0, length).await;
        assert!(matches!(missing, Err(PortError::NotFound { .. })), "{missing:?}");
    }
    Ok(())
}

async fn objects_are_listed_and_deleted(stores: &Stores) -> Result<(), PortError> {
    let objects = &stores.objects;
    objects.put("p/b/c", Bytes::from_static(b"1"), Put::IfAbsent).await?;
    objects.put("q/a", Bytes::from_static(b"1"), Put::IfAbsent).await?;
    assert_eq!(objects.list("p/").await?, ["p/a", "p/b/c"]);
    objects.delete(&["p/a".to_owned(), "p/none".to_owned()]).await?;
    assert_eq!(objects.list("p/").await?, ["p/b/c"]);
    objects.delete(&["p/b/c".to_owned(), "q/a".to_owned()]).await?;
    assert_eq!(objects.list("").await?, Vec::<String>::new());
    Ok(())
}

async fn erase_leaves_nothing(stores: &Stores) -> Result<(), PortError> {
    let before = stores.stored.count().await?;
    assert!(before > 0, "the checks above left items");
    assert_eq!(stores.stored.erase().await?, before);
    assert_eq!(stores.stored.count().await?, 0);
    assert_eq!(stores.stored.erase().await?, 0, "erasing twice is the same as once");
    assert_eq!(stores.inbox.waiting(10).await?, []);
    assert_eq!(stores.log.read_from(SlotNumber(0), 10).await?, []);
    assert_eq!(stores.registers.load("r").await?, None);
    Ok(())
}
