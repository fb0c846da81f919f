//! Requests to services whose SDK is not worth its size: a few verbs of Lambda, Scheduler and Systems Manager.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings},
    orchestrator::HttpRequest,
};
use node_core::port::PortError;
use tokio::time::{Instant, sleep};

use crate::DEADLINE;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);

/// First pause before another attempt, in milliseconds.
const PAUSE_MS: u64 = 50;

/// Longest pause.
const LONGEST_PAUSE_MS: u64 = 1_000;

/// Signs requests to one service and sends them.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    connector: Arc<Connector>,
    credentials: Credentials,
    region: String,
    service: &'static str,
    endpoint: String,
}

/// A request before it is signed.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static str,
    /// With the query, from the slash on.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'static str, &'static str)],
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The error of an answer that was not hoped for.
    pub(crate) fn refused(&self, what: String) -> PortError {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        PortError::Refused { what, reason: format!("{}: {text}", self.status) }
    }

    pub(crate) const fn is_good(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl Api {
    pub(crate) fn new(
        service: &'static str,
        region: &str,
        credentials: Credentials,
        endpoint: Option<&str>,
    ) -> Self {
        let own = || format!("https://{service}.{region}.amazonaws.com");
        let settings =
            HttpConnectorSettings::builder().connect_timeout(ATTEMPT).read_timeout(ATTEMPT);
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        Self {
            connector: Arc::new(
                Connector::builder().connector_settings(settings.build()).tls_provider(tls).build(),
            ),
            credentials,
            region: region.to_owned(),
            service,
            endpoint: endpoint.map_or_else(own, str::to_owned),
        }
    }

    /// Sends a request; throttling, `5xx` and what did not arrive are tried again until the deadline.
    pub(crate) async fn send(&self, what: &str, ask: &Ask<'_>) -> Result<Answer, PortError> {
        let until = Instant::now() + DEADLINE;
        let mut pause_ms = PAUSE_MS;
        loop {
            let failed = match self.send_once(what, ask).await {
                Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                    let text = String::from_utf8_lossy(&answer.body).into_owned();
                    PortError::unavailable(what, format!("{}: {text}", answer.status))
                }
                Err(error) if error.is_retryable() => error,
                other => return other,
            };
            if Instant::now() >= until {
                return Err(failed);
            }
            sleep(Duration::from_millis(rand::random_range(pause_ms / 2..=pause_ms))).await;
            pause_ms = (2 * pause_ms).min(LONGEST_PAUSE_MS);
        }
    }

    async fn send_once(&self, what: &str, ask: &Ask<'_>) -> Result<Answer, PortError> {
        let request = self.signed(what, ask)?;
        let unavailable = |error: Box<dyn Error + Send + Sync>| PortError::unavailable(what, error);
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| unavailable(error.into()))?;
        let status = answer.status().as_u16();
        let body = ByteStream::new(answer.into_body()).collect().await;
        let body = body.map_err(|error| unavailable(error.into()))?.to_vec();
        Ok(Answer { status, body })
    }

    /// AWS: IAM User Guide, "AWS Signature Version 4 for API requests".
    fn signed(&self, what: &str, ask: &Ask<'_>) -> Result<HttpRequest, PortError> {
        let refused = |reason: String| PortError::Refused { what: what.to_owned(), reason };
        let url = format!("{}{}", self.endpoint, ask.path);
        let mut request = http::Request::builder().method(ask.method).uri(&url);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(SdkBody::from(ask.body.clone()));
        let mut request = request.map_err(|error| refused(error.to_string()))?;
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build();
        let params = params.map_err(|error| refused(error.to_string()))?.into();
        let headers = ask.headers.iter().copied();
        let signable =
            SignableRequest::new(ask.method, &url, headers, SignableBody::Bytes(&ask.body));
        let signed = signable.and_then(|signable| sign(signable, &params));
        let (instructions, _) = signed.map_err(|error| refused(error.to_string()))?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| refused(error.to_string()))
    }
}
