use core::ops::Bound;

use async_trait::async_trait;
use node_core::{
    chain::LayerId,
    codec::{
        Record,
        record::{MintOrder, OrderRecord, Outcome},
    },
    port::{OrderPage, Orders, PortError, Recorded},
};
use redb::ReadableTable;

use crate::{
    error::RowError,
    key::{Span, number, row, seal, unseal},
    layer::Layer,
    tables::{ORDERS, ORDERS_WAITING, Tables, insert_new},
};

const RECORD: &str = "record an order";
const MARK: &str = "mark orders";
const CHANGE: &str = "change an order";
const READ: &str = "read orders";
const WAITING: &str = "index of waiting orders";

#[async_trait]
impl Orders for Layer {
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError> {
        let layer = self.id;
        self.write(RECORD, move |tables| record(tables, layer, &order)).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError> {
        self.read(READ, |txn| {
            let (orders, waiting) = (txn.open_table(ORDERS)?, txn.open_table(ORDERS_WAITING)?);
            let rows = waiting.range::<&[u8]>(Span::under(self.id, &[]).bounds())?;
            rows.take(limit)
                .map(|row| {
                    let (key, value) = row?;
                    let order_key = unseal(WAITING, key.value(), value.value())?;
                    let found = Row::expected(&orders, self.id, order_key)?;
                    found.record.due().ok_or_else(|| RowError::corrupt(WAITING, "nothing is due"))
                })
                .collect()
        })
    }

    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError> {
        let (layer, outcomes) = (self.id, outcomes.to_vec());
        self.write(MARK, move |tables| {
            outcomes.iter().try_for_each(|(key, outcome)| mark(tables, layer, key, outcome))
        })
        .await
    }

    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError> {
        let (layer, expected, record) = (self.id, expected.cloned(), record.clone());
        let name = format!("order {}", record.order.key);
        let changed =
            self.write(CHANGE, move |tables| change(tables, layer, expected.as_ref(), &record));
        match changed.await? {
            Changed::Yes => Ok(()),
            Changed::Conflict => Err(PortError::Conflict { what: name }),
        }
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError> {
        let all = Span::under(self.id, &[]);
        let first = from.map(|from| row(self.id, &[from.as_bytes()]));
        let records = self.read(READ, |txn| {
            let orders = txn.open_table(ORDERS)?;
            let (start, end) = all.bounds();
            let start = first.as_deref().map_or(start, Bound::Excluded);
            let rows = orders.range::<&[u8]>((start, end))?;
            rows.take(limit)
                .map(|row| {
                    let (key, value) = row?;
                    Row::decode_any(key.value(), value.value()).map(|row| row.record)
                })
                .collect::<Result<Vec<_>, RowError>>()
        })?;
        let last = records.last().filter(|_| records.len() == limit);
        let next = last.map(|record| record.order.key.clone());
        Ok(OrderPage { records, next })
    }

    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError> {
        self.read(READ, |txn| {
            let found = Row::find(&txn.open_table(ORDERS)?, self.id, key.as_bytes())?;
            Ok(found.map(|row| row.record))
        })
    }
}

fn record(
    tables: &mut Tables<'_>,
    layer: LayerId,
    order: &MintOrder,
) -> Result<Recorded, RowError> {
    let order_key = order.key.as_bytes();
    if let Some(known) = Row::find(&tables.orders, layer, order_key)? {
        return Ok(Recorded::Known(known.record.state()));
    }
    let arrival = tables.arrive(layer, 1)?;
    let record = OrderRecord::new(order.clone());
    Row { arrival, record }.write(tables, layer, Due::No)?;
    Ok(Recorded::New)
}

/// What became of a change.
enum Changed {
    Yes,
    Conflict,
}

fn change(
    tables: &mut Tables<'_>,
    layer: LayerId,
    expected: Option<&OrderRecord>,
    record: &OrderRecord,
) -> Result<Changed, RowError> {
    let held = Row::find(&tables.orders, layer, record.order.key.as_bytes())?;
    let (arrival, due) = match &held {
        Some(held) => (held.arrival, held.due()),
        None => (tables.arrive(layer, 1)?, Due::No),
    };
    if held.as_ref().map(|held| &held.record) != expected {
        return Ok(Changed::Conflict);
    }
    Row { arrival, record: record.clone() }.write(tables, layer, due)?;
    Ok(Changed::Yes)
}

/// Whether an order is in the index of those that wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Yes,
    No,
}

fn mark(
    tables: &mut Tables<'_>,
    layer: LayerId,
    key: &str,
    outcome: &Outcome,
) -> Result<(), RowError> {
    let Some(mut found) = Row::find(&tables.orders, layer, key.as_bytes())? else {
        return Ok(());
    };
    let (before, due) = (found.record.clone(), found.due());
    found.record.apply(outcome);
    if found.record == before {
        return Ok(());
    }
    found.write(tables, layer, due)
}

/// A row of the orders: the record, and its place in the index of those that wait.
struct Row {
    arrival: u64,
    record: OrderRecord,
}

impl Row {
    fn find(
        orders: &impl ReadableTable<&'static [u8], &'static [u8]>,
        layer: LayerId,
        order_key: &[u8],
    ) -> Result<Option<Self>, RowError> {
        let key = row(layer, &[order_key]);
        orders.get(&*key)?.map(|sealed| Self::decode(&key, order_key, sealed.value())).transpose()
    }

    /// Finds the order of an index row; a row that points to nothing is damage.
    fn expected(
        orders: &impl ReadableTable<&'static [u8], &'static [u8]>,
        layer: LayerId,
        order_key: &[u8],
    ) -> Result<Self, RowError> {
        let found = Self::find(orders, layer, order_key)?;
        found.ok_or_else(|| RowError::corrupt(WAITING, "it points to a row that does not exist"))
    }

    fn decode(key: &[u8], order_key: &[u8], sealed: &[u8]) -> Result<Self, RowError> {
        Self::named(&format!("order {}", String::from_utf8_lossy(order_key)), key, sealed)
    }

    /// Decodes a row that was not asked for by the key of its order.
    fn decode_any(key: &[u8], sealed: &[u8]) -> Result<Self, RowError> {
        Self::named("an order", key, sealed)
    }

    fn named(name: &str, key: &[u8], sealed: &[u8]) -> Result<Self, RowError> {
        let value = unseal(name, key, sealed)?;
        let (arrival, frame) =
            value.split_first_chunk::<8>().ok_or_else(|| RowError::corrupt(name, "too short"))?;
        let record =
            OrderRecord::from_frame(frame).map_err(|error| RowError::record(name, &error))?;
        Ok(Self { arrival: number(name, arrival)?, record })
    }

    fn due(&self) -> Due {
        if self.record.due().is_some() { Due::Yes } else { Due::No }
    }

    /// Writes the row, and its place in the index, where it was if `before` says so.
    fn write(&self, tables: &mut Tables<'_>, layer: LayerId, before: Due) -> Result<(), RowError> {
        let order_key = self.record.order.key.as_bytes();
        let waiting = row(layer, &[&self.arrival.to_be_bytes()]);
        match (before, self.due()) {
            (Due::No, Due::Yes) => {
                let sealed = seal(&waiting, &[order_key]);
                insert_new(&mut tables.orders_waiting, WAITING, &waiting, &sealed)?;
            }
            (Due::Yes, Due::No) => {
                tables.orders_waiting.remove(&*waiting)?;
            }
            (Due::Yes, Due::Yes) | (Due::No, Due::No) => {}
        }
        let key = row(layer, &[self.record.order.key.as_bytes()]);
        let value = seal(&key, &[&self.arrival.to_be_bytes(), &self.record.to_frame()]);
        tables.orders.insert(&*key, &*value)?;
        Ok(())
    }
}
