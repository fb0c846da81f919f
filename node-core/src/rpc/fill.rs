//! `eth_fillTransaction`: everything that a wallet asks before it signs, in one request.

use alloy_eips::Encodable2718;
use alloy_primitives::{TxKind, U256};
use alloy_rpc_types_eth::{FillTransaction, TransactionRequest};

use super::{
    Node, ParamError, RpcError, accounts, calls, fees,
    params::Params,
    table::{Answer, json},
};

pub(super) async fn fill(node: &Node, params: Params<'_>) -> Answer {
    let request: TransactionRequest = params.read(|p| p.need("transaction"))?;
    let request = complete(node, request).await?;
    let unsigned = request
        .build_typed_simulate_transaction()
        .map_err(|error| ParamError::conflict(error.to_string()))?;
    json(&FillTransaction { raw: unsigned.encoded_2718().into(), tx: unsigned })
}

/// Fills what is missing: the nonce after all that waits, what the gas costs now, and what it takes.
async fn complete(
    node: &Node,
    mut request: TransactionRequest,
) -> Result<TransactionRequest, RpcError> {
    request.normalize_input();
    request.to.get_or_insert(TxKind::Create);
    request.value.get_or_insert(U256::ZERO);
    request.chain_id.get_or_insert(node.rules.chain_id);
    price(node, &mut request);
    if request.gas.is_none() {
        request.gas = Some(calls::gas_of(node, request.clone()).await?);
    }
    if request.nonce.is_none() {
        let from = request.from.unwrap_or_default();
        request.nonce = Some(accounts::next_nonce(node, from).await?);
    }
    Ok(request)
}

/// Pays for a base fee that doubles.
fn price(node: &Node, request: &mut TransactionRequest) {
    if request.gas_price.is_some() {
        return;
    }
    let tip = *request.max_priority_fee_per_gas.get_or_insert_with(|| fees::tip(node));
    let base_fee = fees::next_base_fee(node, &node.replica.head().header);
    request.max_fee_per_gas.get_or_insert(base_fee.saturating_mul(2).saturating_add(tip));
}
