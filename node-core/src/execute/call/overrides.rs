use alloy_primitives::{Address, B256, U256, map::B256HashMap};
use alloy_rpc_types_eth::{
    BlockOverrides,
    state::{AccountOverride, StateOverride},
};

use super::{
    super::{env::NextBlock, error::Fault, machine::Machine, overlay::Overlay},
    error::CallError,
};

/// What a call pretends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Accounts that are otherwise.
    pub state: StateOverride,
    /// A block that is otherwise.
    pub block: BlockOverrides,
}

impl Overrides {
    /// Changes the fields of `env` that are named.
    pub(super) fn apply_to_block(&self, env: &mut NextBlock) {
        let block = &self.block;
        // Saturates: no chain gets to a block number or a base fee beyond 64 bits.
        set(&mut env.number, block.number.map(|number| number.saturating_to()));
        set(&mut env.timestamp, block.time);
        set(&mut env.gas_limit, block.gas_limit);
        set(&mut env.beneficiary, block.coinbase);
        set(&mut env.prev_randao, block.random);
        set(&mut env.base_fee, block.base_fee.map(|fee| fee.saturating_to()));
        set(&mut env.blob_fee, block.blob_base_fee.map(|fee| Some(fee.saturating_to())));
    }
}

/// Changes the accounts that are named, and moves precompiles, in the order of the addresses.
pub(in crate::execute) fn pretend<I>(
    machine: &mut Machine<I>,
    state: &StateOverride,
) -> Result<(), CallError> {
    let mut sorted: Vec<_> = state.iter().collect();
    sorted.sort_unstable_by_key(|(address, _)| **address);
    for (address, account) in sorted {
        check(*address, account)?;
        if let Some(to) = account.move_precompile_to {
            if !machine.is_precompile(address) {
                return Err(CallError::NotPrecompile { address: *address });
            }
            if state.contains_key(&to) {
                return Err(CallError::AlreadyOverridden { address: to });
            }
            machine.precompiles().copy(address, to);
        }
        machine.precompiles().remove(address);
        apply(machine.overlay(), *address, account)?;
    }
    Ok(())
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

const fn check(address: Address, account: &AccountOverride) -> Result<(), CallError> {
    if account.state.is_some() && account.state_diff.is_some() {
        return Err(CallError::StateAndDiff { address });
    }
    Ok(())
}

fn apply(overlay: &mut Overlay, address: Address, account: &AccountOverride) -> Result<(), Fault> {
    overlay.update(address, |it| {
        set(&mut it.nonce, account.nonce);
        set(&mut it.balance, account.balance);
    })?;
    if let Some(code) = &account.code {
        overlay.set_code(address, code.clone())?;
    }
    if let Some(slots) = &account.state {
        overlay.clear_storage(address)?;
        write(overlay, address, slots)?;
    }
    if let Some(slots) = &account.state_diff {
        write(overlay, address, slots)?;
    }
    Ok(())
}

fn write(overlay: &mut Overlay, at: Address, slots: &B256HashMap<B256>) -> Result<(), Fault> {
    for (key, value) in slots {
        overlay.set_slot(at, U256::from_be_bytes(key.0), U256::from_be_bytes(value.0))?;
    }
    Ok(())
}
