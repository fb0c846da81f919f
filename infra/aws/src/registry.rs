use std::collections::HashMap;

use alloy_primitives::Address;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use mayfly_cost::{Bill, Prices, Usage};
use node_core::{
    chain::LayerId,
    port::{PortError, Version},
};
use serde::{Deserialize, Serialize};

use crate::{calendar::date_time, fault::fault, table::key};

/// Partition of the registry.
const LAYERS: &str = "layers";

/// Attribute of a layer whose meters were read for the last time: none is written any more.
pub(crate) const METERED: &str = "metered";

/// How long it is remembered that a layer was, after its end: 90 days.
const REMEMBERED_S: u64 = 90 * 24 * 60 * 60;

/// What everybody may know of a layer, even after its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The layer.
    pub layer: LayerId,
    /// Name of the event.
    pub name: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// When it was opened, Unix seconds.
    #[serde(default)]
    pub opened_at_s: u64,
    /// When it ends, Unix seconds.
    pub ends_at_s: u64,
    /// The L1.
    pub l1_chain_id: u64,
    /// The layer's contract there.
    pub l1_layer: Address,
    /// When nothing of it was stored any more, Unix seconds.
    pub ended_at_s: Option<u64>,
    /// What all functions used for it; known at its end.
    #[serde(default)]
    pub used: Option<Usage>,
    /// Looked through once more, after everybody who could still have written is gone.
    pub swept: bool,
    /// Until when somebody works on its end, Unix milliseconds.
    pub ending_until_ms: u64,
}

/// Why a layer does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Absent {
    /// Nobody opened it here.
    #[error("no layer `{0}` was opened here")]
    Unknown(String),
    /// It has ended.
    #[error("{}", ended(.0))]
    Ended(Box<Entry>),
    /// The registry does not answer.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// How long a function that slept through the end of a layer may write after it, in seconds: AWS, Lambda quotas,
/// function timeout 900 s; and a minute.
const SLEEPERS_S: u64 = 960;

impl Entry {
    /// What it cost, once it has ended.
    pub fn bill(&self) -> Option<Bill> {
        let stored_s = self.ended_at_s?.saturating_sub(self.opened_at_s);
        Some(Bill::new(&self.used?, stored_s, &Prices::known()))
    }

    /// Whether there is something to do for its end at `now_s`, Unix seconds, whatever else it is at.
    pub const fn is_sweep_due(&self, now_s: u64) -> bool {
        match self.ended_at_s {
            Some(ended_at_s) => !self.swept && now_s >= ended_at_s + SLEEPERS_S,
            None => false,
        }
    }
}

/// What a holder needs to know.
fn ended(entry: &Entry) -> String {
    let Entry { layer, name, l1_chain_id, l1_layer, .. } = entry;
    let at = date_time(entry.ended_at_s.unwrap_or_default());
    format!(
        "layer {layer} ({name}) ended at {at}Z: its state is settled in contract {l1_layer} on chain {l1_chain_id}, \
         where every holder can claim, with `mayfly claim --l1 <RPC URL of chain {l1_chain_id}> --layer {l1_layer}`"
    )
}

/// Every layer of a deployment, those that have ended among them.
///
/// ```text
/// pk      sk       attributes
/// layers  <layer>  n: version, d: JSON of Entry, metered once its meters are read, expires_at once it has ended
/// ```
#[derive(Debug, Clone)]
pub struct Registry {
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl Registry {
    /// Returns what is known of a layer.
    ///
    /// # Errors
    /// The service's.
    pub async fn load(&self, layer: LayerId) -> Result<Option<(Version, Entry)>, PortError> {
        let key = key_of(layer);
        let got = self.client.get_item().table_name(&self.table).set_key(Some(key));
        let got = got.consistent_read(true).send().await;
        let got =
            got.map_err(|error| fault(format!("read layer {layer} in the registry"), error))?;
        got.item.map(|item| decode(&item)).transpose()
    }

    /// Returns a layer that has not ended.
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn present(&self, layer: LayerId) -> Result<Entry, Absent> {
        match self.load(layer).await? {
            None => Err(Absent::Unknown(layer.to_string())),
            Some((_, entry)) if entry.ended_at_s.is_some() => Err(Absent::Ended(Box::new(entry))),
            Some((_, entry)) => Ok(entry),
        }
    }

    /// Returns all layers.
    ///
    /// # Errors
    /// The service's.
    pub async fn list(&self) -> Result<Vec<Entry>, PortError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(LAYERS.to_owned()));
        let mut pages = query.into_paginator().send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault("read the registry", error))?;
            for item in page.items.unwrap_or_default() {
                entries.push(decode(&item)?.1);
            }
        }
        Ok(entries)
    }

    /// Stores `entry` if the registry still has version `expected` of the layer (`None`: nothing).
    ///
    /// # Errors
    /// [`PortError::Conflict`] when it has another version; nothing changed.
    ///
    /// # Panics
    /// Never: an entry is plain data.
    pub async fn store(&self, expected: Option<Version>, entry: &Entry) -> Result<(), PortError> {
        let name = format!("layer {} in the registry", entry.layer);
        let version = expected.map_or(1, |version| version.0 + 1);
        let json = serde_json::to_string(entry).expect("plain data");
        let mut item = key_of(entry.layer);
        item.insert("n".to_owned(), AttributeValue::N(version.to_string()));
        item.insert("d".to_owned(), AttributeValue::S(json.clone()));
        if entry.used.is_some() {
            item.insert(METERED.to_owned(), AttributeValue::Bool(true));
        }
        if let Some(ended_at_s) = entry.ended_at_s {
            let expires = (ended_at_s + REMEMBERED_S).to_string();
            item.insert("expires_at".to_owned(), AttributeValue::N(expires));
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = match expected {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(Version(expected)) => put
                .condition_expression("#n = :n")
                .expression_attribute_names("#n", "n")
                .expression_attribute_values(":n", AttributeValue::N(expected.to_string())),
        };
        let error = match put.send().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let is_lost = error
            .as_service_error()
            .is_some_and(|error| error.is_conditional_check_failed_exception());
        if !is_lost {
            return Err(fault(format!("write {name}"), error));
        }
        // An attempt that timed out may have succeeded.
        match self.load(entry.layer).await? {
            Some((Version(held), known)) if held == version && known == *entry => Ok(()),
            _ => Err(PortError::Conflict { what: name }),
        }
    }
}

/// Where the entry of a layer is.
pub(crate) fn key_of(layer: LayerId) -> HashMap<String, AttributeValue> {
    key::item(LAYERS, &layer.to_string())
}

fn decode(item: &HashMap<String, AttributeValue>) -> Result<(Version, Entry), PortError> {
    let version = item.get("n").and_then(|value| value.as_n().ok()).and_then(|n| n.parse().ok());
    let json = item.get("d").and_then(|value| value.as_s().ok());
    let entry = json.and_then(|json| serde_json::from_str(json).ok());
    version.map(Version).zip(entry).ok_or_else(|| PortError::Corrupt {
        name: "an item of the registry".to_owned(),
        reason: "expected a version and the JSON of a layer".to_owned(),
    })
}
