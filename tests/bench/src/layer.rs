use alloy_primitives::Address;
use node_core::chain::{LayerConfig, LayerId};

/// Chain id of every layer that is measured.
pub const CHAIN_ID: u64 = 4_242;

/// Time at which everything happens, Unix milliseconds.
pub const NOW_MS: u64 = 1_700_000_000_000;

/// A free layer whose blocks hold everything that a benchmark sends.
pub fn free_layer(id: LayerId) -> LayerConfig {
    LayerConfig {
        opened_at_s: NOW_MS / 1_000 - 10,
        ends_at_s: NOW_MS / 1_000 + 3_600,
        gas_limit: 1_000_000_000,
        fee_recipient: Address::repeat_byte(0xfe),
        ..LayerConfig::detached(id, CHAIN_ID)
    }
}
