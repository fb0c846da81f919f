use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What secrets in base64 may begin with.
const BASE64_PREFIX: &str = "whsec_";

/// Signing secret of a webhook endpoint, or a token that opens something. Nothing prints it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// The text cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Anyone could sign with an empty secret.
    #[error("signing secret: expected the secret of the endpoint, got nothing")]
    Empty,
    /// A newline at the end of a file or variable is the usual reason why no signature matches.
    #[error("signing secret: expected no white space around it, and no line breaks")]
    WhiteSpace,
    /// The scheme has its secrets in base64.
    #[error("signing secret: expected base64, after `whsec_` or alone")]
    Base64,
}

impl Secret {
    /// Takes a secret as the provider shows it.
    ///
    /// # Errors
    /// [`SecretError`]; the secret is not part of it.
    pub fn new(secret: impl Into<String>) -> Result<Self, SecretError> {
        let secret = secret.into();
        if secret.is_empty() {
            return Err(SecretError::Empty);
        }
        if secret.trim() != secret || secret.contains(['\n', '\r']) {
            return Err(SecretError::WhiteSpace);
        }
        Ok(Self(secret.into_bytes()))
    }

    /// Takes a secret whose bytes are shown in base64, as the Standard Webhooks scheme has it.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn base64(secret: &str) -> Result<Self, SecretError> {
        Self::new(secret)?;
        let digits = secret.strip_prefix(BASE64_PREFIX).unwrap_or(secret);
        let bytes = STANDARD.decode(digits).map_err(|_| SecretError::Base64)?;
        if bytes.is_empty() { Err(SecretError::Empty) } else { Ok(Self(bytes)) }
    }

    /// The secret where it is text, for whoever must send it.
    pub fn reveal(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_print_a_secret() {
        let secret = Secret::new("whsec_hush").expect("a secret");
        assert_eq!(format!("{:?}", [secret]), "[Secret(..)]");
    }

    #[test]
    fn secrets_that_cannot_work_are_refused() {
        assert_eq!(Secret::new("").err(), Some(SecretError::Empty));
        for text in ["whsec_hush\n", " whsec_hush", "whsec\nhush"] {
            assert_eq!(Secret::new(text).err(), Some(SecretError::WhiteSpace));
        }
        assert_eq!(Secret::base64("whsec_?").err(), Some(SecretError::Base64));
        assert_eq!(Secret::base64("whsec_").err(), Some(SecretError::Empty));
    }

    #[test]
    fn spaces_within_a_secret_are_part_of_it() {
        let secret = Secret::new("It's a Secret to Everybody").expect("a secret");
        assert_eq!(secret.as_bytes(), b"It's a Secret to Everybody");
    }
}
