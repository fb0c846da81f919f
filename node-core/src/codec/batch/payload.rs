use alloy_primitives::{Address, Bytes, FixedBytes};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use crate::{
    chain::L1Origin,
    codec::{
        frame::{Effort, Kind},
        record::{PackedAccount, Record},
    },
};

/// Largest payload before compression. The blobs of a batch carry 0.76 MB, and transactions, most of which
/// is signatures, do not shrink by more than a few times: a payload beyond this was made to fill memory.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 20;

/// The inputs of consecutive blocks; the first payload of a layer has its block 0 as well.
///
/// Deposits are not in it, only how many were taken: they are on the L1 already. All that is not here
/// follows by execution.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(canonical))]
pub struct Payload {
    /// Number of the first block.
    pub first_block: u64,
    /// The blocks, in order.
    pub blocks: Vec<PostedBlock>,
    /// Block 0; in the first payload only.
    pub genesis: Option<PostedGenesis>,
}

/// What the author of a block decided.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(canonical))]
pub struct PostedBlock {
    /// Seconds after the block before.
    pub after_s: u64,
    /// Deposits at its start: the next so many of the L1's deposit tree.
    pub deposits: u64,
    /// First bytes of the block's hash: who finds others knows in which block to look for the difference.
    pub check: FixedBytes<4>,
    /// EIP-2718 encodings of what follows the deposits: users' transactions, and at the end of the layer the
    /// system's.
    pub transactions: Vec<Bytes>,
    /// The L1 block that it rests on, where that is another one than for the block before.
    pub l1: Option<L1Origin>,
}

/// Block 0, but for codes that every layer has.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct PostedGenesis {
    /// Unix seconds.
    pub timestamp_s: u64,
    /// Gas limit of every block.
    pub gas_limit: u64,
    /// Base fee of every block, in wei per gas.
    pub base_fee_wei: u64,
    /// Who receives the fees.
    pub fee_recipient: Address,
    /// Accounts, in order of address.
    pub accounts: Vec<PackedAccount>,
    /// Codes of theirs that a reader may not know, in order of hash.
    pub codes: Vec<Bytes>,
}

impl Record for Payload {
    const KIND: Kind = Kind::Batch;
    const EFFORT: Effort = Effort::Small;
    const MOST_BYTES: usize = MAX_PAYLOAD_BYTES;
}
