use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use reqwest::{Client, StatusCode, header::AUTHORIZATION, redirect::Policy};
use tokio::sync::OnceCell;

use crate::BODY_LIMIT;

/// How long a provider may take to answer: the tightest of them waits 5 s for ours.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks a provider for what it told of.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Returns the document at `url`.
    async fn get(&self, url: &str, authorization: &str) -> Result<Bytes, FetchError>;
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The provider knows nothing of it.
    #[error("the provider has no such thing")]
    NotFound,
    /// The provider does not answer us: our token is not good.
    #[error("the provider refuses our token with {status}")]
    Token {
        /// Status of its answer.
        status: u16,
    },
    /// Another try may help.
    #[error("the provider does not answer: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
}

/// Asks over HTTP; follows no redirects, for the token is for the provider alone.
#[derive(Debug, Default)]
pub struct HttpFetch {
    /// Made when somebody is asked: few shops are, and to read the certificates of the machine is a fifth of a cold start.
    client: OnceCell<Client>,
}

impl HttpFetch {
    async fn client(&self) -> Result<&Client, FetchError> {
        let make = async || Client::builder().timeout(PATIENCE).redirect(Policy::none()).build();
        self.client.get_or_try_init(make).await.map_err(unavailable)
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str, authorization: &str) -> Result<Bytes, FetchError> {
        let request = self.client().await?.get(url).header(AUTHORIZATION, authorization);
        let mut answer = request.send().await.map_err(unavailable)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(FetchError::NotFound),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(FetchError::Token { status: status.as_u16() });
            }
            status => return Err(FetchError::Unavailable { reason: status.to_string() }),
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unavailable)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_LIMIT {
                let reason = format!("expected at most {BODY_LIMIT} bytes");
                return Err(FetchError::Unavailable { reason });
            }
        }
        Ok(body.into())
    }
}

/// The address is left out: it may have a token in it.
fn unavailable(error: reqwest::Error) -> FetchError {
    FetchError::Unavailable { reason: error.without_url().to_string() }
}
