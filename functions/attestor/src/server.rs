use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use mayfly_l1::{Claimed, HttpL1};
use node_core::{
    chain::{Posting, Word},
    flow::attest::{Attesting, FollowError},
    port::{PortError, SignError, Signer},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

/// What an attestor answers from.
pub struct Desk {
    attesting: Mutex<Attesting>,
    l1: Arc<HttpL1>,
    signer: Arc<dyn Signer>,
}

impl core::fmt::Debug for Desk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Desk").field("signer", &self.signer.address()).finish_non_exhaustive()
    }
}

/// An attestor's word for a settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Who signed.
    pub signer: Address,
    /// keccak256 of the output.
    pub output: B256,
    /// EIP-712 signature of `Settlement(output)`.
    pub signature: Bytes,
}

/// Why an attestor does not sign.
#[derive(Debug)]
enum Refusal {
    /// What it is asked for is wrong, or is not known to be right.
    Wrong(String),
    /// It cannot say now.
    Later(String),
}

impl From<FollowError> for Refusal {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Attest(error) => Self::Wrong(error.to_string()),
            FollowError::Port(error) => error.into(),
        }
    }
}

impl From<PortError> for Refusal {
    fn from(error: PortError) -> Self {
        match error.is_retryable() {
            true => Self::Later(error.to_string()),
            false => Self::Wrong(error.to_string()),
        }
    }
}

impl From<SignError> for Refusal {
    fn from(error: SignError) -> Self {
        Self::Later(error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::Wrong(reason) => (StatusCode::CONFLICT, reason),
            Self::Later(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        };
        tracing::warn!(%reason, "not attested");
        (status, Json(json!({ "error": reason }))).into_response()
    }
}

impl Desk {
    /// Answers with what `attesting` finds, signed by `signer`; `l1` is the attestor's own view of the L1.
    #[must_use]
    pub fn new(attesting: Attesting, l1: Arc<HttpL1>, signer: Arc<dyn Signer>) -> Self {
        Self { attesting: Mutex::new(attesting), l1, signer }
    }

    /// Executes what is new, checks that the settlement is what came out, and signs it.
    async fn attest(&self, call: &[u8]) -> Result<Attestation, Refusal> {
        let Claimed { settlement, batch_acc, output } = Claimed::decode(call)?;
        let mut attesting = self.attesting.lock().await;
        attesting.catch_up().await?;
        let attestor = attesting.attestor();
        attestor.settlement(&settlement).map_err(|error| Refusal::Wrong(error.to_string()))?;
        self.check_posted(settlement.last_block, batch_acc).await?;
        let digest = Word::Settlement { output }.digest(&attesting.config().l1);
        let signature = self.signer.sign(digest).await?.as_bytes().into();
        Ok(Attestation { signer: self.signer.address(), output, signature })
    }

    /// The L1 has the inputs of every block, and the settlement names what they fold to.
    async fn check_posted(&self, last_block: u64, claimed: B256) -> Result<(), Refusal> {
        let (acc, posted) = self.l1.posted().await?;
        if acc != claimed {
            return Err(Refusal::Later(format!("batches: expected {acc}, got {claimed}")));
        }
        if self.l1.posting() != Posting::Leaves && posted != last_block {
            let reason = format!("batches: expected them up to block {last_block}, got {posted}");
            return Err(Refusal::Later(reason));
        }
        Ok(())
    }
}

/// Returns the routes: `POST /settlement` with the call data of `settle`, and life signs on `GET /health`.
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/settlement", post(settlement))
        .route("/health", get(health))
        .with_state(desk)
}

async fn settlement(
    State(desk): State<Arc<Desk>>,
    call: bytes::Bytes,
) -> Result<Json<Attestation>, Refusal> {
    desk.attest(&call).await.map(Json)
}

async fn health(State(desk): State<Arc<Desk>>) -> Json<serde_json::Value> {
    let header = desk.attesting.lock().await.attestor().attested().header();
    let signer = desk.signer.address();
    Json(json!({ "signer": signer, "number": header.number, "hash": header.hash() }))
}
