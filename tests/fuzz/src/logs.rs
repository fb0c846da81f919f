use alloy_primitives::{Address, B256, Bytes, Log, keccak256};
use mayfly_l1::deposit_of;
use node_core::chain::Transaction;

use crate::first;

/// The event of a deposit: `Deposited` in `infra/contracts/src/LayerDeposits.sol`.
const DEPOSITED: &str =
    "Deposited(uint64,address,address,uint8,address,uint256,uint256,uint64,bytes)";

/// Number of topics, topics behind the one of a deposit, data: a log of the L1.
///
/// # Panics
/// When a deposit that was read does not become a transaction that can be stored and read again.
pub fn logs(data: &[u8]) {
    let Some((count, mut rest)) = first(data) else { return };
    let mut topics = vec![keccak256(DEPOSITED)];
    for _ in 0..count % 5 {
        let Some((topic, left)) = rest.split_first_chunk::<32>() else { break };
        topics.push(B256::from(topic));
        rest = left;
    }
    topics.truncate(4);
    let data = Bytes::copy_from_slice(rest);
    let Some(log) = Log::new(Address::repeat_byte(0x11), topics, data) else { return };
    let Ok(event) = deposit_of(&log) else { return };
    let transaction: Transaction = event.into_transaction(Address::repeat_byte(0x11));
    crate::transactions(&alloy_eips::eip2718::Encodable2718::encoded_2718(&transaction));
}
