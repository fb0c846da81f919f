use core::{fmt, str::FromStr};
use std::{fs, path::PathBuf, sync::Arc};

use alloy::primitives::B256;
use mayfly_l1::LocalKey;
use node_core::port::Signer;

/// Names a file.
const FILE: &str = "file:";

/// Names a key in AWS KMS.
const KMS: &str = "kms:";

/// Where a key is.
///
/// ```text
/// 0x4c08…        32 bytes in hex: the key itself
/// file:PATH      a file that has them, and nothing else
/// kms:KEY        a key of AWS KMS (ECC_SECG_P256K1): its ARN, its id, or alias/NAME
/// ```
#[derive(Clone)]
pub enum KeySpec {
    /// The key itself.
    Local(LocalKey),
    /// A file.
    File(PathBuf),
    /// ARN, id or alias of a key in AWS KMS.
    Kms(String),
}

impl fmt::Debug for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(key) => f.debug_tuple("Local").field(key).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Kms(id) => f.debug_tuple("Kms").field(id).finish(),
        }
    }
}

/// Why there is no key. What was given is not shown: it may be a key with a typing error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It names no key.
    #[error("expected a private key (32 bytes in hex), file:PATH or kms:KEY, got something else")]
    NoSpec,
    /// It has the length of a key, but is none.
    #[error("expected a private key of secp256k1, got a number that is none")]
    NoKey,
    /// `kms:` with nothing behind it.
    #[error("expected kms: with the ARN, the id or the alias/NAME of a key, got nothing behind it")]
    NoKmsKey,
    /// The file cannot be read, or has something else.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// AWS KMS does not answer, or not with a key that can sign.
    #[error("KMS key {key}: {reason}")]
    Kms {
        /// The key as it was named.
        key: String,
        /// What is wrong, and what may help.
        reason: String,
    },
}

impl FromStr for KeySpec {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        match (text.strip_prefix(FILE), text.strip_prefix(KMS)) {
            (Some(path), _) => Ok(Self::File(path.into())),
            (_, Some("")) => Err(KeyError::NoKmsKey),
            (_, Some(key)) => Ok(Self::Kms(key.to_owned())),
            (None, None) => local(text).map(Self::Local),
        }
    }
}

impl From<LocalKey> for KeySpec {
    fn from(key: LocalKey) -> Self {
        Self::Local(key)
    }
}

impl KeySpec {
    /// Gets the key, and makes sure that it signs: a key that cannot is refused here and not in the middle of an
    /// event.
    ///
    /// # Errors
    /// [`KeyError`] names the file or the key of KMS.
    pub async fn open(&self) -> Result<Arc<dyn Signer>, KeyError> {
        match self {
            Self::Local(key) => Ok(Arc::new(key.clone())),
            Self::File(path) => {
                let failed = |reason: String| KeyError::File { path: path.clone(), reason };
                let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
                let key = local(text.trim()).map_err(|error| match error {
                    KeyError::NoSpec => failed("expected 32 bytes in hex and nothing else".into()),
                    other => failed(other.to_string()),
                })?;
                Ok(Arc::new(key))
            }
            #[cfg(feature = "kms")]
            Self::Kms(key) => kms(key).await,
            #[cfg(not(feature = "kms"))]
            Self::Kms(key) => {
                let reason = "this program was built without the feature `kms`".to_owned();
                Err(KeyError::Kms { key: key.clone(), reason })
            }
        }
    }
}

/// In a box: what the SDK does to connect is a future too deep for those who await it.
#[cfg(feature = "kms")]
fn kms(key: &str) -> futures::future::BoxFuture<'_, Result<Arc<dyn Signer>, KeyError>> {
    Box::pin(async move {
        let key: Arc<dyn Signer> = Arc::new(crate::KmsKey::connect(key).await?);
        Ok(key)
    })
}

fn local(text: &str) -> Result<LocalKey, KeyError> {
    let secret: B256 = text.parse().map_err(|_| KeyError::NoSpec)?;
    LocalKey::new(&secret).map_err(|_| KeyError::NoKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    const ADDRESS: &str = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

    async fn opened(text: &str) -> String {
        let spec: KeySpec = text.parse().expect("it names a key");
        let shown = format!("{spec:?}");
        assert!(!shown.contains("ac0974"), "{shown}");
        format!("{:?}", spec.open().await.expect("it is there").address())
    }

    #[tokio::test]
    async fn a_key_is_given_as_hex_or_in_a_file() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("key");
        fs::write(&path, format!("0x{SECRET}\n")).expect("it can be written");
        assert_eq!(opened(SECRET).await, ADDRESS);
        assert_eq!(opened(&format!(" 0x{SECRET}\n")).await, ADDRESS);
        assert_eq!(opened(&format!("file:{}", path.display())).await, ADDRESS);
    }

    #[tokio::test]
    async fn what_is_no_key_is_refused_and_not_shown() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("key");
        fs::write(&path, &SECRET[1..]).expect("it can be written");
        for (text, expected) in [
            (&SECRET[1..], "32 bytes in hex"),
            (&*"ff".repeat(32), "secp256k1"),
            ("kms:", "alias/NAME"),
            (&*format!("file:{}", path.display()), "32 bytes in hex"),
            ("file:/nowhere/key", "/nowhere/key: "),
        ] {
            let refused = match text.parse::<KeySpec>() {
                Ok(spec) => spec.open().await.err().expect("no key"),
                Err(error) => error,
            };
            let shown = format!("{refused} {refused:?}");
            assert!(shown.contains(expected), "{shown}");
            assert!(!shown.contains(&SECRET[1..20]), "{shown}");
        }
    }

    #[test]
    fn a_key_of_kms_is_named_by_arn_id_or_alias() {
        for name in ["arn:aws:kms:eu-central-1:1:key/2", "alias/operator", "1234-ab"] {
            let spec: KeySpec = format!("kms:{name}").parse().expect("it names a key");
            assert!(matches!(&spec, KeySpec::Kms(key) if key == name), "{spec:?}");
        }
    }
}
