//! What a token of the L1 says of itself: read once, when a layer that takes it is opened, and fixed from then on.
//!
//! Tokens are asked as anybody's unmodified contracts, which may answer anything:
//!
//! | question | an answer counts when | else |
//! |---|---|---|
//! | `supportsInterface` of ERC-721, ERC-1155 | it is a bool | no |
//! | `totalSupply()` of an ERC-20 | it has 32 bytes | the token is refused |
//! | `name()`, `symbol()` | a string, or 32 bytes of text with zeros behind it; at most 64 bytes, no control characters | empty |
//! | `decimals()` | it fits 8 bits | 0 |
//! | `uri(0)` of an ERC-1155 | a string with `{id}` in it, at most 256 bytes, no control characters | empty |
//! | `tokenURI(1)`, `tokenURI(2)` of an ERC-721 | one base, at most 256 bytes, no control characters, and the ids behind it | empty |
//!
//! There is no standard question for the base of an ERC-721's token URIs, and the wrapped token knows nothing but a base: a
//! collection that puts more than the id behind it, or has not both of these tokens yet, has no URIs on the layer.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, Bytes, U256},
    sol,
    sol_types::{SolCall, SolValue},
};
use mayfly_contracts::FlashLayer::Bridged;
use node_core::{
    chain::{BridgedToken, MAX_TOKEN_TEXT, MAX_TOKEN_URI, Metadata, is_printable},
    exit::{KIND_ERC20, KIND_ERC721, KIND_ERC1155},
    port::PortError,
};

use crate::Node;

/// Interface ids of ERC-721 and ERC-1155 (EIP-165).
const ERC721: [u8; 4] = [0x80, 0xac, 0x58, 0xcd];
const ERC1155: [u8; 4] = [0xd9, 0xb6, 0x7a, 0x26];

/// Longest answer that is looked at, in bytes: a string of the longest URI with offset, length and padding has
/// 320, and no rule says that a contract packs as tightly.
const MOST_BYTES: usize = 1_024;

sol! {
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
    function totalSupply() external view returns (uint256);
    function name() external view returns (string);
    function symbol() external view returns (string);
    function decimals() external view returns (uint8);
    function uri(uint256 id) external view returns (string);
    function tokenURI(uint256 tokenId) external view returns (string);
}

/// Asks the token of `bridged` what its wrapped one on the layer is to answer.
///
/// # Errors
/// [`PortError::Refused`] when there is no contract, or one of another kind; [`PortError::Unavailable`].
pub async fn bridged_token(node: &Node, bridged: &Bridged) -> Result<BridgedToken, PortError> {
    let token = bridged.token;
    let refused =
        |reason: String| PortError::Refused { what: format!("bridged token {token}"), reason };
    if !node.has_code(token, BlockNumberOrTag::Latest).await? {
        return Err(refused("expected a contract on the L1, there is none".to_owned()));
    }
    let asked = Asked { node, token };
    let found = asked.kind().await?;
    let name_of = |kind| match kind {
        KIND_ERC20 => "an ERC-20 (answers totalSupply())",
        KIND_ERC721 => "an ERC-721 (says so by EIP-165)",
        KIND_ERC1155 => "an ERC-1155 (says so by EIP-165)",
        _ => "none of ERC-20, ERC-721, ERC-1155",
    };
    if found != Some(bridged.kind) {
        let got = name_of(found.unwrap_or_default());
        return Err(refused(format!("expected {}, it is {got}", name_of(bridged.kind))));
    }
    let metadata = match bridged.kind {
        KIND_ERC20 => Metadata::Coin { decimals: asked.decimals().await? },
        KIND_ERC721 => Metadata::Collection { base_uri: asked.base_uri().await? },
        _ => Metadata::Items { uri: asked.uri().await? },
    };
    let name = asked.text(nameCall {}).await?;
    let symbol = asked.text(symbolCall {}).await?;
    Ok(BridgedToken { token, name, symbol, metadata })
}

/// A token that is asked.
struct Asked<'a> {
    node: &'a Node,
    token: Address,
}

impl Asked<'_> {
    async fn ask(&self, question: impl SolCall) -> Result<Option<Bytes>, PortError> {
        let answer = self.node.ask(self.token, question.abi_encode().into()).await?;
        Ok(answer.filter(|answer| answer.len() <= MOST_BYTES))
    }

    async fn kind(&self) -> Result<Option<u8>, PortError> {
        for (id, kind) in [(ERC721, KIND_ERC721), (ERC1155, KIND_ERC1155)] {
            let answer = self.ask(supportsInterfaceCall { interfaceId: id.into() }).await?;
            if answer.is_some_and(|answer| number(&answer) == Some(U256::ONE)) {
                return Ok(Some(kind));
            }
        }
        let supply = self.ask(totalSupplyCall {}).await?;
        Ok(supply.and_then(|answer| number(&answer)).map(|_| KIND_ERC20))
    }

    async fn decimals(&self) -> Result<u8, PortError> {
        let answer = self.ask(decimalsCall {}).await?;
        let decimals = answer.and_then(|answer| number(&answer));
        Ok(decimals.and_then(|decimals| u8::try_from(decimals).ok()).unwrap_or_default())
    }

    async fn text(&self, question: impl SolCall) -> Result<String, PortError> {
        let answer = self.ask(question).await?;
        Ok(answer.and_then(|answer| text(&answer, MAX_TOKEN_TEXT)).unwrap_or_default())
    }

    async fn uri(&self) -> Result<String, PortError> {
        let answer = self.ask(uriCall { id: U256::ZERO }).await?;
        let uri = answer.and_then(|answer| text(&answer, MAX_TOKEN_URI));
        Ok(uri.filter(|uri| uri.contains("{id}")).unwrap_or_default())
    }

    async fn base_uri(&self) -> Result<String, PortError> {
        let (first, second) = (self.base_by(1).await?, self.base_by(2).await?);
        Ok(first.filter(|base| second.as_ref() == Some(base)).unwrap_or_default())
    }

    /// What stands before the id in a token's URI, if it ends with the id.
    async fn base_by(&self, id: u8) -> Result<Option<String>, PortError> {
        let answer = self.ask(tokenURICall { tokenId: U256::from(id) }).await?;
        let uri = answer.and_then(|answer| text(&answer, MAX_TOKEN_URI + 1));
        Ok(uri.and_then(|uri| uri.strip_suffix(&id.to_string()).map(str::to_owned)))
    }
}

/// A word, and nothing before or after it.
fn number(answer: &[u8]) -> Option<U256> {
    (answer.len() == 32).then(|| U256::from_be_slice(answer))
}

/// A string as the ABI has it, or the `bytes32` of tokens that are older than that.
fn text(answer: &[u8], most: usize) -> Option<String> {
    let bytes = if answer.len() == 32 {
        let end = answer.iter().position(|byte| *byte == 0).unwrap_or(answer.len());
        let (text, rest) = answer.split_at(end);
        rest.iter().all(|byte| *byte == 0).then(|| text.to_vec())?
    } else {
        Bytes::abi_decode(answer).ok()?.to_vec()
    };
    String::from_utf8(bytes).ok().filter(|text| is_printable(text, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(answer: &[u8]) -> Option<String> {
        text(answer, MAX_TOKEN_TEXT)
    }

    /// Offset 32, this length, and then these bytes.
    fn string(length: U256, bytes: &[u8]) -> Vec<u8> {
        [&U256::from(32).to_be_bytes::<32>(), &length.to_be_bytes::<32>(), bytes].concat()
    }

    #[test]
    fn name_is_a_string_or_32_bytes_of_text() {
        assert_eq!(name(&"Gold".abi_encode()).as_deref(), Some("Gold"));
        assert_eq!(name(&"".abi_encode()).as_deref(), Some(""));
        assert_eq!(name(&"ж".repeat(32).abi_encode()), Some("ж".repeat(32)), "64 bytes");
        let mut maker = [0; 32];
        maker[..5].copy_from_slice(b"Maker");
        assert_eq!(name(&maker).as_deref(), Some("Maker"));
        assert_eq!(name(&[b'x'; 32]), Some("x".repeat(32)));
    }

    #[test]
    fn name_that_is_no_text_does_not_count() {
        assert_eq!(name(&[]), None);
        assert_eq!(name(&[b'x'; 31]), None);
        assert_eq!(name(&"x".repeat(65).abi_encode()), None, "too long");
        assert_eq!(name(&"a\nb".abi_encode()), None, "a control character");
        assert_eq!(name(&string(U256::from(2), &[0xc3, 0x28])), None, "no UTF-8, no padding");
        assert_eq!(name(&string(U256::from(1), &[&[0xff][..], &[0; 31]].concat())), None);
        assert_eq!(name(&string(U256::MAX, &[b'x'; 64])), None, "hostile length");
        assert_eq!(name(&[U256::MAX.to_be_bytes::<32>(); 3].concat()), None, "hostile offset");
        let mut holed = [0; 32];
        (holed[0], holed[2]) = (b'a', b'b');
        assert_eq!(name(&holed), None, "text behind the end");
    }

    #[test]
    fn number_is_one_word() {
        assert_eq!(number(&7_u64.abi_encode()), Some(U256::from(7)));
        assert_eq!(number(&[]), None);
        assert_eq!(number(&[0; 64]), None);
    }
}
