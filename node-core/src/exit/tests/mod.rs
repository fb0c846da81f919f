//! What the mirror promises, and the vectors that the contracts' tests read.

mod golden;
mod promises;

use alloy_primitives::{Address, U256, keccak256};

use super::*;

/// Leaf number `index` of the test trees: ETH amounts of all lengths, tokens with ids, amounts of ids.
fn leaf(index: u32) -> ExitLeaf {
    let noise = keccak256(index.to_be_bytes());
    let asset = index / 5;
    let amount = U256::from_be_bytes(noise.0) >> (56 * index as usize);
    let (id, value) = match asset {
        0 => (U256::ZERO, amount),
        1 => (U256::from(100 + index), U256::ONE),
        _ => (U256::from(7 + index / 2), U256::from(index)),
    };
    ExitLeaf { index, asset, recipient: Address::from_word(noise), id, value }
}

fn leaves(count: u32) -> Vec<ExitLeaf> {
    (0..count).map(leaf).collect()
}

fn deposit(index: u64) -> DepositLeaf {
    let noise = keccak256(index.to_be_bytes());
    let data = noise[..usize::try_from(index).expect("small") % 33].to_vec();
    DepositLeaf {
        index,
        l1_block: 100 + index,
        l1_time_s: 1_700_000_000 + 12 * index,
        kind: KIND_ETH,
        from: Address::from_word(noise),
        to: Address::from_word(keccak256(noise)),
        token: Address::ZERO,
        id: U256::from(index / 3),
        value: U256::from(index) * U256::from(1_000_000_007),
        gas_limit: 100_000 + index,
        data: data.into(),
    }
}
