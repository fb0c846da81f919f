//! Opens a flash layer: block 0, the contract on the L1, the stores, in this order.
//!
//! The L1 contract carries the hash of block 0, so block 0 comes first. A crash after the L1 transaction
//! leaves a contract without a layer, which costs its gas and nothing else.

use alloy_primitives::{Address, B256, Bytes};
use mayfly_contracts::{PreinstallError, predeploys, preinstalls};
use mayfly_l1::{Sender, Terms, config_hash, deploy_factory, open_layer};
use node_core::{
    chain::{
        Finality, GenesisAccount, L1Binding, LayerConfig, LayerId, Limits, MintConfig, Posting,
    },
    flow::{
        FlowError,
        open::{self, Alloc, Genesis},
    },
    port::{PortError, Stores},
};

/// Gas limit of a layer's block: Ethereum's since Fusaka.
const GAS_LIMIT: u64 = 60_000_000;

/// What an organiser decides.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Name of the event.
    pub name: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Start, Unix seconds.
    pub opened_at_s: u64,
    /// End, Unix seconds.
    pub ends_at_s: u64,
    /// Base fee in wei per gas; 0 makes the layer free.
    pub base_fee_wei: u64,
    /// Who signs the mints of paid webhooks.
    pub minter: Address,
    /// Who signs soft receipts and headers; zero for nobody.
    pub sequencer: Address,
    /// Where the inputs of blocks are posted.
    pub posting: Posting,
    /// Contract that webhooks mint from, when it is known already.
    pub ticket: Option<Address>,
    /// How settled an L1 block must be before it counts.
    pub finality: Finality,
    /// Most ETH that may be on the layer, in wei.
    pub tvl_cap_wei: u128,
}

/// Why a layer could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The plan, or the stores.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The L1.
    #[error(transparent)]
    L1(#[from] PortError),
    /// The contracts of the genesis.
    #[error(transparent)]
    Preinstall(#[from] PreinstallError),
}

/// Opens a layer with `sender` as organiser and operator, in empty `stores` that are bound to its id.
///
/// Deploys the factory when none is named and the L1 has none.
///
/// # Errors
/// [`OpenError`]; a plan with a field out of bounds is refused before anything is sent to the L1.
pub async fn open(
    stores: &Stores,
    sender: &Sender,
    factory: Option<Address>,
    layer: LayerId,
    plan: Plan,
) -> Result<LayerConfig, OpenError> {
    let mut config = config(&plan, layer, sender);
    let genesis = Genesis::new(&config, &alloc(plan.chain_id)?)?;
    let factory = match factory {
        Some(factory) => factory,
        None => deploy_factory(sender).await?,
    };
    let terms = Terms {
        deposit_cutoff_s: plan.ends_at_s,
        tvl_cap_wei: plan.tvl_cap_wei,
        ..Terms::default()
    };
    let l1 = terms.config(&config, &genesis);
    let salt = B256::right_padding_from(config.id.as_bytes());
    let opened = open_layer(sender, factory, &l1, salt).await?;
    config.l1.layer = opened.address;
    config.l1.config_hash = config_hash(&l1);
    config.l1.opened_in_block = opened.receipt.block;
    open::open(stores, &config, &genesis).await?;
    Ok(config)
}

/// Accounts of block 0: what wallets and tools expect on every chain, and the layer's own contracts.
///
/// # Errors
/// When the checked-in contracts cannot be read.
pub fn alloc(chain_id: u64) -> Result<Alloc, PreinstallError> {
    let contract = |code| GenesisAccount { nonce: 1, code, ..GenesisAccount::default() };
    let mut alloc: Alloc = preinstalls(chain_id)?
        .into_iter()
        .map(|preinstall| (preinstall.address, contract(preinstall.code)))
        .collect();
    alloc.extend(predeploys(&[]));
    Ok(alloc)
}

/// Codes of the standard block 0: batches leave them out, and whoever rebuilds a layer has them from here.
///
/// # Errors
/// As [`alloc`].
pub fn known_codes(chain_id: u64) -> Result<Vec<Bytes>, PreinstallError> {
    Ok(alloc(chain_id)?.into_values().map(|account| account.code).collect())
}

/// A transaction must fit into what a block may post.
fn limits(posting: Posting) -> Limits {
    let limits = Limits::default();
    let transaction_bytes = limits.transaction_bytes.min(posting.block_bytes());
    Limits { transaction_bytes, ..limits }
}

fn config(plan: &Plan, id: LayerId, sender: &Sender) -> LayerConfig {
    let organiser = sender.address();
    LayerConfig {
        id,
        name: plan.name.clone(),
        chain_id: plan.chain_id,
        opened_at_s: plan.opened_at_s,
        ends_at_s: plan.ends_at_s,
        gas_limit: GAS_LIMIT,
        base_fee_wei: plan.base_fee_wei,
        fee_recipient: organiser,
        organiser,
        operator: organiser,
        sequencer: plan.sequencer,
        l1: L1Binding {
            chain_id: sender.node().chain_id(),
            layer: Address::ZERO,
            config_hash: B256::ZERO,
            opened_in_block: 0,
            finality: plan.finality,
        },
        mint: Some(MintConfig { minter: plan.minter, ticket: plan.ticket }),
        limits: limits(plan.posting),
        posting: plan.posting,
    }
}
