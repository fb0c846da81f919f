use std::collections::BTreeMap;

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use super::LayerConfig;

/// One account that exists from the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisAccount {
    /// Nonce; contracts start at 1 (EIP-161).
    pub nonce: u64,
    /// Balance in wei. Zero on a layer: all its ETH comes by deposits.
    pub balance: U256,
    /// Runtime code.
    pub code: Bytes,
    /// Storage slots that are not zero.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub storage: BTreeMap<U256, U256>,
}

/// Makes the header of block 0.
pub fn genesis_header(config: &LayerConfig, state_root: B256) -> Header {
    Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root,
        timestamp: config.opened_at_s,
        gas_limit: config.gas_limit,
        beneficiary: config.fee_recipient,
        base_fee_per_gas: Some(config.base_fee_wei),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}
