//! What was paid back is taken back, whether the refund comes before its sale or after.
//!
//! A sale has a record of its own, under the name that refunds call it by, with the keys of its orders and the refunds
//! so far; both deliveries merge what they know into it and then carry out what follows for each order. Whoever comes
//! second sees the other's part, so nothing is missed, and every step can be repeated.

use alloy_primitives::Address;

use super::{
    FlowError,
    mint::{OrderError, check_open},
};
use crate::{
    codec::record::{MintOrder, OrderRecord, OrderState, RefundCall, RefundNote, SaleRecord},
    port::{Doorbell, Orders, PortError, Stores},
};

/// How often a record may change under our hands before the provider has to come again.
const ATTEMPTS: usize = 32;

/// Writes down which orders a sale consists of; returns it with the refunds that came before.
///
/// # Errors
/// The store's errors; [`OrderError::Closed`] when the layer takes nothing new.
pub async fn open_sale(
    stores: &Stores,
    reference: &str,
    keys: &[String],
    received_ms: u64,
) -> Result<SaleRecord, OrderError> {
    check_open(stores).await?;
    Ok(merge(&*stores.orders, reference, received_ms, |sale| sale.sell(keys)).await?)
}

/// Takes back what `notes` say of a sale; returns the orders that are taken back now or were before.
///
/// Without `call`, tickets that are minted stay and are marked here. Orders of a sale that is not known yet are taken back
/// when it comes.
///
/// # Errors
/// The store's errors; [`OrderError::Closed`] when the layer takes nothing new: then it may be recorded, but what is to
/// be burned may have come too late for the last block.
pub async fn refund(
    stores: &Stores,
    doorbell: &dyn Doorbell,
    reference: &str,
    notes: &[RefundNote],
    call: Option<&RefundCall>,
    received_ms: u64,
) -> Result<Vec<(String, OrderState)>, OrderError> {
    check_open(stores).await?;
    let merged = merge(&*stores.orders, reference, received_ms, |sale| sale.refund(notes)).await?;
    let mut taken = Vec::new();
    for key in merged.refunded() {
        taken.push((key.to_owned(), take_back(stores, key, call, received_ms).await?));
    }
    check_open(stores).await?;
    if taken.iter().any(|(_, state)| state.is_due()) {
        doorbell.ring();
    }
    Ok(taken)
}

/// Takes one order back, also one that has not come yet.
///
/// # Errors
/// The store's errors.
pub async fn take_back(
    stores: &Stores,
    key: &str,
    call: Option<&RefundCall>,
    received_ms: u64,
) -> Result<OrderState, FlowError> {
    let absent = || OrderRecord::tombstone(key.to_owned(), received_ms);
    let record = change_or_make(&*stores.orders, key, absent, |record| record.refund(call)).await?;
    Ok(record.state())
}

/// Changes the record of an order, or makes one, as one step.
///
/// # Errors
/// The store's errors.
async fn change_or_make(
    orders: &dyn Orders,
    key: &str,
    absent: impl Fn() -> OrderRecord + Send + Sync,
    edit: impl Fn(&mut OrderRecord) + Send + Sync,
) -> Result<OrderRecord, PortError> {
    for _ in 0..ATTEMPTS {
        let held = orders.get(key).await?;
        let record = held.as_ref().map_or_else(&absent, |held| edited(held, &edit));
        if is_written(orders, held.as_ref(), &record).await? {
            return Ok(record);
        }
    }
    Err(contended(key))
}

/// Changes the record of an order as one step; nothing when there is none, as after the end of a layer.
///
/// # Errors
/// The store's errors.
pub async fn change(
    orders: &dyn Orders,
    key: &str,
    edit: impl Fn(&mut OrderRecord) + Send + Sync,
) -> Result<Option<OrderRecord>, PortError> {
    for _ in 0..ATTEMPTS {
        let Some(held) = orders.get(key).await? else { return Ok(None) };
        let record = edited(&held, &edit);
        if is_written(orders, Some(&held), &record).await? {
            return Ok(Some(record));
        }
    }
    Err(contended(key))
}

fn edited(held: &OrderRecord, edit: impl Fn(&mut OrderRecord)) -> OrderRecord {
    let mut record = held.clone();
    edit(&mut record);
    record
}

/// Writes a record if it is still as it was `held`.
async fn is_written(
    orders: &dyn Orders,
    held: Option<&OrderRecord>,
    record: &OrderRecord,
) -> Result<bool, PortError> {
    // What is due is said to be due again: whoever changed it before may have died before that.
    if held == Some(record) && record.due().is_none() {
        return Ok(true);
    }
    match orders.change(held, record).await {
        Ok(()) => Ok(true),
        Err(PortError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn contended(key: &str) -> PortError {
    PortError::Conflict { what: format!("order {key}") }
}

async fn merge(
    orders: &dyn Orders,
    reference: &str,
    received_ms: u64,
    edit: impl Fn(&mut SaleRecord) + Send + Sync,
) -> Result<SaleRecord, PortError> {
    let absent = || {
        let mut sale = SaleRecord::default();
        edit(&mut sale);
        let key = reference.to_owned();
        let order = MintOrder { key, recipient: Address::ZERO, received_ms, sold: None };
        OrderRecord { sale: Some(sale), ..OrderRecord::new(order) }
    };
    let merged = change_or_make(orders, reference, absent, |record| {
        edit(record.sale.get_or_insert_default());
    });
    Ok(merged.await?.sale.unwrap_or_default())
}
