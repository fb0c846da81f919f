//! The state after any block since a base, without a trie for each.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};

use super::{
    AccountChange, AccountDelta, AccountInfo, AccountProof, Delta, StateError, WorldState,
};

/// Deltas that become one delta of the next level.
const FAN_OUT: usize = 8;

/// The deltas of consecutive blocks since a base, and sums of eight, of eight eights, and so on: what any
/// of these blocks sees is the base and few sums, and a reader keeps these while blocks are added.
#[derive(Debug, Clone, Default)]
pub struct Deltas {
    /// Level n holds sums of 8^n deltas each.
    levels: Vec<Vec<Arc<Delta>>>,
}

impl Deltas {
    /// Adds the next block.
    pub fn push(&mut self, delta: Arc<Delta>) {
        let mut delta = delta;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let sums = &mut self.levels[level];
            sums.push(delta);
            if !sums.len().is_multiple_of(FAN_OUT) {
                return;
            }
            delta = Arc::new(sum(&sums[sums.len() - FAN_OUT..]));
        }
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What blocks `first` to `end`, not included, changed together. Beyond the last there is nothing.
    pub fn between(&self, first: usize, end: usize) -> Later {
        let mut sums = Vec::new();
        let mut end = end.min(self.len());
        while end > first {
            let (mut level, mut width) = (0, 1);
            while end.is_multiple_of(width * FAN_OUT) && end - first >= width * FAN_OUT {
                level += 1;
                width *= FAN_OUT;
            }
            // A level has the sum of every whole group of the level below.
            sums.push(Arc::clone(&self.levels[level][end / width - 1]));
            end -= width;
        }
        Later(sums)
    }
}

fn sum(deltas: &[Arc<Delta>]) -> Delta {
    let mut sum = Delta::default();
    for delta in deltas {
        sum.then(delta);
    }
    sum
}

/// What happened after a base, as few deltas, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Later(Vec<Arc<Delta>>);

impl Later {
    /// One delta.
    pub fn of(delta: Arc<Delta>) -> Self {
        Self(vec![delta])
    }

    /// Whether nothing happened.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What became of an account; `None` when nothing did.
    pub fn account(&self, address: &Address) -> Option<Option<AccountInfo>> {
        let delta = self.deltas_of(address).next()?;
        Some(match delta.change {
            AccountChange::Updated(info) => Some(info),
            AccountChange::Deleted => None,
        })
    }

    /// What became of a slot; `None` when nothing did.
    pub fn slot(&self, address: &Address, key: &U256) -> Option<U256> {
        for delta in self.deltas_of(address) {
            if delta.is_deleted() {
                return Some(U256::ZERO);
            }
            let zero = || delta.storage_cleared.then_some(U256::ZERO);
            if let Some(value) = delta.slots.get(key).copied().or_else(zero) {
                return Some(value);
            }
        }
        None
    }

    /// A code that appeared.
    pub fn code(&self, hash: &B256) -> Option<Bytes> {
        self.0.iter().find_map(|delta| delta.codes.get(hash)).cloned()
    }

    /// All of it as one delta.
    pub fn sum(&self) -> Delta {
        let mut sum = Delta::default();
        self.0.iter().rev().for_each(|delta| sum.then(delta));
        sum
    }

    fn deltas_of(&self, address: &Address) -> impl Iterator<Item = &AccountDelta> {
        self.0.iter().filter_map(|delta| delta.accounts.get(address))
    }
}

/// The state after one block: a base and what happened since.
#[derive(Debug, Clone, Default)]
pub struct StateAt {
    /// The state after an earlier block, or this one.
    pub base: WorldState,
    /// What happened between.
    pub later: Later,
}

impl StateAt {
    /// A state that is whole in its trie.
    pub fn of(base: WorldState) -> Self {
        Self { base, later: Later::default() }
    }

    /// The account at an address.
    ///
    /// # Errors
    /// As [`WorldState::account`].
    pub fn account(&self, address: &Address) -> Result<Option<AccountInfo>, StateError> {
        match self.later.account(address) {
            Some(changed) => Ok(changed),
            None => Ok(self.base.account(address)?.map(|account| account.info)),
        }
    }

    /// The value of a slot; zero when slot or account do not exist.
    ///
    /// # Errors
    /// As [`WorldState::storage`].
    pub fn storage(&self, address: &Address, key: &U256) -> Result<U256, StateError> {
        self.later.slot(address, key).map_or_else(|| self.base.storage(address, key), Ok)
    }

    /// The code with a hash that an account of this state has.
    ///
    /// # Errors
    /// As [`WorldState::code_with`].
    pub fn code(&self, hash: &B256) -> Result<Bytes, StateError> {
        self.later.code(hash).map_or_else(|| self.base.code_with(hash), Ok)
    }

    /// The state as one trie: costs all that happened since the base.
    ///
    /// # Errors
    /// As [`WorldState::apply`].
    pub fn world(&self) -> Result<WorldState, StateError> {
        if self.later.is_empty() {
            return Ok(self.base.clone());
        }
        self.base.clone().apply(&self.later.sum())
    }

    /// Proves an account and slots of it, present or absent.
    ///
    /// # Errors
    /// As [`WorldState::prove`] and [`Self::world`].
    pub fn prove(&self, address: Address, slots: &[U256]) -> Result<AccountProof, StateError> {
        self.world()?.prove(address, slots)
    }
}
