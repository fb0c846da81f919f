use alloy_primitives::{Address, U256};
use lambda_runtime::Diagnostic;
use mayfly_cost::Bill;
use mayfly_webhook::events::EventError;
use node_core::{
    chain::{LayerId, Phase},
    flow::FlowError,
    port::PortError,
};
use serde::{Serialize, Serializer};

use crate::OpenError;

/// Where a layer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub(super) layer: LayerId,
    pub(super) name: String,
    pub(super) phase: Phase,
    pub(super) rpc_url: String,
    /// Where the first shop posts to.
    pub(super) webhook_url: String,
    /// Where each shop posts to, in order of their names.
    pub(super) webhook_urls: Vec<String>,
    pub(super) chain_id: u64,
    pub(super) ends_at_s: u64,
    pub(super) ended_at_s: Option<u64>,
    pub(super) l1: L1,
    /// What it cost, once it has ended.
    pub(super) cost: Option<Bill>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct L1 {
    pub(super) chain_id: u64,
    pub(super) layer: Address,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Where a layer stands.
    Layer(Box<Status>),
    /// Who pays on the L1.
    Account(Account),
    /// Nothing of a layer that Terraform forgets and nobody knows any more.
    Nothing,
}

/// The account that opens and settles layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    pub(super) l1_chain_id: u64,
    pub(super) address: Address,
    /// What it has to pay gas with.
    #[serde(serialize_with = "decimal")]
    pub(super) balance_wei: U256,
}

/// Why a request was not granted.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A field of the event.
    #[error("{field}: expected {expected}, got {got}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A field of the event that says more than that.
    #[error("{field}: {reason}")]
    Wrong {
        /// Its name.
        field: &'static str,
        /// What was expected, and what was given.
        reason: String,
    },
    /// The event cannot be read; the text says which field and what was expected.
    #[error("the request cannot be read: {0}")]
    Malformed(serde_json::Error),
    /// There is no such layer.
    #[error("no layer {0} was opened here")]
    Unknown(LayerId),
    /// Terraform would forget a layer that lives.
    #[error(
        "layer {layer} is still there, until Unix time {ends_at_s}: end it with the action `close` first"
    )]
    Alive {
        /// The layer.
        layer: LayerId,
        /// Its end.
        ends_at_s: u64,
    },
    /// The configuration of the box office.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The layer could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A store, another service, or the L1.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The stores of the layer.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

fn decimal<S: Serializer>(wei: &U256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(wei)
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        Self { error_type: "Refused".to_owned(), error_message: refused.to_string() }
    }
}

pub(super) fn field(field: &'static str, expected: &str, got: &str) -> Refused {
    Refused::Field { field, expected: expected.to_owned(), got: got.to_owned() }
}

pub(super) const fn wrong(field: &'static str, reason: String) -> Refused {
    Refused::Wrong { field, reason }
}
