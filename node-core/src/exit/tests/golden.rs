use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{
    EMPTY_ROOT_HASH, HashBuilder, KECCAK_EMPTY, Nibbles, TrieAccount, proof::ProofRetainer,
};
use serde_json::{Value, json};

use super::*;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/exit/golden/vectors.json");

/// `BLESS=1 cargo test -p node-core` writes the file anew; a changed file is a changed format.
#[test]
fn vectors_are_what_these_types_give() {
    let vectors = json!({ "trees": trees(), "deposits": deposits(), "seal": seal() });
    let expected = serde_json::to_string_pretty(&vectors).expect("json") + "\n";
    if option_env!("BLESS").is_some() {
        std::fs::write(PATH, &expected).expect("the golden folder is there");
    }
    let found = std::fs::read_to_string(PATH).expect("the vectors are checked in");
    assert!(found == expected, "{PATH} is out of date; the contracts' tests read it");
}

fn trees() -> Value {
    [0, 1, 2, 3, 5, 8, 13].into_iter().map(tree).collect()
}

fn tree(count: u32) -> Value {
    let all = leaves(count);
    let tree = ExitTree::new(&all);
    let hashes: Vec<B256> = all.iter().map(ExitLeaf::hash).collect();
    json!({
        "leafCount": count,
        "depth": tree.depth(),
        "root": tree.root(),
        "leaves": all,
        "hashes": hashes,
        "proofs": all.iter().map(|leaf| tree.proof(leaf.index.into()).expect("in the tree")).collect::<Vec<_>>(),
        "ranges": ranges(&all, &tree),
    })
}

fn ranges(all: &[ExitLeaf], tree: &ExitTree) -> Value {
    let whole = (0, all.len());
    let cases = [
        whole,
        (1, all.len()),
        (all.len() / 3, all.len() / 2 + 1),
        (all.len().saturating_sub(1), all.len()),
    ];
    let proved = cases.into_iter().filter(|(start, end)| start < end && *end <= all.len());
    proved
        .map(|(start, end)| {
            json!({
                "start": start,
                "count": end - start,
                "packed": Bytes::from(pack(&all[start..end])),
                "siblings": tree.range_proof(start as u64, (end - start) as u64).expect("in range"),
            })
        })
        .collect()
}

fn deposits() -> Value {
    let mut tree = DepositTree::new();
    let mut roots = vec![tree.root()];
    let all: Vec<DepositLeaf> = (0..9).map(deposit).collect();
    for leaf in &all {
        tree.push(leaf.hash());
        roots.push(tree.root());
    }
    json!({
        "leaves": all,
        "hashes": all.iter().map(DepositLeaf::hash).collect::<Vec<_>>(),
        "rootAfter": roots,
        "proofOf5": tree.proof(5).expect("in the tree"),
    })
}

/// A sealed layer: its asset list, its output, and the proof of the seal in a state of 200 accounts.
fn seal() -> Value {
    let assets = [
        Asset {
            decimals: 18,
            total: U256::from(3_000_000_000_000_000_000_u64),
            ..Asset::default()
        },
        Asset {
            kind: KIND_TWIN721,
            l2: Address::repeat_byte(0x11),
            name: "Café du Monde".into(),
            symbol: "CAFÉ".into(),
            total: U256::from(10),
            ..Asset::default()
        },
        Asset { kind: KIND_TWIN721, l2: Address::repeat_byte(0x22), ..Asset::default() },
    ];
    let tree = ExitTree::new(&leaves(13));
    let output = SealedOutput {
        exit_root: tree.root(),
        leaf_count: 13,
        depth: tree.depth(),
        deposit_count: 2,
        assets_hash: assets_hash(&assets),
    };
    let (storage_root, storage_proof) = storage(output.hash());
    let (state_root, account_proof) = state(storage_root);
    json!({
        "assets": assets.each_ref().map(|a| json!({
            "kind": a.kind, "l2": a.l2, "decimals": a.decimals,
            "name": a.name, "symbol": a.symbol, "total": a.total,
        })),
        "output": output,
        "sealHash": output.hash(),
        "stateRoot": state_root,
        "accountProof": account_proof,
        "storageProof": storage_proof,
    })
}

fn storage(seal_hash: B256) -> (B256, Vec<Bytes>) {
    let slots = (0..40_u64).map(|slot| {
        let value =
            if slot == 0 { U256::from_be_bytes(seal_hash.0) } else { U256::from(slot) << slot };
        (keccak256(B256::from(U256::from(slot))), alloy_rlp::encode(value))
    });
    prove(slots.collect(), keccak256(B256::from(SLOT_SEAL_HASH)))
}

fn state(sealer_storage: B256) -> (B256, Vec<Bytes>) {
    let account = |storage_root, nonce| TrieAccount {
        nonce,
        balance: U256::from(nonce) << 64,
        storage_root,
        code_hash: KECCAK_EMPTY,
    };
    let mut accounts: Vec<(B256, Vec<u8>)> = (0..200_u64)
        .map(|i| {
            (
                keccak256(Address::left_padding_from(&i.to_be_bytes())),
                alloy_rlp::encode(account(EMPTY_ROOT_HASH, i)),
            )
        })
        .collect();
    accounts.push((keccak256(EXIT_SEALER), alloy_rlp::encode(account(sealer_storage, 1))));
    prove(accounts, keccak256(EXIT_SEALER))
}

/// Root of the trie of `entries`, and the proof of `key` in it, by alloy's implementation.
fn prove(mut entries: Vec<(B256, Vec<u8>)>, key: B256) -> (B256, Vec<Bytes>) {
    entries.sort();
    let target = Nibbles::unpack(key);
    let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![target]));
    for (key, value) in &entries {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes().matching_nodes_sorted(&target);
    (root, nodes.into_iter().map(|(_, node)| node).collect())
}
