use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    Node, RpcError, accounts, blocks, calls, client, config, fees, fill, filters, layer, life,
    logs, params::Params, pool, raw, sending, signed, simulate, trace, transactions, witness,
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
        "rpc.discover" => client::discover(params),
        "eth_chainId" => client::chain_id(node, params),
        "eth_syncing" => client::syncing(params),
        "eth_accounts" => client::accounts(params),
        "eth_coinbase" => client::coinbase(node, params),
        "eth_config" => config::config(node, params).await,
        "eth_capabilities" => config::capabilities(node, params),

        "eth_getBalance" => accounts::balance(node, params).await,
        "eth_getCode" => accounts::code(node, params).await,
        "eth_getStorageAt" => accounts::storage(node, params).await,
        "eth_getStorageValues" => accounts::storage_values(node, params).await,
        "eth_getAccountInfo" => accounts::account_info(node, params).await,
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
        "eth_getHeaderByHash" => blocks::header_by_hash(node, params).await,
        "eth_getHeaderByNumber" => blocks::header_by_number(node, params).await,
        "eth_getUncleByBlockHashAndIndex" => blocks::uncle_by_hash(node, params).await,
        "eth_getUncleByBlockNumberAndIndex" => blocks::uncle_by_number(node, params).await,
        "eth_getUncleCountByBlockHash" => blocks::uncle_count_by_hash(node, params).await,
        "eth_getUncleCountByBlockNumber" => blocks::uncle_count_by_number(node, params).await,
        "eth_getBlockReceipts" => blocks::receipts(node, params).await,

        "debug_getRawBlock" => raw::block(node, params).await,
        "debug_getRawHeader" => raw::header(node, params).await,
        "debug_getRawReceipts" => raw::receipts(node, params).await,
        "debug_getRawTransaction" => raw::transaction(node, params).await,
        "eth_getRawTransactionByHash" => raw::transaction(node, params).await,

        "eth_getTransactionByHash" => transactions::by_hash(node, params).await,
        "eth_getTransactionByBlockHashAndIndex" => transactions::by_block_hash(node, params).await,
        "eth_getTransactionByBlockNumberAndIndex" => {
            transactions::by_block_number(node, params).await
        }
        "eth_getTransactionReceipt" => transactions::receipt(node, params).await,
        "eth_getLogs" => logs::logs(node, params).await,

        "eth_call" => calls::call(node, params).await,
        "eth_estimateGas" => calls::estimate_gas(node, params).await,
        "eth_createAccessList" => calls::create_access_list(node, params).await,
        "eth_simulateV1" => simulate::simulate(node, params).await,
        "eth_fillTransaction" => fill::fill(node, params).await,

        "eth_newFilter" => filters::new_logs(node, params).await,
        "eth_newBlockFilter" => filters::new_blocks(node, params).await,
        "eth_newPendingTransactionFilter" => filters::new_transactions(node, params).await,
        "eth_getFilterChanges" => filters::changes(node, params).await,
        "eth_getFilterLogs" => filters::all_logs(node, params).await,
        "eth_uninstallFilter" => filters::uninstall(node, params).await,

        "eth_gasPrice" => fees::gas_price(node, params),
        "eth_maxPriorityFeePerGas" => fees::max_priority_fee(node, params),
        "eth_baseFee" => fees::base_fee(node, params),
        "eth_blobBaseFee" => fees::blob_base_fee(node, params),
        "eth_feeHistory" => fees::history(node, params).await,

        "eth_sendRawTransaction" => sending::send(node, params).await,
        "eth_sendRawTransactionSync" => sending::send_sync(node, params).await,

        "txpool_status" => pool::status(node, params).await,
        "txpool_content" => pool::content(node, params).await,
        "txpool_contentFrom" => pool::content_from(node, params).await,
        "txpool_inspect" => pool::inspect(node, params).await,

        "mayfly_status" => layer::status(node, params).await,
        "mayfly_phase" => life::phase(node, params).await,
        "mayfly_finality" => life::finality(node, params).await,
        "mayfly_exits" => life::exits(node, params).await,
        "mayfly_cost" => life::cost(node, params).await,
        "mayfly_transactionStatus" => layer::transaction_status(node, params).await,
        "mayfly_getSoftReceipt" => signed::soft_receipt(node, params).await,
        "mayfly_getBlockSeal" => signed::block_seal(node, params).await,
        "mayfly_getWitness" => witness::witness(node, params).await,
        "mayfly_orderStatus" => layer::order_status(node, params).await,

        _ => traced(node, method, params).await,
    }
}

/// All methods that run committed transactions again.
async fn traced(node: &Node, method: &str, params: Params<'_>) -> Answer {
    use trace::{geth, otterscan, parity};
    match method {
        "debug_traceTransaction" => geth::transaction(node, params).await,
        "debug_traceBlockByHash" => geth::block_by_hash(node, params).await,
        "debug_traceBlockByNumber" => geth::block_by_number(node, params).await,
        "debug_traceCall" => geth::call(node, params).await,

        "trace_block" => parity::block(node, params).await,
        "trace_transaction" => parity::transaction(node, params).await,
        "trace_get" => parity::get(node, params).await,
        "trace_filter" => parity::filter(node, params).await,
        "trace_call" => parity::call(node, params).await,
        "trace_replayTransaction" => parity::replay_transaction(node, params).await,
        "trace_replayBlockTransactions" => parity::replay_block(node, params).await,

        "ots_getApiLevel" => otterscan::level(params),
        "ots_hasCode" => otterscan::has_code(node, params).await,
        "ots_getInternalOperations" => otterscan::internal_operations(node, params).await,
        "ots_getTransactionError" => otterscan::transaction_error(node, params).await,
        "ots_traceTransaction" => otterscan::trace_transaction(node, params).await,
        "ots_getBlockDetails" => otterscan::block_details(node, params).await,
        "ots_getBlockDetailsByHash" => otterscan::block_details_by_hash(node, params).await,
        "ots_getBlockTransactions" => otterscan::block_transactions(node, params).await,
        "ots_searchTransactionsBefore" => otterscan::search_before(node, params).await,
        "ots_searchTransactionsAfter" => otterscan::search_after(node, params).await,
        "ots_getTransactionBySenderAndNonce" => otterscan::by_sender_and_nonce(node, params).await,
        "ots_getContractCreator" => otterscan::contract_creator(node, params).await,

        _ => Err(RpcError::Method { method: method.to_owned() }),
    }
}
