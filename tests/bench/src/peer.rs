use alloy_primitives::B256;
use alloy_trie::HashBuilder;
use node_core::{state::Account, trie::Value};

/// Root of these accounts, in order of their keys, as alloy-trie computes it.
pub fn hash_builder_root(leaves: &[(B256, Account)]) -> B256 {
    let mut builder: HashBuilder = HashBuilder::default();
    let mut value = Vec::new();
    for (key, account) in leaves {
        value.clear();
        account.encode(&mut value);
        builder.add_leaf(alloy_trie::Nibbles::unpack(key), &value);
    }
    builder.root()
}
