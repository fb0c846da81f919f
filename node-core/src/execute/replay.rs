//! A block of a chain that was imported, executed again under the rules of its time.

use alloy_consensus::{Eip658Value, Header, ReceiptEnvelope, TxType, proofs};
use alloy_primitives::{Address, B256, U256};

use super::{
    build::{Builder, Built},
    env::NextBlock,
    error::{BlockError, Fault},
    outcome::Outcome,
    rejected::Rejected,
    rules::Rules,
};
use crate::{
    chain::{Ancestors, Annex, Block, Fork, Receipt, SealedHeader, recover_sender},
    state::{Delta, WorldState},
};

/// What a block of the past did.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Who sent the transactions, in their order.
    pub senders: Vec<Address>,
    /// Receipts of the transactions, in their order.
    pub receipts: Vec<Receipt>,
    /// State root after each transaction, before Byzantium.
    pub post_states: Vec<B256>,
    /// What the block changed.
    pub delta: Delta,
    /// The state after the block.
    pub world: WorldState,
}

/// A block of the past that does not do what its header says.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A transaction could not be in it.
    #[error("transaction {index}: {source}")]
    Transaction {
        /// Its position.
        index: usize,
        /// Why not.
        source: Rejected,
    },
    /// A signature is not one.
    #[error("transaction {index}: no valid signature")]
    Signature {
        /// The position of its transaction.
        index: usize,
    },
    /// Execution gives something else than the header says.
    #[error("{field}: expected {expected}, got {got}")]
    Mismatch {
        /// What.
        field: &'static str,
        /// What the header says.
        expected: String,
        /// What execution gives.
        got: String,
    },
    /// It cannot be executed.
    #[error(transparent)]
    Block(#[from] BlockError),
}

impl From<Fault> for ReplayError {
    fn from(fault: Fault) -> Self {
        Self::Block(fault.into())
    }
}

/// Executes `block` on the state of its parent and compares every root. Proof of work and the consensus
/// of the beacon chain are not checked: what is imported is trusted to be the chain that was meant.
///
/// # Errors
/// [`ReplayError`], with the first thing that is wrong.
pub fn replay(
    parent: &SealedHeader,
    world: &WorldState,
    ancestors: &Ancestors,
    rules: &Rules,
    (block, annex): (&Block, &Annex),
) -> Result<Replayed, ReplayError> {
    let header = &block.header;
    let fork = rules.era(header.number, header.timestamp).fork;
    let withdrawals = annex.withdrawals.as_deref().unwrap_or_default();
    let env = NextBlock::of(header, withdrawals);
    let mut builder = Builder::start(parent, world.clone(), ancestors, rules.clone(), env)?;
    let mut post_states = Vec::new();
    for (index, tx) in block.transactions.iter().enumerate() {
        let sender = recover_sender(tx).map_err(|_| ReplayError::Signature { index })?;
        if let Outcome::Rejected(source) = builder.execute(tx, sender)? {
            return Err(ReplayError::Transaction { index, source });
        }
        if fork < Fork::Byzantium {
            post_states.push(builder.pending_world()?.root());
        }
    }
    for Reward { author, value, .. } in rewards(fork, header, &annex.ommers) {
        builder.pay(author, value)?;
    }
    let built = builder.finish().map_err(|unfinished| unfinished.error)?;
    compare(header, &built, &post_states)?;
    let Built { senders, receipts, delta, world, .. } = built;
    Ok(Replayed { senders, receipts, post_states, delta, world })
}

/// What somebody got for mining a block, or one beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reward {
    /// Who got it.
    pub author: Address,
    /// How much, in wei.
    pub value: U256,
    /// Whether it was for the block itself.
    pub kind: RewardKind,
}

/// What a reward is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RewardKind {
    /// The block, and naming those beside it.
    Block,
    /// A block beside it.
    Ommer,
}

/// Returns what mining a block brought, the block's own reward first; nothing since the merge. EIP-649, EIP-1234, Yellow
/// Paper 11.3.
pub fn rewards(fork: Fork, header: &Header, ommers: &[Header]) -> Vec<Reward> {
    const ETHER: u128 = 1_000_000_000_000_000_000;
    let block = U256::from(match fork {
        _ if fork < Fork::Byzantium => 5 * ETHER,
        _ if fork < Fork::Constantinople => 3 * ETHER,
        _ if fork < Fork::Paris => 2 * ETHER,
        _ => return Vec::new(),
    });
    let value = block + block / U256::from(32) * U256::from(ommers.len());
    let own = Reward { author: header.beneficiary, value, kind: RewardKind::Block };
    let beside = ommers.iter().map(|ommer| {
        let nearness = U256::from((ommer.number + 8).saturating_sub(header.number));
        let value = block * nearness / U256::from(8);
        Reward { author: ommer.beneficiary, value, kind: RewardKind::Ommer }
    });
    [own].into_iter().chain(beside).collect()
}

fn compare(header: &Header, built: &Built, post_states: &[B256]) -> Result<(), ReplayError> {
    let found = &built.block.header;
    let receipts_root = match post_states {
        [] => found.receipts_root,
        states => old_receipts_root(built, states),
    };
    same("gas used", header.gas_used, found.gas_used)?;
    same("logs bloom", header.logs_bloom, found.logs_bloom)?;
    same("receipts root", header.receipts_root, receipts_root)?;
    same("transactions root", header.transactions_root, found.transactions_root)?;
    same("state root", header.state_root, found.state_root)?;
    match header.requests_hash {
        Some(expected) => same("requests hash", expected, found.requests_hash.unwrap_or_default()),
        None => Ok(()),
    }
}

fn same<T: PartialEq + ToString>(
    field: &'static str,
    expected: T,
    got: T,
) -> Result<(), ReplayError> {
    if expected == got {
        return Ok(());
    }
    Err(ReplayError::Mismatch { field, expected: expected.to_string(), got: got.to_string() })
}

/// Before Byzantium a receipt had the state root after its transaction, and no status.
fn old_receipts_root(built: &Built, post_states: &[B256]) -> B256 {
    let receipts = built.receipts.iter().zip(post_states);
    let receipts: Vec<ReceiptEnvelope> =
        receipts.map(|(receipt, root)| old_receipt(receipt, *root)).collect();
    proofs::calculate_receipt_root(&receipts)
}

/// A receipt as it was before Byzantium.
pub fn old_receipt(receipt: &Receipt, post_state: B256) -> ReceiptEnvelope {
    let receipt = alloy_consensus::Receipt {
        status: Eip658Value::PostState(post_state),
        cumulative_gas_used: receipt.cumulative_gas_used,
        logs: receipt.logs.clone(),
    };
    ReceiptEnvelope::from_typed(TxType::Legacy, receipt)
}
