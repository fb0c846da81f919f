use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::keccak256;
use node_core::chain::{decode_transaction, recover_sender};

/// Any bytes as a transaction: `eth_sendRawTransaction` takes them from anybody.
///
/// # Panics
/// When a transaction has another hash than its bytes, or encodes to others.
pub fn transactions(data: &[u8]) {
    let Ok(transaction) = decode_transaction(data) else { return };
    assert_eq!(transaction.encoded_2718(), data, "another encoding");
    assert_eq!(*transaction.hash(), keccak256(data), "another hash");
    let _ = recover_sender(&transaction);
}
