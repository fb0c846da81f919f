//! What a holder does on the L1, and what there is to see.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U256},
    sol_types::SolCall,
};
use mayfly_contracts::{
    FlashLayer::{
        Exit, assetCall, assetCountCall, claimCall, claimRangeCall, isClaimedCall, pushCall,
        pushedCountCall, tokenOfCall,
    },
    FlashTwin721::ownerOfCall,
};
use node_core::{
    exit::ExitLeaf,
    port::{L1Receipt, PortError, PublishedChunk},
};

use crate::{
    Node, Sender,
    sender::{Act, port_receipt},
};

/// Pays one exit to its recipient; any key may send it.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `AlreadyClaimed`, `BadProof`, `TooEarly`.
pub async fn claim(
    sender: &Sender,
    layer: Address,
    leaf: &ExitLeaf,
    proof: Vec<B256>,
) -> Result<L1Receipt, PortError> {
    Ok(port_receipt(&sender.send(claim_act(layer, leaf, proof)).await?))
}

/// Pays a run of exits to their recipients, those that were not paid before; any key may send it.
///
/// # Errors
/// As [`claim`], but exits that were paid are skipped.
pub async fn claim_range(
    sender: &Sender,
    layer: Address,
    chunk: PublishedChunk,
) -> Result<L1Receipt, PortError> {
    Ok(port_receipt(&sender.send(claim_range_act(layer, chunk)).await?))
}

/// Pays the exits that follow those that were pushed before, like [`claim_range`], and those of bulk collections in
/// runs; any key may send it.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `BadProof` when the chunk is not the next one.
pub async fn push(
    sender: &Sender,
    layer: Address,
    chunk: PublishedChunk,
) -> Result<L1Receipt, PortError> {
    let PublishedChunk { packed, siblings, .. } = chunk;
    let input = pushCall { packed, siblings }.abi_encode().into();
    let act = Act { what: "push", to: layer, input, value: U256::ZERO };
    Ok(port_receipt(&sender.send(act).await?))
}

impl Node {
    /// Returns how many exits of `layer` were pushed: index of the first of the next chunk.
    ///
    /// # Errors
    /// [`PortError::Refused`] when there is no such layer.
    pub async fn pushed(&self, layer: Address) -> Result<u64, PortError> {
        self.call(layer, &pushedCountCall {}, BlockNumberOrTag::Latest).await.map(u64::from)
    }

    /// Returns the kinds of a settled layer's assets, see [`node_core::exit`]; position is the asset number.
    ///
    /// # Errors
    /// [`PortError::Refused`] when there is no such layer.
    pub async fn kinds(&self, layer: Address) -> Result<Vec<u8>, PortError> {
        let latest = BlockNumberOrTag::Latest;
        let count = self.call(layer, &assetCountCall {}, latest).await?;
        let mut kinds = Vec::with_capacity(count.into());
        for index in 0..u32::from(count) {
            kinds.push(self.call(layer, &assetCall { index }, latest).await?.kind);
        }
        Ok(kinds)
    }

    /// Returns the L1 twin of a collection of `layer`; `None` before the settlement and for no collection.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn twin_of(&self, layer: Address, asset: u32) -> Result<Option<Address>, PortError> {
        found(self.call(layer, &tokenOfCall { index: asset }, BlockNumberOrTag::Latest).await)
            .map(|twin| twin.filter(|twin| !twin.is_zero()))
    }

    /// Returns who owns a token of an ERC-721 contract on the L1; `None` when nobody does.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn owner_of(&self, token: Address, id: U256) -> Result<Option<Address>, PortError> {
        found(self.call(token, &ownerOfCall { id }, BlockNumberOrTag::Latest).await)
    }

    /// Returns whether exit `index` of `layer` was paid.
    ///
    /// # Errors
    /// [`PortError::Refused`] when there is no such layer.
    pub async fn is_claimed(&self, layer: Address, index: u32) -> Result<bool, PortError> {
        let call = isClaimedCall { index: U256::from(index) };
        self.call(layer, &call, BlockNumberOrTag::Latest).await
    }
}

/// A contract that refuses to name something has no such thing.
fn found<T>(answer: Result<T, PortError>) -> Result<Option<T>, PortError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(PortError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn claim_act(layer: Address, leaf: &ExitLeaf, proof: Vec<B256>) -> Act {
    let ExitLeaf { asset, recipient, id, value, .. } = *leaf;
    let e = Exit { asset, recipient, id, value };
    let call = claimCall { index: U256::from(leaf.index), e, proof };
    Act { what: "claim", to: layer, input: call.abi_encode().into(), value: U256::ZERO }
}

pub(crate) fn claim_range_act(layer: Address, chunk: PublishedChunk) -> Act {
    let PublishedChunk { start, packed, siblings } = chunk;
    let call = claimRangeCall { start: U256::from(start), packed, siblings };
    Act { what: "claimRange", to: layer, input: call.abi_encode().into(), value: U256::ZERO }
}
