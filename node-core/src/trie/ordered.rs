//! Roots of lists: transactions, receipts, withdrawals.

use alloy_primitives::B256;

use super::node::NodeRef;
use super::rlp::{self, BranchRefs};
use super::{EMPTY_ROOT, Nibbles};

/// Returns the root of the trie that maps RLP(index) to each item (Yellow Paper 4.4.1).
///
/// Items are encoded already, as EIP-2718 says. The trie itself is never built.
pub fn ordered_root<T: AsRef<[u8]>>(items: &[T]) -> B256 {
    let mut leaves: Vec<_> =
        items.iter().enumerate().map(|(index, item)| (path_of(index), item.as_ref())).collect();
    // RLP order is not index order: 0 is 0x80, after 1 to 127.
    leaves.sort_unstable_by_key(|(path, _)| *path);
    let Some(reference) = subtree(&leaves, 0) else { return EMPTY_ROOT };
    let mut encoding = Vec::new();
    reference.as_hash().unwrap_or_else(|| {
        reference.encode(&mut encoding);
        alloy_primitives::keccak256(&encoding)
    })
}

fn path_of(index: usize) -> Nibbles {
    Nibbles::from_key(&alloy_rlp::encode_fixed_size(&index))
        .expect("an encoded index has at most 9 bytes")
}

/// The reference to the subtree at `depth` of leaves that share `depth` nibbles.
///
/// No RLP(index) is a prefix of another, so branches have no values.
fn subtree(leaves: &[(Nibbles, &[u8])], depth: usize) -> Option<NodeRef> {
    let mut out = Vec::new();
    match leaves {
        [] => return None,
        [(key, value)] => rlp::encode_leaf(key, depth, value, &mut out),
        [(first, _), .., (last, _)] => {
            let fork = first.common_prefix_len(last);
            rlp::encode_branch(&children(leaves, fork), &[], &mut out);
            if fork > depth {
                let branch = NodeRef::of(&out);
                out.clear();
                rlp::encode_extension(&first.slice(depth, fork), &branch, &mut out);
            }
        }
    }
    Some(NodeRef::of(&out))
}

fn children(leaves: &[(Nibbles, &[u8])], fork: usize) -> BranchRefs {
    let mut refs = [None; 16];
    for group in leaves.chunk_by(|a, b| a.0.at(fork) == b.0.at(fork)) {
        refs[usize::from(group[0].0.at(fork))] = subtree(group, fork + 1);
    }
    refs
}
