use core::{fmt, str::FromStr};
use std::{fs, path::PathBuf, sync::Arc};

use alloy::primitives::B256;
use mayfly_l1::LocalKey;
use node_core::port::Signer;

/// Names a file.
const FILE: &str = "file:";

/// Where a key is.
///
/// ```text
/// 0x4c08…        32 bytes in hex: the key itself
/// file:PATH      a file that has them, and nothing else
/// ```
#[derive(Clone)]
pub enum KeySpec {
    /// The key itself.
    Local(LocalKey),
    /// A file.
    File(PathBuf),
}

impl fmt::Debug for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(key) => f.debug_tuple("Local").field(key).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Why there is no key. What was given is not shown: it may be a key with a typing error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It names no key.
    #[error("expected a private key (32 bytes in hex) or file:PATH, got something else")]
    NoSpec,
    /// It has the length of a key, but is none.
    #[error("expected a private key of secp256k1, got a number that is none")]
    NoKey,
    /// The file cannot be read, or has something else.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl FromStr for KeySpec {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        match text.strip_prefix(FILE) {
            Some(path) => Ok(Self::File(path.into())),
            None => local(text).map(Self::Local),
        }
    }
}

impl From<LocalKey> for KeySpec {
    fn from(key: LocalKey) -> Self {
        Self::Local(key)
    }
}

impl KeySpec {
    /// Gets the key.
    ///
    /// # Errors
    /// [`KeyError`] names the file.
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
        }
    }
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
}
