use std::collections::{BTreeMap, BTreeSet};

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256};
use revm::{context::result::ExecutionResult, state::EvmState};

use super::{
    error::CallError,
    outcome::CallOutcome,
    request::{CALL_GAS_CAP, CallRequest},
    run::{Session, View},
};

/// What a call touched, and how it ended with all of that warm from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessListed {
    /// Accounts and slots, sorted.
    pub access_list: AccessList,
    /// How the call ended; the gas includes the price of the list.
    pub outcome: CallOutcome,
}

/// Runs of one call until its list is final. geth has no limit; code that reads the gas left to decide
/// what to touch could go on for ever.
const MOST_RUNS: usize = 8;

/// Finds the accounts and slots that a call touches: `eth_createAccessList`.
///
/// What is warm anyway is not listed without slots: caller, callee, precompiles, fee recipient and
/// contracts that the call itself creates.
///
/// # Errors
/// As [`call`](super::call).
pub fn create_access_list(
    view: View<'_>,
    request: &CallRequest,
) -> Result<AccessListed, CallError> {
    let gas_limit = request.gas.unwrap_or(CALL_GAS_CAP).min(CALL_GAS_CAP);
    let mut session = Session::open(view, request)?;
    let mut request = request.clone();
    for _ in 1..MOST_RUNS {
        let (result, touched) = session.run_and_show(request.with_gas(gas_limit))?;
        let access_list = list(&session, &request, &touched);
        if access_list == request.access_list {
            return Ok(listed(access_list, result));
        }
        request.access_list = access_list;
    }
    let result = session.run(request.with_gas(gas_limit))?;
    Ok(listed(request.access_list, result))
}

fn listed(access_list: AccessList, result: ExecutionResult) -> AccessListed {
    AccessListed { access_list, outcome: result.into() }
}

/// Adds what was touched to what the request lists already.
fn list(session: &Session, request: &CallRequest, touched: &EvmState) -> AccessList {
    let mut accounts: BTreeMap<Address, BTreeSet<B256>> = BTreeMap::new();
    for item in &request.access_list.0 {
        accounts.entry(item.address).or_default().extend(&item.storage_keys);
    }
    for (address, account) in touched {
        let slots = account.storage.keys().map(|key| B256::from(*key));
        let warm = account.is_created() || is_warm(session, request, address);
        if !warm || !account.storage.is_empty() {
            accounts.entry(*address).or_default().extend(slots);
        }
    }
    let item = |(address, slots): (_, BTreeSet<B256>)| AccessListItem {
        address,
        storage_keys: slots.into_iter().collect(),
    };
    AccessList(accounts.into_iter().map(item).collect())
}

fn is_warm(session: &Session, request: &CallRequest, address: &Address) -> bool {
    *address == request.from
        || Some(address) == request.to.to()
        || *address == session.env().beneficiary
        || session.is_precompile(address)
}
