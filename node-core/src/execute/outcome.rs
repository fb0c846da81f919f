use alloy_primitives::{Address, Log};
use revm::context::result::ExecutionResult;

use super::rejected::Rejected;

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the block, whether its call succeeded or not.
    Included(Included),
    /// It is not in the block and changed nothing.
    Rejected(Rejected),
}

/// A transaction in the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    /// Position in the block, from 0; also of its receipt in [`Builder::receipts`](super::Builder::receipts).
    pub index: usize,
    /// Whether its call succeeded: the receipt's status.
    pub success: bool,
    /// Gas that it alone used.
    pub gas_used: u64,
    /// The contract that it created.
    pub created: Option<Address>,
}

/// How the execution of a transaction ended.
#[derive(Debug)]
pub(super) struct Executed {
    pub(super) success: bool,
    pub(super) gas_used: u64,
    pub(super) logs: Vec<Log>,
    pub(super) created: Option<Address>,
}

impl Executed {
    /// A deposit whose call could not begin.
    pub(super) const fn not_begun(gas_limit: u64) -> Self {
        Self { success: false, gas_used: gas_limit, logs: Vec::new(), created: None }
    }
}

impl From<ExecutionResult> for Executed {
    fn from(result: ExecutionResult) -> Self {
        let (success, gas_used) = (result.is_success(), result.tx_gas_used());
        let created = result.created_address();
        // What fails logs nothing; revm may hand out logs of failed precompiles to tracers.
        let logs = if success { result.into_logs() } else { Vec::new() };
        Self { success, gas_used, logs, created }
    }
}
