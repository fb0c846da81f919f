use alloy_primitives::{B256, Bytes, TxHash};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::PortError;
use crate::{
    chain::{DepositEvent, Finality, L1Origin},
    exit::{Asset, ExitLeaf, SealedOutput},
};

/// What the layer's contract on the L1 says, read at one L1 block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1View {
    /// The L1 block that was read.
    pub block: u64,
    /// Its time, Unix seconds.
    pub timestamp_s: u64,
    /// Deposits so far.
    pub deposit_count: u64,
    /// No deposit will follow.
    pub deposits_closed: bool,
    /// The settlement, once there is one.
    pub settlement: Option<L1Settlement>,
    /// What it has of the blocks.
    pub posted: Posted,
    /// Exit leaves that the contract has verified on calldata.
    pub published: u64,
    /// Exits paid.
    pub claimed: u64,
    /// The stored data of the layer is not needed any more.
    pub disposable: bool,
}

/// The batches on the L1, as the contract counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// How many.
    pub batches: u64,
    /// Number of the last block in them.
    pub last_block: u64,
    /// Deposits that the blocks in them took.
    pub consumed_deposits: u64,
}

/// What the contract is told of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    /// Number of its last block.
    pub last_block: u64,
    /// Hash of that block.
    pub last_block_hash: B256,
    /// State root after it.
    pub state_root: B256,
    /// Deposits taken up to it, those of earlier batches among them.
    pub consumed_deposits: u64,
}

/// A batch as it is on the L1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedBatch {
    /// What the contract is told.
    pub head: BatchHead,
    /// The frame of the [`Payload`](crate::codec::batch::Payload).
    pub payload: Bytes,
}

/// A settlement on the L1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1Settlement {
    /// Final state root.
    pub state_root: B256,
    /// Root of the exit tree.
    pub exit_root: B256,
    /// Leaves of the exit tree.
    pub leaf_count: u64,
    /// From when exits can be claimed, Unix seconds.
    pub final_at_s: u64,
}

/// A run of exit leaves as `publishLeaves` and `claimRange` take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedChunk {
    /// Index of the first leaf.
    pub start: u64,
    /// Leaves, packed as the contract unpacks them.
    pub packed: Bytes,
    /// Siblings of the range, bottom up.
    pub siblings: Vec<B256>,
}

/// One transaction to the layer's contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum L1Action {
    /// Take no more deposits.
    CloseDeposits,
    /// Put the inputs of blocks on the L1.
    PostBatch(PostedBatch),
    /// Settle: the final state root and the proof of what the sealer sealed.
    Settle(Box<Settlement>),
    /// Put exit leaves on the L1.
    Publish(PublishedChunk),
    /// Pay a run of exits.
    Push(PublishedChunk),
    /// Pay one exit.
    Claim {
        /// The leaf.
        leaf: ExitLeaf,
        /// Siblings, bottom up.
        proof: Vec<B256>,
    },
}

/// An L1 transaction that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct L1Receipt {
    /// Its hash.
    pub transaction: TxHash,
    /// The L1 block that has it.
    pub block: u64,
    /// Gas it used.
    pub gas_used: u64,
}

/// The L1, as one layer sees it.
#[async_trait]
pub trait L1: Send + Sync {
    /// Returns the newest L1 block that is as settled as `finality` asks.
    async fn newest(&self, finality: Finality) -> Result<L1Origin, PortError>;

    /// Returns the L1 block with this number.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the L1 does not have it (yet).
    async fn block(&self, number: u64) -> Result<L1Origin, PortError>;

    /// Returns the deposits in L1 blocks `first..=last`, in order.
    async fn deposits(&self, first: u64, last: u64) -> Result<Vec<DepositEvent>, PortError>;

    /// Reads the layer's contract at the newest block that is as settled as `finality` asks.
    async fn view(&self, finality: Finality) -> Result<L1View, PortError>;

    /// Returns whether [`L1Action::PostBatch`] is open to whoever acts here.
    fn may_post(&self) -> bool {
        true
    }

    /// Sends one transaction and waits until the L1 has executed it.
    ///
    /// # Errors
    /// [`PortError::Refused`] when the contract reverts.
    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError>;
}

/// Arguments of `settle`, as the contract takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Number of the layer's last block.
    pub last_block: u64,
    /// Its hash.
    pub last_block_hash: B256,
    /// Its state root.
    pub state_root: B256,
    /// What the sealer sealed.
    pub sealed: SealedOutput,
    /// What exits; position is the asset number, 0 is ETH.
    pub assets: Vec<Asset>,
    /// Proof of the sealer's account in the state trie (EIP-1186).
    pub account_proof: Vec<Bytes>,
    /// Proof of the sealer's slot 0 in its storage trie (EIP-1186).
    pub storage_proof: Vec<Bytes>,
}
