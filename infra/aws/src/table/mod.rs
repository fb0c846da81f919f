//! One layer's items in the table.

mod batch;
mod inbox;
mod log;
mod orders;
mod picture;
mod registers;
mod stamp;
mod stored;

pub(crate) mod key;

use std::{collections::HashMap, sync::Mutex};

use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use node_core::{chain::LayerId, codec::record::Record, port::PortError};

use self::{picture::Picture, stamp::Stamps};
use crate::fault::fault;

/// Attributes of an item.
type Item = HashMap<String, AttributeValue>;

/// The items of one layer: implements every port but the objects.
#[derive(Debug)]
pub(crate) struct Table {
    client: Client,
    name: String,
    layer: LayerId,
    stamps: Stamps,
    /// What waited in the inbox when all of it was read last.
    picture: Mutex<Option<Picture>>,
}

impl Table {
    pub(crate) fn new(client: Client, name: String, layer: LayerId) -> Self {
        Self { client, name, layer, stamps: Stamps::default(), picture: Mutex::default() }
    }

    /// Reads an item; sees every write that returned before.
    async fn get(&self, key: Item, name: &str) -> Result<Option<Item>, PortError> {
        let got = self.client.get_item().table_name(&self.name).set_key(Some(key));
        let got = got.consistent_read(true).send().await;
        got.map(|got| got.item).map_err(|error| fault(format!("read {name}"), error))
    }

    /// Reads all items of a partition whose range key begins with `prefix`, in order of their range keys; sees
    /// every write that returned before.
    async fn query(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, PortError> {
        let mut query = self.client.query().table_name(&self.name).consistent_read(true);
        query = query.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
        query = match prefix {
            "" => query.key_condition_expression("pk = :pk"),
            prefix => query
                .expression_attribute_values(":sk", AttributeValue::S(prefix.to_owned()))
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)"),
        };
        let mut pages = query.into_paginator().send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault(format!("read {partition}"), error))?;
            items.extend(page.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// Writes an item if its key is free.
    async fn create(&self, item: Item, name: &str) -> Result<Created, PortError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)");
        match self.conditional(put, name).await? {
            None => Ok(Created::New),
            Some(held) => Ok(Created::Held(held)),
        }
    }

    /// Sends a conditional put; returns the item that it failed on.
    async fn conditional(
        &self,
        put: aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder,
        name: &str,
    ) -> Result<Option<Item>, PortError> {
        use aws_sdk_dynamodb::{
            operation::put_item::PutItemError, types::ReturnValuesOnConditionCheckFailure as Failed,
        };
        let put = put.return_values_on_condition_check_failure(Failed::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Some(failed.item.clone().unwrap_or_default()))
            }
            _ => Err(fault(format!("write {name}"), error)),
        }
    }

    async fn delete(&self, key: Item, name: &str) -> Result<(), PortError> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        let deleted = delete.send().await;
        deleted.map(drop).map_err(|error| fault(format!("delete {name}"), error))
    }
}

/// What [`Table::create`] did.
enum Created {
    New,
    /// This item has the key.
    Held(Item),
}

fn text<'a>(item: &'a Item, attribute: &str, name: &str) -> Result<&'a str, PortError> {
    let value = item.get(attribute).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| lacks(attribute, name))
}

fn bytes<'a>(item: &'a Item, attribute: &str, name: &str) -> Result<&'a [u8], PortError> {
    let value = item.get(attribute).and_then(|value| value.as_b().ok());
    value.map(AsRef::as_ref).ok_or_else(|| lacks(attribute, name))
}

fn record<T: Record>(item: &Item, name: &str) -> Result<T, PortError> {
    T::from_frame(bytes(item, FRAME, name)?).map_err(|error| PortError::corrupt(name, &error))
}

fn lacks(attribute: &str, name: &str) -> PortError {
    let reason = format!("the item lacks the attribute `{attribute}`, or it has another type");
    PortError::Corrupt { name: name.to_owned(), reason }
}

/// Attribute: a record's frame.
const FRAME: &str = "f";

/// Attribute: arrival, and name of the attempt.
const AT: &str = "at";

fn frame(record: &impl Record) -> AttributeValue {
    AttributeValue::B(Blob::new(record.to_frame()))
}
