//! Opens a layer: configuration, state of block 0, phase.
//!
//! Every step is create-if-absent, so opening can be repeated after a crash. The phase comes last: what
//! has a phase is open.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};

use super::{FlowError, Tip, checkpoint, phase, register};
use crate::{
    chain::{
        Ancestors, ConfigError, Epoch, GenesisAccount, LayerConfig, LayerId, SealedHeader,
        SlotNumber, genesis_header, seal,
    },
    codec::names,
    port::{PortError, Registers, Stores},
    state::WorldState,
};

/// Accounts that exist from the start: preinstalls, predeploys, system contracts.
pub type Alloc = BTreeMap<Address, GenesisAccount>;

/// Block 0 of a layer.
#[derive(Debug, Clone)]
pub struct Genesis {
    /// Its header.
    pub header: SealedHeader,
    /// Its state.
    pub world: WorldState,
}

impl Genesis {
    /// Computes block 0; the L1 contract is opened with its hash and state root.
    ///
    /// # Errors
    /// [`ConfigError`] for a field out of bounds, or an account that would start with ETH: all ETH of a
    /// layer must be claimable on the L1, so it comes by deposits.
    pub fn new(config: &LayerConfig, alloc: &Alloc) -> Result<Self, FlowError> {
        config.check()?;
        let funded = alloc.iter().find(|(_, account)| !account.balance.is_zero());
        if let Some((account, funded)) = funded {
            return Err(
                ConfigError::GenesisBalance { account: *account, got: funded.balance }.into()
            );
        }
        Ok(Self::unbacked(config, alloc))
    }

    /// Computes block 0 of a chain whose ETH nobody claims elsewhere: a development L1.
    pub fn unbacked(config: &LayerConfig, alloc: &Alloc) -> Self {
        let world = WorldState::from_genesis(alloc);
        let header = seal(genesis_header(config, world.root()));
        Self { header, world }
    }

    /// Returns the hash of block 0.
    pub const fn hash(&self) -> B256 {
        self.header.hash()
    }

    fn tip(&self) -> Tip {
        let mut ancestors = Ancestors::default();
        ancestors.push(self.header.number, self.header.hash());
        Tip {
            header: self.header.clone(),
            world: self.world.clone(),
            ancestors,
            next_slot: SlotNumber(0),
            epoch: Epoch(0),
            ended: false,
        }
    }
}

/// Opens a layer in empty stores; stores that hold this very layer are left as they are.
///
/// # Errors
/// [`FlowError::OtherLayer`] when the stores hold another one.
pub async fn open(
    stores: &Stores,
    config: &LayerConfig,
    genesis: &Genesis,
) -> Result<(), FlowError> {
    match register::store(&*stores.registers, names::LAYER, None, config).await {
        Ok(_) => {}
        Err(PortError::Conflict { .. }) => check_same(stores, config.id).await?,
        Err(error) => return Err(error.into()),
    }
    checkpoint::write(stores, config.id, Epoch(0), &genesis.tip()).await?;
    phase::begin(&*stores.registers).await
}

async fn check_same(stores: &Stores, wanted: LayerId) -> Result<(), FlowError> {
    let held = config(&*stores.registers).await?.id;
    if held == wanted {
        return Ok(());
    }
    Err(FlowError::OtherLayer { held: held.to_string(), wanted: wanted.to_string() })
}

/// Returns the configuration of the layer in these stores.
///
/// # Errors
/// [`FlowError::NoLayer`] when there is none.
pub async fn config(registers: &dyn Registers) -> Result<LayerConfig, FlowError> {
    let held = register::load::<LayerConfig>(registers, names::LAYER).await?;
    Ok(held.ok_or(FlowError::NoLayer)?.value)
}
