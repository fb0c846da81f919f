//! EIP-1186 proofs, checked without a trie at hand.

use alloy_primitives::{B256, Bytes};

use super::{ProofError, Trie};

/// Returns what `key` holds in the trie with this root, `None` when it is proven absent.
///
/// The same structure as everything else: a trie of which only the root is known, with the proof
/// revealed in it.
///
/// # Errors
/// [`ProofError`] unless the proof is the exact list of nodes from the root to the key's end.
pub fn verify_proof(root: B256, key: &[u8], proof: &[Bytes]) -> Result<Option<Bytes>, ProofError> {
    let mut trie = Trie::<Bytes>::from_root(root);
    trie.reveal_path(key, proof)?;
    Ok(trie.get(key)?.cloned())
}
