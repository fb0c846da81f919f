use alloy_primitives::{Address, B256};
use node_core::chain::{Finality, L1Binding, LayerConfig, LayerId, Limits, Posting, Tokens};

/// Chain id of every layer that is measured.
pub const CHAIN_ID: u64 = 4_242;

/// Time at which everything happens, Unix milliseconds.
pub const NOW_MS: u64 = 1_700_000_000_000;

/// A free layer whose blocks hold everything that a benchmark sends.
pub fn free_layer(id: LayerId) -> LayerConfig {
    LayerConfig {
        id,
        name: "bench".to_owned(),
        chain_id: CHAIN_ID,
        opened_at_s: NOW_MS / 1_000 - 10,
        ends_at_s: NOW_MS / 1_000 + 3_600,
        gas_limit: 1_000_000_000,
        base_fee_wei: 0,
        fee_recipient: Address::repeat_byte(0xfe),
        organiser: Address::repeat_byte(0x01),
        operator: Address::repeat_byte(0x02),
        sequencer: Address::ZERO,
        l1: L1Binding {
            chain_id: 1,
            layer: Address::repeat_byte(0x11),
            config_hash: B256::ZERO,
            opened_in_block: 1,
            finality: Finality::Depth(0),
        },
        mint: None,
        limits: Limits::default(),
        posting: Posting::default(),
        tokens: Tokens::default(),
    }
}
