//! A flat cache in front of the tries.

use alloy_primitives::{
    Address, U256,
    map::{AddressMap, U256Map},
};

use super::{AccountChange, AccountInfo, Delta};

/// Accounts and slots of one generation: two of them are some 10 MB, and hold what eight full blocks use.
const GENERATION: usize = 32_768;

/// Accounts and slots that the last blocks read or wrote, as they are now.
///
/// When the younger generation is full, it becomes the older one, and what that was is forgotten: no order of use has
/// to be kept up. What a block uses of the older generation it notes again.
#[derive(Debug)]
pub(super) struct Recent {
    young: Generation,
    old: Generation,
    /// Entries of a generation.
    most: usize,
}

#[derive(Debug, Default)]
struct Generation {
    accounts: AddressMap<Known>,
    /// Accounts and slots.
    entries: usize,
}

/// What is known of an account.
#[derive(Debug)]
struct Known {
    /// `None`: it does not exist.
    info: Option<AccountInfo>,
    slots: U256Map<U256>,
    /// Slots that the older generation knows are from before the storage was cleared.
    is_cleared: bool,
}

impl Default for Recent {
    fn default() -> Self {
        Self::with_generation(GENERATION)
    }
}

impl Recent {
    /// A cache whose generations have `most` entries, up to those of one account more.
    pub(super) fn with_generation(most: usize) -> Self {
        Self { young: Generation::default(), old: Generation::default(), most }
    }

    /// An account, when it is known whether it exists.
    pub(super) fn account(&self, address: &Address) -> Option<Option<AccountInfo>> {
        let known = self.young.accounts.get(address).or_else(|| self.old.accounts.get(address));
        known.map(|known| known.info)
    }

    /// The value of a slot, when it is known.
    pub(super) fn slot(&self, address: &Address, key: &U256) -> Option<U256> {
        let young = self.young.accounts.get(address);
        if let Some(value) = young.and_then(|known| known.slots.get(key)) {
            return Some(*value);
        }
        match young {
            Some(Known { info: None, .. } | Known { is_cleared: true, .. }) => Some(U256::ZERO),
            _ => self.old.accounts.get(address)?.slots.get(key).copied(),
        }
    }

    /// Notes what was read. Must be what the state has.
    pub(super) fn note(
        &mut self,
        address: Address,
        info: Option<AccountInfo>,
        slots: impl Iterator<Item = (U256, U256)>,
    ) {
        self.make_room();
        let known = self.young.known(address, info);
        known.info = info;
        let before = known.slots.len();
        known.slots.extend(slots);
        self.young.entries += known.slots.len() - before;
    }

    /// Goes on to the state after `delta`.
    pub(super) fn advance(&mut self, delta: &Delta) {
        for (address, change) in &delta.accounts {
            let AccountChange::Updated(info) = change.change else {
                self.clear(*address, None);
                continue;
            };
            if change.storage_cleared {
                self.clear(*address, Some(info));
            }
            self.note(*address, Some(info), change.slots.iter().map(|(key, value)| (*key, *value)));
        }
    }

    /// The storage of an account is gone, and maybe the account.
    fn clear(&mut self, address: Address, info: Option<AccountInfo>) {
        let known = self.young.known(address, info);
        let gone = std::mem::take(&mut known.slots).len();
        *known = Known { info, slots: U256Map::default(), is_cleared: true };
        self.young.entries -= gone;
    }

    fn make_room(&mut self) {
        if self.young.entries >= self.most {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

impl Generation {
    fn known(&mut self, address: Address, info: Option<AccountInfo>) -> &mut Known {
        self.accounts.entry(address).or_insert_with(|| {
            self.entries += 1;
            Known { info, slots: U256Map::default(), is_cleared: false }
        })
    }
}
