//! Executes every block again, from block 0, and compares every root.
//!
//! Trusts nothing but the rules: senders are recovered from signatures, state comes from execution, and
//! the last state root is compared with what the L1 holds by the caller.

use alloy_primitives::B256;
use serde::Serialize;

use super::{FlowError, replay::Replay, teardown::bundle::Bundle};
use crate::{
    chain::{Block, LayerConfig},
    state::WorldState,
};

/// What an audit found: the end of a chain whose every block is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audited {
    /// Blocks executed, block 0 not counted.
    pub blocks: u64,
    /// Transactions executed.
    pub transactions: u64,
    /// Gas used.
    pub gas_used: u64,
    /// Hash of block 0.
    pub genesis_hash: B256,
    /// Hash of the last block.
    pub last_block_hash: B256,
    /// State root after the last block.
    pub state_root: B256,
}

/// An audit that goes block by block, so that the caller can show progress.
#[derive(Debug)]
pub struct Audit {
    replay: Replay,
    found: Audited,
}

impl Audit {
    /// Starts at block 0 of `bundle`.
    ///
    /// # Errors
    /// When the bundle has no valid configuration or genesis.
    pub fn start(bundle: &Bundle) -> Result<Self, FlowError> {
        let config: LayerConfig = bundle.config()?;
        let replay = Replay::start(&config, bundle.genesis.unpack()?);
        let header = replay.header();
        let found = Audited {
            blocks: 0,
            transactions: 0,
            gas_used: 0,
            genesis_hash: header.hash(),
            last_block_hash: header.hash(),
            state_root: header.state_root,
        };
        Ok(Self { replay, found })
    }

    /// Executes the next block.
    ///
    /// # Errors
    /// [`FlowError::Verify`] names what is wrong with the block.
    pub fn block(&mut self, block: &Block) -> Result<(), FlowError> {
        let header = self.replay.verify(block)?.header;
        self.found.blocks += 1;
        self.found.transactions += u64::try_from(block.transactions.len()).unwrap_or(u64::MAX);
        self.found.gas_used += block.header.gas_used;
        self.found.last_block_hash = header.hash();
        self.found.state_root = header.state_root;
        Ok(())
    }

    /// The state after the block that was executed last.
    pub const fn world(&self) -> &WorldState {
        self.replay.world()
    }

    /// Returns what was found.
    pub fn finish(self) -> Audited {
        self.found
    }
}
