use alloy_primitives::TxHash;
use async_trait::async_trait;
use node_core::{
    chain::LayerId,
    codec::{
        Record,
        record::{MintOrder, OrderRecord, OrderState},
    },
    port::{Orders, PortError, Recorded},
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
                    Row::expected(&orders, self.id, order_key).map(|row| row.record.order)
                })
                .collect()
        })
    }

    async fn mark(&self, outcomes: &[(String, OrderState)]) -> Result<(), PortError> {
        let (layer, outcomes) = (self.id, outcomes.to_vec());
        self.write(MARK, move |tables| {
            outcomes.iter().try_for_each(|(key, outcome)| mark(tables, layer, key, outcome))
        })
        .await
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
    let (transaction, failure) = (TxHash::ZERO, String::new());
    let record = OrderRecord { order: order.clone(), transaction, failure };
    Row { arrival, record }.write(tables, layer)?;
    let waiting = row(layer, &[&arrival.to_be_bytes()]);
    insert_new(&mut tables.orders_waiting, WAITING, &waiting, &seal(&waiting, &[order_key]))?;
    Ok(Recorded::New)
}

fn mark(
    tables: &mut Tables<'_>,
    layer: LayerId,
    key: &str,
    outcome: &OrderState,
) -> Result<(), RowError> {
    let Some(mut found) = Row::find(&tables.orders, layer, key.as_bytes())? else {
        return Ok(());
    };
    let before = found.record.state();
    found.record.apply(outcome);
    if found.record.state() == before {
        return Ok(());
    }
    found.write(tables, layer)?;
    // An order changes its state once, from waiting to what became of it.
    tables.orders_waiting.remove(&*row(layer, &[&found.arrival.to_be_bytes()]))?;
    Ok(())
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
        let name = format!("order {}", String::from_utf8_lossy(order_key));
        let value = unseal(&name, key, sealed)?;
        let (arrival, frame) =
            value.split_first_chunk::<8>().ok_or_else(|| RowError::corrupt(&name, "too short"))?;
        let record =
            OrderRecord::from_frame(frame).map_err(|error| RowError::record(&name, &error))?;
        Ok(Self { arrival: number(&name, arrival)?, record })
    }

    fn write(&self, tables: &mut Tables<'_>, layer: LayerId) -> Result<(), RowError> {
        let key = row(layer, &[self.record.order.key.as_bytes()]);
        let value = seal(&key, &[&self.arrival.to_be_bytes(), &self.record.to_frame()]);
        tables.orders.insert(&*key, &*value)?;
        Ok(())
    }
}
