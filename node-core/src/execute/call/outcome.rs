use alloy_primitives::{Address, Bytes, Log};
use revm::context::result::{ExecutionResult, HaltReason, Output};

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// It returned.
    Success {
        /// What it returned; of a creation, the code.
        output: Bytes,
        /// Gas used, refunds deducted.
        gas_used: u64,
        /// What it would log.
        logs: Vec<Log>,
        /// The contract that it would create.
        created: Option<Address>,
    },
    /// It took everything back and said why.
    Revert {
        /// ABI-encoded error, mostly.
        output: Bytes,
        /// Gas used.
        gas_used: u64,
    },
    /// It broke a rule of the EVM.
    Halt {
        /// Which.
        reason: Halt,
        /// Gas used: all of it.
        gas_used: u64,
    },
}

impl CallOutcome {
    /// Returns the gas used.
    pub const fn gas_used(&self) -> u64 {
        match self {
            Self::Success { gas_used, .. }
            | Self::Revert { gas_used, .. }
            | Self::Halt { gas_used, .. } => *gas_used,
        }
    }

    /// Whether it returned.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Success { .. })
    }
}

impl From<ExecutionResult> for CallOutcome {
    fn from(result: ExecutionResult) -> Self {
        let gas_used = result.tx_gas_used();
        match result {
            ExecutionResult::Success { logs, output, .. } => {
                let created = output.address().copied();
                let (Output::Call(output) | Output::Create(output, _)) = output;
                Self::Success { output, gas_used, logs, created }
            }
            ExecutionResult::Revert { output, .. } => Self::Revert { output, gas_used },
            ExecutionResult::Halt { reason, .. } => Self::Halt { reason: reason.into(), gas_used },
        }
    }
}

/// Why the EVM stopped a call. The texts are geth's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The gas is used up.
    #[error("out of gas")]
    OutOfGas,
    /// There is no such instruction.
    #[error("invalid opcode")]
    InvalidOpcode,
    /// A jump to where no `JUMPDEST` is.
    #[error("invalid jump destination")]
    InvalidJump,
    /// Took from an empty stack.
    #[error("stack underflow")]
    StackUnderflow,
    /// More than 1024 words on the stack.
    #[error("stack limit reached 1024")]
    StackOverflow,
    /// Read behind the end of what a call returned.
    #[error("return data out of bounds")]
    ReturnDataOutOfBounds,
    /// There is a contract at the new contract's address.
    #[error("contract address collision")]
    CreateCollision,
    /// The new contract's code is too long (EIP-170).
    #[error("max code size exceeded")]
    CodeSize,
    /// The new contract's code begins with `0xEF` (EIP-3541).
    #[error("invalid code: must not begin with 0xef")]
    CodeStart,
    /// The init code is too long (EIP-3860).
    #[error("max initcode size exceeded")]
    InitCodeSize,
    /// A static call tried to write.
    #[error("write protection")]
    WriteProtection,
    /// More value than the account has.
    #[error("insufficient balance for transfer")]
    OutOfFunds,
    /// More than 1024 calls deep.
    #[error("max call depth exceeded")]
    CallDepth,
    /// There is no nonce after this one (EIP-2681).
    #[error("nonce uint64 overflow")]
    NonceOverflow,
    /// A precompile refused its input.
    #[error("precompile failed")]
    Precompile,
}

impl From<HaltReason> for Halt {
    fn from(reason: HaltReason) -> Self {
        use HaltReason as R;
        match reason {
            R::OutOfGas(_) => Self::OutOfGas,
            R::OpcodeNotFound | R::InvalidFEOpcode | R::NotActivated => Self::InvalidOpcode,
            R::InvalidJump => Self::InvalidJump,
            R::StackUnderflow => Self::StackUnderflow,
            R::StackOverflow => Self::StackOverflow,
            R::OutOfOffset => Self::ReturnDataOutOfBounds,
            R::CreateCollision => Self::CreateCollision,
            R::CreateContractSizeLimit => Self::CodeSize,
            R::CreateContractStartingWithEF => Self::CodeStart,
            R::CreateInitCodeSizeLimit => Self::InitCodeSize,
            R::StateChangeDuringStaticCall | R::CallNotAllowedInsideStatic => Self::WriteProtection,
            R::OutOfFunds | R::OverflowPayment => Self::OutOfFunds,
            R::CallTooDeep => Self::CallDepth,
            R::NonceOverflow => Self::NonceOverflow,
            R::PrecompileError | R::PrecompileErrorWithContext(_) => Self::Precompile,
        }
    }
}
