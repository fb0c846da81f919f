//! Many writes in one request.

use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use futures::{StreamExt, TryStreamExt, stream};
use node_core::port::PortError;
use tokio::time::{Instant, sleep};

use super::{Item, Table};
use crate::{DEADLINE, fault::fault};

/// Most writes of one `BatchWriteItem`.
const AT_A_TIME: usize = 25;

/// Requests under way at a time.
const REQUESTS: usize = 8;

/// First pause before what the service left undone is asked for again.
const PAUSE_MS: u64 = 25;

/// Longest pause.
const LONGEST_PAUSE_MS: u64 = 1_000;

impl Table {
    /// Deletes items, in any order. Keys must differ.
    pub(super) async fn delete_all(&self, keys: Vec<Item>, name: &str) -> Result<(), PortError> {
        let delete = |key| {
            let delete = DeleteRequest::builder().set_key(Some(key)).build();
            delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
        };
        let requests: Result<Vec<_>, _> = keys.into_iter().map(delete).collect();
        self.write_all(requests.map_err(|error| PortError::unavailable(name, error))?, name).await
    }

    /// Puts items, in any order. Keys must differ.
    pub(super) async fn put_all(&self, items: Vec<Item>, name: &str) -> Result<(), PortError> {
        let put = |item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
        };
        let requests: Result<Vec<_>, _> = items.into_iter().map(put).collect();
        self.write_all(requests.map_err(|error| PortError::unavailable(name, error))?, name).await
    }

    async fn write_all(&self, requests: Vec<WriteRequest>, name: &str) -> Result<(), PortError> {
        let batches: Vec<Vec<_>> = requests.chunks(AT_A_TIME).map(<[_]>::to_vec).collect();
        let writes = stream::iter(batches).map(|batch| self.write_batch(batch, name));
        writes.buffer_unordered(REQUESTS).try_collect().await
    }

    /// Writes one batch; what the service had no room for is asked for again.
    async fn write_batch(&self, mut batch: Vec<WriteRequest>, name: &str) -> Result<(), PortError> {
        let until = Instant::now() + DEADLINE;
        let mut pause_ms = PAUSE_MS;
        loop {
            let request = self.client.batch_write_item().request_items(&self.name, batch);
            let done = request.send().await.map_err(|error| fault(name, error))?;
            batch =
                done.unprocessed_items.unwrap_or_default().remove(&self.name).unwrap_or_default();
            if batch.is_empty() {
                return Ok(());
            }
            if Instant::now() >= until {
                let source = format!("{} writes were throttled until the deadline", batch.len());
                return Err(PortError::unavailable(name, source));
            }
            sleep(Duration::from_millis(rand::random_range(pause_ms / 2..=pause_ms))).await;
            pause_ms = (2 * pause_ms).min(LONGEST_PAUSE_MS);
        }
    }
}
