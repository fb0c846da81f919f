//! Opens a flash layer: block 0, the contract on the L1, the stores, in this order.
//!
//! The L1 contract carries the hash of block 0, so block 0 comes first. A crash after the L1 transaction
//! leaves a contract without a layer, which costs its gas and nothing else.

#[cfg(feature = "lambda")]
pub mod lambda;

use alloy_primitives::{Address, B256, Bytes};
use mayfly_contracts::{PreinstallError, predeploys, preinstalls, wrapped_codes};
use mayfly_l1::{
    Assurance, Bridged, Sender, Terms, bridged_token, config_hash, deploy_factory, open_layer,
};
use node_core::{
    chain::{
        BridgedToken, Finality, GenesisAccount, L1Binding, LayerConfig, LayerId, Limits,
        MintConfig, Posting, Tokens,
    },
    flow::{
        FlowError,
        open::{self, Alloc, Genesis},
        phase,
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
    /// Tokens of the L1 that may be deposited, in any order.
    pub bridged: Vec<Bridged>,
    /// From how many tokens on a collection exits to a bulk twin, see [`Tokens`].
    pub bulk_from: Option<u64>,
    /// Who vouches for the final state.
    pub assurance: Assurance,
    /// Seconds between the settlement and the first claim, in which attestors may take it back.
    pub window_s: u32,
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
    /// A token of the L1 has the address of another contract of block 0.
    #[error("bridged token {token}: every layer has another contract at this address")]
    Taken {
        /// The token.
        token: Address,
    },
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
    config.tokens.bridged = describe(sender, &plan.bridged).await?;
    let genesis = Genesis::new(&config, &alloc(plan.chain_id, &config.tokens.bridged)?)?;
    let factory = match factory {
        Some(factory) => factory,
        None => deploy_factory(sender).await?,
    };
    let terms = Terms {
        deposit_cutoff_s: plan.ends_at_s,
        tvl_cap_wei: plan.tvl_cap_wei,
        bridged: plan.bridged,
        assurance: plan.assurance,
        window_s: plan.window_s,
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

/// Finishes an opening that died after it had written `config`; one that was finished stays as it is.
///
/// # Errors
/// [`OpenError`].
pub async fn finish(stores: &Stores, config: &LayerConfig) -> Result<(), OpenError> {
    match phase::current(&*stores.registers).await {
        Err(FlowError::NoLayer) => {}
        other => return Ok(other.map(drop)?),
    }
    let genesis = Genesis::new(config, &alloc(config.chain_id, &config.tokens.bridged)?)?;
    Ok(open::open(stores, config, &genesis).await?)
}

/// What the tokens say of themselves, in order of address.
async fn describe(sender: &Sender, bridged: &[Bridged]) -> Result<Vec<BridgedToken>, PortError> {
    let mut tokens = Vec::with_capacity(bridged.len());
    for bridged in bridged {
        tokens.push(bridged_token(sender.node(), bridged).await?);
    }
    tokens.sort_unstable_by_key(|token| token.token);
    Ok(tokens)
}

/// Accounts of block 0: what wallets and tools expect on every chain, the layer's own contracts, and the wrapped
/// tokens of `bridged`, which are in order of address.
///
/// # Errors
/// When the checked-in contracts cannot be read, or a token has the address of one of them.
pub fn alloc(chain_id: u64, bridged: &[BridgedToken]) -> Result<Alloc, OpenError> {
    let contract = |code| GenesisAccount { nonce: 1, code, ..GenesisAccount::default() };
    let mut alloc: Alloc = preinstalls(chain_id)?
        .into_iter()
        .map(|preinstall| (preinstall.address, contract(preinstall.code)))
        .collect();
    alloc.extend(predeploys(&[]));
    if let Some(taken) = bridged.iter().find(|token| alloc.contains_key(&token.token)) {
        return Err(OpenError::Taken { token: taken.token });
    }
    alloc.extend(predeploys(bridged));
    Ok(alloc)
}

/// Codes of the standard block 0 and of wrapped tokens: batches leave them out, and whoever rebuilds a layer has them from here.
///
/// # Errors
/// As [`alloc`].
pub fn known_codes(chain_id: u64) -> Result<Vec<Bytes>, OpenError> {
    let standard = alloc(chain_id, &[])?.into_values().map(|account| account.code);
    Ok(standard.chain(wrapped_codes()).collect())
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
        tokens: Tokens { bridged: Vec::new(), bulk_from: plan.bulk_from },
    }
}
