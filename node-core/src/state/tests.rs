//! Tests of the world, roots against alloy-trie.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::TrieAccount;

use super::{AccountChange, AccountDelta, AccountInfo, Delta, WorldState};

/// The state as plain maps: what the world is compared with.
#[derive(Debug, Clone, Default)]
struct Model(BTreeMap<Address, (AccountInfo, BTreeMap<U256, U256>)>);

impl Model {
    fn apply(&mut self, delta: &Delta) {
        for (address, change) in &delta.accounts {
            if change.is_deleted() {
                self.0.remove(address);
                continue;
            }
            let AccountChange::Updated(info) = change.change else { unreachable!("not deleted") };
            let (old, slots) = self.0.entry(*address).or_default();
            *old = info;
            if change.storage_cleared {
                slots.clear();
            }
            slots.extend(&change.slots);
            slots.retain(|_, value| !value.is_zero());
        }
    }

    fn root(&self) -> B256 {
        alloy_trie::root::state_root_unhashed(self.0.iter().map(|(address, (info, slots))| {
            let slots = slots.iter().map(|(key, value)| (B256::from(*key), *value));
            let storage_root = alloy_trie::root::storage_root_unhashed(slots);
            let AccountInfo { nonce, balance, code_hash } = *info;
            (*address, TrieAccount { nonce, balance, storage_root, code_hash })
        }))
    }
}

fn address(n: u8) -> Address {
    Address::repeat_byte(n)
}

fn holder(balance: u64) -> AccountInfo {
    AccountInfo { balance: U256::from(balance), ..AccountInfo::default() }
}

fn delta(changes: impl IntoIterator<Item = (Address, AccountDelta)>) -> Delta {
    Delta { accounts: changes.into_iter().collect(), codes: BTreeMap::new() }
}

fn with_slots(info: AccountInfo, slots: &[(u64, u64)]) -> AccountDelta {
    let slots = slots.iter().map(|(key, value)| (U256::from(*key), U256::from(*value))).collect();
    AccountDelta { slots, ..AccountDelta::updated(info) }
}

#[test]
fn deltas_lead_to_the_root_of_the_oracle() {
    let deltas = [
        delta((1..=40).map(|n| (address(n), AccountDelta::updated(holder(n.into()))))),
        delta([(address(3), with_slots(holder(3), &[(1, 10), (2, 20), (3, 30)]))]),
        delta([
            (address(3), with_slots(holder(2), &[(1, 0), (2, 21)])),
            (address(7), AccountDelta::default()),
        ]),
        delta([(
            address(3),
            AccountDelta { storage_cleared: true, ..with_slots(holder(2), &[(9, 9)]) },
        )]),
        delta([(address(8), AccountDelta::updated(AccountInfo::default()))]),
        delta([(address(3), AccountDelta::default())]),
    ];
    let (mut model, mut world, mut sum) = (Model::default(), WorldState::new(), Delta::default());
    for step in deltas {
        model.apply(&step);
        world = world.apply(&step).unwrap();
        sum.then(&step);
        assert_eq!(world.root(), model.root());
        assert_eq!(WorldState::new().apply(&sum).unwrap().root(), model.root());
    }
    assert_eq!(world.storage(&address(3), &U256::from(9)).unwrap(), U256::ZERO);
}

#[test]
fn parent_stays_as_it_was() {
    let parent =
        WorldState::new().apply(&delta([(address(1), with_slots(holder(1), &[(1, 1)]))])).unwrap();
    let root = parent.root();
    let child =
        parent.clone().apply(&delta([(address(1), with_slots(holder(2), &[(1, 2)]))])).unwrap();
    assert_ne!(child.root(), root);
    assert_eq!(parent.root(), root);
    assert_eq!(parent.storage(&address(1), &U256::from(1)).unwrap(), U256::from(1));
    assert_eq!(child.storage(&address(1), &U256::from(1)).unwrap(), U256::from(2));
}

#[test]
fn code_is_found_by_its_hash() {
    let code = Bytes::from_static(&[0x60, 0x00]);
    let hash = keccak256(&code);
    let world = WorldState::new()
        .apply(&Delta { codes: [(hash, code.clone())].into(), ..Delta::default() })
        .unwrap();
    assert_eq!(world.code(&hash), Some(code));
    assert_eq!(world.code(&AccountInfo::default().code_hash), Some(Bytes::new()));
    assert_eq!(world.code(&B256::ZERO), None);
}
