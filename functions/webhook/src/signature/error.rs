/// Why a delivery is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{header}: {fault}")]
pub struct SignatureError {
    /// Name of the header that is wrong.
    pub header: &'static str,
    /// What is wrong with it.
    pub fault: SignatureFault,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Ours: nothing can be verified before a secret is configured.
    #[error("this endpoint has no signing secret configured")]
    NoSecret,
    /// The request has no such header.
    #[error("no such header")]
    Missing,
    /// The header is there twice, or is not text.
    #[error("expected the header once, as text")]
    Malformed,
    /// The header does not say when it was signed.
    #[error("no {name}=<Unix seconds>")]
    NoTimestamp {
        /// How the scheme names the time.
        name: &'static str,
    },
    /// The header does not say in seconds when it was signed.
    #[error("expected {expected}, got `{got}`")]
    Timestamp {
        /// What it should say.
        expected: String,
        /// What it says, shortened.
        got: String,
    },
    /// The header has no signature of the one version that counts.
    #[error("no {expected}")]
    NoSignature {
        /// What a signature looks like.
        expected: String,
    },
    /// No signature is one of this body by one of our secrets.
    #[error(
        "no signature matches: expected {expected} under the endpoint's signing secret, over the body as it was sent"
    )]
    Mismatch {
        /// What the scheme signs.
        expected: String,
    },
    /// The signature is right and too old.
    #[error("expected an age of at most {tolerance_s} s, got {age_s} s")]
    TooOld {
        /// Age in seconds.
        age_s: u64,
        /// The most.
        tolerance_s: u64,
    },
    /// The signature is right and from a time that has not come.
    #[error("expected a time at most {tolerance_s} s ahead, got {ahead_s} s")]
    TooNew {
        /// How far ahead, in seconds.
        ahead_s: u64,
        /// The most.
        tolerance_s: u64,
    },
}
