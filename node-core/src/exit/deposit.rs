use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use super::{ProofError, leaf::node};

/// Height of the deposit tree, however many deposits there are.
pub const DEPOSIT_TREE_DEPTH: usize = 32;

/// One deposit as the L1 contract hashes it: what its event says, and where the event was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DepositLeaf {
    /// Position in the deposit tree.
    pub index: u64,
    /// L1 block of the deposit.
    pub l1_block: u64,
    /// Time of that block, Unix seconds.
    pub l1_time_s: u64,
    /// Kind of the asset; 0 is ETH.
    pub kind: u8,
    /// Who deposited; aliased when it is a contract.
    pub from: Address,
    /// Receiver and call target on the layer.
    pub to: Address,
    /// L1 token; zero for ETH.
    pub token: Address,
    /// Token id; zero for ETH and ERC-20.
    pub id: U256,
    /// Amount, for ETH in wei; 1 for ERC-721.
    pub value: U256,
    /// Gas of the call on the layer.
    pub gas_limit: u64,
    /// Call data on the layer.
    pub data: Bytes,
}

impl DepositLeaf {
    /// Hashes the leaf: `keccak256(abi.encode(all fields, with the data's hash for the data))`.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let fields = (
            U256::from(self.index),
            U256::from(self.l1_block),
            U256::from(self.l1_time_s),
            U256::from(self.kind),
            self.from,
            self.to,
            self.token,
            self.id,
            self.value,
            U256::from(self.gas_limit),
            keccak256(&self.data),
        );
        keccak256(fields.abi_encode())
    }
}

/// The append-only tree of all deposits. Leaves after the last one are zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DepositTree {
    hashes: Vec<B256>,
    /// Newest complete left subtree per height, as the contract stores them.
    frontier: [B256; DEPOSIT_TREE_DEPTH],
}

impl DepositTree {
    /// Makes an empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next deposit's leaf hash.
    ///
    /// # Panics
    /// Panics at 2^32 - 1 deposits; the contract refuses that many.
    pub fn push(&mut self, hash: B256) {
        let mut index = self.count();
        assert!(index < u64::from(u32::MAX), "the contract stops at 2^32 - 1 deposits");
        self.hashes.push(hash);
        let mut subtree = hash;
        let mut height = 0;
        while index & 1 == 1 {
            subtree = node(self.frontier[height], subtree);
            index >>= 1;
            height += 1;
        }
        self.frontier[height] = subtree;
    }

    /// Returns the number of deposits.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Returns the root, as the contract's `depositRoot`.
    #[must_use]
    pub fn root(&self) -> B256 {
        let (mut root, mut zero) = (B256::ZERO, B256::ZERO);
        for (height, complete) in self.frontier.iter().enumerate() {
            root = if (self.count() >> height) & 1 == 1 {
                node(*complete, root)
            } else {
                node(root, zero)
            };
            zero = node(zero, zero);
        }
        root
    }

    /// Proves deposit `index`: 32 siblings, from the bottom up.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] when there is no such deposit.
    pub fn proof(&self, index: u64) -> Result<Vec<B256>, ProofError> {
        if index >= self.count() {
            return Err(ProofError::OutOfRange {
                start: index,
                end: index + 1,
                leaf_count: self.count(),
            });
        }
        let (mut level, mut zero, mut index) = (self.hashes.clone(), B256::ZERO, index);
        let mut siblings = Vec::with_capacity(DEPOSIT_TREE_DEPTH);
        for _ in 0..DEPOSIT_TREE_DEPTH {
            let sibling = usize::try_from(index ^ 1).ok().and_then(|sibling| level.get(sibling));
            siblings.push(sibling.copied().unwrap_or(zero));
            level = level
                .chunks(2)
                .map(|pair| node(pair[0], pair.get(1).copied().unwrap_or(zero)))
                .collect();
            zero = node(zero, zero);
            index >>= 1;
        }
        Ok(siblings)
    }
}
