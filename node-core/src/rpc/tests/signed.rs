use alloy_primitives::{Address, B256, Bytes, Signature, U64, keccak256};
use futures::executor::block_on;
use serde_json::{Value, from_value, json};

use super::kit::{Chain, LOGGER, account, call, transfer};
use crate::{
    chain::{SoftReceipt, Word},
    codec::record::{Record, Witness},
    rpc::Node,
};

fn number(value: &Value) -> u64 {
    from_value::<U64>(value.clone()).expect("a quantity").to()
}

fn hash(value: &Value) -> B256 {
    from_value(value.clone()).expect("a hash")
}

/// Who signed `word` for the node's layer.
fn signer(node: &Node, word: &Word, answer: &Value) -> Address {
    let signature: Bytes = from_value(answer["signature"].clone()).expect("bytes");
    let signature = Signature::from_raw(&signature).expect("65 bytes");
    assert_eq!(answer["signer"], json!(account(1)));
    signature.recover_address_from_prehash(&word.digest(&node.config.l1)).expect("a signature")
}

fn word(answer: &Value) -> SoftReceipt {
    SoftReceipt {
        layer_config: hash(&answer["layerConfig"]),
        block_number: number(&answer["blockNumber"]),
        tx_index: u32::try_from(number(&answer["txIndex"])).expect("few"),
        tx_hash: hash(&answer["txHash"]),
        unit_post: hash(&answer["unitPost"]),
        issued_at_s: number(&answer["issuedAt"]),
    }
}

#[test]
fn a_soft_receipt_is_bit_for_bit_what_is_sealed() {
    let chain = Chain::layer();
    let sent = [chain.send(&transfer(0, 0)), chain.send(&call(1, 0, LOGGER, B256::repeat_byte(9)))];
    assert_eq!(chain.ask("mayfly_getSoftReceipt", json!([sent[0]])), Value::Null, "waits");
    chain.commit();
    let mut receipts = Vec::new();
    for (index, sent) in (0..).zip(sent) {
        let answer = chain.ask("mayfly_getSoftReceipt", json!([sent]));
        let word = word(&answer);
        let place = (word.tx_hash, word.block_number, word.tx_index);
        assert_eq!(place, (sent, 1, index));
        assert_eq!(word.issued_at_s, chain.now_ms() / 1000);
        assert_eq!(signer(&chain.node, &Word::SoftReceipt(word), &answer), account(1));
        let other = SoftReceipt { unit_post: B256::ZERO, ..word };
        assert_ne!(signer(&chain.node, &Word::SoftReceipt(other), &answer), account(1));
        let receipt: Bytes = from_value(answer["receipt"].clone()).expect("bytes");
        assert_eq!(keccak256(&receipt), word.unit_post);
        receipts.push(receipt);
    }
    let root = alloy_trie::root::ordered_trie_root_encoded(&receipts);
    assert_eq!(root, chain.committed(1).header.receipts_root);
}

#[test]
fn a_block_seal_is_the_word_for_one_header() {
    let chain = Chain::layer();
    chain.include(&transfer(0, 0));
    for tag in ["0x0", "0x1", "latest"] {
        let answer = chain.ask("mayfly_getBlockSeal", json!([tag]));
        let block = chain.committed(number(&answer["number"]));
        assert_eq!(hash(&answer["hash"]), block.header.hash(), "{tag}");
        let word = Word::BlockSeal { number: block.header.number, hash: block.header.hash() };
        assert_eq!(signer(&chain.node, &word, &answer), account(1), "{tag}");
    }
    assert_eq!(chain.ask("mayfly_getBlockSeal", json!(["0x2"])), Value::Null);
    assert_eq!(chain.ask("mayfly_getSoftReceipt", json!([B256::ZERO])), Value::Null);
}

#[test]
fn a_node_without_a_key_says_so() {
    let mut chain = Chain::layer();
    let sent = chain.include(&transfer(0, 0));
    chain.node.signer = None;
    for (method, of) in
        [("mayfly_getSoftReceipt", json!([sent])), ("mayfly_getBlockSeal", json!(["0x1"]))]
    {
        let error = chain.fail(method, of);
        assert_eq!(error["code"], json!(-32000), "{method}: {error}");
    }
}

#[test]
fn a_witness_is_answered_as_its_frame() {
    let chain = Chain::layer();
    chain.include(&transfer(0, 0));
    let answer: Bytes = from_value(chain.ask("mayfly_getWitness", json!(["0x1"]))).expect("bytes");
    let witness = Witness::from_frame(&answer).expect("a witness");
    assert_eq!(witness.block, chain.committed(1).record.block);
    let (replica, rules) = (&chain.node.replica, &chain.node.rules);
    let made = block_on(crate::flow::attest::of_block(replica, rules, 1)).expect("memory");
    assert_eq!(Some(witness), made);
    assert_eq!(chain.ask("mayfly_getWitness", json!(["0x0"])), Value::Null);
    assert_eq!(chain.ask("mayfly_getWitness", json!(["0x2"])), Value::Null);
}
