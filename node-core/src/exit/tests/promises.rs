use alloy_primitives::B256;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// The root by recursion on the definition, padding included.
fn naive_root(hashes: &[B256], depth: u32) -> B256 {
    if depth == 0 {
        return hashes.first().copied().unwrap_or_default();
    }
    let half = hashes.len().min(1 << (depth - 1));
    let left = naive_root(&hashes[..half], depth - 1);
    let right = if hashes.is_empty() { left } else { naive_root(&hashes[half..], depth - 1) };
    keccak256([left.0, right.0].concat())
}

#[rstest]
#[case(0, 0)]
#[case(1, 0)]
#[case(2, 1)]
#[case(3, 2)]
#[case(4, 2)]
#[case(5, 3)]
#[case(1 << 20, 20)]
#[case((1 << 20) + 1, 21)]
fn depth_is_the_smallest_that_fits(#[case] leaf_count: u64, #[case] depth: u8) {
    assert_eq!(depth_of(leaf_count), depth);
}

#[test]
fn root_is_the_naive_root() {
    for count in 0..40 {
        let tree = ExitTree::new(&leaves(count));
        let hashes: Vec<B256> = leaves(count).iter().map(ExitLeaf::hash).collect();
        assert_eq!(tree.root(), naive_root(&hashes, tree.depth().into()), "{count} leaves");
    }
}

#[test]
fn every_range_of_every_small_tree_proves() {
    for count in 1..18_u32 {
        let tree = ExitTree::new(&leaves(count));
        let hashes: Vec<B256> = leaves(count).iter().map(ExitLeaf::hash).collect();
        for start in 0..count {
            for end in start + 1..=count {
                let siblings =
                    tree.range_proof(start.into(), u64::from(end - start)).expect("in range");
                let range = &hashes[start as usize..end as usize];
                assert_eq!(
                    range_root(range, start.into(), count.into(), &siblings),
                    Ok(tree.root())
                );
            }
        }
    }
}

#[test]
fn a_range_outside_the_tree_is_refused() {
    let tree = ExitTree::new(&leaves(5));
    assert_eq!(
        tree.range_proof(4, 2),
        Err(ProofError::OutOfRange { start: 4, end: 6, leaf_count: 5 })
    );
    assert_eq!(
        tree.range_proof(2, 0),
        Err(ProofError::OutOfRange { start: 2, end: 2, leaf_count: 5 })
    );
    assert_eq!(tree.proof(5), Err(ProofError::OutOfRange { start: 5, end: 6, leaf_count: 5 }));
}

#[test]
fn deposit_root_is_the_naive_root() {
    let (mut tree, mut hashes) = (DepositTree::new(), Vec::new());
    for index in 0..20 {
        assert_eq!(tree.root(), naive_root(&hashes, 32));
        hashes.push(deposit(index).hash());
        tree.push(hashes[hashes.len() - 1]);
    }
}

#[test]
fn deposit_proofs_lead_to_the_root() {
    let mut tree = DepositTree::new();
    (0..13).for_each(|index| tree.push(deposit(index).hash()));
    for index in 0..13 {
        let siblings = tree.proof(index).expect("in the tree");
        assert_eq!(
            range_root(&[deposit(index).hash()], index, 1 << 32, &siblings),
            Ok(tree.root())
        );
    }
    assert!(tree.proof(13).is_err());
}

#[rstest]
#[case::cut_header(&[1, 0, 0], PackError::CutOff { offset: 0 })]
#[case::no_form(&[5, 0, 0, 0, 0, 0, 1], PackError::Form { offset: 0, form: 5 })]
#[case::cut_id(&[&[3, 0, 0, 0, 0, 0, 1][..], &[7; 31]].concat(), PackError::CutOff { offset: 0 })]
#[case::leading_zero_of_id(&[&[4, 0, 0, 0, 0, 0, 1][..], &[7; 20], &[2, 0, 1]].concat(), PackError::NotMinimal { offset: 7 })]
#[case::empty(&[2, 0, 0, 0, 0, 0, 0], PackError::Empty { offset: 0 })]
#[case::cut_item(&[2, 0, 0, 0, 0, 0, 1, 9], PackError::CutOff { offset: 7 })]
#[case::leading_zero(&[&[2, 0, 0, 0, 0, 0, 1][..], &[7; 20], &[2, 0, 1]].concat(), PackError::NotMinimal { offset: 7 })]
#[case::too_long(&[&[2, 0, 0, 0, 0, 0, 1][..], &[7; 20], &[33], &[1; 33]].concat(), PackError::NotMinimal { offset: 7 })]
#[case::overflow(&[&[1, 0, 0, 0, 0, 0, 2][..], &[255; 32], &[7; 40]].concat(), PackError::Overflow { offset: 0 })]
#[case::trailing(&[&[1, 0, 0, 0, 0, 0, 1][..], &[0; 32], &[7; 20], &[1]].concat(), PackError::CutOff { offset: 59 })]
fn malformed_packing_is_refused(#[case] packed: &[u8], #[case] expected: PackError) {
    assert_eq!(unpack(packed, 0), Err(expected));
}

#[test]
fn indices_over_32_bits_are_refused() {
    let two: Vec<ExitLeaf> = leaves(2);
    assert_eq!(unpack(&pack(&two), u32::MAX), Err(PackError::TooMany));
}

#[test]
fn a_long_run_of_ids_costs_20_bytes_each() {
    let run: Vec<ExitLeaf> = (5..70_005)
        .map(|index| ExitLeaf { asset: 1, id: U256::from(index), value: U256::ONE, ..leaf(index) })
        .collect();
    let packed = pack(&run);
    assert_eq!(packed.len(), 2 * 39 + 20 * run.len(), "two segments, since a count has 16 bits");
    assert_eq!(unpack(&packed, 5).expect("own packing"), run);
}

prop_compose! {
    fn any_leaves()(
        start in 0..1_000_u32,
        parts in prop::collection::vec((0..3_u32, any::<[u8; 32]>(), 0..256_usize, 1..60_usize, 0..4_u8), 0..8),
    ) -> Vec<ExitLeaf> {
        let mut made = Vec::new();
        for (asset, noise, shift, count, shape) in parts {
            for i in 0..count {
                let index = start + u32::try_from(made.len()).expect("few");
                let noisy = U256::from_be_bytes(noise) >> shift;
                let (id, value) = match shape {
                    0 => (U256::ZERO, noisy.wrapping_add(U256::from(i))),
                    1 => (noisy.wrapping_add(U256::from(i)), U256::ONE),
                    2 => (noisy.wrapping_add(U256::from(i * i)), U256::ONE),
                    _ => (noisy.wrapping_add(U256::from(i / 7)), U256::from(i)),
                };
                made.push(ExitLeaf { index, asset, recipient: Address::from_word(keccak256(noise)), id, value });
            }
        }
        made
    }
}

proptest! {
    #[test]
    fn packing_returns_the_same_leaves(leaves in any_leaves()) {
        let start = leaves.first().map_or(0, |leaf| leaf.index);
        prop_assert_eq!(unpack(&pack(&leaves), start), Ok(leaves));
    }

    #[test]
    fn unpacking_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = unpack(&bytes, 0);
    }

    #[test]
    fn only_the_true_leaf_verifies(count in 1..70_u32, pick in any::<prop::sample::Index>(), change in 0..6_u8) {
        let all = leaves(count);
        let tree = ExitTree::new(&all);
        let mut leaf = all[pick.index(all.len())];
        let mut proof = tree.proof(leaf.index.into()).expect("in the tree");
        prop_assert!(verify(tree.root(), tree.depth(), &leaf, &proof));
        match change {
            0 => leaf.index ^= 1,
            1 => leaf.asset += 1,
            2 => leaf.value = leaf.value.wrapping_add(U256::ONE),
            3 => proof.push(B256::ZERO),
            4 => leaf.id = leaf.id.wrapping_add(U256::ONE),
            _ => leaf.recipient = Address::ZERO,
        }
        prop_assert!(!verify(tree.root(), tree.depth(), &leaf, &proof));
    }

    #[test]
    fn only_the_true_range_has_the_root(
        count in 2..70_u32,
        (a, b) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        change in 0..4_u8,
    ) {
        let hashes: Vec<B256> = leaves(count).iter().map(ExitLeaf::hash).collect();
        let tree = ExitTree::from_hashes(hashes.clone());
        let (a, b) = (a.index(hashes.len()), b.index(hashes.len()));
        let (start, end) = (a.min(b), a.max(b) + 1);
        let mut siblings = tree.range_proof(start as u64, (end - start) as u64).expect("in range");
        let mut range = hashes[start..end].to_vec();
        let mut at = start as u64;
        match change {
            0 => at = if at == 0 { 1 } else { at - 1 },
            1 => siblings.push(B256::ZERO),
            2 => { siblings.pop(); if siblings.is_empty() { range[0].0[0] ^= 1; } },
            _ => { range.pop(); },
        }
        prop_assert_ne!(range_root(&range, at, count.into(), &siblings), Ok(tree.root()));
    }
}
