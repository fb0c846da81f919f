use std::sync::Arc;

use alloy_eips::BlockId;
use alloy_primitives::{Bytes, TxHash};
use alloy_sol_types::{Panic, Revert, SolError};
use serde::Serialize;
use serde_json::{Value, json};

use super::{AccessError, ParamError};
use crate::{
    execute::{BlockError, CallError, EstimateError, Fault, Rejected, SimulateError, TraceError},
    flow::{FlowError, query::Needs, submit::SubmitError},
    port::PortError,
    state::{Need, StateError},
};

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The body is not JSON.
    #[error("parse error: {reason}")]
    Parse {
        /// What the parser said.
        reason: String,
    },
    /// JSON, but no request of JSON-RPC 2.0.
    #[error("invalid request: {reason}")]
    Request {
        /// What is wrong.
        reason: String,
    },
    /// There is no such method.
    #[error("the method {method} does not exist/is not available")]
    Method {
        /// What was asked for.
        method: String,
    },
    /// An argument is wrong.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The call takes everything back.
    #[error("{}", revert_text(output))]
    Reverted {
        /// What it reverts with.
        output: Bytes,
    },
    /// The call cannot be run, or ends badly.
    #[error(transparent)]
    Execution(EstimateError),
    /// The transaction was not accepted.
    #[error(transparent)]
    Submit(#[from] Arc<SubmitError>),
    /// No committed block is this one.
    #[error("header not found")]
    BlockNotFound {
        /// What was asked for.
        id: BlockId,
    },
    /// No committed block has this transaction.
    #[error("transaction not found")]
    TransactionNotFound,
    /// There is no such filter, or nobody polled it for long.
    #[error("filter not found")]
    FilterNotFound,
    /// The connection has no such subscription.
    #[error("subscription not found")]
    SubscriptionNotFound,
    /// There is no trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The organiser does not allow it.
    #[error(transparent)]
    Refused(#[from] AccessError),
    /// The node takes no transactions.
    #[error("read-only: an archive takes no transactions")]
    ReadOnly,
    /// Blocks could not be simulated.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// Nobody signs for this layer.
    #[error("this node has no signer: ask the layer's own")]
    NoSigner,
    /// The answer would be too large.
    #[error("{what}; the limit is {limit}")]
    Limit {
        /// What was asked for.
        what: String,
        /// The most.
        limit: usize,
    },
    /// The answer would be too large; a part of the blocks would do.
    #[error("{what}. Try with this block range [{from:#x}, {to:#x}].")]
    Range {
        /// What was asked for, and the limit.
        what: String,
        /// First block of a range that is not too large.
        from: u64,
        /// Its last block.
        to: u64,
    },
    /// EIP-7966: accepted, but not included in time.
    #[error(
        "The transaction was added to the mempool but wasn't processed in {timeout_ms} ms: it may still be"
    )]
    SyncTimeout {
        /// The transaction.
        hash: TxHash,
        /// How long was waited.
        timeout_ms: u64,
    },
    /// EIP-7966: accepted, but it was not or will not be included.
    #[error("The transaction was added to the mempool but wasn't processed: {reason}")]
    SyncUnready {
        /// The transaction.
        hash: TxHash,
        /// What holds it back, or why it was dropped.
        reason: String,
    },
    /// Our fault.
    #[error("internal error: {0}")]
    Internal(#[from] FlowError),
    /// Our fault: an answer that is no JSON.
    #[error("internal error: {0}")]
    Encode(#[from] serde_json::Error),
}

impl RpcError {
    /// Returns the code: JSON-RPC 2.0, EIP-1474, EIP-7966 and geth's 3 for reverts.
    pub fn code(&self) -> i32 {
        match self {
            Self::Parse { .. } => -32700,
            Self::Request { .. } => -32600,
            Self::Method { .. } => -32601,
            Self::Params(_) => -32602,
            Self::Reverted { .. } => EXECUTION_REVERTED,
            Self::Execution(EstimateError::Call(error)) => call_code(error),
            Self::Submit(error) => submit_code(error),
            Self::Internal(_) | Self::Encode(_) => -32603,
            Self::Execution(_) | Self::NoSigner => -32000,
            Self::BlockNotFound { .. }
            | Self::TransactionNotFound
            | Self::FilterNotFound
            | Self::SubscriptionNotFound => -32000,
            Self::Trace(error) => trace_code(error),
            Self::ReadOnly => -32003,
            Self::Refused(error) => error.code(),
            Self::Simulate(error) => simulate_code(error),
            Self::Limit { .. } | Self::Range { .. } => -32005,
            Self::SyncTimeout { .. } => 4,
            Self::SyncUnready { .. } => 5,
        }
    }

    fn data(&self) -> Option<Value> {
        match self {
            Self::Reverted { output } => Some(json!(output)),
            Self::Range { from, to, .. } => {
                Some(json!({ "from": format!("{from:#x}"), "to": format!("{to:#x}") }))
            }
            Self::SyncTimeout { hash, .. } | Self::SyncUnready { hash, .. } => Some(json!(hash)),
            Self::Refused(error) => Some(error.data()),
            _ => None,
        }
    }

    /// Returns the error as the wire shows it.
    pub(super) fn object(&self) -> ErrorObject {
        ErrorObject { code: self.code(), message: self.to_string(), data: self.data() }
    }
}

/// The member `error` of an answer.
#[derive(Debug, Serialize)]
pub(super) struct ErrorObject {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

pub(super) const EXECUTION_REVERTED: i32 = 3;

const fn submit_code(error: &SubmitError) -> i32 {
    match error {
        SubmitError::Flow(_) => -32603,
        _ => -32000,
    }
}

const fn call_code(error: &CallError) -> i32 {
    match error {
        CallError::Rejected(_)
        | CallError::NotPrecompile { .. }
        | CallError::AlreadyOverridden { .. } => -32000,
        CallError::StateAndDiff { .. } => -32602,
        CallError::Internal(fault) => fault_code(fault),
    }
}

/// That a call takes too long is said of the request, and will be of the next one.
const fn fault_code(fault: &Fault) -> i32 {
    match fault {
        Fault::TimedOut { .. } => -32000,
        _ => -32603,
    }
}

const fn trace_code(error: &TraceError) -> i32 {
    match error {
        TraceError::Tracer { .. } => -32602,
        TraceError::TooLarge { .. } => -32005,
        TraceError::Call(error) => call_code(error),
        TraceError::Internal(fault) => fault_code(fault),
        TraceError::Refused { .. } => -32603,
    }
}

/// The codes of the specification of `eth_simulateV1`.
const fn simulate_code(error: &SimulateError) -> i32 {
    match error {
        SimulateError::Number { .. } => -38020,
        SimulateError::Timestamp { .. } => -38021,
        SimulateError::TooManyBlocks => -38026,
        SimulateError::BlockGasLimit { .. } => -38015,
        SimulateError::Request { .. } => -32602,
        SimulateError::Refused { source, .. } => refused_code(source),
        SimulateError::Override(error) => call_code(error),
        SimulateError::Block(BlockError::Internal(fault)) => fault_code(fault),
        SimulateError::Block(_) => -32603,
    }
}

const fn refused_code(reason: &Rejected) -> i32 {
    match reason {
        Rejected::NonceTooLow { .. } => -38010,
        Rejected::NonceTooHigh { .. } | Rejected::NonceMax => -38011,
        Rejected::FeeTooLow { .. } => -38012,
        Rejected::IntrinsicGas { .. } | Rejected::FloorGas { .. } => -38013,
        Rejected::InsufficientFunds { .. } | Rejected::CostOverflow => -38014,
        Rejected::SenderHasCode { .. } => -38024,
        Rejected::InitCodeSize { .. } => -38025,
        Rejected::TipAboveFee { .. } => -32602,
        _ => -32000,
    }
}

/// geth's text: the reason where the output is Solidity's `Error(string)` or `Panic(uint256)`.
pub(super) fn revert_text(output: &Bytes) -> String {
    let reason = if let Ok(revert) = Revert::abi_decode(output) {
        Some(revert.reason)
    } else {
        Panic::abi_decode(output).ok().map(|panic| panic.as_geth_str().into_owned())
    };
    match reason {
        Some(reason) => format!("execution reverted: {reason}"),
        None => "execution reverted".to_owned(),
    }
}

impl From<SubmitError> for RpcError {
    fn from(error: SubmitError) -> Self {
        Self::Submit(Arc::new(error))
    }
}

impl From<EstimateError> for RpcError {
    fn from(error: EstimateError) -> Self {
        match error {
            EstimateError::Reverted { output } => Self::Reverted { output },
            other => Self::Execution(other),
        }
    }
}

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        Self::Execution(error.into())
    }
}

impl Needs for RpcError {
    fn needs(&self) -> Vec<Need> {
        match self {
            Self::Internal(error) => error.needs(),
            Self::Simulate(error) => error.needs(),
            Self::Trace(error) => error.needs(),
            Self::Execution(EstimateError::Call(CallError::Internal(fault))) => fault.needs(),
            _ => Vec::new(),
        }
    }
}

impl From<StateError> for RpcError {
    fn from(error: StateError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<PortError> for RpcError {
    fn from(error: PortError) -> Self {
        Self::Internal(error.into())
    }
}
