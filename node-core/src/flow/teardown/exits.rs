//! The exits of a sealed layer, read back from the sealer's logs.

use alloy_primitives::{Bytes, Log};
use alloy_sol_types::SolEvent;

use crate::{
    chain::{EXIT_SEALER, SlotNumber},
    codec::record::BlockRecord,
    exit::{ExitLeaf, ExitTree, IExitSealer, ProofError, pack},
    flow::{
        FlowError,
        tip::{Read, read_slot},
    },
    port::{PublishedChunk, Stores},
};

/// Leaves in one `publishLeaves`. 20 to 30 bytes a leaf, 82 KB of the 128 KB that a mempool takes.
pub const PUBLISH_LEAVES: u64 = 2_048;

/// Exits in one `push` or `claimRange`. A mint on the L1 costs 52 k gas, a transaction has 16.7 M (EIP-7825).
pub const PUSH_LEAVES: u64 = 200;

/// Exits of a bulk collection in one `push`: as many as one chunk of its twin has, 6.5 k gas each.
pub const BULK_LEAVES: u64 = 1_024;

const PAGE: usize = 256;

/// All exits of a layer with their tree.
#[derive(Debug, Clone)]
pub struct Exits {
    leaves: Vec<ExitLeaf>,
    tree: ExitTree,
}

impl Exits {
    /// Builds the tree over `leaves`, which are in order of index.
    pub fn new(leaves: Vec<ExitLeaf>) -> Self {
        let tree = ExitTree::new(&leaves);
        Self { leaves, tree }
    }

    /// All leaves, in order of index.
    pub fn leaves(&self) -> &[ExitLeaf] {
        &self.leaves
    }

    /// The tree.
    pub const fn tree(&self) -> &ExitTree {
        &self.tree
    }

    /// The siblings of leaf `index`, bottom up.
    ///
    /// # Errors
    /// [`ProofError`] when there is no such leaf.
    pub fn proof(&self, index: u64) -> Result<Vec<alloy_primitives::B256>, ProofError> {
        self.tree.proof(index)
    }

    /// Returns the leaves that fit into one `push` from `start` on; `None` past the end. Runs of the assets that are
    /// bulk collections stand alone, because many more of them fit.
    pub fn push_chunk(&self, start: u64, is_bulk: impl Fn(u32) -> bool) -> Option<PublishedChunk> {
        let from = self.leaves.get(usize::try_from(start).ok()?..)?;
        let bulk = is_bulk(from.first()?.asset);
        let alike = from.iter().take_while(|leaf| is_bulk(leaf.asset) == bulk).count();
        let most = if bulk { BULK_LEAVES } else { PUSH_LEAVES };
        self.chunk(start, most.min(u64::try_from(alike).ok()?))
    }

    /// Returns at most `most` leaves from `start`, as the contract takes them; `None` past the end.
    pub fn chunk(&self, start: u64, most: u64) -> Option<PublishedChunk> {
        let from = usize::try_from(start).ok()?;
        let count = usize::try_from(most).ok()?.min(self.leaves.len().checked_sub(from)?);
        let leaves = self.leaves.get(from..from + count).filter(|leaves| !leaves.is_empty())?;
        let siblings = self.tree.range_proof(start, u64::try_from(count).ok()?).ok()?;
        Some(PublishedChunk { start, packed: Bytes::from(pack(leaves)), siblings })
    }
}

/// Reads the exits of a sealed layer.
///
/// # Errors
/// The stores' errors.
pub async fn collect(stores: &Stores) -> Result<Vec<ExitLeaf>, FlowError> {
    let mut reader = Reader::default();
    scan_logs(stores, u64::MAX, |log| reader.take(log)).await?;
    Ok(reader.into_leaves())
}

/// Reads the leaves from the sealer's logs.
#[derive(Debug, Default)]
pub struct Reader(Vec<ExitLeaf>);

impl Reader {
    /// Takes the next log of the layer.
    pub fn take(&mut self, log: &Log) {
        if log.address != EXIT_SEALER {
            return;
        }
        if let Ok(exit) = IExitSealer::Exit::decode_log(log) {
            let IExitSealer::Exit { index, asset, recipient, id, value } = exit.data;
            self.0.push(ExitLeaf { index, asset, recipient, id, value });
        } else if let Ok(dropped) = IExitSealer::AssetDropped::decode_log(log) {
            // The leaves of the asset are out of the tree again; their numbers are given anew.
            self.0.truncate(usize::try_from(dropped.leafCount).unwrap_or(usize::MAX));
        }
    }

    /// How many leaves there are so far.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the leaves that are in the tree.
    pub fn into_leaves(self) -> Vec<ExitLeaf> {
        self.0
    }
}

/// Shows every log of the layer up to block `last` to `seen`, in order.
pub(super) async fn scan_logs(
    stores: &Stores,
    last: u64,
    mut seen: impl FnMut(&Log) + Send,
) -> Result<(), FlowError> {
    scan_blocks(stores, last, |record| {
        record.receipts.iter().flat_map(|receipt| &receipt.logs).for_each(&mut seen);
    })
    .await
}

/// Shows every block of the layer up to number `last` to `seen`, in order.
pub(super) async fn scan_blocks(
    stores: &Stores,
    last: u64,
    mut seen: impl FnMut(&BlockRecord) + Send,
) -> Result<(), FlowError> {
    let mut next = SlotNumber(0);
    loop {
        let entries = stores.log.read_from(next, PAGE).await?;
        let Some(newest) = entries.last() else { return Ok(()) };
        next = newest.slot.next();
        for entry in &entries {
            if let Read::Block { record, .. } = read_slot(stores, entry).await? {
                if record.block.header.number > last {
                    return Ok(());
                }
                seen(&record);
            }
        }
    }
}
