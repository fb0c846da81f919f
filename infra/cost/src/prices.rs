use std::collections::BTreeMap;

use serde::Deserialize;

/// The table that goes with this version.
const TABLE: &str = include_str!("../../aws/prices.json");

/// What a cloud asks for: list prices of one region at one date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Prices {
    /// Region.
    pub region: String,
    /// When the prices were looked up, `YYYY-MM-DD`.
    pub date: String,
    prices: BTreeMap<String, Price>,
}

/// One price.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Price {
    pico_usd: u64,
}

/// A table that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// It is no such table.
    #[error("prices: expected `region`, `date` and `prices`: {0}")]
    Json(#[from] serde_json::Error),
    /// A price is missing.
    #[error("prices: expected a price of `{name}`, got none")]
    Missing {
        /// Its name.
        name: &'static str,
    },
}

impl Prices {
    /// Names of all prices that a bill asks for.
    const NAMES: [&str; 11] = [
        "http_api_request",
        "lambda_request",
        "lambda_gb_second_arm64",
        "dynamodb_read_unit",
        "dynamodb_write_unit",
        "s3_put",
        "s3_get",
        "s3_gb_month",
        "scheduler_invocation",
        "websocket_message",
        "logs_gb",
    ];

    /// The table that goes with this version.
    ///
    /// # Panics
    /// Never: the table is part of the program, and a test reads it.
    pub fn known() -> Self {
        Self::from_json(TABLE).expect("a test reads the table")
    }

    /// Reads a table.
    ///
    /// # Errors
    /// [`PriceError`] names what is missing.
    pub fn from_json(json: &str) -> Result<Self, PriceError> {
        let table: Self = serde_json::from_str(json)?;
        match Self::NAMES.into_iter().find(|name| !table.prices.contains_key(*name)) {
            Some(name) => Err(PriceError::Missing { name }),
            None => Ok(table),
        }
    }

    /// Pico-USD for one unit of `name`, one of [`Self::NAMES`].
    pub(crate) fn of(&self, name: &'static str) -> u128 {
        self.prices.get(name).map_or(0, |price| price.pico_usd.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_price_that_a_bill_asks_for() {
        let prices = Prices::known();
        assert!(Prices::NAMES.iter().all(|name| prices.of(name) > 0));
    }

    #[test]
    fn a_table_without_a_price_is_refused_and_the_price_named() {
        let json = r#"{"region":"r","date":"d","prices":{"http_api_request":{"pico_usd":1}}}"#;
        let error = Prices::from_json(json).expect_err("it has one price").to_string();
        assert!(error.contains("lambda_request"), "{error}");
    }
}
