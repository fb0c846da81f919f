use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Put, TransactWriteItem, builders::PutBuilder},
};
use node_core::{
    chain::LayerId,
    codec::names,
    port::{PortError, Version},
};
use tokio::time::sleep;

use crate::{
    fault::fault,
    table::key::{self, ALONE},
};

/// How often a write that met another one is tried again.
pub(super) const ATTEMPTS: u32 = 8;

/// Pause before another attempt: a transaction takes some milliseconds.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// Connections of API Gateway, and what they subscribed to.
#[derive(Debug, Clone)]
pub struct Sockets {
    pub(super) client: Client,
    pub(super) table: String,
}

/// A connection that subscribed to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// Its name.
    pub connection: String,
    /// Of what is stored.
    pub version: Version,
    /// To what: JSON.
    pub subscriptions: String,
    /// Until when it is kept, Unix seconds.
    pub expires_at_s: u64,
}

type Item = HashMap<String, AttributeValue>;

impl Sockets {
    pub(crate) const fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Remembers which layer a connection is for, until `expires_at_s`, Unix seconds.
    ///
    /// # Errors
    /// [`PortError::NotFound`] when nothing of the layer is stored any more; nothing is stored then.
    pub async fn open(
        &self,
        layer: LayerId,
        connection: &str,
        expires_at_s: u64,
    ) -> Result<(), PortError> {
        let mut item = key::item(&of_connection(connection), ALONE);
        item.insert("layer".to_owned(), AttributeValue::S(layer.to_string()));
        item.insert("expires_at".to_owned(), number(expires_at_s));
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        self.put_while_stored(layer, put, &format!("connection {connection}")).await
    }

    /// Returns the layer that a connection is for; `None` when the layer has ended, or the connection.
    ///
    /// # Errors
    /// The service's.
    pub async fn layer_of(&self, connection: &str) -> Result<Option<LayerId>, PortError> {
        let key = key::item(&of_connection(connection), ALONE);
        let name = format!("connection {connection}");
        let Some(item) = self.get(key, &name).await? else { return Ok(None) };
        let layer = item.get("layer").and_then(|value| value.as_s().ok());
        match layer.and_then(|layer| layer.parse().ok()) {
            Some(layer) => Ok(Some(layer)),
            None => Err(PortError::Corrupt { name, reason: "expected a layer".to_owned() }),
        }
    }

    /// Returns what a connection subscribed to; `None` when that is nothing.
    ///
    /// # Errors
    /// The service's.
    pub async fn load(
        &self,
        layer: LayerId,
        connection: &str,
    ) -> Result<Option<Socket>, PortError> {
        let key = key::item(&of_layer(layer), connection);
        let item = self.get(key, &format!("socket {connection}")).await?;
        item.map(|item| decode(&item)).transpose()
    }

    /// Returns all connections of a layer that subscribed to something.
    ///
    /// # Errors
    /// The service's.
    pub async fn list(&self, layer: LayerId) -> Result<Vec<Socket>, PortError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(of_layer(layer)));
        let mut pages = query.into_paginator().send();
        let mut sockets = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| fault(format!("read the sockets of {layer}"), error))?;
            for item in page.items.unwrap_or_default() {
                sockets.push(decode(&item)?);
            }
        }
        Ok(sockets)
    }

    /// Stores what a connection subscribed to, if what was stored is still `expected`; until `expires_at_s`, Unix
    /// seconds.
    ///
    /// With `begun`, only while nobody has begun to tell of a later block: whoever begins to tell of one after this
    /// finds what is stored here.
    ///
    /// # Errors
    /// [`PortError::Conflict`] when something else is stored, or somebody has begun; [`PortError::NotFound`] when
    /// nothing of the layer is stored.
    ///
    /// # Panics
    /// Never: what is written has all that it must have.
    pub async fn store(
        &self,
        (layer, connection): (LayerId, &str),
        (expected, subscriptions): (Option<Version>, String),
        begun: Option<u64>,
        expires_at_s: u64,
    ) -> Result<(), PortError> {
        let version = expected.map_or(1, |version| version.0 + 1);
        let mut item = key::item(&of_layer(layer), connection);
        item.insert("n".to_owned(), number(version));
        item.insert("d".to_owned(), AttributeValue::S(subscriptions));
        item.insert("expires_at".to_owned(), number(expires_at_s));
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match expected {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(Version(expected)) => put
                .condition_expression("#n = :n")
                .expression_attribute_names("#n", "n")
                .expression_attribute_values(":n", number(expected)),
        };
        let put = TransactWriteItem::builder()
            .put(put.build().expect("every field that must be there is"))
            .build();
        let joined = begun.map(|begun| self.join(layer, begun));
        let writes = core::iter::once(put).chain(joined).collect();
        self.write_while_stored(layer, writes, &format!("socket {connection}")).await
    }

    /// Forgets what a connection subscribed to.
    ///
    /// # Errors
    /// The service's.
    pub async fn unsubscribe(&self, layer: LayerId, connection: &str) -> Result<(), PortError> {
        self.delete(key::item(&of_layer(layer), connection), connection).await
    }

    /// Forgets a connection.
    ///
    /// # Errors
    /// The service's.
    pub async fn close(&self, layer: LayerId, connection: &str) -> Result<(), PortError> {
        self.unsubscribe(layer, connection).await?;
        self.delete(key::item(&of_connection(connection), ALONE), connection).await
    }

    async fn get(&self, key: Item, name: &str) -> Result<Option<Item>, PortError> {
        let got = self.client.get_item().table_name(&self.table).set_key(Some(key));
        let got = got.consistent_read(true).send().await;
        got.map(|got| got.item).map_err(|error| fault(format!("read {name}"), error))
    }

    async fn delete(&self, key: Item, connection: &str) -> Result<(), PortError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        let deleted = delete.send().await;
        deleted.map(drop).map_err(|error| fault(format!("delete socket {connection}"), error))
    }

    /// Writes an item unless the layer is being erased.
    pub(super) async fn put_while_stored(
        &self,
        layer: LayerId,
        put: PutBuilder,
        name: &str,
    ) -> Result<(), PortError> {
        let put = TransactWriteItem::builder()
            .put(put.build().expect("every field that must be there is"))
            .build();
        self.write_while_stored(layer, vec![put], name).await
    }

    /// Writes all of it or nothing, and nothing when the layer is being erased. The phase is erased with everything
    /// else, and what is left is erased after it, so this leaves nothing behind.
    async fn write_while_stored(
        &self,
        layer: LayerId,
        mut writes: Vec<TransactWriteItem>,
        name: &str,
    ) -> Result<(), PortError> {
        let stored = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key::register(layer, names::PHASE)))
            .condition_expression("attribute_exists(pk)")
            .build()
            .expect("every field that must be there is");
        writes.insert(0, TransactWriteItem::builder().condition_check(stored).build());
        let mut attempt = 1;
        loop {
            let sent = self.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let error = match sent.send().await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let reasons = reasons(&error);
            if reasons.first() == Some(&"ConditionalCheckFailed") {
                return Err(PortError::NotFound { name: format!("layer {layer}") });
            }
            if reasons.contains(&"ConditionalCheckFailed") {
                return Err(PortError::Conflict { what: name.to_owned() });
            }
            // Somebody writes one of them just now.
            if !reasons.contains(&"TransactionConflict") || attempt == ATTEMPTS {
                return Err(fault(format!("write {name}"), error));
            }
            attempt += 1;
            sleep(PAUSE * attempt).await;
        }
    }
}

/// Why each of the writes was not done, if the service said so.
fn reasons<R>(error: &SdkError<TransactWriteItemsError, R>) -> Vec<&str> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let reasons = cancelled.cancellation_reasons().iter();
            reasons.map(|reason| reason.code().unwrap_or_default()).collect()
        }
        _ => Vec::new(),
    }
}

fn decode(item: &Item) -> Result<Socket, PortError> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
    let socket = || {
        Some(Socket {
            connection: text("sk")?,
            version: Version(number("n")?),
            subscriptions: text("d")?,
            expires_at_s: number("expires_at")?,
        })
    };
    socket().ok_or_else(|| PortError::Corrupt {
        name: "an item of a socket".to_owned(),
        reason: "expected a version, what it subscribed to, and its end".to_owned(),
    })
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn of_connection(connection: &str) -> String {
    format!("connection#{connection}")
}

fn of_layer(layer: LayerId) -> String {
    format!("socket#{layer}")
}
