//! Names of accounts, as the Ethereum Name Service has them: a registry knows the resolver of each name, which knows its
//! address.
//!
//! Only what the L1 says by itself counts: a name whose resolver sends its askers elsewhere (CCIP-read) is refused, and
//! so is one that only a parent of it has a resolver for.
//!
//! Spec: EIP-137 (names, registry, `addr`), ENSIP-15 (normal form), EIP-3668 (CCIP-read).

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, keccak256},
    sol,
};
use node_core::port::PortError;

use crate::{Node, fault::Fault};

sol! {
    interface IRegistry {
        function resolver(bytes32 node) external view returns (address);
    }

    interface IResolver {
        function addr(bytes32 node) external view returns (address);

        error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);
    }
}

/// Longest name, in bytes.
const LONGEST: usize = 255;

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// It is no name.
    #[error("expected a name such as `ada.eth`, got `{name}`: {reason}")]
    Malformed {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry does not know it.
    #[error("the name {name} has no resolver on this L1")]
    NoResolver {
        /// The name.
        name: String,
    },
    /// The resolver has no address for it.
    #[error("the name {name} has no address")]
    NoAddress {
        /// The name.
        name: String,
    },
    /// The L1 does not know by itself.
    #[error("the name {name} is resolved off-chain (CCIP-read), which nobody can check here")]
    OffChain {
        /// The name.
        name: String,
    },
    /// The L1 does not answer.
    #[error(transparent)]
    L1(#[from] PortError),
}

impl NameError {
    /// Whether the same may work later without anybody changing the name.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::L1(error) if error.is_retryable())
    }
}

/// A name in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(String);

impl AccountName {
    /// Brings `text` into the normal form: `Ada.ETH` is `ada.eth`.
    ///
    /// Names of other letters than ASCII's are refused, though many have a normal form: to tell them from those that only look
    /// like others takes 3 MB of tables, in every function that reads an order.
    ///
    /// # Errors
    /// [`NameError::Malformed`] says why.
    pub fn normal(text: &str) -> Result<Self, NameError> {
        let malformed = |reason: String| NameError::Malformed { name: text.to_owned(), reason };
        if text.len() > LONGEST {
            return Err(malformed(format!("at most {LONGEST} bytes")));
        }
        let name = text.to_ascii_lowercase();
        if !name.contains('.') {
            return Err(malformed("at least two labels with a dot in between".to_owned()));
        }
        match name.split('.').find_map(fault_of_label) {
            Some(reason) => Err(malformed(reason.to_owned())),
            None => Ok(Self(name)),
        }
    }

    /// The name in its normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What registry and resolvers know it by: EIP-137, `namehash`.
    pub fn hash(&self) -> B256 {
        self.0
            .rsplit('.')
            .fold(B256::ZERO, |parent, label| keccak256([parent, keccak256(label)].concat()))
    }
}

impl Node {
    /// Returns the address of a name that `registry` knows, at the newest block.
    ///
    /// # Errors
    /// [`NameError`]
    pub async fn address_of(
        &self,
        registry: Address,
        name: &AccountName,
    ) -> Result<Address, NameError> {
        let (node, latest) = (name.hash(), BlockNumberOrTag::Latest);
        let text = || name.0.clone();
        let resolver = self.call(registry, &IRegistry::resolverCall { node }, latest).await?;
        if resolver.is_zero() {
            return Err(NameError::NoResolver { name: text() });
        }
        let answer = match self.try_call(resolver, &IResolver::addrCall { node }, latest).await {
            Ok(answer) => answer,
            Err(Fault::Reverted { reason }) if is_off_chain(&reason) => {
                return Err(NameError::OffChain { name: text() });
            }
            Err(fault) if fault.is_execution() => {
                return Err(NameError::NoAddress { name: text() });
            }
            Err(fault) => return Err(fault.into_port(format!("address of {}", name.0)).into()),
        };
        let address = answer.get(12..32).filter(|_| answer.len() == 32).map(Address::from_slice);
        let address = address.filter(|address| !address.is_zero());
        address.ok_or_else(|| NameError::NoAddress { name: text() })
    }
}

/// Why a label of ASCII letters has no normal form; nothing when it is in it.
fn fault_of_label(label: &str) -> Option<&'static str> {
    let is_known = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    if label.is_empty() {
        return Some("no label is empty");
    }
    if !label.bytes().all(is_known) {
        return Some("only letters a to z, digits, `-` and `_` are taken here");
    }
    if label.trim_start_matches('_').contains('_') {
        return Some("`_` is at the beginning of a label only");
    }
    (label.get(2..4) == Some("--")).then_some("a label has no `--` in its third place")
}

/// Whether a revert is the answer of EIP-3668.
fn is_off_chain(reason: &str) -> bool {
    use alloy::sol_types::SolError;
    let selector = alloy::hex::encode_prefixed(IResolver::OffchainLookup::SELECTOR);
    reason.contains(&selector)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::b256;

    use super::*;

    #[test]
    fn hashes_are_those_of_eip_137() {
        let hash = |name: &str| AccountName::normal(name).expect("a name").hash();
        let foo = b256!("de9b09fd7c5f901e23a3f19fecc54828e9c848539801e86591bd9801b019f84f");
        assert_eq!(hash("foo.eth"), foo);
        let eth = b256!("93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae");
        assert_eq!(AccountName("eth".to_owned()).hash(), eth);
    }

    #[test]
    fn names_come_into_their_normal_form() {
        for (text, normal) in [
            ("ada.eth", "ada.eth"),
            ("Ada.ETH", "ada.eth"),
            ("_a-b.x9.eth", "_a-b.x9.eth"),
            ("a_b.eth", ""),
            ("xn--a.eth", ""),
            ("", ""),
            ("eth", ""),
            ("a..eth", ""),
            (".eth", ""),
            ("a b.eth", ""),
            ("b\u{fc}cher.eth", ""),
            // A Cyrillic letter among Latin ones.
            ("p\u{430}ypal.eth", ""),
        ] {
            let got = AccountName::normal(text).map(|name| name.0).unwrap_or_default();
            assert_eq!(got, normal, "{text}");
        }
    }
}
