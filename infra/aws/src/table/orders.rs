use std::collections::BTreeMap;

use alloy_primitives::TxHash;
use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use node_core::{
    codec::record::{MintOrder, OrderRecord, OrderState},
    port::{Orders, PortError, Recorded},
};

use super::{AT, Created, FRAME, Item, Table, frame, key, record, text};

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
        let mut item = key::order(self.layer, &order.key);
        let record = OrderRecord { order, transaction: TxHash::ZERO, failure: String::new() };
        item.insert(AT.to_owned(), AttributeValue::S(at.clone()));
        item.insert(FRAME.to_owned(), frame(&record));
        match self.create(item, &name).await? {
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
            waiting.extend(found.into_iter().flatten().map(|row| (row.at, row.record.order)));
            if waiting.len() >= limit {
                break;
            }
        }
        Ok(waiting.into_values().take(limit).collect())
    }

    async fn mark(&self, outcomes: &[(String, OrderState)]) -> Result<(), PortError> {
        for outcomes in outcomes.chunks(AT_A_TIME) {
            let marks = outcomes.iter().map(|(key, outcome)| self.mark_one(key, outcome));
            try_join_all(marks).await?;
        }
        Ok(())
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

    /// The order of a key that is due, if it waits.
    async fn find_waiting(&self, key: &str) -> Result<Option<Row>, PortError> {
        match self.find(key).await? {
            Some(row) if row.record.state() == OrderState::Waiting => Ok(Some(row)),
            // Whoever marked it died before this.
            Some(_) => self.not_due(key).await.map(|()| None),
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
    async fn mark_one(&self, key: &str, outcome: &OrderState) -> Result<(), PortError> {
        let Some(Row { at, mut record }) = self.find(key).await? else { return Ok(()) };
        if record.state() == OrderState::Waiting {
            let before = frame(&record);
            record.apply(outcome);
            let mut item = key::order(self.layer, key);
            item.insert(AT.to_owned(), AttributeValue::S(at));
            item.insert(FRAME.to_owned(), frame(&record));
            let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
            let put = put.condition_expression("#f = :f").expression_attribute_names("#f", FRAME);
            // When it is another one now, somebody marked it meanwhile, and what was decided once stays.
            self.conditional(put.expression_attribute_values(":f", before), &name(key)).await?;
        }
        match outcome {
            OrderState::Waiting => Ok(()),
            OrderState::Minted { .. } | OrderState::Failed { .. } => self.not_due(key).await,
        }
    }
}

/// An order as it is stored.
struct Row {
    at: String,
    record: OrderRecord,
}

impl Row {
    fn decode(item: &Item, name: &str) -> Result<Self, PortError> {
        Ok(Self { at: text(item, AT, name)?.to_owned(), record: record(item, name)? })
    }
}

fn name(key: &str) -> String {
    format!("order {key}")
}
