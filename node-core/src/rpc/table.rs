use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    Node, RpcError, accounts, blocks, calls, client, fees, layer, logs, params::Params, sending,
    transactions,
};

/// A result, ready for the wire.
pub(super) type Answer = Result<Box<RawValue>, RpcError>;

/// Makes an answer.
pub(super) fn json(value: &impl Serialize) -> Answer {
    Ok(to_raw_value(value)?)
}

/// All methods.
pub(super) async fn answer(node: &Node, method: &str, params: Params<'_>) -> Answer {
    match method {
        "web3_clientVersion" => client::version(node, params),
        "web3_sha3" => client::sha3(params),
        "net_version" => client::net_version(node, params),
        "net_listening" => client::listening(params),
        "net_peerCount" => client::peer_count(params),
        "eth_chainId" => client::chain_id(node, params),
        "eth_syncing" => client::syncing(params),
        "eth_accounts" => client::accounts(params),

        "eth_getBalance" => accounts::balance(node, params).await,
        "eth_getCode" => accounts::code(node, params).await,
        "eth_getStorageAt" => accounts::storage(node, params).await,
        "eth_getTransactionCount" => accounts::transaction_count(node, params).await,
        "eth_getProof" => accounts::proof(node, params).await,

        "eth_blockNumber" => blocks::number(node, params),
        "eth_getBlockByHash" => blocks::by_hash(node, params).await,
        "eth_getBlockByNumber" => blocks::by_number(node, params).await,
        "eth_getBlockTransactionCountByHash" => {
            blocks::transaction_count_by_hash(node, params).await
        }
        "eth_getBlockTransactionCountByNumber" => {
            blocks::transaction_count_by_number(node, params).await
        }
        "eth_getUncleCountByBlockHash" => blocks::uncle_count_by_hash(node, params).await,
        "eth_getUncleCountByBlockNumber" => blocks::uncle_count_by_number(node, params).await,
        "eth_getBlockReceipts" => blocks::receipts(node, params).await,

        "eth_getTransactionByHash" => transactions::by_hash(node, params).await,
        "eth_getTransactionByBlockHashAndIndex" => transactions::by_block_hash(node, params).await,
        "eth_getTransactionByBlockNumberAndIndex" => {
            transactions::by_block_number(node, params).await
        }
        "eth_getTransactionReceipt" => transactions::receipt(node, params).await,
        "eth_getLogs" => logs::logs(node, params).await,

        "eth_call" => calls::call(node, params).await,
        "eth_estimateGas" => calls::estimate_gas(node, params).await,

        "eth_gasPrice" => fees::gas_price(node, params),
        "eth_maxPriorityFeePerGas" => fees::max_priority_fee(node, params),
        "eth_blobBaseFee" => fees::blob_base_fee(node, params),
        "eth_feeHistory" => fees::history(node, params).await,

        "eth_sendRawTransaction" => sending::send(node, params).await,
        "eth_sendRawTransactionSync" => sending::send_sync(node, params).await,

        "mayfly_status" => layer::status(node, params).await,
        "mayfly_transactionStatus" => layer::transaction_status(node, params).await,
        "mayfly_orderStatus" => layer::order_status(node, params).await,

        _ => Err(RpcError::Method { method: method.to_owned() }),
    }
}
