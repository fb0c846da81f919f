//! What the functions use, layer by layer.
//!
//! A process counts in memory, and writes its own item of a layer from time to time: nobody else writes it, so a
//! repeated or reordered write does no harm, and nothing is added up twice. Who wants the sum reads all of them.
//!
//! A function may count long after the end, a slow one or one that slept: an item is written only together with a look
//! at the layer's entry in the registry, so that none is written after they were read for the last time.
//!
//! ```text
//! pk             sk                     attributes
//! meter#<layer>  <function>#<process>   d: JSON of Usage, expires_at
//! ```

mod costs;
mod count;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{
    Client,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, CancellationReason, ConditionCheck, Put, TransactWriteItem},
};
use futures::future::join_all;
use mayfly_cost::Usage;
use node_core::{chain::LayerId, port::PortError};

pub use self::costs::LayerCosts;
pub(crate) use self::count::Count;
use crate::{
    Settings,
    fault::fault,
    registry::{METERED, key_of},
    table::key,
};

/// What was used since the last write is written after so long.
const WRITE_AFTER: Duration = Duration::from_secs(30);

/// And when it is more than this part of what was written: what a process that ends at any time leaves out.
const PART: u64 = 16;

/// How long an item stays that nobody erases: longer than any layer lives.
const KEPT_S: u64 = 60 * 24 * 60 * 60;

/// What this process used for one layer.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Reading>>);

#[derive(Debug, Default)]
struct Reading {
    used: Usage,
    written: Usage,
    written_at: Option<Instant>,
}

impl Meter {
    /// Adds what was used.
    pub fn add(&self, used: Usage) {
        let mut reading = self.held();
        reading.used = reading.used.plus(used);
    }

    /// What was used so far.
    pub fn used(&self) -> Usage {
        self.held().used
    }

    /// What is to be written now, if anything.
    fn due(&self, when: When) -> Option<Usage> {
        let reading = self.held();
        let Reading { used, written, written_at } = &*reading;
        let is_old = written_at.is_none_or(|at| at.elapsed() >= WRITE_AFTER);
        let is_much = used.invocations - written.invocations > written.invocations / PART;
        let is_due = used != written && (when == When::Now || is_old || is_much);
        is_due.then_some(*used)
    }

    fn written(&self, usage: Usage) {
        let mut reading = self.held();
        reading.written = usage;
        reading.written_at = Some(Instant::now());
    }

    fn held(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a meter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// When enough has come together: a write for every request would cost more than the request.
    Due,
    /// In any case.
    Now,
}

/// The meters of this process, and where they are written.
#[derive(Debug, Clone)]
pub struct Meters {
    client: Client,
    table: String,
    /// Name of this function.
    function: String,
    /// Its memory, in MB.
    memory_mb: u64,
    /// Tells this process from others of the function.
    process: u64,
    layers: Arc<Mutex<BTreeMap<LayerId, Meter>>>,
}

impl Meters {
    pub(crate) fn new(client: Client, settings: &Settings) -> Self {
        let (function, memory_mb) = settings.function.clone();
        let (process, layers) = (rand::random(), Arc::default());
        Self { client, table: settings.table.clone(), function, memory_mb, process, layers }
    }

    /// The meter of one layer.
    pub fn of(&self, layer: LayerId) -> Meter {
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        layers.entry(layer).or_default().clone()
    }

    /// Counts an invocation that began at `since` for the layers that it worked for: they share its time, and the
    /// first one has the invocation.
    pub fn count(&self, layers: &[LayerId], since: Instant) {
        // AWS counts milliseconds that were begun.
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let sharers = u64::try_from(layers.len()).unwrap_or(u64::MAX).max(1);
        let mb_ms = ms.saturating_mul(self.memory_mb).div_ceil(sharers);
        for (index, layer) in layers.iter().enumerate() {
            let invocations = u64::from(index == 0);
            self.of(*layer).add(Usage { invocations, mb_ms, ..Usage::default() });
        }
    }

    /// Writes the meters. What cannot be written now is written later, or lacks: nobody waits for it.
    pub async fn write(&self, when: When) {
        let all = self.layers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let due =
            all.into_iter().filter_map(|(layer, meter)| Some((layer, meter.due(when)?, meter)));
        let writes = due.map(|(layer, usage, meter)| async move {
            match self.put(layer, &usage).await {
                Ok(()) => meter.written(usage),
                Err(error) => tracing::warn!(%layer, %error, "a meter is not written"),
            }
        });
        join_all(writes).await;
    }

    /// What all processes have used for a layer, as far as they have written it, and this one to the last.
    ///
    /// # Errors
    /// The service's.
    pub async fn sum(&self, layer: LayerId) -> Result<Usage, PortError> {
        let others = self.sum_of_others(layer).await?;
        Ok(others.plus(self.of(layer).used()))
    }

    /// As [`Self::sum`], without this process.
    ///
    /// # Errors
    /// The service's.
    pub async fn sum_of_others(&self, layer: LayerId) -> Result<Usage, PortError> {
        let partition = AttributeValue::S(partition(layer));
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk");
        let mut pages = query.expression_attribute_values(":pk", partition).into_paginator().send();
        let mut sum = Usage::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault(format!("read the meters of {layer}"), error))?;
            for item in page.items.unwrap_or_default() {
                let text = |name| item.get(name).and_then(|value| value.as_s().ok());
                if text("sk") == Some(&self.name()) {
                    continue;
                }
                let usage = text("d").and_then(|json| serde_json::from_str::<Usage>(json).ok());
                sum = sum.plus(usage.ok_or_else(|| PortError::Corrupt {
                    name: format!("a meter of {layer}"),
                    reason: "expected the JSON of what was used".to_owned(),
                })?);
            }
        }
        Ok(sum)
    }

    /// Range key of this process.
    fn name(&self) -> String {
        format!("{}#{:016x}", self.function, self.process)
    }

    /// Writes this process's item of a layer; not when nobody reads it any more.
    async fn put(&self, layer: LayerId, usage: &Usage) -> Result<(), PortError> {
        let json = serde_json::to_string(usage).expect("plain data");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut item = key::item(&partition(layer), &self.name());
        item.insert("d".to_owned(), AttributeValue::S(json));
        let expires = (now.as_secs() + KEPT_S).to_string();
        item.insert("expires_at".to_owned(), AttributeValue::N(expires));
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build();
        let open = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key_of(layer)))
            .condition_expression("attribute_not_exists(#metered)")
            .expression_attribute_names("#metered", METERED)
            .build();
        let whole = "every field that must be there is";
        let put = TransactWriteItem::builder().put(put.expect(whole)).build();
        let open = TransactWriteItem::builder().condition_check(open.expect(whole)).build();
        let write = self.client.transact_write_items().transact_items(put).transact_items(open);
        match write.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_closed(error.as_service_error()) => Ok(()),
            Err(error) => Err(fault(format!("write the meter of {layer}"), error)),
        }
    }
}

/// Whether a meter was not written because of what the registry says.
fn is_closed(error: Option<&TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error else {
        return false;
    };
    let is_failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    canceled.cancellation_reasons().iter().any(is_failed)
}

fn partition(layer: LayerId) -> String {
    format!("meter#{layer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocations(count: u64) -> Usage {
        Usage { invocations: count, ..Usage::default() }
    }

    #[test]
    fn a_meter_is_written_at_first_then_when_there_is_a_sixteenth_more() {
        let meter = Meter::default();
        assert_eq!(meter.due(When::Now), None, "nothing was used");
        meter.add(invocations(160));
        assert_eq!(meter.due(When::Due), Some(invocations(160)));
        meter.written(invocations(160));
        meter.add(invocations(10));
        assert_eq!(meter.due(When::Due), None, "a sixteenth is not more than that");
        assert_eq!(meter.due(When::Now), Some(invocations(170)));
        meter.add(invocations(1));
        assert_eq!(meter.due(When::Due), Some(invocations(171)));
    }
}
