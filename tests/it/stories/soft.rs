use alloy::{
    consensus::proofs::ordered_trie_root_encoded,
    primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256},
};
use mayfly_l1::{HttpL1, Node};
use node_core::chain::{Finality, L1Binding, SoftReceipt, Word};
use serde_json::{Value, json};

use crate::{
    anvil::{act, contract, number, person},
    mayfly::Up,
};

/// What the sequencer signs for each transaction is, bit for bit, what the receipts root of its block commits to, and
/// carries the signature of the key that the L1 knows. So does its word for each block.
#[tokio::test(flavor = "multi_thread")]
async fn soft_receipts_are_bit_for_bit_what_is_sealed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let up = Up::start(dir.path(), &["--chain-id", "4714"]);
    for i in 1..4 {
        let to = TxKind::Call(Address::repeat_byte(0xbb));
        act(&up, &person(i), to, U256::ONE, Bytes::new());
    }
    let l1 = up.ready["l1"]["rpcUrl"].as_str().expect("a URL");
    let node = Node::connect(l1).await.expect("it answers");
    let l1 = HttpL1::find(node, contract(&up), 0, Finality::Depth(0)).await.expect("it was opened");
    let signer = l1.config().sequencer;

    let head = number(&up.rpc().call("eth_blockNumber", &json!([])));
    let mut signed = 0;
    for block in 1..=head {
        let tag = format!("{block:#x}");
        let block = up.rpc().call("eth_getBlockByNumber", &json!([tag, false]));
        let hashes = block["transactions"].as_array().expect("hashes");
        let receipts: Vec<Bytes> =
            hashes.iter().map(|hash| soft_receipt(&up, hash, l1.binding(), signer)).collect();
        let root = ordered_trie_root_encoded(&receipts);
        assert_eq!(json!(root), block["receiptsRoot"], "{block}");
        signed += receipts.len();
        let seal = up.rpc().call("mayfly_getBlockSeal", &json!([tag]));
        assert_eq!((&seal["hash"], &seal["number"]), (&block["hash"], &block["number"]));
        let (number, hash) = (number(&seal["number"]), word(&seal["hash"]));
        assert_eq!(signer_of(&seal, &Word::BlockSeal { number, hash }, l1.binding()), signer);
    }
    assert!(signed >= 14, "ten deposits, a ticket contract, three transfers: {signed}");
}

/// Returns the receipt that the sequencer has signed for a transaction.
fn soft_receipt(up: &Up, hash: &Value, l1: &L1Binding, signer: Address) -> Bytes {
    let soft = up.rpc().call("mayfly_getSoftReceipt", &json!([hash]));
    let sealed = up.rpc().call("eth_getTransactionReceipt", &json!([hash]));
    assert_eq!(&soft["txHash"], hash);
    assert_eq!(soft["blockNumber"], sealed["blockNumber"]);
    assert_eq!(soft["txIndex"], sealed["transactionIndex"]);
    assert_eq!(word(&soft["layerConfig"]), l1.config_hash);
    let receipt: Bytes = serde_json::from_value(soft["receipt"].clone()).expect("bytes");
    let said = SoftReceipt {
        layer_config: l1.config_hash,
        block_number: number(&soft["blockNumber"]),
        tx_index: u32::try_from(number(&soft["txIndex"])).expect("32 bits"),
        tx_hash: word(hash),
        unit_post: keccak256(&receipt),
        issued_at_s: number(&soft["issuedAt"]),
    };
    assert_eq!(word(&soft["unitPost"]), said.unit_post);
    assert_eq!(signer_of(&soft, &Word::SoftReceipt(said), l1), signer);
    receipt
}

fn signer_of(answer: &Value, said: &Word, l1: &L1Binding) -> Address {
    let signature: Bytes = serde_json::from_value(answer["signature"].clone()).expect("bytes");
    let signature = Signature::from_raw(&signature).expect("65 bytes");
    signature.recover_address_from_prehash(&said.digest(l1)).expect("a signature")
}

fn word(value: &Value) -> B256 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("a hash: {value}"))
}
