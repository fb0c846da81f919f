//! Metrics, in `CloudWatch`'s embedded format: lines in the log that `CloudWatch` counts.
//!
//! Values are gathered and written together: a line for every request would cost as much as the request.
//!
//! AWS: `CloudWatch` User Guide, "Specification: Embedded metric format".

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use node_core::port::{Observation, Observer};
use serde_json::{Map, Value, json};

use crate::When;

/// Namespace of all metrics. Each has the dimension `Deployment`, the name of the table.
pub const NAMESPACE: &str = "Mayfly";

/// Time of an answer; its sample count is the number of requests. Also by `Method`, a JSON-RPC method.
pub const REQUEST_MS: Metric = Metric { name: "RequestMs", unit: "Milliseconds" };
/// Time from the look at what waits until the block that has it is durable.
pub const SEAL_MS: Metric = Metric { name: "SealMs", unit: "Milliseconds" };
/// Transactions and orders that waited when a block was begun.
pub const INBOX_DEPTH: Metric = Metric { name: "InboxDepth", unit: "Count" };
/// Transactions of a block.
pub const BLOCK_TRANSACTIONS: Metric = Metric { name: "BlockTransactions", unit: "Count" };
/// Writers that another one took over from.
pub const FENCED: Metric = Metric { name: "Fenced", unit: "Count" };
/// Processes that started.
pub const COLD_STARTS: Metric = Metric { name: "ColdStarts", unit: "Count" };
/// Deliveries of webhooks. Also by `Outcome`.
pub const WEBHOOK_OUTCOMES: Metric = Metric { name: "WebhookOutcomes", unit: "Count" };
/// What a layer cost that has ended, in millionths of a USD, without the L1.
pub const COST_MICRO_USD: Metric = Metric { name: "CostMicroUsd", unit: "Count" };

/// Most values of one metric in one line.
const AT_A_TIME: usize = 100;

/// Values that nobody added to are written after so long.
const WRITE_AFTER: Duration = Duration::from_secs(60);

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    name: &'static str,
    unit: &'static str,
}

/// A dimension besides the deployment, and its value.
type Label = Option<(&'static str, String)>;

/// The metrics of this process that are not written yet.
#[derive(Debug, Clone)]
pub struct Metrics {
    deployment: Arc<str>,
    pending: Arc<Mutex<Pending>>,
}

#[derive(Debug, Default)]
struct Pending {
    since: Option<Instant>,
    values: BTreeMap<Label, BTreeMap<Metric, Vec<u64>>>,
}

impl Metrics {
    /// Metrics of a deployment.
    pub fn new(deployment: &str) -> Self {
        Self { deployment: deployment.into(), pending: Arc::default() }
    }

    /// Adds a value.
    pub fn add(&self, metric: Metric, value: u64) {
        self.add_of(metric, None, value);
    }

    /// Adds a request for a JSON-RPC method that took `ms` milliseconds.
    pub fn answered(&self, method: &str, ms: u64) {
        self.add(REQUEST_MS, ms);
        self.add_of(REQUEST_MS, Some(("Method", method.to_owned())), ms);
    }

    /// Adds a delivery of a webhook.
    pub fn delivered(&self, outcome: &str) {
        self.add(WEBHOOK_OUTCOMES, 1);
        self.add_of(WEBHOOK_OUTCOMES, Some(("Outcome", outcome.to_owned())), 1);
    }

    fn add_of(&self, metric: Metric, label: Label, value: u64) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.since.get_or_insert_with(Instant::now);
        pending.values.entry(label).or_default().entry(metric).or_default().push(value);
    }

    /// Writes to stdout what has come together.
    pub fn write(&self, when: When) {
        let mut out = io::stdout().lock();
        for line in self.take(when) {
            // Nobody reads it any more; that is no reason not to work.
            let _ = writeln!(out, "{line}");
        }
    }

    fn take(&self, when: When) -> Vec<Value> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = pending.since.is_some_and(|since| since.elapsed() >= WRITE_AFTER);
        let counts = pending.values.values().flat_map(BTreeMap::values).map(Vec::len);
        if when == When::Due && !is_old && counts.max().unwrap_or(0) < AT_A_TIME {
            return Vec::new();
        }
        let values = core::mem::take(&mut *pending).values;
        drop(pending);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let lines = values.iter().map(|(label, metrics)| self.lines(at_ms, label, metrics));
        lines.flatten().collect()
    }

    /// As many lines as the longest list of values needs.
    fn lines(&self, at_ms: u64, label: &Label, metrics: &BTreeMap<Metric, Vec<u64>>) -> Vec<Value> {
        let longest = metrics.values().map(Vec::len).max().unwrap_or(0);
        let parts = (0..longest).step_by(AT_A_TIME);
        parts.map(|from| self.line(at_ms, label, metrics, from)).collect()
    }

    fn line(
        &self,
        at_ms: u64,
        label: &Label,
        metrics: &BTreeMap<Metric, Vec<u64>>,
        from: usize,
    ) -> Value {
        let mut line = Map::new();
        let mut named = Vec::new();
        for (metric, values) in metrics.iter().filter(|(_, values)| values.len() > from) {
            let until = values.len().min(from + AT_A_TIME);
            named.push(json!({ "Name": metric.name, "Unit": metric.unit }));
            line.insert(metric.name.to_owned(), json!(values[from..until]));
        }
        let mut dimensions = vec!["Deployment"];
        if let Some((name, value)) = label {
            dimensions.push(name);
            line.insert((*name).to_owned(), json!(value));
        }
        line.insert("Deployment".to_owned(), json!(&*self.deployment));
        let directive =
            json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": named });
        line.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": at_ms, "CloudWatchMetrics": [directive] }),
        );
        Value::Object(line)
    }
}

impl Observer for Metrics {
    fn observe(&self, seen: Observation) {
        match seen {
            Observation::Sealed { block, epoch, transactions, waiting, ms } => {
                tracing::info!(block, %epoch, transactions, ms, "sealed");
                self.add(SEAL_MS, ms);
                self.add(INBOX_DEPTH, waiting);
                self.add(BLOCK_TRANSACTIONS, transactions);
            }
            Observation::Fenced => self.add(FENCED, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_together_and_nothing_twice() {
        let metrics = Metrics::new("mayfly");
        metrics.answered("eth_call", 7);
        assert_eq!(metrics.take(When::Due), [Value::Null; 0], "too few, too young");
        let lines = metrics.take(When::Now);
        let [all, by_method] = lines.as_slice() else { panic!("two lines: {lines:?}") };
        let directive = &all["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Deployment"]]));
        assert_eq!(directive["Metrics"], json!([{ "Name": "RequestMs", "Unit": "Milliseconds" }]));
        assert_eq!((&all["RequestMs"], &all["Deployment"]), (&json!([7]), &json!("mayfly")));
        let directive = &by_method["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Deployment", "Method"]]));
        assert_eq!(by_method["Method"], "eth_call");
        assert_eq!(metrics.take(When::Now), [Value::Null; 0]);
    }

    /// The format's limit.
    #[test]
    fn a_line_has_a_hundred_values_at_the_most() {
        let metrics = Metrics::new("mayfly");
        (0..250).for_each(|ms| metrics.add(SEAL_MS, ms));
        let counts: Vec<usize> = metrics
            .take(When::Due)
            .iter()
            .map(|line| line["SealMs"].as_array().map_or(0, Vec::len))
            .collect();
        assert_eq!(counts, [100, 100, 50]);
    }
}
