use std::collections::BTreeMap;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B128, B256, Bytes, U64, map::HashSet};
use alloy_rpc_types_eth::{
    BlockOverrides, Filter, TransactionRequest, simulate::SimulatePayload, state::StateOverride,
};
use alloy_rpc_types_trace::{
    filter::TraceFilter,
    geth::{GethDebugTracingCallOptions, GethDebugTracingOptions},
    parity::TraceType,
};
use alloy_serde::JsonStorageKey;
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::RpcError;

/// An argument that is missing, wrong or one too many. The texts begin as geth's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// Arguments are not a list.
    #[error("params: expected an array, arguments by name are not supported")]
    NotAnArray,
    /// An argument is not there.
    #[error("missing value for required argument {position}: {name}: expected {expected}")]
    Missing {
        /// Which one, from 0.
        position: usize,
        /// Its name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// An argument is something else than it should be.
    #[error("invalid argument {position}: {name}: expected {expected}, got {got}: {reason}")]
    Invalid {
        /// Which one, from 0.
        position: usize,
        /// Its name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What was given; cut when long.
        got: String,
        /// What the decoder said.
        reason: String,
    },
    /// There are more arguments than the method has.
    #[error("too many arguments, want at most {most}, got {got}")]
    TooMany {
        /// How many it has.
        most: usize,
        /// How many were given.
        got: usize,
    },
    /// Arguments that contradict each other.
    #[error("{reason}")]
    Conflict {
        /// How.
        reason: String,
    },
}

impl ParamError {
    /// Arguments that contradict each other.
    pub(super) fn conflict(reason: impl Into<String>) -> Self {
        Self::Conflict { reason: reason.into() }
    }
}

/// Something that can be an argument.
pub(super) trait Param: DeserializeOwned {
    /// What it should be, for people.
    const EXPECTED: &'static str;
    /// Whether it is hex, which has to begin with 0x even where the decoder takes it without.
    const HEX: bool = false;
}

macro_rules! params {
    ($($kind:ty => $expected:literal,)*) => {
        $(impl Param for $kind { const EXPECTED: &'static str = $expected; })*
    };
}

macro_rules! hex_params {
    ($($kind:ty => $expected:literal,)*) => {
        $(impl Param for $kind {
            const EXPECTED: &'static str = $expected;
            const HEX: bool = true;
        })*
    };
}

hex_params! {
    Address => "20 bytes as hex with 0x",
    B256 => "32 bytes as hex with 0x",
    Bytes => "bytes as hex with 0x",
}

params! {
    U64 => "a number as hex with 0x",
    bool => "true or false",
    String => "a string",
    Value => "any value",
    BlockId => "a block number as hex with 0x, a tag, a block hash or an object of EIP-1898",
    BlockNumberOrTag => "a block number as hex with 0x, or a tag",
    JsonStorageKey => "at most 32 bytes as hex with 0x",
    BTreeMap<Address, Vec<JsonStorageKey>> => "an object with arrays of slots by address",
    B128 => "the id of a filter",
    u64 => "a number",
    Vec<U64> => "an array of numbers as hex with 0x",
    HashSet<TraceType> => "an array of trace, vmTrace and stateDiff",
    TraceFilter => "an object with fromBlock, toBlock, fromAddress, toAddress, after and count",
    GethDebugTracingOptions => "an object with tracer options",
    GethDebugTracingCallOptions => "an object with tracer options and overrides",
    SimulatePayload => "an object with blockStateCalls",
    Vec<JsonStorageKey> => "an array of at most 32 bytes each as hex with 0x",
    Vec<f64> => "an array of percentiles from 0 to 100 in ascending order",
    Filter => "an object with address, topics and fromBlock, toBlock or blockHash",
    TransactionRequest => "a transaction object",
    StateOverride => "an object with account overrides by address",
    BlockOverrides => "an object with header fields",
}

/// Arguments of one request, read in order.
#[derive(Debug)]
pub(super) struct Params<'a> {
    given: Vec<&'a RawValue>,
    next: usize,
}

impl<'a> Params<'a> {
    /// Takes the member `params` of a request; absent and null are no arguments.
    pub(super) fn parse(raw: Option<&'a RawValue>) -> Result<Self, ParamError> {
        let given = match raw {
            None => Vec::new(),
            Some(raw) => serde_json::from_str(raw.get()).map_err(|_| ParamError::NotAnArray)?,
        };
        Ok(Self { given, next: 0 })
    }

    /// Reads arguments with `take`, which must take all that are given.
    pub(super) fn read<T>(
        mut self,
        take: impl FnOnce(&mut Self) -> Result<T, ParamError>,
    ) -> Result<T, RpcError> {
        let taken = take(&mut self)?;
        let (most, got) = (self.next, self.given.len());
        if got > most { Err(ParamError::TooMany { most, got }.into()) } else { Ok(taken) }
    }

    /// Checks that there are no arguments.
    pub(super) fn none(self) -> Result<(), RpcError> {
        self.read(|_| Ok(()))
    }

    /// Takes the next argument, which must be there.
    pub(super) fn need<T: Param>(&mut self, name: &'static str) -> Result<T, ParamError> {
        let position = self.next;
        let expected = T::EXPECTED;
        self.maybe(name)?.ok_or(ParamError::Missing { position, name, expected })
    }

    /// Takes the next argument, if it is there and not null.
    pub(super) fn maybe<T: Param>(&mut self, name: &'static str) -> Result<Option<T>, ParamError> {
        let position = self.next;
        self.next += 1;
        let Some(raw) = self.given.get(position) else { return Ok(None) };
        let raw = raw.get();
        let invalid = |reason: &str| ParamError::Invalid {
            position,
            name,
            expected: T::EXPECTED,
            got: cut(raw),
            reason: without_place(reason),
        };
        if T::HEX && raw.starts_with('"') && !raw.starts_with("\"0x") {
            return Err(invalid("hex string without 0x prefix"));
        }
        serde_json::from_str(raw).map_err(|error| invalid(&error.to_string()))
    }

    /// Takes a block; the newest one when it is not there.
    pub(super) fn block(&mut self) -> Result<BlockId, ParamError> {
        Ok(self.maybe("block")?.unwrap_or_default())
    }
}

/// Enough to recognise what was given.
fn cut(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}..", &text[..at]),
        None => text.to_owned(),
    }
}

/// Line and column count from the start of the argument, which nobody sees.
fn without_place(reason: &str) -> String {
    reason.split(" at line ").next().unwrap_or_default().to_owned()
}
