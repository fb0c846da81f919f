#[cfg(feature = "keys")]
use std::sync::Arc;

#[cfg(feature = "keys")]
use mayfly_keys::{KeyError, KeySpec};
use node_core::port::PortError;
#[cfg(feature = "keys")]
use node_core::port::Signer;
use serde_json::{Value, json};

use crate::{
    SettingsError, Variables,
    api::{Api, Ask},
};

/// How a variable says that its value is a parameter's.
const PARAMETER: &str = "ssm:";

/// A secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The parameter.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The key, in its file or in KMS.
    #[cfg(feature = "keys")]
    #[error("environment variable {name}: {error}")]
    Key {
        /// Name of the variable.
        name: &'static str,
        /// What is wrong with it.
        error: KeyError,
    },
}

/// Reads secrets from Systems Manager's parameters.
#[derive(Debug, Clone)]
pub struct Parameters(pub(crate) Api);

impl Parameters {
    /// Reads the secret that the variable `name` holds, or whose parameter it names as `ssm:<name>`.
    ///
    /// AWS: Systems Manager API Reference, `GetParameter`.
    ///
    /// # Errors
    /// [`SecretError`] names the variable or the parameter, never the secret.
    pub async fn secret(
        &self,
        variables: &Variables,
        name: &'static str,
        expected: &'static str,
    ) -> Result<String, SecretError> {
        let value = variables.required(name, expected)?;
        match value.strip_prefix(PARAMETER) {
            None => Ok(value.to_owned()),
            Some(parameter) => Ok(self.parameter(parameter).await?),
        }
    }

    /// Gets the signer whose key the variable `name` names, see [`KeySpec`]: what it holds, or what the parameter
    /// that it names as `ssm:<name>` holds. A key that cannot sign is refused.
    ///
    /// # Errors
    /// [`SecretError`] names the variable or the parameter, never the key.
    #[cfg(feature = "keys")]
    pub async fn signer(
        &self,
        variables: &Variables,
        name: &'static str,
    ) -> Result<Arc<dyn Signer>, SecretError> {
        const EXPECTED: &str = "32 bytes in hex, file:PATH, kms:KEY, or ssm: and the name of a parameter that holds one of these";
        let text = self.secret(variables, name, EXPECTED).await?;
        let malformed = |_| SettingsError::Malformed { name, expected: EXPECTED };
        let spec: KeySpec = text.parse().map_err(malformed)?;
        spec.open().await.map_err(|error| SecretError::Key { name, error })
    }

    /// Reads the parameter of this name.
    ///
    /// # Errors
    /// [`PortError::Refused`] when there is none, or no permission; it names the parameter.
    pub async fn parameter(&self, parameter: &str) -> Result<String, PortError> {
        let what = format!("read the parameter {parameter}");
        let body = json!({ "Name": parameter, "WithDecryption": true }).to_string().into_bytes();
        let headers = &[
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AmazonSSM.GetParameter"),
        ];
        let ask = Ask { method: "POST", path: "/", headers, body };
        let answer = self.0.send(&what, &ask).await?;
        if !answer.is_good() {
            return Err(answer.refused(what));
        }
        let answer: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let value = answer.as_ref().and_then(|answer| answer["Parameter"]["Value"].as_str());
        let reason = || "the answer has no value".to_owned();
        value.map(str::to_owned).ok_or_else(|| PortError::Refused { what, reason: reason() })
    }
}
