//! Tests of the world, roots against alloy-trie.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::TrieAccount;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{
    AccountChange, AccountDelta, AccountInfo, Delta, Deltas, ProofError, StateAt, StateError,
    WorldState, recent::Recent,
};
use crate::chain::GenesisAccount;

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

#[test]
fn genesis_accounts_are_there_and_empty_ones_are_not() {
    let code = Bytes::from_static(&[0x60, 0x00]);
    let contract = GenesisAccount { nonce: 1, code: code.clone(), ..GenesisAccount::default() };
    let alloc = BTreeMap::from([(address(1), contract), (address(2), GenesisAccount::default())]);
    let world = WorldState::from_genesis(&alloc);
    let info = world.account(&address(1)).unwrap().unwrap().info;
    assert_eq!((info.nonce, world.code(&info.code_hash)), (1, Some(code)));
    assert!(world.account(&address(2)).unwrap().is_none());
}

/// Few addresses and slots, so that deltas meet: accounts come, change, empty, go and come back.
fn any_delta() -> impl Strategy<Value = Delta> {
    let info =
        (0..3_u64, 0..3_u64).prop_map(|(nonce, balance)| AccountInfo { nonce, ..holder(balance) });
    let slots = btree_map((0..6_u64).prop_map(U256::from), (0..3_u64).prop_map(U256::from), 0..4);
    let change =
        prop_oneof![1 => Just(AccountChange::Deleted), 4 => info.prop_map(AccountChange::Updated)];
    let account =
        (change, prop::bool::weighted(0.2), slots).prop_map(|(change, storage_cleared, slots)| {
            AccountDelta { change, storage_cleared, slots }
        });
    btree_map((0..12_u8).prop_map(address), account, 0..8)
        .prop_map(|accounts| Delta { accounts, codes: BTreeMap::new() })
}

fn history() -> impl Strategy<Value = Vec<Delta>> {
    vec(any_delta(), 1..8)
}

fn after(deltas: &[Delta]) -> (WorldState, Model) {
    let (mut world, mut model) = (WorldState::new(), Model::default());
    for delta in deltas {
        world = world.apply(delta).unwrap();
        model.apply(delta);
    }
    (world, model)
}

fn slot_keys() -> Vec<U256> {
    (0..6_u64).map(U256::from).collect()
}

/// A block as the flat cache sees it: what it reads, then what it changes.
fn any_block() -> impl Strategy<Value = (Vec<Address>, Delta)> {
    (vec((0..12_u8).prop_map(address), 0..6), any_delta())
}

proptest! {
    #[test]
    fn the_flat_cache_knows_nothing_that_is_not_so(
        blocks in vec(any_block(), 1..30), generation in 1..40_usize
    ) {
        let (mut world, mut model) = (WorldState::new(), Model::default());
        world.recent = Some(Box::new(Recent::with_generation(generation)));
        let read = |model: &Model, address| {
            let (info, slots) = model.0.get(&address).cloned().unzip();
            let slots = slots.unwrap_or_default();
            let of = move |key| (key, slots.get(&key).copied().unwrap_or_default());
            (info, slot_keys().into_iter().map(of))
        };
        for (reads, delta) in blocks {
            for address in reads {
                let (info, slots) = read(&model, address);
                world.note_read(address, info, slots);
                prop_assert_eq!(world.recent_account(&address), Some(info), "just noted");
            }
            world = world.apply(&delta).unwrap();
            model.apply(&delta);
            for address in (0..12).map(address) {
                let (info, slots) = read(&model, address);
                prop_assert!(world.recent_account(&address).is_none_or(|known| known == info));
                for (key, value) in slots {
                    prop_assert!(world.recent_slot(&address, &key).is_none_or(|known| known == value));
                }
            }
            prop_assert_eq!(world.clone().recent_account(&address(1)), None, "a clone starts without");
        }
    }

    #[test]
    fn any_deltas_lead_to_the_root_of_the_oracle(deltas in history()) {
        let (mut world, mut model, mut sum) = (WorldState::new(), Model::default(), Delta::default());
        let mut old = Vec::new();
        for delta in deltas {
            old.push((world.clone(), model.root()));
            world = world.apply(&delta).unwrap();
            model.apply(&delta);
            sum.then(&delta);
            prop_assert_eq!(world.root(), model.root());
        }
        prop_assert_eq!(WorldState::new().apply(&sum).unwrap().root(), world.root(), "deltas compose");
        for (world, root) in old {
            prop_assert_eq!(world.root(), root, "a parent does not change");
        }
    }

    #[test]
    fn the_state_after_any_block_is_a_base_and_few_sums(
        history in vec(any_delta(), 1..80), first in 0..80_usize, end in 0..80_usize
    ) {
        let (first, end) = (first.min(history.len()), end.min(history.len()));
        let mut deltas = Deltas::default();
        for delta in &history {
            deltas.push(std::sync::Arc::new(delta.clone()));
        }
        let (base, _) = after(&history[..first]);
        let (world, model) = after(&history[..end.max(first)]);
        let at = StateAt { base, later: deltas.between(first, end) };
        for n in 0..12 {
            let (info, slots) = model.0.get(&address(n)).cloned().unzip();
            prop_assert_eq!(at.account(&address(n)).unwrap(), info);
            for key in slot_keys() {
                let value = slots.as_ref().and_then(|slots| slots.get(&key)).copied();
                prop_assert_eq!(at.storage(&address(n), &key).unwrap(), value.unwrap_or_default());
            }
        }
        prop_assert_eq!(at.world().unwrap().root(), world.root());
    }

    #[test]
    fn accounts_and_slots_are_listed_with_their_names(deltas in history()) {
        let (world, model) = after(&deltas);
        let mut listed = Model::default();
        for account in world.iter_accounts() {
            let (hashed, account) = account.unwrap();
            let address = account.address.unwrap();
            prop_assert_eq!(hashed, keccak256(address));
            let slots = world.storage_entries(&address).unwrap().map(|slot| slot.unwrap().1.entry().unwrap());
            listed.0.insert(address, (account.info, slots.collect()));
        }
        prop_assert_eq!(listed.0, model.0);
    }

    #[test]
    fn proofs_prove_what_the_state_holds(deltas in history(), wrong in 1..9_u64) {
        let (world, model) = after(&deltas);
        for n in 0..12 {
            let mut proof = world.prove(address(n), &slot_keys()).unwrap();
            prop_assert_eq!(proof.verify(world.root()), Ok(()));
            let (info, slots) = model.0.get(&address(n)).cloned().unwrap_or_default();
            prop_assert_eq!(proof.info, info);
            for slot in &proof.storage_proofs {
                prop_assert_eq!(slot.value, slots.get(&slot.key).copied().unwrap_or_default());
            }
            proof.info.balance += U256::from(wrong);
            let refused = matches!(proof.verify(world.root()), Err(ProofError::ValueMismatch { .. }));
            prop_assert!(refused);
        }
    }

    #[test]
    fn alloy_accepts_our_account_proofs(deltas in history()) {
        let (world, model) = after(&deltas);
        for n in 0..12 {
            let proof = world.prove(address(n), &[]).unwrap();
            let account = model.0.contains_key(&address(n)).then(|| {
                let AccountInfo { nonce, balance, code_hash } = proof.info;
                alloy_rlp::encode(TrieAccount { nonce, balance, storage_root: proof.storage_root, code_hash })
            });
            let key = alloy_trie::Nibbles::unpack(keccak256(address(n)));
            let verdict = alloy_trie::proof::verify_proof(world.root(), key, account, &proof.account_proof);
            prop_assert!(verdict.is_ok(), "{:?}", verdict);
        }
    }

    #[test]
    fn a_state_from_proofs_reads_right_and_changes_as_the_whole_one(
        deltas in history(), known in vec((0..12_u8).prop_map(address), 0..12), next in any_delta(),
    ) {
        let (world, mut model) = after(&deltas);
        let mut partial = WorldState::from_root(world.root());
        for address in &known {
            partial.reveal(&world.prove(*address, &slot_keys()).unwrap()).unwrap();
            prop_assert_eq!(partial.root(), world.root());
        }
        for address in &known {
            prop_assert_eq!(partial.account(address).unwrap().map(|a| a.info), model.0.get(address).map(|a| a.0));
            for key in slot_keys() {
                prop_assert_eq!(partial.storage(address, &key), world.storage(address, &key));
            }
        }
        model.apply(&next);
        match partial.apply(&next) {
            Ok(after) => prop_assert_eq!(after.root(), model.root()),
            Err(error) => prop_assert!(matches!(error, StateError::Missing(_)), "{}", error),
        }
    }
}
