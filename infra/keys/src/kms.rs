//! A key that never leaves AWS KMS.
//!
//! The program needs `kms:GetPublicKey` and `kms:Sign` on the key, and finds credentials, region and endpoint as every
//! AWS program does (environment, profile, web identity, container, instance).

use core::{error::Error, fmt, time::Duration};

use alloy::{
    primitives::{Address, B256, Signature, keccak256},
    signers::Signer as _,
};
use alloy_signer_aws::{
    AwsSigner, AwsSignerError,
    aws_sdk_kms::{
        Client, Config,
        error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    },
};
use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};
use node_core::port::{SignError, Signer};

use crate::{KeyError, http::Http};

/// Longest wait for a signature, with all its retries: less than a slot of Ethereum.
const PATIENCE: Duration = Duration::from_secs(10);

/// A key of AWS KMS, of the kind `ECC_SECG_P256K1` and for `SIGN_VERIFY`.
///
/// Each signature is one request, 10 to 30 ms in one region; KMS allows some hundred a second for an account.
#[derive(Clone)]
pub struct KmsKey {
    signer: AwsSigner,
    name: String,
}

impl fmt::Debug for KmsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signer, name } = self;
        f.debug_struct("KmsKey").field("name", name).field("address", &signer.address()).finish()
    }
}

impl KmsKey {
    /// Finds the key that `name` (ARN, id or `alias/...`) names now, and lets it sign once: an alias that is moved later
    /// changes nothing but that signatures fail.
    ///
    /// # Errors
    /// [`KeyError::Kms`] when it is not there, is of another kind, or may not be used.
    pub async fn connect(name: &str) -> Result<Self, KeyError> {
        let aws = aws_config::defaults(BehaviorVersion::latest()).http_client(http(name)?);
        Self::connect_with(&aws.load().await, name).await
    }

    /// As [`Self::connect`], with credentials, region and endpoint of `aws`.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(aws: &SdkConfig, name: &str) -> Result<Self, KeyError> {
        let failed = |reason: String| KeyError::Kms { key: name.to_owned(), reason };
        let patience = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
        let config =
            Config::from(aws).to_builder().timeout_config(patience).http_client(http(name)?);
        let client = Client::from_conf(config.build());
        let signer = AwsSigner::new(client, name.to_owned(), None).await;
        let signer = signer.map_err(|error| failed(reason(&error)))?;
        let key = Self { signer, name: name.to_owned() };
        key.sign(keccak256("mayfly: can this key sign?"))
            .await
            .map_err(|error| failed(error.reason))?;
        Ok(key)
    }
}

#[async_trait]
impl Signer for KmsKey {
    fn address(&self) -> Address {
        self.signer.address()
    }

    async fn sign(&self, hash: B256) -> Result<Signature, SignError> {
        self.signer.sign_hash(&hash).await.map_err(|error| SignError {
            address: self.signer.address(),
            reason: match &error {
                alloy::signers::Error::Other(inner) => match inner.downcast_ref() {
                    Some(inner) => reason(inner),
                    None => inner.to_string(),
                },
                other => other.to_string(),
            },
        })
    }
}

fn http(name: &str) -> Result<Http, KeyError> {
    Http::new().map_err(|error| KeyError::Kms { key: name.to_owned(), reason: error.to_string() })
}

/// What KMS said, and for whom it is to mend.
fn reason(error: &AwsSignerError) -> String {
    match error {
        AwsSignerError::GetPublicKey(error) => service("kms:GetPublicKey", error),
        AwsSignerError::Sign(error) => service("kms:Sign", error),
        AwsSignerError::K256(_) | AwsSignerError::Spki(_) => {
            format!("expected a key of the kind ECC_SECG_P256K1, got another one ({error})")
        }
        AwsSignerError::SignatureRecoveryFailed => {
            "the signature is of another key: was its alias moved?".to_owned()
        }
        other => other.to_string(),
    }
}

fn service<E>(action: &str, error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let Some(said) = error.as_service_error() else {
        return format!("{action}: {}", DisplayErrorContext(error));
    };
    let (code, text) = (said.code().unwrap_or("?"), said.message().unwrap_or("no reason given"));
    let hint = match code {
        "NotFoundException" => ": there is no such key in this region and account",
        "AccessDeniedException" => ": the role of this program is not allowed to",
        "DisabledException" | "KMSInvalidStateException" => {
            ": the key is disabled or to be deleted"
        }
        _ => "",
    };
    format!("{action}: {code}: {text}{hint}")
}
