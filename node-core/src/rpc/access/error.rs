use alloy_primitives::Address;
use serde_json::{Value, json};

/// Why a request is refused: which rule, and what would be allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Rule `apiKeys`.
    #[error(
        "apiKeys: expected a valid key: header x-api-key, a bearer token, or ?apiKey= in the URL"
    )]
    ApiKey,
    /// Rule `origins`.
    #[error("origins: pages of {origin} may not ask here")]
    Origin {
        /// Where the page is from.
        origin: String,
    },
    /// Rule `methods`.
    #[error("methods: {method} is not answered here")]
    Method {
        /// What was asked for.
        method: String,
    },
    /// Rule `targets`.
    #[error("targets: {} not taken here, where transactions are free", target(*to))]
    Target {
        /// Whom the transaction calls; `None` for a creation.
        to: Option<Address>,
    },
    /// Rule `perSender`.
    #[error("perSender: too many transactions of {sender}; try again in {retry_ms} ms")]
    PerSender {
        /// Who sends.
        sender: Address,
        /// When the next one is taken, in milliseconds.
        retry_ms: u64,
    },
    /// Rule `perAddress`.
    #[error("perAddress: too many requests; try again in {retry_ms} ms")]
    PerAddress {
        /// When the next one is answered, in milliseconds.
        retry_ms: u64,
    },
}

impl AccessError {
    /// Returns the name of the rule, as an organiser writes it.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::ApiKey => "apiKeys",
            Self::Origin { .. } => "origins",
            Self::Method { .. } => "methods",
            Self::Target { .. } => "targets",
            Self::PerSender { .. } => "perSender",
            Self::PerAddress { .. } => "perAddress",
        }
    }

    /// Returns when to try again, in milliseconds; `None` when that would not help.
    pub const fn retry_ms(&self) -> Option<u64> {
        match self {
            Self::PerSender { retry_ms, .. } | Self::PerAddress { retry_ms } => Some(*retry_ms),
            _ => None,
        }
    }

    /// Returns the code: unauthorized of EIP-1193; method not supported, transaction rejected and limit exceeded of
    /// EIP-1474.
    pub const fn code(&self) -> i32 {
        match self {
            Self::ApiKey | Self::Origin { .. } => 4100,
            Self::Method { .. } => -32004,
            Self::Target { .. } => -32003,
            Self::PerSender { .. } | Self::PerAddress { .. } => -32005,
        }
    }

    /// Returns the error's `data`: the rule, and when to try again.
    pub(in crate::rpc) fn data(&self) -> Value {
        match self.retry_ms() {
            Some(retry_ms) => json!({ "rule": self.rule(), "retryMs": retry_ms }),
            None => json!({ "rule": self.rule() }),
        }
    }
}

fn target(to: Option<Address>) -> String {
    to.map_or_else(|| "new contracts are".to_owned(), |to| format!("transactions to {to} are"))
}
