//! What the box office does with what was sold, whoever sold it.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::Address;
use futures::{StreamExt, TryStreamExt, stream};
use node_core::{
    codec::record::{MintOrder, OrderRecord, OrderState, RefundNote, SaleRecord, Sold},
    flow::{
        mint::{self, OrderError},
        phase, refund,
    },
    port::Recorded,
};

use crate::{
    Buyer, Refund, RefundLine, Sale, Ticket, WebhookState,
    answer::{Order, Refused},
    names::Asked,
};

/// Orders of one delivery that are recorded at a time.
const AT_A_TIME: usize = 8;

/// Records every ticket of a sale. One that fails leaves the others recorded: when the sale comes again, those are
/// known and only the rest is new.
///
/// What was paid back before is not minted.
pub(crate) async fn sell(
    state: &WebhookState,
    sale: Sale,
    received_ms: u64,
) -> Result<Vec<Order>, Refused> {
    let mut names = BTreeMap::new();
    let order = |ticket| order(state, ticket, received_ms, &mut names);
    let orders = sale.tickets.into_iter().map(order);
    let orders = orders.collect::<Result<Vec<_>, Refused>>()?;
    if state.config.mint.is_none() {
        return Err(refused("", OrderError::NoMinter));
    }
    let sold = match &sale.reference {
        None => None,
        Some(reference) => {
            let keys: Vec<_> = orders.iter().map(|(order, _)| order.key.clone()).collect();
            let opened = open_sale(state, reference, &keys, received_ms).await;
            Some(opened.map_err(|(key, source)| refused(key, source))?)
        }
    };
    let refunded = sold.as_ref().map(|sale| sale.refunded()).unwrap_or_default();
    let recorded = orders.into_iter().map(|(order, held)| {
        let is_refunded = refunded.contains(order.key.as_str());
        record(state, order, held, is_refunded)
    });
    stream::iter(recorded).buffered(AT_A_TIME).try_collect().await
}

fn refused(key: impl Into<String>, source: OrderError) -> Refused {
    Refused::Order { key: key.into(), source: Box::new(source) }
}

/// A sale that is complete is answered the same for ever, also on a layer that is closed.
async fn open_sale<'a>(
    state: &WebhookState,
    reference: &'a str,
    keys: &[String],
    received_ms: u64,
) -> Result<SaleRecord, (&'a str, OrderError)> {
    let failed = |error: OrderError| (reference, error);
    let held = state.stores.orders.get(reference).await.map_err(|error| failed(error.into()))?;
    if let Some(sale) = held.and_then(|held| held.sale)
        && keys.iter().all(|key| sale.orders.contains(key))
    {
        return Ok(sale);
    }
    refund::open_sale(&state.stores, reference, keys, received_ms).await.map_err(failed)
}

/// What an order waits for before it is due.
enum Held {
    /// For nothing.
    No,
    /// For the wallet of its buyer.
    Wallet,
    /// For the address of a name.
    Address(Arc<Asked>),
}

/// Makes the order of a ticket, with the call that mints it.
fn order(
    state: &WebhookState,
    ticket: Ticket,
    received_ms: u64,
    names: &mut BTreeMap<String, Arc<Asked>>,
) -> Result<(MintOrder, Held), Refused> {
    let Ticket { key, tier, buyer } = ticket;
    let (recipient, buyer, held) = match buyer {
        Buyer::Wallet(recipient) => (recipient, String::new(), Held::No),
        Buyer::Account(name) => {
            let text = name.as_str().to_owned();
            let asked = names.entry(text.clone()).or_insert_with(|| Arc::new(Asked::new(name)));
            (Address::ZERO, text, Held::Address(Arc::clone(asked)))
        }
        Buyer::Named(buyer) => {
            let claims = state.event.claims.as_ref();
            let unclaimed = claims.and_then(|claims| claims.unclaimed_by(state.config.id, &key));
            (unclaimed.unwrap_or(Address::ZERO), buyer, Held::Wallet)
        }
    };
    let call = state.event.ticket.mint_input(recipient, &tier, &key)?;
    let sold = Sold { tier, buyer, call };
    let sold = (sold != Sold::default()).then_some(sold);
    Ok((MintOrder { key, recipient, received_ms, sold }, held))
}

async fn record(
    state: &WebhookState,
    order: MintOrder,
    held: Held,
    is_refunded: bool,
) -> Result<Order, Refused> {
    let (key, received_ms) = (order.key.clone(), order.received_ms);
    let outcome = if is_refunded {
        let call = state.event.ticket.refund.as_ref();
        refund::take_back(&state.stores, &key, call, received_ms).await.map_err(Into::into)
    } else {
        match held {
            Held::No => place(state, order).await,
            Held::Wallet => hold(state, OrderRecord::unclaimed(order)).await,
            Held::Address(asked) => place_for(state, &asked, order).await,
        }
    };
    match outcome {
        Ok(state) => Ok(Order { key, state }),
        Err(source) => Err(refused(key, source)),
    }
}

async fn hold(state: &WebhookState, record: OrderRecord) -> Result<OrderState, OrderError> {
    match state.stores.orders.get(&record.order.key).await? {
        Some(known) => known_state(state, known.state()).await,
        None => mint::hold(&state.stores, &state.config, record).await,
    }
}

/// Records an order for whose name it is. The name is asked for once: a delivery that comes again finds the order.
async fn place_for(
    state: &WebhookState,
    asked: &Asked,
    order: MintOrder,
) -> Result<OrderState, OrderError> {
    if let Some(known) = state.stores.orders.get(&order.key).await? {
        return known_state(state, known.state()).await;
    }
    let record = asked.record(state, order).await;
    match record.due() {
        Some(order) => place(state, order).await,
        None => hold(state, record).await,
    }
}

async fn place(state: &WebhookState, order: MintOrder) -> Result<OrderState, OrderError> {
    match mint::record(&state.stores, &*state.doorbell, &state.config, order).await? {
        Recorded::New => Ok(OrderState::Waiting),
        Recorded::Known(known) => known_state(state, known).await,
    }
}

/// Answers for an order that was recorded by an earlier delivery.
///
/// While it waits, that delivery may have died before it rang. Or the layer closed while it recorded: then the last
/// block may have missed the order, so a closed layer vouches only for what it carried out.
async fn known_state(state: &WebhookState, known: OrderState) -> Result<OrderState, OrderError> {
    if !known.is_due() {
        return Ok(known);
    }
    let phase = phase::current(&*state.stores.registers).await?;
    if !phase.accepts() {
        return Err(OrderError::Closed { phase });
    }
    state.doorbell.ring();
    Ok(known)
}

/// Takes back what was paid back.
pub(crate) async fn take_back(
    state: &WebhookState,
    paid_back: Refund,
    received_ms: u64,
) -> Result<Vec<Order>, Refused> {
    let Refund { reference, id, lines } = paid_back;
    let whole = RefundNote { id: id.clone(), item: String::new(), units: 0 };
    let of_line = |line: RefundLine| {
        let units = line.quantity.unwrap_or_default();
        (line.quantity != Some(0)).then(|| RefundNote { id: id.clone(), item: line.item, units })
    };
    let notes = if lines.is_empty() {
        vec![whole]
    } else {
        lines.into_iter().filter_map(of_line).collect()
    };
    let call = state.event.ticket.refund.as_ref();
    let taken =
        refund::refund(&state.stores, &*state.doorbell, &reference, &notes, call, received_ms);
    let taken = taken.await.map_err(|source| refused(reference, source))?;
    Ok(taken.into_iter().map(|(key, state)| Order { key, state }).collect())
}
