//! Loads a chain that somebody exported, so that it can be read and asked like a layer.
//!
//! Every block is executed under the rules of its time and must give its own roots.

use std::collections::BTreeMap;

use alloy_consensus::{
    Header,
    constants::{EMPTY_OMMER_ROOT_HASH, EMPTY_WITHDRAWALS},
};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
pub use alloy_genesis::Genesis as GenesisFile;
use alloy_genesis::GenesisAccount;
use alloy_primitives::{Address, B64, B256, Bytes, U64, U256, keccak256};
use alloy_rlp::Decodable;
use serde::Deserialize;

use super::{
    FlowError,
    open::{self, Genesis},
    teardown::bundle::Bundle,
};
use crate::{
    chain::{
        Ancestors, Annex, Block, Epoch, EthereumBlock, Fork, Forks, LayerConfig, SealedHeader,
        SlotNumber, genesis_header as layer_genesis_header, seal,
    },
    codec::record::{AttemptId, BlockRecord, Body, Record, SlotContent, SlotEntry},
    execute::{ReplayError, Replayed, Rules, replay},
    port::Stores,
    state::{AccountDelta, AccountInfo, Delta, WorldState},
};

/// What blocks of an imported chain have besides, by their number.
pub type Annexes = BTreeMap<u64, Annex>;

/// A chain that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file of blocks is not one RLP list after the other.
    #[error("block {index} of the file: {source}")]
    Encoding {
        /// Position in the file, from 0.
        index: usize,
        /// What the decoder said.
        source: alloy_rlp::Error,
    },
    /// A block does not follow the one before it.
    #[error("block {number}: expected parent {expected}, got {got}")]
    Parent {
        /// Its number.
        number: u64,
        /// Hash of the block before it.
        expected: B256,
        /// What it says.
        got: B256,
    },
    /// A block does not do what it says.
    #[error("block {number}: {source}")]
    Block {
        /// Its number.
        number: u64,
        /// What is wrong.
        source: Box<ReplayError>,
    },
    /// Accounts that were written down do not give the root that was written down with them.
    #[error("state: expected the root {expected}, its accounts give {got}")]
    StateRoot {
        /// What the file says.
        expected: B256,
        /// What its accounts give.
        got: B256,
    },
    /// The chain never comes to a state.
    #[error("state: no block of the chain leads to the root {root}")]
    StateNowhere {
        /// Root of the state.
        root: B256,
    },
    /// The stores failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// Reads blocks that were exported one after the other, block 0 among them or not.
///
/// # Errors
/// [`ArchiveError::Encoding`].
pub fn decode_blocks(mut file: &[u8]) -> Result<Vec<(Block, Annex)>, ArchiveError> {
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let index = blocks.len();
        let block = EthereumBlock::decode(&mut file);
        let block = block.map_err(|source| ArchiveError::Encoding { index, source })?;
        blocks.push(Annex::split(block));
    }
    Ok(blocks)
}

/// Makes block 0 of a genesis file.
///
/// # Errors
/// [`FlowError`] never comes from a state that starts empty.
pub fn genesis(file: &GenesisFile) -> Result<Genesis, FlowError> {
    let world = world(file.alloc.iter().map(|(address, account)| (*address, account.into())))?;
    let forks = Forks::of(&file.config);
    let fork = forks.at(0, file.timestamp).fork;
    let header = seal(genesis_header(file, fork, world.root()));
    Ok(Genesis { header, world })
}

fn world(
    accounts: impl IntoIterator<Item = (Address, StateAccount)>,
) -> Result<WorldState, FlowError> {
    let mut delta = Delta::default();
    for (address, StateAccount { nonce, balance, code, storage }) in accounts {
        let info = AccountInfo { nonce: nonce.to(), balance, code_hash: keccak256(&code) };
        let mut change = AccountDelta::updated(info);
        change.slots = storage;
        delta.accounts.insert(address, change);
        if !code.is_empty() {
            delta.codes.insert(info.code_hash, code);
        }
    }
    Ok(WorldState::new().apply(&delta)?)
}

/// An account with everything that it has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StateAccount {
    /// Transactions sent, or contracts created.
    pub nonce: U64,
    /// Wei.
    pub balance: U256,
    /// Its code.
    pub code: Bytes,
    /// Its slots that are not zero.
    pub storage: BTreeMap<U256, U256>,
}

impl From<&GenesisAccount> for StateAccount {
    fn from(account: &GenesisAccount) -> Self {
        let slots = account.storage.iter().flatten();
        Self {
            nonce: U64::from(account.nonce.unwrap_or_default()),
            balance: account.balance,
            code: account.code.clone().unwrap_or_default(),
            storage: slots.map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        }
    }
}

/// A state that somebody else wrote down: its root, and all accounts, as in a genesis file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateFile {
    /// Root of the state.
    pub state_root: B256,
    /// Its accounts.
    pub alloc: BTreeMap<Address, StateAccount>,
}

/// Finds the block of a chain that leads to a state, of which nothing may be missing or too much. Blocks are executed
/// elsewhere: here a header is believed.
///
/// # Errors
/// [`ArchiveError::StateRoot`], [`ArchiveError::StateNowhere`].
pub fn find_state<'a>(
    file: &StateFile,
    headers: impl IntoIterator<Item = &'a Header>,
) -> Result<u64, ArchiveError> {
    let (root, got) = (file.state_root, world(file.alloc.clone())?.root());
    if got != root {
        return Err(ArchiveError::StateRoot { expected: root, got });
    }
    let found = headers.into_iter().find(|header| header.state_root == root);
    found.map(|header| header.number).ok_or(ArchiveError::StateNowhere { root })
}

fn genesis_header(file: &GenesisFile, fork: Fork, state_root: B256) -> Header {
    let since = |first: Fork| fork >= first;
    let base_fee = file.base_fee_per_gas.and_then(|fee| u64::try_from(fee).ok());
    Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: file.coinbase,
        state_root,
        difficulty: file.difficulty,
        gas_limit: file.gas_limit,
        timestamp: file.timestamp,
        extra_data: file.extra_data.clone(),
        mix_hash: file.mix_hash,
        nonce: B64::from(file.nonce),
        base_fee_per_gas: base_fee.or(since(Fork::London).then_some(INITIAL_BASE_FEE)),
        withdrawals_root: since(Fork::Shanghai).then_some(EMPTY_WITHDRAWALS),
        blob_gas_used: since(Fork::Cancun).then(|| file.blob_gas_used.unwrap_or_default()),
        excess_blob_gas: since(Fork::Cancun).then(|| file.excess_blob_gas.unwrap_or_default()),
        parent_beacon_block_root: since(Fork::Cancun).then_some(B256::ZERO),
        requests_hash: since(Fork::Prague).then_some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}

/// Takes a layer that is gone out of its bundle: block 0, and the blocks after it.
///
/// # Errors
/// When the bundle has no valid configuration or state of block 0.
pub fn of_bundle(bundle: &Bundle) -> Result<Genesis, FlowError> {
    let world = bundle.genesis.unpack()?;
    let header = seal(layer_genesis_header(&bundle.config()?, world.root()));
    Ok(Genesis { header, world })
}

/// Base fee of the first block that has one, in wei. EIP-1559.
const INITIAL_BASE_FEE: u64 = 1_000_000_000;

/// Opens a chain in empty stores and writes its blocks into the log.
///
/// # Errors
/// [`ArchiveError`], with the first block that is wrong.
pub async fn load(
    stores: &Stores,
    config: &LayerConfig,
    rules: &Rules,
    genesis: &Genesis,
    blocks: impl IntoIterator<Item = (Block, Annex), IntoIter: Send> + Send,
) -> Result<Annexes, ArchiveError> {
    open::open(stores, config, genesis).await?;
    let mut past = Past::from(genesis);
    let mut annexes = Annexes::new();
    for (block, annex) in blocks {
        if block.header.number == 0 {
            continue;
        }
        let number = block.header.number;
        let (record, annex) = past.execute(rules, block, annex)?;
        past.write(stores, record).await?;
        annexes.insert(number, annex);
    }
    Ok(annexes)
}

/// The chain so far.
struct Past {
    parent: SealedHeader,
    world: WorldState,
    ancestors: Ancestors,
    next_slot: SlotNumber,
}

impl From<&Genesis> for Past {
    fn from(genesis: &Genesis) -> Self {
        let parent = genesis.header.clone();
        let mut ancestors = Ancestors::default();
        ancestors.push(parent.number, parent.hash());
        Self { parent, world: genesis.world.clone(), ancestors, next_slot: SlotNumber(0) }
    }
}

impl Past {
    fn execute(
        &mut self,
        rules: &Rules,
        block: Block,
        annex: Annex,
    ) -> Result<(BlockRecord, Annex), ArchiveError> {
        let number = block.header.number;
        let (expected, got) = (self.parent.hash(), block.header.parent_hash);
        if expected != got {
            return Err(ArchiveError::Parent { number, expected, got });
        }
        let Self { parent, world, ancestors, .. } = self;
        let replayed = replay(parent, world, ancestors, rules, (&block, &annex))
            .map_err(|source| ArchiveError::Block { number, source: Box::new(source) })?;
        let Replayed { senders, receipts, post_states, delta, world } = replayed;
        self.parent = seal(block.header.clone());
        self.ancestors.push(number, self.parent.hash());
        self.world = world;
        let record = BlockRecord { block, senders, receipts, delta, minted: Vec::new() };
        Ok((record, Annex { post_states, ..annex }))
    }

    async fn write(&mut self, stores: &Stores, record: BlockRecord) -> Result<(), FlowError> {
        let slot = self.next_slot;
        let content = SlotContent::Block {
            number: self.parent.number,
            hash: self.parent.hash(),
            body: Body::Inline(Bytes::from(record.to_frame())),
        };
        // Nobody else writes here, so any attempt is the only one.
        let attempt = AttemptId(u128::from(slot.0));
        stores.log.append(SlotEntry { slot, epoch: Epoch(0), attempt, content }).await?;
        self.next_slot = slot.next();
        Ok(())
    }
}

/// The configuration under which an imported chain is kept.
///
/// # Panics
/// Never: a hash has more bytes than an id.
pub fn config(file: &GenesisFile, chain_id: u64, name: String) -> LayerConfig {
    use crate::chain::{Finality, L1Binding, LayerId};
    let digest = keccak256(U256::from(chain_id).to_be_bytes::<32>());
    let id = LayerId::new(digest[..16].try_into().expect("16 of 32 bytes"));
    LayerConfig {
        name,
        opened_at_s: file.timestamp,
        gas_limit: file.gas_limit,
        fee_recipient: file.coinbase,
        organiser: file.coinbase,
        operator: file.coinbase,
        sequencer: file.coinbase,
        l1: L1Binding {
            chain_id,
            layer: file.coinbase,
            finality: Finality::Depth(0),
            ..L1Binding::none()
        },
        ..LayerConfig::detached(id, chain_id)
    }
}
