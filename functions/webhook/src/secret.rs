use core::fmt;

/// Signing secret of a webhook endpoint. Nothing prints it.
#[derive(Clone)]
pub struct Secret(String);

/// The text cannot be a signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Anyone could sign with an empty secret.
    #[error("signing secret: expected the secret of the endpoint, got nothing")]
    Empty,
    /// A newline at the end of a file or variable is the usual reason why no signature matches.
    #[error("signing secret: expected no white space in it")]
    WhiteSpace,
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
        if secret.contains(char::is_whitespace) {
            return Err(SecretError::WhiteSpace);
        }
        Ok(Self(secret))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Signing secrets by provider. Several of one provider are valid at once while one is replaced.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// Of the Stripe endpoint (`whsec_...`).
    pub stripe: Vec<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_print_a_secret() {
        let secret = Secret::new("whsec_hush").expect("a secret");
        let all = Secrets { stripe: vec![secret] };
        assert_eq!(format!("{all:?}"), "Secrets { stripe: [Secret(..)] }");
    }

    #[test]
    fn secrets_that_cannot_work_are_refused() {
        assert_eq!(Secret::new("").err(), Some(SecretError::Empty));
        assert_eq!(Secret::new("whsec_hush\n").err(), Some(SecretError::WhiteSpace));
    }
}
