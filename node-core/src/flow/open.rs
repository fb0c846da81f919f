//! Opens a layer: configuration, state of block 0, phase.
//!
//! Every step is create-if-absent, so opening can be repeated after a crash. The phase comes last: what
//! has a phase is open.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256};

use super::{
    FlowError, Since, Tip, checkpoint,
    pages::{Layout, Pages, Written},
    phase, register,
};
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
        Self::of(config, WorldState::from_genesis(alloc))
    }

    /// Block 0 with this state.
    pub fn of(config: &LayerConfig, world: WorldState) -> Self {
        let header = seal(genesis_header(config, world.root()));
        Self { header, world }
    }

    /// Returns the hash of block 0.
    pub const fn hash(&self) -> B256 {
        self.header.hash()
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
    remember(stores, config).await?;
    let pages = Pages::none(stores.objects.clone(), config.id, Layout::default());
    let mut tip = first_tip(genesis.header.clone(), genesis.world.clone(), pages);
    checkpoint::write(stores, config.id, Epoch(0), &mut tip, &[]).await?;
    phase::begin(&*stores.registers).await
}

/// Opens a layer on a state that is in the object store already, as [`Import`](super::pages::Import)
/// writes it, with the packs of block 0 under the names of their epochs. Returns the header of block 0.
///
/// # Errors
/// As [`open`].
pub async fn open_imported(
    stores: &Stores,
    config: &LayerConfig,
    state: Written,
) -> Result<SealedHeader, FlowError> {
    remember(stores, config).await?;
    let none = Pages::none(stores.objects.clone(), config.id, Layout::default());
    let world = none.next(state.clone()).world()?;
    let header = seal(genesis_header(config, world.root()));
    let mut tip = first_tip(header.clone(), world, none);
    checkpoint::publish(stores, config.id, Epoch(0), &mut tip, state).await?;
    phase::begin(&*stores.registers).await?;
    Ok(header)
}

/// Block 0 as what block 1 is built on.
fn first_tip(header: SealedHeader, world: WorldState, pages: Pages) -> Tip {
    let mut ancestors = Ancestors::default();
    ancestors.push(header.number, header.hash());
    Tip {
        header,
        world,
        ancestors,
        next_slot: SlotNumber(0),
        epoch: Epoch(0),
        ended: false,
        pages,
        since: Since::default(),
        runs: Arc::new([]),
        checkpoints: Vec::new(),
        is_cold: true,
        touched: 0,
    }
}

async fn remember(stores: &Stores, config: &LayerConfig) -> Result<(), FlowError> {
    match register::store(&*stores.registers, names::LAYER, None, config).await {
        Ok(_) => Ok(()),
        Err(PortError::Conflict { .. }) => check_same(stores, config.id).await,
        Err(error) => Err(error.into()),
    }
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
