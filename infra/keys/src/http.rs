//! The AWS SDK's requests go by the HTTP client that all others go by: one stack, one set of certificates.

use core::time::Duration;

use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use reqwest::{Client, Method, redirect};

/// A client of the SDK.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    /// Longest wait for a whole answer.
    timeout: Option<Duration>,
}

impl Http {
    /// Makes one; redirects are the SDK's to follow.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder().redirect(redirect::Policy::none()).build()?;
        Ok(Self { client, timeout: None })
    }

    async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let method = Method::from_bytes(request.method().as_bytes());
        let method = method.map_err(|error| ConnectorError::user(error.into()))?;
        // Nothing that is asked of KMS, or of who has credentials, is longer than fits in memory.
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let mut wanted = self.client.request(method, request.uri()).body(body);
        for (name, value) in request.headers().iter() {
            wanted = wanted.header(name, value);
        }
        if let Some(timeout) = self.timeout {
            wanted = wanted.timeout(timeout);
        }
        let answer = wanted.send().await.map_err(failed)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.map_err(failed)?;
        let other =
            |error: Box<dyn core::error::Error + Send + Sync>| ConnectorError::other(error, None);
        let status = StatusCode::try_from(status).map_err(|error| other(error.into()))?;
        let mut response = HttpResponse::new(status, SdkBody::from(body.to_vec()));
        for (name, value) in &headers {
            let value = value.to_str().map_err(|error| other(error.into()))?.to_owned();
            let added = response.headers_mut().try_append(name.as_str().to_owned(), value);
            added.map_err(|error| other(error.into()))?;
        }
        Ok(response)
    }
}

/// What the SDK tries again, and what it does not.
fn failed(error: reqwest::Error) -> ConnectorError {
    match error.is_timeout() {
        true => ConnectorError::timeout(error.into()),
        false => ConnectorError::io(error.into()),
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().send(request))
    }
}

impl HttpClient for Http {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let (connect, read) = (settings.connect_timeout(), settings.read_timeout());
        let timeout = read.map(|read| connect.unwrap_or_default() + read);
        SharedHttpConnector::new(Self { client: self.client.clone(), timeout })
    }
}
