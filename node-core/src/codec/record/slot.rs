use alloy_primitives::{B256, Bytes};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

use super::{Effort, Kind, Record};
use crate::chain::{Epoch, SlotNumber};

/// One attempt to write a slot; tells the writer's own write from another's after a time-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct AttemptId(pub u128);

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotEntry {
    /// Position.
    pub slot: SlotNumber,
    /// Epoch of the writer.
    pub epoch: Epoch,
    /// Attempt of the writer.
    pub attempt: AttemptId,
    /// What it holds.
    pub content: SlotContent,
}

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotContent {
    /// A new writer fenced off all earlier ones.
    Fence,
    /// A committed block.
    Block {
        /// Its number.
        number: u64,
        /// Its hash.
        hash: B256,
        /// Its body.
        body: Body,
    },
    /// The last slot: the layer is sealed, no block follows.
    End {
        /// Number of the last block.
        number: u64,
        /// Hash of the last block.
        hash: B256,
    },
}

/// Where the body of a block is: in the slot while small, else in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The frame of the [`BlockRecord`](super::BlockRecord) itself.
    Inline(Bytes),
    /// Name of the object that holds the frame.
    Object(String),
}

/// RLP of [`SlotEntry`]: one flat list, the tag says which fields count.
#[derive(RlpEncodable, RlpDecodable)]
struct FlatSlot {
    slot: u64,
    epoch: u64,
    attempt: AttemptId,
    tag: u8,
    number: u64,
    hash: B256,
    object: String,
    inline: Bytes,
}

const TAG_FENCE: u8 = 0;
const TAG_INLINE: u8 = 1;
const TAG_OBJECT: u8 = 2;
const TAG_END: u8 = 3;

impl SlotEntry {
    fn flat(&self) -> FlatSlot {
        let mut flat = FlatSlot {
            slot: self.slot.0,
            epoch: self.epoch.0,
            attempt: self.attempt,
            tag: TAG_FENCE,
            number: 0,
            hash: B256::ZERO,
            object: String::new(),
            inline: Bytes::new(),
        };
        match &self.content {
            SlotContent::Fence => {}
            SlotContent::Block { number, hash, body } => {
                (flat.number, flat.hash) = (*number, *hash);
                match body {
                    Body::Inline(bytes) => (flat.tag, flat.inline) = (TAG_INLINE, bytes.clone()),
                    Body::Object(name) => (flat.tag, flat.object) = (TAG_OBJECT, name.clone()),
                }
            }
            SlotContent::End { number, hash } => {
                (flat.tag, flat.number, flat.hash) = (TAG_END, *number, *hash);
            }
        }
        flat
    }
}

impl Encodable for SlotEntry {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        self.flat().encode(out);
    }

    fn length(&self) -> usize {
        self.flat().length()
    }
}

impl Decodable for SlotEntry {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let flat = FlatSlot::decode(buf)?;
        let (number, hash) = (flat.number, flat.hash);
        let content = match flat.tag {
            TAG_FENCE => SlotContent::Fence,
            TAG_INLINE => SlotContent::Block { number, hash, body: Body::Inline(flat.inline) },
            TAG_OBJECT => SlotContent::Block { number, hash, body: Body::Object(flat.object) },
            TAG_END => SlotContent::End { number, hash },
            _ => return Err(alloy_rlp::Error::Custom("unknown tag of a slot")),
        };
        Ok(Self {
            slot: SlotNumber(flat.slot),
            epoch: Epoch(flat.epoch),
            attempt: flat.attempt,
            content,
        })
    }
}

impl Record for SlotEntry {
    const KIND: Kind = Kind::Slot;

    /// The body of a block is compressed already.
    const EFFORT: Effort = Effort::None;
}
