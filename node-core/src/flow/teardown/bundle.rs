//! What is left for auditors: enough to execute the layer again after its stores are erased.

use alloy_primitives::{B256, Bytes};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::exits;
use crate::{
    chain::{Block, LayerConfig},
    codec::{
        Kind, names,
        record::{Record, StatePack},
    },
    flow::{FlowError, checkpoint, open, register},
    port::{L1Receipt, PortError, Stores},
};

/// One layer, whole: configuration, state of block 0, all blocks, and the settlement transaction.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Bundle {
    /// The [`LayerConfig`], as JSON.
    pub config: Bytes,
    /// State of block 0.
    pub genesis: StatePack,
    /// Blocks 1 and up.
    pub blocks: Vec<Block>,
    /// Hash of the settlement transaction on the L1; zero before there is one.
    pub settle_transaction: B256,
}

impl Record for Bundle {
    const KIND: Kind = Kind::Bundle;
}

impl Bundle {
    /// Collects the bundle of the layer in `stores`.
    ///
    /// # Errors
    /// The stores' errors.
    ///
    /// # Panics
    /// Never: a configuration is plain data.
    pub async fn collect(stores: &Stores) -> Result<Self, FlowError> {
        let config = open::config(&*stores.registers).await?;
        let mut genesis = checkpoint::load_genesis(stores, config.id).await?;
        genesis.pages.clone().load_all(&mut genesis.world).await?;
        let mut blocks = Vec::new();
        exits::scan_blocks(stores, u64::MAX, |record| blocks.push(record.block.clone())).await?;
        let settled = settlement(stores).await?;
        Ok(Self {
            config: serde_json::to_vec(&config).expect("a configuration is plain data").into(),
            genesis: StatePack::pack(&genesis.world)?,
            blocks,
            settle_transaction: settled.map_or(B256::ZERO, |receipt| receipt.transaction),
        })
    }

    /// Returns the configuration.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] when it is not one.
    pub fn config(&self) -> Result<LayerConfig, PortError> {
        serde_json::from_slice(&self.config).map_err(|error| PortError::Corrupt {
            name: "configuration in the bundle".to_owned(),
            reason: error.to_string(),
        })
    }
}

/// Remembers which L1 transaction settled the layer.
pub(super) async fn remember_settlement(
    stores: &Stores,
    receipt: L1Receipt,
) -> Result<(), FlowError> {
    let held = register::load::<L1Receipt>(&*stores.registers, names::SETTLEMENT).await?;
    let version = held.map(|held| held.version);
    match register::store(&*stores.registers, names::SETTLEMENT, version, &receipt).await {
        Ok(_) | Err(PortError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns which L1 transaction settled the layer, if this is known here.
///
/// # Errors
/// The store's errors.
pub async fn settlement(stores: &Stores) -> Result<Option<L1Receipt>, FlowError> {
    let held = register::load::<L1Receipt>(&*stores.registers, names::SETTLEMENT).await?;
    Ok(held.map(|held| held.value))
}
