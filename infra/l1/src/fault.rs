use core::error::Error;

use alloy::{
    primitives::Bytes,
    rpc::json_rpc::ErrorPayload,
    sol_types::{ContractError, SolInterface},
    transports::{RpcError, TransportError},
};
use mayfly_contracts::{ClaimVaults, FlashFactory, FlashLayer, FlashTwin721};
use node_core::port::PortError;

/// JSON-RPC: the node does not have the method.
const METHOD_NOT_FOUND: i64 = -32601;
/// JSON-RPC: the node has the method, but not with these parameters.
const INVALID_PARAMS: i64 = -32602;
/// execution-apis: the node does not know the block that was asked for.
const UNKNOWN_BLOCK: i64 = -39001;

/// What a request came to when not to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The contract reverted; the reason names its error.
    Reverted { reason: String },
    /// The node answered with an error.
    Answered { code: i64, message: String },
    /// No answer that can be read.
    Silent { reason: String },
}

impl Fault {
    /// Reads `error`. Every mention of `url` is left out: it may hold the key to the node.
    pub(crate) fn of(error: &TransportError, url: &str) -> Self {
        match error {
            RpcError::ErrorResp(payload) => Self::of_answer(payload),
            other => Self::Silent { reason: chain(other).replace(url, "the node's URL") },
        }
    }

    fn of_answer(payload: &ErrorPayload) -> Self {
        // geth's code for reverts is 3; the text is what all nodes agree on.
        if payload.code == 3 || payload.message.contains("revert") {
            let data = payload.as_revert_data().unwrap_or_default();
            let reason = reason(&data).unwrap_or_else(|| payload.message.to_string());
            return Self::Reverted { reason };
        }
        Self::Answered { code: payload.code, message: payload.message.to_string() }
    }

    /// Whether the node says that there is no such block (yet).
    pub(crate) fn is_unknown_block(&self) -> bool {
        let Self::Answered { code, message } = self else { return false };
        if matches!(*code, METHOD_NOT_FOUND | INVALID_PARAMS) {
            return false;
        }
        let message = message.to_ascii_lowercase();
        *code == UNKNOWN_BLOCK || message.contains("not found") || message.contains("unknown block")
    }

    /// Whether the contract itself failed: reverted, ran out of gas, or came to what is no instruction. Nodes have
    /// a code for reverts only.
    pub(crate) fn is_execution(&self) -> bool {
        const HALTS: [&str; 5] = ["out of gas", "outofgas", "opcode", "jump", "stack"];
        matches!(self, Self::Reverted { .. }) || HALTS.iter().any(|halt| self.says(halt))
    }

    /// Whether the node answered, and the answer contains `text`.
    pub(crate) fn says(&self, text: &str) -> bool {
        matches!(self, Self::Answered { message, .. } if message.to_ascii_lowercase().contains(text))
    }

    /// Whether the account cannot pay. Nodes have no code for that.
    pub(crate) fn is_poor(&self) -> bool {
        self.says("insufficient funds")
    }

    /// Tells the caller of a port what to do: what the node refuses for good is not repeated.
    pub(crate) fn into_port(self, what: impl Into<String>) -> PortError {
        let what = what.into();
        let is_poor = self.is_poor();
        match self {
            Self::Reverted { reason } => PortError::Refused { what, reason },
            Self::Answered { code: METHOD_NOT_FOUND | INVALID_PARAMS, message } => {
                PortError::Refused { what, reason: message }
            }
            Self::Answered { message, .. } if is_poor => {
                PortError::Refused { what, reason: message }
            }
            Self::Answered { code, message } => {
                PortError::unavailable(what, format!("error {code}: {message}"))
            }
            Self::Silent { reason } => PortError::unavailable(what, reason),
        }
    }
}

/// The error with everything that caused it: `reqwest` hides the cause in the source.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Names the error in a contract's revert data, with its arguments.
pub(crate) fn reason(data: &Bytes) -> Option<String> {
    if data.is_empty() {
        return None;
    }
    named::<FlashLayer::FlashLayerErrors>(data)
        .or_else(|| named::<FlashFactory::FlashFactoryErrors>(data))
        .or_else(|| named::<FlashTwin721::FlashTwin721Errors>(data))
        .or_else(|| named::<ClaimVaults::ClaimVaultsErrors>(data))
        .or_else(|| Some(format!("unknown error {data}")))
}

fn named<E: SolInterface + core::fmt::Debug>(data: &[u8]) -> Option<String> {
    match ContractError::<E>::abi_decode(data).ok()? {
        ContractError::CustomError(error) => Some(unwrapped(&error)),
        ContractError::Revert(revert) => Some(revert.reason().to_owned()),
        ContractError::Panic(panic) => Some(panic.to_string()),
    }
}

/// `AlreadyClaimed { index: 3 }` out of the `AlreadyClaimed(AlreadyClaimed { index: 3 })` that an enum of
/// errors prints.
fn unwrapped(error: &impl core::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let inner = text.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
    inner.map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use alloy::{primitives::U256, sol_types::SolError};

    use super::*;

    fn answer(json: &str) -> Fault {
        let payload: ErrorPayload = serde_json::from_str(json).expect("an error object");
        Fault::of(&RpcError::ErrorResp(payload), "http://node")
    }

    #[test]
    fn revert_is_named_with_its_arguments() {
        let data = FlashLayer::AlreadyClaimed { index: U256::from(3) }.abi_encode();
        assert_eq!(reason(&data.into()).as_deref(), Some("AlreadyClaimed { index: 3 }"));
    }

    #[test]
    fn revert_is_refused_and_not_repeated() {
        let data = Bytes::from(FlashLayer::BadProof {}.abi_encode());
        let fault =
            answer(&format!(r#"{{"code":3,"message":"execution reverted","data":"{data}"}}"#));
        let error = fault.into_port("claim");
        assert!(!error.is_retryable());
        assert_eq!(error.to_string(), "refused: claim: BadProof");
    }

    #[test]
    fn rate_limit_is_repeated() {
        let fault = answer(r#"{"code":-32005,"message":"too many requests"}"#);
        assert!(fault.into_port("view").is_retryable());
    }

    #[test]
    fn missing_method_is_not_repeated() {
        let fault = answer(r#"{"code":-32601,"message":"the method does not exist"}"#);
        assert!(!fault.into_port("view").is_retryable());
    }

    #[test]
    fn url_is_left_out() {
        let url = "https://node.example/v3/secret";
        let error = RpcError::Transport(alloy::transports::TransportErrorKind::Custom(
            format!("error sending request for url ({url})").into(),
        ));
        let fault = Fault::of(&error, url);
        assert!(!format!("{fault:?}").contains("secret"), "{fault:?}");
    }
}
