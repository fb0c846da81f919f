use alloy_primitives::Bytes;
use async_trait::async_trait;
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use node_core::port::{PortError, Registers, Version};

use super::{Item, Table, bytes, key, lacks, text};

/// Attribute: version.
const VERSION: &str = "n";

/// Attribute: value.
const VALUE: &str = "v";

/// Attribute: name of the attempt that wrote it.
const BY: &str = "by";

#[async_trait]
impl Registers for Table {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        let name = format!("register {key}");
        let Some(item) = self.get(key::register(self.layer, key), &name).await? else {
            return Ok(None);
        };
        let value = Bytes::copy_from_slice(bytes(&item, VALUE, &name)?);
        Ok(Some((version(&item, &name)?, value)))
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError> {
        let name = format!("register {key}");
        let version = Version(expected.map_or(1, |version| version.0.saturating_add(1)));
        let attempt = self.stamps.next();
        let mut item = key::register(self.layer, key);
        item.insert(VERSION.to_owned(), number(version));
        item.insert(VALUE.to_owned(), AttributeValue::B(Blob::new(value.to_vec())));
        item.insert(BY.to_owned(), AttributeValue::S(attempt.clone()));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = match expected {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(expected) => put
                .condition_expression("#n = :n")
                .expression_attribute_names("#n", VERSION)
                .expression_attribute_values(":n", number(expected)),
        };
        match self.conditional(put, &name).await? {
            None => Ok(version),
            // An attempt that timed out may have succeeded.
            Some(held) if text(&held, BY, &name).is_ok_and(|by| by == attempt) => Ok(version),
            Some(_) => Err(PortError::Conflict { what: key.to_owned() }),
        }
    }
}

fn number(version: Version) -> AttributeValue {
    AttributeValue::N(version.0.to_string())
}

fn version(item: &Item, name: &str) -> Result<Version, PortError> {
    let number = item.get(VERSION).and_then(|value| value.as_n().ok());
    let number = number.and_then(|number| number.parse().ok());
    number.map(Version).ok_or_else(|| lacks(VERSION, name))
}
