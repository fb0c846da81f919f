use core::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Random name of one layer; part of the name of everything that the layer stores.
///
/// A zombie of one layer cannot write into the next, because it writes under another name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId([u8; 16]);

impl LayerId {
    /// Makes an id of 16 random bytes; the caller brings the randomness.
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// Returns the 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&alloy_primitives::hex::encode(self.0))
    }
}

impl fmt::Debug for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayerId({self})")
    }
}

/// The text is not a layer id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer id: expected 32 hex digits, got `{got}`")]
pub struct ParseLayerIdError {
    /// What was given.
    pub got: String,
}

impl FromStr for LayerId {
    type Err = ParseLayerIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        alloy_primitives::hex::decode_to_array(text)
            .map(Self)
            .map_err(|_| ParseLayerIdError { got: text.to_owned() })
    }
}

impl Serialize for LayerId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LayerId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Generation of the writer's lease, and the fencing token. The first writer has epoch 1.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    alloy_rlp::RlpEncodableWrapper,
    alloy_rlp::RlpDecodableWrapper,
)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Returns the epoch of the next writer.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}", self.0)
    }
}

/// Position in the layer's log. Slots are dense, start at 0 and hold a block, a fence or the end.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SlotNumber(pub u64);

impl SlotNumber {
    /// Returns the position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for SlotNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.0)
    }
}
