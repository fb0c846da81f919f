use alloy_primitives::{Address, B256, U256, keccak256};
use serde_json::{Value, json};

use super::kit::{
    CHAIN_ID, Chain, LOGGER, MANY, STORE, account, call, create, deposit, legacy, transfer,
};

/// Blocks 1 to 3 with one transfer each.
fn three_blocks() -> Chain {
    let chain = Chain::layer();
    (0..3).for_each(|nonce| {
        chain.include(&transfer(0, nonce));
    });
    chain
}

fn receiver() -> Address {
    Address::repeat_byte(9)
}

fn bytes(value: &Value) -> Vec<u8> {
    alloy_primitives::hex::decode(value.as_str().expect("a string")).expect("hex")
}

#[test]
fn a_state_is_read_at_every_block_by_every_name() {
    let chain = three_blocks();
    chain.node.tags.raise_safe(2);
    chain.node.tags.raise_finalized(1);
    let hash = chain.ask("eth_getBlockByNumber", json!(["0x2"]))["hash"].clone();
    let names = [
        (json!("earliest"), "0x0"),
        (json!("latest"), "0x3"),
        (json!("pending"), "0x3"),
        (json!("safe"), "0x2"),
        (json!("finalized"), "0x1"),
        (json!("0x1"), "0x1"),
        (hash.clone(), "0x2"),
        (json!({ "blockHash": hash }), "0x2"),
        (json!({ "blockHash": hash, "requireCanonical": true }), "0x2"),
        (json!({ "blockNumber": "0x3" }), "0x3"),
    ];
    for (name, balance) in names {
        assert_eq!(chain.ask("eth_getBalance", json!([receiver(), name])), balance, "{name}");
        let nonce = chain.ask("eth_getTransactionCount", json!([account(0), name]));
        assert_eq!(nonce, balance, "each block has one transfer: {name}");
    }
    assert_eq!(chain.ask("eth_getBalance", json!([receiver()])), "0x3");
}

#[test]
fn tags_start_at_block_0_and_never_go_back() {
    let chain = three_blocks();
    let number = |tag: &str| chain.ask("eth_getBlockByNumber", json!([tag]))["number"].clone();
    assert_eq!((number("safe"), number("finalized")), (json!("0x0"), json!("0x0")));
    chain.node.tags.raise_finalized(2);
    chain.node.tags.raise_finalized(1);
    chain.node.tags.raise_safe(1);
    assert_eq!((number("safe"), number("finalized")), (json!("0x2"), json!("0x2")));
    chain.node.tags.raise_finalized(100);
    assert_eq!(number("finalized"), "0x3", "no tag is above the newest block");
}

#[test]
fn on_the_l1_in_this_process_every_block_is_final() {
    let chain = Chain::ethereum();
    assert_eq!((chain.node.tags.safe(7), chain.node.tags.finalized(7)), (7, 7));
}

#[test]
fn a_block_that_is_not_there_is_null_and_its_state_an_error() {
    let chain = Chain::layer();
    let nowhere = B256::repeat_byte(1);
    assert_eq!(chain.ask("eth_getBlockByNumber", json!(["0x9", false])), json!(null));
    assert_eq!(chain.ask("eth_getBlockByHash", json!([nowhere, true])), json!(null));
    assert_eq!(chain.ask("eth_getBlockReceipts", json!(["0x9"])), json!(null));
    assert_eq!(chain.ask("eth_getBlockTransactionCountByHash", json!([nowhere])), json!(null));
    assert_eq!(chain.ask("eth_getTransactionByHash", json!([nowhere])), json!(null));
    assert_eq!(chain.ask("eth_getTransactionReceipt", json!([nowhere])), json!(null));
    let error = chain.fail("eth_getBalance", json!([receiver(), "0x9"]));
    assert_eq!(error, json!({ "code": -32000, "message": "header not found" }));
}

#[test]
fn a_block_shows_its_header_and_hashes_or_transactions() {
    let chain = three_blocks();
    let block = chain.ask("eth_getBlockByNumber", json!(["0x2", false]));
    let header = chain.committed(2).header.clone();
    assert_eq!(block["hash"], json!(header.hash()));
    assert_eq!(block["stateRoot"], json!(header.state_root));
    assert_eq!(block["transactions"], json!([transfer(0, 1).hash()]));
    assert_eq!((&block["uncles"], &block["withdrawals"]), (&json!([]), &json!([])));
    let full = chain.ask("eth_getBlockByHash", json!([header.hash(), true]));
    let tx = &full["transactions"][0];
    assert_eq!(tx["hash"], json!(transfer(0, 1).hash()));
    assert_eq!(tx, &chain.ask("eth_getTransactionByHash", json!([tx["hash"]])));
    assert_eq!(
        tx,
        &chain.ask("eth_getTransactionByBlockHashAndIndex", json!([header.hash(), "0x0"]))
    );
    assert_eq!(tx, &chain.ask("eth_getTransactionByBlockNumberAndIndex", json!(["0x2", "0x0"])));
    let beyond = chain.ask("eth_getTransactionByBlockNumberAndIndex", json!(["0x2", "0x1"]));
    assert_eq!(beyond, json!(null));
    assert_eq!(chain.ask("eth_getBlockTransactionCountByNumber", json!(["0x2"])), "0x1");
    assert_eq!(chain.ask("eth_getUncleCountByBlockNumber", json!(["0x2"])), "0x0");
    assert_eq!(chain.ask("eth_getUncleCountByBlockHash", json!([header.hash()])), "0x0");
    assert_eq!(chain.ask("eth_blockNumber", json!([])), "0x3");
}

/// The size is that of the block as Ethereum encodes it, made here by alloy.
#[test]
fn the_size_of_a_block_is_that_of_ethereums_encoding() {
    let chain = three_blocks();
    let block = chain.committed(2).record.block.clone();
    let body = alloy_consensus::BlockBody {
        transactions: block.transactions.clone(),
        ommers: Vec::<alloy_consensus::Header>::new(),
        withdrawals: Some(Default::default()),
    };
    let size = alloy_rlp::encode(alloy_consensus::Block::new(block.header, body)).len();
    assert_eq!(chain.ask("eth_getBlockByNumber", json!(["0x2"]))["size"], format!("{size:#x}"));
}

#[test]
fn a_fee_market_transaction_looks_as_in_ethereum() {
    let chain = Chain::layer();
    let hash = chain.include(&transfer(0, 0));
    let tx = chain.ask("eth_getTransactionByHash", json!([hash]));
    assert_eq!((&tx["type"], &tx["chainId"]), (&json!("0x2"), &json!(format!("{CHAIN_ID:#x}"))));
    assert_eq!((&tx["from"], &tx["to"]), (&json!(account(0)), &json!(receiver())));
    assert_eq!((&tx["blockNumber"], &tx["transactionIndex"]), (&json!("0x1"), &json!("0x0")));
    assert_eq!(
        (&tx["nonce"], &tx["value"], &tx["gas"]),
        (&json!("0x0"), &json!("0x1"), &json!("0x5208"))
    );
    assert_eq!((&tx["maxFeePerGas"], &tx["maxPriorityFeePerGas"]), (&json!("0xa"), &json!("0x2")));
    assert_eq!(tx["gasPrice"], "0x5", "base fee 3 and tip 2");
    assert!(tx["r"].is_string() && tx["s"].is_string() && tx["yParity"].is_string());
}

#[test]
fn a_legacy_transaction_looks_as_in_ethereum() {
    let chain = Chain::layer();
    let hash = chain.include(&legacy(0, 0));
    let tx = chain.ask("eth_getTransactionByHash", json!([hash]));
    assert_eq!((&tx["type"], &tx["gasPrice"]), (&json!("0x0"), &json!("0x5")));
    assert!(tx.get("maxFeePerGas").is_none());
    let v = U256::from_be_slice(&bytes(&json!(format!(
        "0x{:0>8}",
        &tx["v"].as_str().expect("hex")[2..]
    ))));
    assert!(v == U256::from(CHAIN_ID * 2 + 35) || v == U256::from(CHAIN_ID * 2 + 36));
    let receipt = chain.ask("eth_getTransactionReceipt", json!([hash]));
    assert_eq!((&receipt["type"], &receipt["effectiveGasPrice"]), (&json!("0x0"), &json!("0x5")));
}

#[test]
fn a_deposit_looks_as_on_the_op_stack() {
    let chain = Chain::layer();
    let tx = deposit(0, account(7));
    chain.force(&tx, 1);
    chain.commit();
    let view = chain.ask("eth_getTransactionByHash", json!([tx.hash()]));
    let source = tx.as_deposit().expect("a deposit").source_hash;
    assert_eq!((&view["type"], &view["sourceHash"]), (&json!("0x7e"), &json!(source)));
    assert_eq!((&view["mint"], &view["nonce"]), (&json!("0xde0b6b3a7640000"), &json!("0x0")));
    assert_eq!((&view["gasPrice"], &view["r"]), (&json!("0x0"), &json!("0x0")));
    assert_eq!((&view["from"], &view["to"]), (&json!(account(7)), &json!(account(7))));
    let receipt = chain.ask("eth_getTransactionReceipt", json!([tx.hash()]));
    assert_eq!((&receipt["type"], &receipt["status"]), (&json!("0x7e"), &json!("0x1")));
    assert_eq!(
        (&receipt["depositNonce"], &receipt["effectiveGasPrice"]),
        (&json!("0x0"), &json!("0x0"))
    );
}

#[test]
fn deposits_of_one_sender_have_the_nonces_of_its_account() {
    let chain = Chain::layer();
    let (first, second) = (deposit(0, account(7)), deposit(1, account(7)));
    chain.force(&first, 1);
    chain.force(&second, 2);
    chain.commit();
    let third = deposit(2, account(7));
    chain.force(&third, 3);
    chain.commit();
    for (tx, nonce) in [(first, "0x0"), (second, "0x1"), (third, "0x2")] {
        let view = chain.ask("eth_getTransactionByHash", json!([tx.hash()]));
        assert_eq!(view["nonce"], nonce);
    }
    assert_eq!(chain.ask("eth_getTransactionCount", json!([account(7)])), "0x3");
}

#[test]
fn receipts_of_a_block_count_gas_and_logs_up() {
    let chain = Chain::layer();
    let sent = [
        call(0, 0, MANY, B256::with_last_byte(2)),
        transfer(1, 0),
        create(2, 0),
        call(0, 1, LOGGER, B256::repeat_byte(5)),
    ];
    sent.iter().for_each(|tx| {
        chain.send(tx);
    });
    chain.commit();
    let receipts = chain.ask("eth_getBlockReceipts", json!(["latest"]));
    let receipts = receipts.as_array().expect("a list");
    assert_eq!(receipts.len(), 4);
    for (tx, receipt) in sent.iter().zip(receipts) {
        assert_eq!(receipt, &chain.ask("eth_getTransactionReceipt", json!([tx.hash()])));
        assert_eq!(receipt["status"], "0x1");
    }
    assert_eq!(receipts[1]["gasUsed"], "0x5208");
    assert_eq!(
        (&receipts[1]["to"], &receipts[1]["contractAddress"]),
        (&json!(receiver()), &json!(null))
    );
    assert_eq!(receipts[2]["to"], json!(null));
    assert_eq!(receipts[2]["contractAddress"], json!(account(2).create(0)));
    assert_eq!(receipts[0]["logs"][1]["logIndex"], "0x1");
    let log = &receipts[3]["logs"][0];
    assert_eq!((&log["logIndex"], &log["transactionIndex"]), (&json!("0x2"), &json!("0x3")));
    assert_eq!(log["topics"], json!([B256::repeat_byte(5)]));
    let gas = |receipt: &Value, field: &str| {
        u64::from_str_radix(&receipt[field].as_str().expect("hex")[2..], 16).expect("hex")
    };
    let sum: u64 = receipts.iter().map(|receipt| gas(receipt, "gasUsed")).sum();
    assert_eq!(sum, gas(&receipts[3], "cumulativeGasUsed"));
}

#[test]
fn code_and_storage_are_read_at_their_block() {
    let chain = Chain::layer();
    chain.include(&call(0, 0, STORE, B256::with_last_byte(7)));
    assert_eq!(chain.ask("eth_getCode", json!([STORE])), "0x5f355f5500");
    assert_eq!(chain.ask("eth_getCode", json!([receiver()])), "0x");
    let slot = |key: &str, at: &str| chain.ask("eth_getStorageAt", json!([STORE, key, at]));
    assert_eq!(slot("0x0", "latest"), json!(B256::with_last_byte(7)));
    assert_eq!(slot(&B256::ZERO.to_string(), "0x1"), json!(B256::with_last_byte(7)));
    assert_eq!(slot("0x0", "earliest"), json!(B256::ZERO));
}

#[test]
fn a_proof_starts_at_the_roots_and_names_slots_as_asked() {
    let chain = Chain::layer();
    chain.include(&call(0, 0, STORE, B256::with_last_byte(7)));
    let proof =
        chain.ask("eth_getProof", json!([STORE, ["0x0", B256::with_last_byte(1)], "latest"]));
    let root = chain.node.replica.head().header.state_root;
    assert_eq!(keccak256(bytes(&proof["accountProof"][0])), root);
    let slots = &proof["storageProof"];
    assert_eq!((&slots[0]["key"], &slots[0]["value"]), (&json!("0x0"), &json!("0x7")));
    assert_eq!(
        (&slots[1]["key"], &slots[1]["value"]),
        (&json!(B256::with_last_byte(1)), &json!("0x0"))
    );
    assert_eq!(json!(keccak256(bytes(&slots[0]["proof"][0]))), proof["storageHash"]);
    assert_eq!(proof["nonce"], "0x1");
    let absent = chain.ask("eth_getProof", json!([receiver(), [], "earliest"]));
    assert_eq!((&absent["balance"], &absent["nonce"]), (&json!("0x0"), &json!("0x0")));
    let many = vec!["0x0"; 1_025];
    assert_eq!(chain.fail("eth_getProof", json!([STORE, many, "latest"]))["code"], -32005);
}

#[test]
fn a_free_layer_suggests_no_tip_and_its_own_base_fee() {
    let chain = three_blocks();
    assert_eq!(chain.ask("eth_maxPriorityFeePerGas", json!([])), "0x0");
    assert_eq!(chain.ask("eth_gasPrice", json!([])), "0x3");
    assert_eq!(chain.ask("eth_blobBaseFee", json!([])), "0x1");
    let ethereum = Chain::ethereum();
    assert_eq!(ethereum.ask("eth_maxPriorityFeePerGas", json!([])), "0x3b9aca00");
}

#[test]
fn fee_history_has_one_base_fee_more_than_blocks() {
    let chain = three_blocks();
    let history = chain.ask("eth_feeHistory", json!(["0x2", "latest", [0, 50, 100]]));
    assert_eq!(history["oldestBlock"], "0x2");
    assert_eq!(history["baseFeePerGas"], json!(["0x3", "0x3", "0x3"]));
    assert_eq!(history["gasUsedRatio"], json!([0.0007, 0.0007]));
    assert_eq!(history["reward"], json!([["0x2", "0x2", "0x2"], ["0x2", "0x2", "0x2"]]));
    assert_eq!(history["baseFeePerBlobGas"].as_array().map(Vec::len), Some(3));
    let all = chain.ask("eth_feeHistory", json!([100, "latest"]));
    assert_eq!((&all["oldestBlock"], all.get("reward")), (&json!("0x0"), None));
    assert_eq!(all["gasUsedRatio"].as_array().map(Vec::len), Some(4));
    for bad in [json!([50, 10]), json!([-1]), json!([101])] {
        assert_eq!(chain.fail("eth_feeHistory", json!(["0x1", "latest", bad]))["code"], -32602);
    }
}
