use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Most tokens of the L1 that a layer takes; the factory on the L1 takes no more.
pub const MAX_BRIDGED: usize = 32;

/// Longest name and symbol of a token in bytes, as in the exits.
pub const MAX_TOKEN_TEXT: usize = 64;

/// Longest URI of a token in bytes: it stands in the storage of block 0.
pub const MAX_TOKEN_URI: usize = 256;

/// Which tokens come from the L1, and how those that are born on the layer leave it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Tokens of the L1 that can be deposited, strictly ascending by address.
    #[serde(default)]
    pub bridged: Vec<BridgedToken>,
    /// A collection that was born here with at least so many ids, each one more than the one before, exits to a
    /// bulk twin, which is paid by `push` in runs. `None`: every collection gets an ordinary twin.
    #[serde(default)]
    pub bulk_from: Option<u64>,
}

/// A token of the L1 that can be deposited, as the wrapped one on the layer answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgedToken {
    /// Its address, on the L1 and on the layer.
    pub token: Address,
    /// What it calls itself there; empty when that is no [printable](is_printable) text.
    pub name: String,
    /// Its symbol there; likewise.
    pub symbol: String,
    /// What depends on its kind.
    pub metadata: Metadata,
}

/// What a wrapped token answers beside name and symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metadata {
    /// ERC-20.
    Coin {
        /// Digits after the point of an amount.
        decimals: u8,
    },
    /// ERC-721.
    Collection {
        /// Token URIs are this and the id; empty when they follow no such rule.
        base_uri: String,
    },
    /// ERC-1155.
    Items {
        /// The URI of all ids, with `{id}` in it.
        uri: String,
    },
}

impl Metadata {
    const fn uri(&self) -> &str {
        match self {
            Self::Coin { .. } => "",
            Self::Collection { base_uri } => base_uri.as_str(),
            Self::Items { uri } => uri.as_str(),
        }
    }
}

impl Tokens {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let got = self.bridged.len();
        if got > MAX_BRIDGED {
            return Err(ConfigError::TooManyBridged { got });
        }
        for (index, token) in self.bridged.iter().enumerate() {
            let wrong = |reason| ConfigError::Bridged { index, reason };
            let before = index.checked_sub(1).map_or(Address::ZERO, |at| self.bridged[at].token);
            if token.token <= before {
                return Err(wrong("expected addresses that ascend strictly, none of them zero"));
            }
            if !is_printable(&token.name, MAX_TOKEN_TEXT) {
                return Err(wrong("name: expected at most 64 bytes without control characters"));
            }
            if !is_printable(&token.symbol, MAX_TOKEN_TEXT) {
                return Err(wrong("symbol: expected at most 64 bytes without control characters"));
            }
            if !is_printable(token.metadata.uri(), MAX_TOKEN_URI) {
                return Err(wrong("URI: expected at most 256 bytes without control characters"));
            }
        }
        if self.bulk_from == Some(0) {
            return Err(ConfigError::BulkFrom);
        }
        Ok(())
    }
}

/// Whether a text is one that people are shown: at most `most` bytes, no control characters. The sealer on the
/// layer has the same rule for names and symbols.
pub fn is_printable(text: &str, most: usize) -> bool {
    text.len() <= most && !text.chars().any(char::is_control)
}
