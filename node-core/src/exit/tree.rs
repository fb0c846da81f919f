use alloy_primitives::B256;

use super::{ExitLeaf, ProofError, leaf::node};

/// The positional keccak tree over all exits of a layer.
///
/// ```text
/// leaf      ExitLeaf::hash
/// node      keccak256(left | right)
/// padding   leaves at and after leaf_count are zero
/// depth     smallest D with 2^D >= leaf_count; the root of no leaves is zero
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitTree {
    /// Nodes per level from the leaves up, without the padding on the right.
    levels: Vec<Vec<B256>>,
    /// Roots of all-padding subtrees per height.
    zeros: Vec<B256>,
}

impl ExitTree {
    /// Builds the tree over `leaves`, which are in index order from 0.
    #[must_use]
    pub fn new(leaves: &[ExitLeaf]) -> Self {
        Self::from_hashes(leaves.iter().map(ExitLeaf::hash).collect())
    }

    /// Builds the tree over leaf hashes in index order.
    #[must_use]
    pub fn from_hashes(hashes: Vec<B256>) -> Self {
        let depth = depth_of(hashes.len() as u64);
        let mut levels = vec![hashes];
        let mut zeros = vec![B256::ZERO];
        for height in 0..usize::from(depth) {
            let zero = zeros[height];
            let parents = levels[height]
                .chunks(2)
                .map(|pair| node(pair[0], pair.get(1).copied().unwrap_or(zero)))
                .collect();
            levels.push(parents);
            zeros.push(node(zero, zero));
        }
        Self { levels, zeros }
    }

    /// Returns the root; zero for no leaves.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_default()
    }

    /// Returns the height.
    #[must_use]
    pub fn depth(&self) -> u8 {
        depth_of(self.leaf_count())
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn leaf_count(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// Proves leaf `index`: exactly `depth` siblings, from the bottom up.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] when there is no such leaf.
    pub fn proof(&self, index: u64) -> Result<Vec<B256>, ProofError> {
        self.range_proof(index, 1)
    }

    /// Proves the leaves `[start, start + count)`.
    ///
    /// | at each level, from the leaves up | siblings |
    /// |---|---|
    /// | start odd | node start - 1 |
    /// | then: end odd | node end |
    /// | then: start = start / 2, end = (end + 1) / 2 | |
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] when the range is empty or ends after the last leaf.
    pub fn range_proof(&self, start: u64, count: u64) -> Result<Vec<B256>, ProofError> {
        let end = start.saturating_add(count);
        if count == 0 || end > self.leaf_count() {
            return Err(ProofError::OutOfRange { start, end, leaf_count: self.leaf_count() });
        }
        let (mut first, mut last) = (start, end);
        let mut siblings = Vec::new();
        for height in 0..usize::from(self.depth()) {
            if first & 1 == 1 {
                siblings.push(self.node_at(height, first - 1));
            }
            if last & 1 == 1 {
                siblings.push(self.node_at(height, last));
            }
            first >>= 1;
            last = last.div_ceil(2);
        }
        Ok(siblings)
    }

    fn node_at(&self, height: usize, index: u64) -> B256 {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.levels[height].get(index))
            .copied()
            .unwrap_or(self.zeros[height])
    }
}

/// Returns the height of the tree over `leaf_count` leaves.
#[must_use]
pub const fn depth_of(leaf_count: u64) -> u8 {
    let mut depth = 0;
    while (1_u64 << depth) < leaf_count {
        depth += 1;
    }
    depth
}

/// Returns whether `leaf` stands at its index in the tree with this root and depth.
#[must_use]
pub fn verify(root: B256, depth: u8, leaf: &ExitLeaf, proof: &[B256]) -> bool {
    let leaf_count = 1 << u32::from(depth).min(63);
    range_root(&[leaf.hash()], leaf.index.into(), leaf_count, proof).is_ok_and(|got| got == root)
}

/// Returns the root of the tree of `leaf_count` leaves in which `hashes` stand from `start` on.
///
/// # Errors
/// [`ProofError`] when the range is empty, ends after the last leaf, or has another number of siblings.
pub fn range_root(
    hashes: &[B256],
    start: u64,
    leaf_count: u64,
    siblings: &[B256],
) -> Result<B256, ProofError> {
    let end = start.saturating_add(hashes.len() as u64);
    if hashes.is_empty() || end > leaf_count {
        return Err(ProofError::OutOfRange { start, end, leaf_count });
    }
    let depth = depth_of(leaf_count);
    let expected = sibling_count(start, end, depth);
    if siblings.len() != expected {
        return Err(ProofError::Siblings { got: siblings.len(), expected });
    }
    let mut siblings = siblings.iter().copied();
    let mut level = hashes.to_vec();
    let mut first = start;
    for _ in 0..depth {
        if first & 1 == 1 {
            level.splice(0..0, siblings.next());
        }
        if level.len() & 1 == 1 {
            level.extend(siblings.next());
        }
        level = level.chunks_exact(2).map(|pair| node(pair[0], pair[1])).collect();
        first >>= 1;
    }
    Ok(level[0])
}

fn sibling_count(start: u64, end: u64, depth: u8) -> usize {
    let (mut first, mut last, mut count) = (start, end, 0);
    for _ in 0..depth {
        count += usize::from(first & 1 == 1) + usize::from(last & 1 == 1);
        first >>= 1;
        last = last.div_ceil(2);
    }
    count
}
