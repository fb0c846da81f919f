use std::borrow::Cow;

use alloy_consensus::Header;
use alloy_eips::eip4895::Withdrawal;
use alloy_primitives::{Address, B256};
use alloy_rlp::Encodable;

use super::{
    super::{
        build::{Builder, Built},
        env::NextBlock,
        error::{BlockError, Fault},
        outcome::Outcome,
        rules::{Protocol, Rules},
    },
    error::{InvalidBlock, VerifyError},
    header,
};
use crate::{
    chain::{Ancestors, Block, Receipt, SealedHeader, Transaction, recover_sender},
    state::{Delta, Need, WorldState},
};

/// A block to verify, with what is known besides it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Header and transactions.
    pub block: &'a Block,
    /// Who sent the transactions.
    pub senders: Senders<'a>,
    /// Withdrawals in the block's body; a layer has none.
    pub withdrawals: &'a [Withdrawal],
}

impl<'a> Candidate<'a> {
    /// Returns a block of which nothing is known but what it says itself.
    pub const fn new(block: &'a Block) -> Self {
        Self { block, senders: Senders::Recover, withdrawals: &[] }
    }
}

/// Who sent the transactions of a block.
#[derive(Debug, Clone, Copy)]
pub enum Senders<'a> {
    /// To be recovered from the signatures: what everybody must do who does not trust the source.
    Recover,
    /// Known, because we recovered them before.
    Known(&'a [Address]),
}

/// A block that is what it claims to be.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Header with its hash.
    pub header: SealedHeader,
    /// Who sent the transactions, in their order.
    pub senders: Vec<Address>,
    /// Receipts of the transactions, in their order.
    pub receipts: Vec<Receipt>,
    /// What the block changed.
    pub delta: Delta,
    /// The state after the block.
    pub world: WorldState,
}

/// Verifies `block` as the one after `parent`, whose state is `world`; senders are recovered.
///
/// # Errors
/// As [`verify_candidate`].
pub fn verify(
    parent: &SealedHeader,
    world: &WorldState,
    ancestors: &Ancestors,
    rules: &Rules,
    block: &Block,
) -> Result<Verified, VerifyError> {
    verify_candidate(parent, world, ancestors, rules, Candidate::new(block))
}

/// Verifies a block as the one after `parent`, whose state is `world`.
///
/// # Errors
/// [`VerifyError::Invalid`] with the first thing that is wrong; [`VerifyError::Internal`] when state
/// cannot be read.
pub fn verify_candidate(
    parent: &SealedHeader,
    world: &WorldState,
    ancestors: &Ancestors,
    rules: &Rules,
    candidate: Candidate<'_>,
) -> Result<Verified, VerifyError> {
    let header = &candidate.block.header;
    header::check(header, parent, rules.protocol)?;
    check_body(&candidate, rules.protocol)?;
    let senders = senders(&candidate)?;
    let env = NextBlock::of(header, candidate.withdrawals);
    let builder = Builder::start(parent, world.clone(), ancestors, rules.clone(), env)?;
    let built = reexecute(builder, &candidate.block.transactions, &senders)?;
    compare(header, &built.block.header)?;
    let Built { header, senders, receipts, delta, world, .. } = built;
    Ok(Verified { header, senders, receipts, delta, world })
}

/// Builds the block after `parent` from exactly these transactions: what anyone does who has the inputs of a
/// block and not its header. Senders are recovered.
///
/// # Errors
/// [`VerifyError::Invalid`] for a transaction that cannot be in the block; [`VerifyError::Internal`] when
/// state cannot be read.
pub fn build_exactly(
    parent: &SealedHeader,
    world: &WorldState,
    ancestors: &Ancestors,
    rules: &Rules,
    env: NextBlock,
    transactions: &[Transaction],
) -> Result<Built, VerifyError> {
    let senders = recover(transactions)?;
    let builder = Builder::start(parent, world.clone(), ancestors, rules.clone(), env)?;
    reexecute(builder, transactions, &senders)
}

/// Says what of the state before a block is not loaded and its execution needs; there may be more after
/// that. Empty when all is there. Whether the block is right is not asked.
///
/// # Errors
/// [`Fault`] when state cannot be read for another reason.
pub fn needs_of(
    parent: &SealedHeader,
    world: &WorldState,
    ancestors: &Ancestors,
    rules: &Rules,
    block: &Block,
    senders: &[Address],
) -> Result<Vec<Need>, Fault> {
    let env = NextBlock::of(&block.header, &[]);
    let builder = Builder::start_noting(parent, world.clone(), ancestors, rules.clone(), env);
    let fault = match builder.map(|builder| execute_noting(builder, block, senders)) {
        Ok(Ok(())) => return Ok(Vec::new()),
        Ok(Err(fault)) | Err(fault) => fault,
    };
    match fault.needs() {
        needs if needs.is_empty() => Err(fault),
        needs => Ok(needs),
    }
}

fn execute_noting(mut builder: Builder, block: &Block, senders: &[Address]) -> Result<(), Fault> {
    for (tx, sender) in block.transactions.iter().zip(senders) {
        builder.execute(tx, *sender)?;
    }
    builder.check_missed()?;
    match builder.finish().map_err(|unfinished| unfinished.error) {
        Err(BlockError::Internal(fault)) => Err(fault),
        _ => Ok(()),
    }
}

fn reexecute(
    mut builder: Builder,
    transactions: &[Transaction],
    senders: &[Address],
) -> Result<Built, VerifyError> {
    for (index, (tx, sender)) in transactions.iter().zip(senders).enumerate() {
        if let Outcome::Rejected(source) = builder.execute(tx, *sender)? {
            return Err(InvalidBlock::Transaction { index, source }.into());
        }
    }
    Ok(builder.finish().map_err(|unfinished| unfinished.error)?)
}

/// Longest block in RLP: 10 MiB less 2 MiB for the consensus layer. EIP-7934.
const BLOCK_BYTES: usize = 8 * 1024 * 1024;

fn check_body(candidate: &Candidate<'_>, protocol: Protocol) -> Result<(), InvalidBlock> {
    if protocol == Protocol::Layer && !candidate.withdrawals.is_empty() {
        return Err(InvalidBlock::Shape { field: "withdrawals" });
    }
    let got = rlp_bytes(candidate);
    if got > BLOCK_BYTES {
        return Err(InvalidBlock::Size { most: BLOCK_BYTES, got });
    }
    Ok(())
}

/// Length of the block as Ethereum encodes it: header, transactions, no ommers, withdrawals.
fn rlp_bytes(candidate: &Candidate<'_>) -> usize {
    let Candidate { block, withdrawals, .. } = candidate;
    let no_ommers = 1;
    let withdrawals = withdrawals.to_vec().length();
    let payload = block.header.length() + block.transactions.length() + no_ommers + withdrawals;
    alloy_rlp::length_of_length(payload) + payload
}

fn senders<'a>(candidate: &Candidate<'a>) -> Result<Cow<'a, [Address]>, InvalidBlock> {
    let transactions = &candidate.block.transactions;
    match candidate.senders {
        Senders::Known(senders) if senders.len() != transactions.len() => {
            let (expected, got) = (transactions.len(), senders.len());
            Err(InvalidBlock::Senders { expected, got })
        }
        Senders::Known(senders) => Ok(senders.into()),
        Senders::Recover => recover(transactions).map(Cow::from),
    }
}

fn recover(transactions: &[Transaction]) -> Result<Vec<Address>, InvalidBlock> {
    let sender = |(index, tx)| {
        recover_sender(tx).map_err(|source| InvalidBlock::Signature { index, source })
    };
    transactions.iter().enumerate().map(sender).collect()
}

/// Compares what the header claims with what execution found.
fn compare(claimed: &Header, found: &Header) -> Result<(), InvalidBlock> {
    let roots = [
        ("transactions root", found.transactions_root, Some(claimed.transactions_root)),
        ("withdrawals root", found.withdrawals_root.unwrap_or_default(), claimed.withdrawals_root),
        ("receipts root", found.receipts_root, Some(claimed.receipts_root)),
        ("state root", found.state_root, Some(claimed.state_root)),
        ("requests hash", found.requests_hash.unwrap_or_default(), claimed.requests_hash),
    ];
    compare_gas("gas used", found.gas_used, Some(claimed.gas_used))?;
    let blob_gas_used = found.blob_gas_used.unwrap_or_default();
    compare_gas("blob gas used", blob_gas_used, claimed.blob_gas_used)?;
    for (field, expected, got) in roots {
        compare_root(field, expected, got)?;
    }
    if claimed.logs_bloom != found.logs_bloom {
        let (expected, got) = (Box::new(found.logs_bloom), Box::new(claimed.logs_bloom));
        return Err(InvalidBlock::LogsBloom { expected, got });
    }
    Ok(())
}

fn compare_gas(field: &'static str, expected: u64, got: Option<u64>) -> Result<(), InvalidBlock> {
    if got == Some(expected) { Ok(()) } else { Err(InvalidBlock::Gas { field, expected, got }) }
}

fn compare_root(
    field: &'static str,
    expected: B256,
    got: Option<B256>,
) -> Result<(), InvalidBlock> {
    if got == Some(expected) { Ok(()) } else { Err(InvalidBlock::Root { field, expected, got }) }
}
