use thiserror::Error;

/// Why leaves were not proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The range has no leaves, or ends after the last one.
    #[error("range [{start}, {end}) is not in a tree of {leaf_count} leaves")]
    OutOfRange {
        /// First leaf asked for.
        start: u64,
        /// One after the last leaf asked for.
        end: u64,
        /// Leaves in the tree.
        leaf_count: u64,
    },
    /// The number of siblings does not follow from the range and the depth.
    #[error("{got} siblings, expected {expected}")]
    Siblings {
        /// What was given.
        got: usize,
        /// What the range needs.
        expected: usize,
    },
}

/// Why packed leaves are malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PackError {
    /// A segment or an item ends after the end of the bytes.
    #[error("cut off: the part at byte {offset} is not whole")]
    CutOff {
        /// Where the part starts.
        offset: usize,
    },
    /// A segment has a form that does not exist.
    #[error("segment at byte {offset} has form {form}")]
    Form {
        /// Where the segment starts.
        offset: usize,
        /// The form byte.
        form: u8,
    },
    /// A segment has no items.
    #[error("segment at byte {offset} is empty")]
    Empty {
        /// Where the segment starts.
        offset: usize,
    },
    /// Sequential ids run over 2^256.
    #[error("ids of the segment at byte {offset} overflow")]
    Overflow {
        /// Where the segment starts.
        offset: usize,
    },
    /// A value is longer than 32 bytes or has leading zeros.
    #[error("value of the item at byte {offset} is not minimal")]
    NotMinimal {
        /// Where the item starts.
        offset: usize,
    },
    /// There are more leaves than indices.
    #[error("leaf indices run over 2^32")]
    TooMany,
}
