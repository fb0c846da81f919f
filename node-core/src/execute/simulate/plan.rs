use alloy_consensus::Header;
use alloy_primitives::B256;
use alloy_rpc_types_eth::{
    BlockOverrides, TransactionRequest,
    simulate::{MAX_SIMULATE_BLOCKS, SimBlock},
    state::StateOverride,
};

use super::{
    super::{env::NextBlock, rules::Protocol},
    error::SimulateError,
};

/// A block that is to be simulated.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    /// What its author decides, but for what follows from its parent.
    pub(super) env: NextBlock,
    /// Base fee in wei, when it is said.
    pub(super) base_fee: Option<u64>,
    /// What to pretend before it.
    pub(super) state: Option<&'a StateOverride>,
    /// Its calls.
    pub(super) calls: &'a [TransactionRequest],
}

/// Seconds between two blocks where nobody says.
const fn interval_s(protocol: Protocol) -> u64 {
    match protocol {
        Protocol::Ethereum => 12,
        Protocol::Layer => 1,
    }
}

/// Lays the blocks out after `base`; gaps between their numbers are filled with empty blocks.
pub(super) fn plan<'a>(
    base: &Header,
    blocks: &'a [SimBlock],
    protocol: Protocol,
) -> Result<Vec<Planned<'a>>, SimulateError> {
    let interval_s = interval_s(protocol);
    let none = BlockOverrides::default();
    let mut last = NextBlock {
        number: base.number,
        timestamp: base.timestamp,
        gas_limit: base.gas_limit,
        beneficiary: base.beneficiary,
        difficulty: base.difficulty,
        ..NextBlock::default()
    };
    let mut planned = Vec::with_capacity(blocks.len());
    for block in blocks {
        let given = block.block_overrides.as_ref().unwrap_or(&none);
        let number = given.number.map_or(last.number + 1, |number| number.saturating_to());
        check_number(number, last.number, base.number)?;
        while last.number + 1 < number {
            last = next(&last, &none, last.number + 1, last.timestamp + interval_s);
            planned.push(Planned { env: last.clone(), base_fee: None, state: None, calls: &[] });
        }
        let timestamp = given.time.unwrap_or(last.timestamp + interval_s);
        if timestamp <= last.timestamp {
            let (got, before) = (timestamp, last.timestamp);
            return Err(SimulateError::Timestamp { got, before });
        }
        last = next(&last, given, number, timestamp);
        planned.push(Planned {
            env: last.clone(),
            base_fee: given.base_fee.map(|fee| fee.saturating_to()),
            state: block.state_overrides.as_ref(),
            calls: &block.calls,
        });
    }
    Ok(planned)
}

const fn check_number(got: u64, before: u64, base: u64) -> Result<(), SimulateError> {
    if got <= before {
        return Err(SimulateError::Number { got, before });
    }
    if got - base > MAX_SIMULATE_BLOCKS {
        return Err(SimulateError::TooManyBlocks);
    }
    Ok(())
}

/// The block after `last`. Gas limit and fee recipient stay as they were, until somebody says otherwise.
fn next(last: &NextBlock, given: &BlockOverrides, number: u64, timestamp: u64) -> NextBlock {
    NextBlock {
        number,
        timestamp,
        gas_limit: given.gas_limit.unwrap_or(last.gas_limit),
        beneficiary: given.coinbase.unwrap_or(last.beneficiary),
        prev_randao: given.random.unwrap_or(B256::ZERO),
        parent_beacon_block_root: given.beacon_root.unwrap_or(B256::ZERO),
        difficulty: given.difficulty.unwrap_or(last.difficulty),
        blob_fee: given.blob_base_fee.map(|fee| fee.saturating_to()),
        ..NextBlock::default()
    }
}
