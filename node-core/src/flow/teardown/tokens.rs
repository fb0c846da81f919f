//! Which tokens exit, and in which order.

use core::cmp::Reverse;

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, SolValue, sol};

use super::{
    FlowError,
    holdings::{Holding, Holdings, Interface},
    plan::Site,
};
use crate::{
    chain::L2_BRIDGE,
    exit::{IL2Bridge, KIND_ERC20, KIND_ERC721, KIND_ERC1155},
};

/// Interface ids of ERC-721 and ERC-1155 (EIP-165).
const ERC721: [u8; 4] = [0x80, 0xac, 0x58, 0xcd];
const ERC1155: [u8; 4] = [0xd9, 0xb6, 0x7a, 0x26];

sol! {
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}

/// A token that is to be swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) address: Address,
    pub(super) interface: Interface,
    /// It came from the L1.
    pub(super) is_wrapped: bool,
    /// What the sealer asks about it, ascending.
    pub(super) holdings: Vec<Holding>,
}

/// Finds the tokens of the layer: first the wrapped ones of the L1, which must exit, then those that were born
/// here, the most held ones first.
///
/// The sealer takes a bounded number of assets; nobody can push out an event's tickets by deploying empty
/// contracts, because what nobody has is dropped and leaves its place.
pub(super) async fn find(
    site: &mut dyn Site,
    holdings: &Holdings,
) -> Result<Vec<Token>, FlowError> {
    let mut tokens = Vec::new();
    let wrapped = bridged(site).await?;
    for (address, interface) in &wrapped {
        let holdings = holdings.of(*address, *interface);
        let (address, interface) = (*address, *interface);
        tokens.push(Token { address, interface, is_wrapped: true, holdings });
    }
    let mut born = Vec::new();
    for address in holdings.tokens() {
        if wrapped.iter().any(|(token, _)| *token == address) {
            continue;
        }
        let interface = interface_of(site, address).await?;
        let holdings = holdings.of(address, interface);
        born.push(Token { address, interface, is_wrapped: false, holdings });
    }
    born.sort_by_key(|token| (Reverse(token.holdings.len()), token.address));
    tokens.extend(born);
    tokens.retain(|token| !token.holdings.is_empty());
    Ok(tokens)
}

async fn bridged(site: &mut dyn Site) -> Result<Vec<(Address, Interface)>, FlowError> {
    let answer = site.ask(L2_BRIDGE, IL2Bridge::tokensCall {}.abi_encode()).await?;
    let tokens = answer.and_then(|answer| IL2Bridge::tokensCall::abi_decode_returns(&answer).ok());
    let mut bridged = Vec::new();
    for token in tokens.unwrap_or_default() {
        let answer = site.ask(L2_BRIDGE, IL2Bridge::kindOfCall { token }.abi_encode()).await?;
        let kind = answer.and_then(|kind| IL2Bridge::kindOfCall::abi_decode_returns(&kind).ok());
        let interface = match kind {
            Some(KIND_ERC20) => Interface::Coin,
            Some(KIND_ERC721) => Interface::Collection,
            Some(KIND_ERC1155) => Interface::Items,
            _ => continue,
        };
        bridged.push((token, interface));
    }
    Ok(bridged)
}

/// What a contract says that it is; one that says nothing is asked as an ERC-20, which has no such question.
async fn interface_of(site: &mut dyn Site, token: Address) -> Result<Interface, FlowError> {
    for (id, interface) in [(ERC721, Interface::Collection), (ERC1155, Interface::Items)] {
        let question = supportsInterfaceCall { interfaceId: id.into() }.abi_encode();
        if is_true(site.ask(token, question).await?) {
            return Ok(interface);
        }
    }
    Ok(Interface::Coin)
}

fn is_true(answer: Option<Bytes>) -> bool {
    answer.is_some_and(|answer| bool::abi_decode_validate(&answer).unwrap_or(false))
}
