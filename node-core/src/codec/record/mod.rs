//! Records: the bodies of frames, as RLP. One file for each thing that is stored.

use alloy_rlp::{Decodable, Encodable};

use super::frame::{self, Effort, FrameError, Kind, MAX_RAW_BYTES};

mod block;
mod delta;
mod inbox;
mod manifest;
mod order;
mod outcome;
mod pack;
mod page;
mod sale;
mod slot;
mod witness;

pub use block::{BlockRecord, MintedOrder};
pub use inbox::{Dropped, Pending};
pub use manifest::{CheckpointRef, Manifest};
pub use order::{MintOrder, OrderRecord, Progress, Sold};
pub use outcome::{Effect, OrderState, Outcome, RefundCall};
pub use pack::{PackError, PackedAccount, PackedSlot, StatePack};
pub use page::{
    AccountLeaf, AccountPage, CodePage, IndexPage, PageRef, Place, SlotPage, StoredStorage,
};
pub use sale::{RefundNote, SaleRecord};
pub use slot::{AttemptId, Body, SlotContent, SlotEntry};
pub use witness::Witness;

/// A stored value: knows its kind of frame and its RLP.
pub trait Record: Encodable + Decodable {
    /// Kind of the frame around it.
    const KIND: Kind;

    /// How small the frame should be.
    const EFFORT: Effort = Effort::Fast;

    /// Longest RLP that is read, in bytes.
    const MOST_BYTES: usize = MAX_RAW_BYTES;

    /// Encodes into a frame.
    fn to_frame(&self) -> Vec<u8> {
        frame::encode_with(Self::KIND, &alloy_rlp::encode(self), Self::EFFORT)
    }

    /// Decodes from a frame.
    ///
    /// # Errors
    /// [`RecordError`] when the frame is damaged or its body is not this record.
    fn from_frame(bytes: &[u8]) -> Result<Self, RecordError> {
        let raw = frame::decode_at_most(Self::KIND, bytes, Self::MOST_BYTES)?;
        alloy_rlp::decode_exact(&raw)
            .map_err(|source| RecordError::Body { kind: Self::KIND, source })
    }
}

/// A stored value that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The frame is damaged.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The frame is whole, its body is not the record.
    #[error("{kind:?} record: {source}")]
    Body {
        /// Kind of record.
        kind: Kind,
        /// What the RLP decoder said.
        source: alloy_rlp::Error,
    },
}
