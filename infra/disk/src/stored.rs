use async_trait::async_trait;
use node_core::{
    chain::LayerId,
    port::{PortError, Stored},
};

use crate::{
    error::RowError,
    key::Span,
    layer::Layer,
    ledger::count_rows,
    queue::Queue,
    tables::{INBOX, Open, PRIMARY, Tables},
};

const COUNT: &str = "count the items of the layer";

#[async_trait]
impl Stored for Layer {
    async fn count(&self) -> Result<u64, PortError> {
        let span = Span::under(self.id, &[]);
        let rows = self.read(COUNT, |txn| count_rows(txn, &PRIMARY, Some(&span)))?;
        match self.queue(COUNT, Queue::len) {
            Ok(waiting) => Ok(rows + waiting),
            // Damaged: what can be counted is its rows.
            Err(_) => Ok(rows + self.read(COUNT, |txn| count_rows(txn, &[INBOX], Some(&span)))?),
        }
    }

    async fn erase(&self) -> Result<u64, PortError> {
        let layer = self.id;
        self.write("erase the layer", move |tables| erase(tables, layer)).await
    }
}

/// Deletes all rows of the layer and returns how many items they were.
fn erase(tables: &mut Tables<'_>, layer: LayerId) -> Result<u64, RowError> {
    let span = Span::under(layer, &[]);
    let waiting = tables.staged.erase(tables.queues, layer);
    let segments = clear(&mut tables.inbox, &span)?;
    // Damaged: what can be counted is its rows.
    let mut items = waiting.unwrap_or(segments);
    for table in [&mut tables.dropped, &mut tables.log, &mut tables.registers, &mut tables.orders] {
        items += clear(table, &span)?;
    }
    for index in [&mut tables.orders_waiting, &mut tables.arrivals] {
        clear(index, &span)?;
    }
    Ok(items)
}

fn clear(table: &mut Open<'_>, span: &Span) -> Result<u64, RowError> {
    let mut rows = 0;
    table.retain_in::<&[u8], _>(span.bounds(), |_, _| {
        rows += 1;
        false
    })?;
    Ok(rows)
}
