use core::{fmt, num::NonZeroU32};
use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, keccak256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rpc::OPENRPC;

/// The rules, as an organiser writes them in JSON. A rule that is not there allows everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AccessRules {
    /// Keys, one of which every request must bring.
    pub api_keys: Option<BTreeSet<ApiKey>>,
    /// Origins of the pages that may ask. Who is no page has no origin, and is not concerned.
    pub origins: Option<BTreeSet<Origin>>,
    /// Methods that are answered; `eth_*` stands for all that begin so.
    pub methods: Option<BTreeSet<MethodPattern>>,
    /// Accounts to which transactions may go on a layer without a base fee, where they cost nothing; nobody but the
    /// organiser creates contracts there.
    pub targets: Option<BTreeSet<Address>>,
    /// Transactions of one sender, other than the organiser.
    pub per_sender: Option<Rate>,
    /// Requests of one network address; each of a batch is one.
    pub per_address: Option<Rate>,
    /// A proxy is in front, and the last address of `X-Forwarded-For` is the one that it saw.
    pub behind_proxy: bool,
}

/// A rule that cannot be what its author meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A key that could be guessed, or not be sent.
    #[error(
        "apiKeys: expected keys of at least {least} letters, digits, `-`, `.`, `_` and `~`, or `keccak256:` and the hash of one, \
         got one of {got}"
    )]
    ApiKey {
        /// The shortest.
        least: usize,
        /// Characters given.
        got: usize,
    },
    /// No origin.
    #[error(
        "origins: expected https://host or https://host:port in lower case, or null, got `{got}`"
    )]
    Origin {
        /// What was given.
        got: String,
    },
    /// No method is meant.
    #[error("methods: expected a method or the beginning of one with `*`, got `{got}`")]
    Method {
        /// What was given.
        got: String,
    },
    /// A rate that allows nothing.
    #[error("{field}: expected at least 1, got {got}")]
    Rate {
        /// What it is of.
        field: &'static str,
        /// What was given.
        got: u32,
    },
}

/// A key, of which only the hash is kept: comparing two says nothing of where they differ. It is written as
/// `keccak256:0x...`, which may also be given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiKey(B256);

/// What the hash of a key begins with; no key has a colon.
const HASHED: &str = "keccak256:";

impl ApiKey {
    /// 16 characters of 6 bits: not to be guessed at any rate.
    const LEAST: usize = 16;

    /// Takes a key that somebody brought, whatever it is.
    pub fn given(text: &str) -> Self {
        Self(keccak256(text))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

impl TryFrom<String> for ApiKey {
    type Error = RuleError;

    /// Only what needs no escape in a URL is taken (RFC 3986, 2.3).
    fn try_from(text: String) -> Result<Self, RuleError> {
        if let Some(hash) = text.strip_prefix(HASHED).and_then(|hash| hash.parse().ok()) {
            return Ok(Self(hash));
        }
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
        if text.len() < Self::LEAST || !text.bytes().all(plain) {
            return Err(RuleError::ApiKey { least: Self::LEAST, got: text.chars().count() });
        }
        Ok(Self::given(&text))
    }
}

impl From<ApiKey> for String {
    fn from(key: ApiKey) -> Self {
        format!("{HASHED}{}", key.0)
    }
}

/// The origin of a page, as a browser sends it (RFC 6454, 6.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(String);

impl Origin {
    /// Whether `sent` is this one.
    pub(super) fn is(&self, sent: &str) -> bool {
        self.0 == sent
    }
}

impl TryFrom<String> for Origin {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        let is_host = |host: &str| {
            !host.is_empty()
                && !host.contains(|c: char| {
                    c == '/' || c == '*' || c.is_ascii_uppercase() || c.is_whitespace()
                })
        };
        let is_page =
            text.split_once("://").is_some_and(|(scheme, host)| is_host(scheme) && is_host(host));
        if is_page || text == "null" {
            Ok(Self(text))
        } else {
            Err(RuleError::Origin { got: text })
        }
    }
}

/// The name of a method, or the beginning of some.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct MethodPattern(String);

impl MethodPattern {
    /// Whether it means `method`.
    pub(super) fn is(&self, method: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => method.starts_with(beginning),
            None => method == self.0,
        }
    }
}

impl TryFrom<String> for MethodPattern {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        let pattern = Self(text);
        let subscriptions = ["eth_subscribe", "eth_unsubscribe"].map(str::to_owned);
        if described().into_iter().chain(subscriptions).any(|method| pattern.is(&method)) {
            return Ok(pattern);
        }
        Err(RuleError::Method { got: pattern.0 })
    }
}

/// Names of all methods.
fn described() -> Vec<String> {
    let document: Value = serde_json::from_str(OPENRPC).expect("a test reads it");
    let methods = document["methods"].as_array().into_iter().flatten();
    methods.filter_map(|method| Some(method["name"].as_str()?.to_owned())).collect()
}

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RateFields", rename_all = "camelCase")]
pub struct Rate {
    /// How often at once, after a pause.
    pub burst: NonZeroU32,
    /// How often in a minute, in the long run.
    pub per_minute: NonZeroU32,
}

/// A [`Rate`] as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RateFields {
    burst: u32,
    per_minute: u32,
}

impl TryFrom<RateFields> for Rate {
    type Error = RuleError;

    fn try_from(fields: RateFields) -> Result<Self, RuleError> {
        let at_least_1 = |field, got| NonZeroU32::new(got).ok_or(RuleError::Rate { field, got });
        Ok(Self {
            burst: at_least_1("burst", fields.burst)?,
            per_minute: at_least_1("perMinute", fields.per_minute)?,
        })
    }
}
