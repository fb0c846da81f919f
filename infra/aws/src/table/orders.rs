use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::put_item::builders::PutItemFluentBuilder, types::AttributeValue,
};
use futures::future::try_join_all;
use node_core::{
    codec::record::{MintOrder, OrderRecord, Outcome},
    port::{OrderPage, Orders, PortError, Recorded},
};

use super::{AT, Created, FRAME, Item, Table, frame, key, record, text};
use crate::fault::fault;

/// Orders that are read or marked at a time.
const AT_A_TIME: usize = 32;

#[async_trait]
impl Orders for Table {
    /// First that the order is due, then the order: what is due without an order counts for nothing, and an order
    /// that waits is due.
    async fn record(&self, order: MintOrder) -> Result<Recorded, PortError> {
        if let Some(known) = self.find(&order.key).await? {
            return Ok(Recorded::Known(known.record.state()));
        }
        let at = self.stamps.next();
        self.say_due(&order.key, &at).await?;
        let name = name(&order.key);
        let record = OrderRecord::new(order);
        match self.create(self.item(&record, &at), &name).await? {
            Created::New => Ok(Recorded::New),
            Created::Held(held) if text(&held, AT, &name)? == at => Ok(Recorded::New),
            Created::Held(held) => Ok(Recorded::Known(Row::decode(&held, &name)?.record.state())),
        }
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<MintOrder>, PortError> {
        let due = self.query(&key::due(self.layer), "").await?;
        let by_arrival = due.iter().map(|item| {
            let key = text(item, "sk", "an order that is due")?;
            Ok((text(item, AT, key)?.to_owned(), key.to_owned()))
        });
        let by_arrival = by_arrival.collect::<Result<BTreeMap<_, _>, PortError>>()?;
        let keys: Vec<String> = by_arrival.into_values().collect();
        let mut waiting = BTreeMap::new();
        for keys in keys.chunks(AT_A_TIME) {
            let found = try_join_all(keys.iter().map(|key| self.find_waiting(key))).await?;
            waiting.extend(found.into_iter().flatten());
            if waiting.len() >= limit {
                break;
            }
        }
        Ok(waiting.into_values().take(limit).collect())
    }

    async fn mark(&self, outcomes: &[(String, Outcome)]) -> Result<(), PortError> {
        for outcomes in outcomes.chunks(AT_A_TIME) {
            let marks = outcomes.iter().map(|(key, outcome)| self.mark_one(key, outcome));
            try_join_all(marks).await?;
        }
        Ok(())
    }

    /// What is due is said to be due before, so that whoever dies in between leaves it found, and after, because
    /// whoever looked in between has found nothing due and said so.
    async fn change(
        &self,
        expected: Option<&OrderRecord>,
        record: &OrderRecord,
    ) -> Result<(), PortError> {
        let order_key = &record.order.key;
        let name = name(order_key);
        let conflict = || PortError::Conflict { what: name.clone() };
        let held = self.find(order_key).await?;
        if held.as_ref().map(|held| &held.record) != expected {
            return Err(conflict());
        }
        let at = held.map_or_else(|| self.stamps.next(), |held| held.at);
        let due = record.due().is_some();
        if due {
            self.say_due(order_key, &at).await?;
        }
        let item = self.item(record, &at);
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = match expected {
            Some(expected) => unchanged(put, expected),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        match self.conditional(put, &name).await? {
            // An answer that was lost: this very record was written.
            Some(held) if Row::decode(&held, &name)?.is(record, &at) => {}
            Some(_) => return Err(conflict()),
            None => {}
        }
        if due { self.say_due(order_key, &at).await } else { Ok(()) }
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> Result<OrderPage, PortError> {
        const NAME: &str = "list the orders";
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let (shard, after) = key::from_cursor(from);
        let partition = key::orders(self.layer, shard);
        let query = self.client.query().table_name(&self.name).consistent_read(true).limit(limit);
        let query = query
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition.clone()))
            .set_exclusive_start_key(after.map(|after| key::item(&partition, after)));
        let page = query.send().await.map_err(|error| fault(NAME, error))?;
        let rows = page.items().iter().map(|item| Row::decode(item, NAME));
        let records = rows.map(|row| Ok(row?.record)).collect::<Result<_, PortError>>()?;
        let next = match page.last_evaluated_key() {
            Some(last) => Some(key::cursor(shard, Some(last), NAME)?),
            None if shard + 1 < key::ORDER_SHARDS => Some(key::cursor(shard + 1, None, NAME)?),
            None => None,
        };
        Ok(OrderPage { records, next })
    }

    async fn get(&self, key: &str) -> Result<Option<OrderRecord>, PortError> {
        Ok(self.find(key).await?.map(|row| row.record))
    }
}

impl Table {
    async fn find(&self, key: &str) -> Result<Option<Row>, PortError> {
        let name = name(key);
        let item = Self::get(self, key::order(self.layer, key), &name).await?;
        item.map(|item| Row::decode(&item, &name)).transpose()
    }

    fn item(&self, record: &OrderRecord, at: &str) -> Item {
        let mut item = key::order(self.layer, &record.order.key);
        item.insert(AT.to_owned(), AttributeValue::S(at.to_owned()));
        item.insert(FRAME.to_owned(), frame(record));
        item
    }

    /// What is due of the order of a key, with its arrival.
    async fn find_waiting(&self, key: &str) -> Result<Option<(String, MintOrder)>, PortError> {
        match self.find(key).await? {
            Some(row) => match row.record.due() {
                Some(order) => Ok(Some((row.at, order))),
                // Whoever marked it died before this.
                None => self.not_due(key).await.map(|()| None),
            },
            // Whoever records it has not come so far, or died.
            None => Ok(None),
        }
    }

    async fn say_due(&self, key: &str, at: &str) -> Result<(), PortError> {
        let mut item = key::item(&key::due(self.layer), key);
        item.insert(AT.to_owned(), AttributeValue::S(at.to_owned()));
        match self.create(item, &name(key)).await? {
            // Of an attempt of whoever else records it, or that died.
            Created::New | Created::Held(_) => Ok(()),
        }
    }

    async fn not_due(&self, key: &str) -> Result<(), PortError> {
        self.delete(key::item(&key::due(self.layer), key), &name(key)).await
    }

    /// Changes the order, if it waits, and forgets that it is due.
    async fn mark_one(&self, key: &str, outcome: &Outcome) -> Result<(), PortError> {
        loop {
            let Some(Row { at, record: before }) = self.find(key).await? else { return Ok(()) };
            let mut record = before.clone();
            record.apply(outcome);
            let is_due = record.due().is_some();
            if record != before {
                if is_due {
                    self.say_due(key, &at).await?;
                }
                let item = self.item(&record, &at);
                let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
                // When it is another one now, it is read again: what it is decides what the outcome means for it.
                if self.conditional(unchanged(put, &before), &name(key)).await?.is_some() {
                    continue;
                }
            }
            return if is_due { Ok(()) } else { self.not_due(key).await };
        }
    }
}

/// An order as it is stored.
struct Row {
    at: String,
    record: OrderRecord,
}

/// Puts only if the record is still `before`.
fn unchanged(put: PutItemFluentBuilder, before: &OrderRecord) -> PutItemFluentBuilder {
    let put = put.condition_expression("#f = :f").expression_attribute_names("#f", FRAME);
    put.expression_attribute_values(":f", frame(before))
}

impl Row {
    fn is(&self, record: &OrderRecord, at: &str) -> bool {
        self.record == *record && self.at == at
    }

    fn decode(item: &Item, name: &str) -> Result<Self, PortError> {
        Ok(Self { at: text(item, AT, name)?.to_owned(), record: record(item, name)? })
    }
}

fn name(key: &str) -> String {
    format!("order {key}")
}
