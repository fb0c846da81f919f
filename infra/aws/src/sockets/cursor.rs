use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, Put, ReturnValue, TransactWriteItem, Update},
};
use node_core::{chain::LayerId, port::PortError};

use super::{
    Sockets,
    kept::{ATTEMPTS, PAUSE, number},
};
use crate::{
    fault::{code, fault},
    table::key::{self, ALONE},
};
use tokio::time::sleep;

/// How far the connections of a layer have been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Every connection was told of every block up to this one.
    pub done: u64,
    /// Up to this one, somebody has begun to tell.
    pub begun: u64,
    /// Grows when somebody subscribes.
    pub made: u64,
    /// Until when somebody tells, Unix milliseconds.
    pub until_ms: u64,
}

/// What became of an attempt to change a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is ours.
    Ours(Cursor),
    /// Somebody else's, or there is none.
    Theirs,
}

impl Sockets {
    /// Returns the cursor of a layer, and makes one that begins at block `head` if there is none: from now on there may
    /// be somebody to tell.
    ///
    /// # Errors
    /// [`PortError::NotFound`] when nothing of the layer is stored any more.
    pub async fn cursor_from(&self, layer: LayerId, head: u64) -> Result<Cursor, PortError> {
        loop {
            if let Some(cursor) = self.cursor(layer).await? {
                return Ok(cursor);
            }
            let mut item = key::item(&partition(layer), ALONE);
            for (name, value) in [("done", head), ("begun", head), ("made", 0), ("until_ms", 0)] {
                item.insert(name.to_owned(), number(value));
            }
            let put = Put::builder().table_name(&self.table).set_item(Some(item));
            let put = put.condition_expression("attribute_not_exists(pk)");
            match self.put_while_stored(layer, put, &format!("told of {layer}")).await {
                // Somebody else was first.
                Ok(()) | Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// One more that wants to be told, while nobody has begun to tell of a block after `begun`.
    pub(super) fn join(&self, layer: LayerId, begun: u64) -> TransactWriteItem {
        let more = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::item(&partition(layer), ALONE)))
            .update_expression("ADD made :one")
            .condition_expression("begun = :begun")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":begun", number(begun));
        TransactWriteItem::builder()
            .update(more.build().expect("every field that must be there is"))
            .build()
    }

    /// Returns the cursor of a layer; `None` while nobody wants to be told.
    ///
    /// # Errors
    /// The service's.
    pub async fn cursor(&self, layer: LayerId) -> Result<Option<Cursor>, PortError> {
        let key = key::item(&partition(layer), ALONE);
        let got = self.client.get_item().table_name(&self.table).set_key(Some(key));
        let got = got.consistent_read(true).send().await;
        let got = got.map_err(|error| fault(format!("read told of {layer}"), error))?;
        got.item.map(|item| decode(&item)).transpose()
    }

    /// Takes the turn to tell until `until_ms`, if nobody has it at `now_ms`. `by` names whoever takes it, and no other.
    ///
    /// # Errors
    /// The service's.
    pub async fn take(
        &self,
        layer: LayerId,
        by: &str,
        now_ms: u64,
        until_ms: u64,
    ) -> Result<Turn, PortError> {
        let take = self.update(layer).update_expression("SET #by = :by, until_ms = :until");
        let take = take.expression_attribute_names("#by", "by");
        let take = take.expression_attribute_values(":by", AttributeValue::S(by.to_owned()));
        let take = take.expression_attribute_values(":until", number(until_ms));
        let take = take.expression_attribute_values(":now", number(now_ms));
        turn(layer, take.condition_expression("attribute_exists(pk) AND until_ms <= :now")).await
    }

    /// Says that connections are going to be told up to block `begun`, and extends the turn.
    ///
    /// # Errors
    /// The service's.
    pub async fn begin(
        &self,
        layer: LayerId,
        by: &str,
        begun: u64,
        until_ms: u64,
    ) -> Result<Turn, PortError> {
        let begin = self.ours(layer, by).update_expression("SET begun = :begun, until_ms = :until");
        let begin = begin.expression_attribute_values(":begun", number(begun));
        turn(layer, begin.expression_attribute_values(":until", number(until_ms))).await
    }

    /// Says that all connections were told up to block `done`, or are closed.
    ///
    /// # Errors
    /// The service's.
    pub async fn finish(&self, layer: LayerId, by: &str, done: u64) -> Result<Turn, PortError> {
        let finish = self.ours(layer, by).update_expression("SET done = :done, begun = :done");
        turn(layer, finish.expression_attribute_values(":done", number(done))).await
    }

    /// Gives the turn back.
    ///
    /// # Errors
    /// The service's.
    pub async fn leave(&self, layer: LayerId, by: &str) -> Result<Turn, PortError> {
        let leave = self.ours(layer, by).update_expression("SET until_ms = :now");
        turn(layer, leave.expression_attribute_values(":now", number(0))).await
    }

    /// Forgets the cursor, unless somebody has subscribed since `made`.
    ///
    /// # Errors
    /// The service's.
    pub async fn forget(&self, layer: LayerId, by: &str, made: u64) -> Result<(), PortError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.set_key(Some(key::item(&partition(layer), ALONE)));
        let delete = delete.condition_expression("#by = :by AND made = :made");
        let delete = delete.expression_attribute_names("#by", "by");
        let delete = delete.expression_attribute_values(":by", AttributeValue::S(by.to_owned()));
        match delete.expression_attribute_values(":made", number(made)).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_lost(&error) => Ok(()),
            Err(error) => Err(fault(format!("delete told of {layer}"), error)),
        }
    }

    fn update(&self, layer: LayerId) -> UpdateItemFluentBuilder {
        let key = key::item(&partition(layer), ALONE);
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key));
        update.return_values(ReturnValue::AllNew)
    }

    /// A change that only who has the turn can make, and that makes no new item.
    fn ours(&self, layer: LayerId, by: &str) -> UpdateItemFluentBuilder {
        let update = self.update(layer).condition_expression("#by = :by");
        let update = update.expression_attribute_names("#by", "by");
        update.expression_attribute_values(":by", AttributeValue::S(by.to_owned()))
    }
}

async fn turn(layer: LayerId, update: UpdateItemFluentBuilder) -> Result<Turn, PortError> {
    let mut attempt = 1;
    loop {
        let error = match update.clone().send().await {
            Ok(updated) => {
                return Ok(Turn::Ours(decode(&updated.attributes.unwrap_or_default())?));
            }
            Err(error) => error,
        };
        match code(&error) {
            Some("ConditionalCheckFailedException") => return Ok(Turn::Theirs),
            // Somebody subscribes just now.
            Some("TransactionConflictException") if attempt < ATTEMPTS => {
                attempt += 1;
                sleep(PAUSE * attempt).await;
            }
            _ => return Err(fault(format!("write told of {layer}"), error)),
        }
    }
}

fn is_lost<E: ProvideErrorMetadata, R>(error: &aws_sdk_dynamodb::error::SdkError<E, R>) -> bool {
    code(error) == Some("ConditionalCheckFailedException")
}

fn decode(item: &std::collections::HashMap<String, AttributeValue>) -> Result<Cursor, PortError> {
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
    let cursor = || {
        Some(Cursor {
            done: number("done")?,
            begun: number("begun")?,
            made: number("made")?,
            until_ms: number("until_ms")?,
        })
    };
    cursor().ok_or_else(|| PortError::Corrupt {
        name: "an item that says what was told".to_owned(),
        reason: "expected the numbers done, begun, made and until_ms".to_owned(),
    })
}

fn partition(layer: LayerId) -> String {
    format!("told#{layer}")
}
