//! What the sequencer signs on request: that a transaction is in a block, and which block a number has.
//!
//! Only committed blocks are signed for, and a committed block stays, so no two signatures contradict each
//! other. Whoever is shown two that do takes them to the layer's contract on the L1.

use alloy_consensus::TxReceipt;
use alloy_eips::{BlockNumberOrTag, eip2718::Encodable2718};
use alloy_primitives::{Address, B256, Bytes, TxHash, keccak256};
use serde::Serialize;

use super::{
    Node, RpcError,
    params::Params,
    table::{Answer, json},
    transactions::{Place, locate},
};
use crate::{
    chain::{SoftReceipt, Word},
    flow::{FlowError, query::Located},
};

/// Answer of `mayfly_getSoftReceipt`: the fields of `Preconf`, the bytes that `unitPost` hashes, the signature.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SoftReceiptView {
    layer_config: B256,
    #[serde(with = "alloy_serde::quantity")]
    block_number: u64,
    #[serde(with = "alloy_serde::quantity")]
    tx_index: u32,
    tx_hash: TxHash,
    unit_post: B256,
    /// Unix seconds.
    #[serde(with = "alloy_serde::quantity")]
    issued_at: u64,
    /// EIP-2718 encoding of the receipt, bloom included.
    receipt: Bytes,
    signer: Address,
    signature: Bytes,
}

/// Answers with the sequencer's word for a transaction; null while no committed block has it.
pub(super) async fn soft_receipt(node: &Node, params: Params<'_>) -> Answer {
    let hash: TxHash = params.read(|p| p.need("hash"))?;
    let Place::Included(Located { block, index }) = locate(node, hash).await? else {
        return json(&());
    };
    let Some(receipt) = block.record.receipts.get(index) else { return json(&()) };
    let receipt = Bytes::from(receipt.clone().into_with_bloom().encoded_2718());
    let word = SoftReceipt {
        layer_config: node.config.l1.config_hash,
        block_number: block.header.number,
        tx_index: u32::try_from(index).unwrap_or(u32::MAX),
        tx_hash: hash,
        unit_post: keccak256(&receipt),
        issued_at_s: node.clock.now_ms() / 1000,
    };
    let (signer, signature) = sign(node, &Word::SoftReceipt(word)).await?;
    json(&SoftReceiptView {
        layer_config: word.layer_config,
        block_number: word.block_number,
        tx_index: word.tx_index,
        tx_hash: word.tx_hash,
        unit_post: word.unit_post,
        issued_at: word.issued_at_s,
        receipt,
        signer,
        signature,
    })
}

/// Answer of `mayfly_getBlockSeal`: the fields of `BlockSeal`, the signature.
#[derive(Debug, Serialize)]
struct BlockSealView {
    #[serde(with = "alloy_serde::quantity")]
    number: u64,
    hash: B256,
    signer: Address,
    signature: Bytes,
}

/// Answers with the sequencer's word for a block; null when no such block is committed.
pub(super) async fn block_seal(node: &Node, params: Params<'_>) -> Answer {
    let tag: BlockNumberOrTag = params.read(|p| p.need("block"))?;
    let Some(block) = node.replica.block(node.number(tag)).await? else { return json(&()) };
    let (number, hash) = (block.header.number, block.header.hash());
    let (signer, signature) = sign(node, &Word::BlockSeal { number, hash }).await?;
    json(&BlockSealView { number, hash, signer, signature })
}

/// Signs a word for this layer.
async fn sign(node: &Node, word: &Word) -> Result<(Address, Bytes), RpcError> {
    let signer = node.signer.as_ref().ok_or(RpcError::NoSigner)?;
    let signature = signer.sign(word.digest(&node.config.l1)).await.map_err(FlowError::from)?;
    Ok((signer.address(), signature.as_bytes().into()))
}
