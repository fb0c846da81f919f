use alloy_primitives::{Address, B256, Bytes, keccak256};
use node_core::{
    state::{Account, AccountInfo, AccountProof, NodeSet, Slot},
    trie::{EMPTY_ROOT, Trie, Value, verify_proof},
};

use crate::first;

/// Most nodes that are tried; a proof of the state has about ten.
const MOST_NODES: usize = 24;

/// Byte before a hash in a node.
const HASH_CODE: u8 = 0xa0;

/// Any bytes as the nodes of a trie, wired up by their hashes.
///
/// # Panics
/// When the whole proof and the sum of its nodes say different things, or something that is revealed
/// changes the root.
pub fn proofs(data: &[u8]) {
    let Some((length, data)) = first(data) else { return };
    let length = usize::from(length % 40);
    let Some((key, data)) = data.split_at_checked(length) else { return };
    let nodes = linked(split(data));
    let root = nodes.first().map_or(EMPTY_ROOT, keccak256);
    let proven = verify_proof(root, key, &nodes);
    let mut trie = Trie::<Bytes>::from_root(root);
    let revealed = trie.reveal(&nodes.iter().cloned().collect::<NodeSet>());
    if let (Ok(proven), Ok(_)) = (&proven, &revealed) {
        assert_eq!(trie.get(key).map(|found| found.cloned()).as_ref(), Ok(proven), "two answers");
        // That the empty trie is empty has two proofs.
        let again = trie.prove(key);
        assert!(root == EMPTY_ROOT || again.as_ref() == Ok(&nodes), "another proof: {again:?}");
    }
    exercise(trie, root, key);
    typed::<Account>(root, key, &nodes);
    typed::<Slot>(root, key, &nodes);
    let (info, storage_root) = (AccountInfo::default(), EMPTY_ROOT);
    let address = Address::right_padding_from(&key[..key.len().min(20)]);
    let proof = AccountProof {
        address,
        info,
        storage_root,
        account_proof: nodes,
        storage_proofs: Vec::new(),
    };
    let _ = proof.verify(root);
}

fn typed<V: Value>(root: B256, key: &[u8], nodes: &[Bytes]) {
    let mut trie = Trie::<V>::from_root(root);
    let _ = trie.reveal_path(key, nodes);
    assert_eq!(trie.root(), root, "revealing changed the root");
    let _ = trie.remove(key);
    let _ = trie.root();
}

/// Reads and changes a trie of which only parts are known.
fn exercise(mut trie: Trie<Bytes>, root: B256, key: &[u8]) {
    assert_eq!(trie.root(), root, "revealing changed the root");
    let leaves = trie.iter().filter(Result::is_ok).count();
    let _ = trie.prove(key);
    let before = trie.clone();
    let value = Bytes::from_static(b"a value of more than thirty-two bytes");
    if trie.insert(key, value.clone()).is_ok() {
        assert_eq!(trie.get(key), Ok(Some(&value)), "inserted");
        let _ = trie.root();
        if trie.remove(key).is_ok() {
            assert_eq!(trie.get(key), Ok(None), "removed");
        }
        let _ = trie.root();
    }
    let mut trie = before;
    if trie.remove(key).is_ok() {
        let left = trie.iter().filter(Result::is_ok).count();
        assert!(left <= leaves, "removing adds nothing");
    }
    let _ = trie.root();
}

/// Cuts the input into nodes: a length in one byte before each.
fn split(mut data: &[u8]) -> Vec<Vec<u8>> {
    let mut nodes = Vec::new();
    while let Some((length, rest)) = first(data)
        && nodes.len() < MOST_NODES
    {
        // Branches are longer than a byte says.
        let length = (3 * usize::from(length)).min(rest.len());
        let (node, rest) = rest.split_at(length);
        nodes.push(trimmed(node).to_vec());
        data = rest;
    }
    nodes
}

/// The one RLP list at the start of the bytes, or all of them.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    let Ok(header) = alloy_rlp::Header::decode(&mut rest) else { return bytes };
    let length = bytes.len() - rest.len() + header.payload_length;
    bytes.get(..length).unwrap_or(bytes)
}

/// Puts the hashes of later nodes where earlier ones have any hash: nobody finds a hash by trying.
fn linked(mut nodes: Vec<Vec<u8>>) -> Vec<Bytes> {
    let mut hashes: Vec<B256> = Vec::new();
    for node in nodes.iter_mut().rev() {
        let mut at = 0;
        while at + 32 < node.len() {
            if node[at] == HASH_CODE && !hashes.is_empty() {
                // 0 is the very next node.
                let back = usize::from(node[at + 1]) % hashes.len();
                let hash = hashes[hashes.len() - 1 - back];
                node[at + 1..at + 33].copy_from_slice(hash.as_slice());
                at += 32;
            }
            at += 1;
        }
        hashes.push(keccak256(&*node));
    }
    nodes.into_iter().map(Bytes::from).collect()
}
