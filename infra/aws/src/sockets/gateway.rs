use std::time::{Duration, Instant};

use aws_sdk_apigatewaymanagement::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig},
    operation::post_to_connection::PostToConnectionError,
    primitives::Blob,
};
use tokio::time::sleep;

use crate::{Settings, cloud};

/// How long a message may take to be taken. API Gateway keeps it for a client that reads slowly, so one that takes
/// longer holds up all others for nothing.
const ATTEMPT: Duration = Duration::from_secs(2);

/// How long a message waits while API Gateway refuses all of them: it has a limit for each account.
const THROTTLED: Duration = Duration::from_secs(5);

/// Pause before a message that was refused is sent again.
const PAUSE: Duration = Duration::from_millis(50);

/// Largest message. AWS: API Gateway Developer Guide, "Quotas for configuring and running a WebSocket API".
pub(crate) const MAX_MESSAGE_BYTES: usize = 128 * 1024;

/// The side of a WebSocket API that functions send through: `@connections`.
#[derive(Debug, Clone)]
pub struct SocketGateway(Client);

/// Why a connection did not get a message, or may not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTold {
    /// There is no such connection any more.
    #[error("the connection is gone")]
    Gone,
    /// It may have got it, or not: whoever sends more would leave a gap, or send twice.
    #[error("it is not known whether the message arrived: {0}")]
    Unsure(String),
}

impl SocketGateway {
    /// Largest message in bytes, either way.
    pub const MAX_MESSAGE_BYTES: usize = MAX_MESSAGE_BYTES;

    /// Makes the client of the API at `url`: `https://<api>.execute-api.<region>.amazonaws.com/<stage>`.
    pub(crate) fn new(settings: &Settings, url: &str) -> Self {
        let config = aws_sdk_apigatewaymanagement::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(cloud::credentials(settings))
            .http_client(cloud::http())
            // What was sent and not answered may have arrived.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(ATTEMPT).build())
            .endpoint_url(url)
            .build();
        Self(Client::from_conf(config))
    }

    /// Sends a message; it has arrived at API Gateway when this returns. Messages that are sent one after the other
    /// arrive in their order.
    ///
    /// # Errors
    /// [`NotTold`].
    pub async fn post(&self, connection: &str, message: Vec<u8>) -> Result<(), NotTold> {
        let since = Instant::now();
        loop {
            let post = self.0.post_to_connection().connection_id(connection);
            let error = match post.data(Blob::new(message.clone())).send().await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(PostToConnectionError::GoneException(_)) => return Err(NotTold::Gone),
                Some(PostToConnectionError::LimitExceededException(_))
                    if since.elapsed() < THROTTLED =>
                {
                    sleep(PAUSE).await;
                }
                _ => {
                    let reason = aws_sdk_dynamodb::error::DisplayErrorContext(&error).to_string();
                    return Err(NotTold::Unsure(reason));
                }
            }
        }
    }

    /// Closes a connection, if it is still there.
    pub async fn close(&self, connection: &str) {
        if let Err(error) = self.0.delete_connection().connection_id(connection).send().await {
            let is_gone = error.as_service_error().is_some_and(|error| error.is_gone_exception());
            if !is_gone {
                // It gets no more messages, and its time runs out.
                tracing::warn!(connection, %error, "a connection could not be closed");
            }
        }
    }
}
