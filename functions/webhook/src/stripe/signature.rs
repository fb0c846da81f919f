use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::Secret;

/// Name of the header that carries the signature.
pub const HEADER: &str = "Stripe-Signature";

/// Largest age of a delivery in seconds: the default of Stripe's own libraries.
pub const TOLERANCE_S: u64 = 300;

/// Why a delivery is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Ours: nothing can be verified before a secret is configured.
    #[error("{HEADER}: this endpoint has no signing secret configured")]
    NoSecret,
    /// The request has no such header.
    #[error("{HEADER}: no such header")]
    Missing,
    /// The header is there twice, or is not text.
    #[error("{HEADER}: expected the header once, as text")]
    Malformed,
    /// The header does not say when it was signed.
    #[error("{HEADER}: no t=<Unix seconds>")]
    NoTimestamp,
    /// The header does not say in seconds when it was signed.
    #[error("{HEADER}: expected t=<Unix seconds>, got `t={got}`")]
    Timestamp {
        /// What it says, shortened.
        got: String,
    },
    /// The header has no signature of the one scheme that counts.
    #[error("{HEADER}: no v1=<HMAC-SHA256 in hex>")]
    NoSignature,
    /// No signature is one of this body by one of our secrets.
    #[error(
        "{HEADER}: no v1 matches: expected the HMAC-SHA256 of `t.body` under the endpoint's signing secret, \
         over the body as it was sent"
    )]
    Mismatch,
    /// The signature is right and too old.
    #[error("{HEADER}: expected an age of at most {tolerance_s} s, got {age_s} s")]
    TooOld {
        /// Age in seconds.
        age_s: u64,
        /// The most.
        tolerance_s: u64,
    },
}

/// Verifies that one of `secrets` signed `body` at most `tolerance_s` seconds before `now_s`.
///
/// `header` is the value of [`HEADER`], `body` is what came over the wire. As in Stripe's libraries,
/// schemes other than `v1` are ignored, one `v1` that matches is enough, a timestamp in the future is
/// not an error, and a tolerance of 0 asks for no age at all. Takes the same time wherever a signature differs.
///
/// # Errors
/// [`SignatureError`]: the first thing that is wrong, in the order of its variants.
///
/// Spec: <https://docs.stripe.com/webhooks/signature>.
pub fn verify(
    header: &str,
    body: &[u8],
    secrets: &[Secret],
    now_s: u64,
    tolerance_s: u64,
) -> Result<(), SignatureError> {
    if secrets.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let claim = Claim::parse(header)?;
    claim.check_signature(body, secrets)?;
    claim.check_age(now_s, tolerance_s)
}

/// Signs `body` at `now_s` as Stripe does and returns the value of [`HEADER`].
pub fn sign(body: &[u8], secret: &Secret, now_s: u64) -> String {
    let timestamp = now_s.to_string();
    let signature = signature(secret, &timestamp, body);
    format!("t={timestamp},v1={signature}")
}

/// What a header says, not yet believed.
struct Claim<'a> {
    /// As written: this text is what was signed.
    timestamp: &'a str,
    signed_at_s: u64,
    signatures: Vec<&'a str>,
}

impl<'a> Claim<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let parts = || header.split(',').filter_map(|part| part.split_once('='));
        // The last one counts, as in the SDK; whichever counts is the one under the MAC.
        let timestamp = parts().rfind(|(scheme, _)| *scheme == "t");
        let (_, timestamp) = timestamp.ok_or(SignatureError::NoTimestamp)?;
        let signed_at_s = timestamp
            .parse()
            .map_err(|_| SignatureError::Timestamp { got: timestamp.chars().take(32).collect() })?;
        let signatures: Vec<_> =
            parts().filter(|(scheme, _)| *scheme == "v1").map(|(_, value)| value).collect();
        if signatures.is_empty() {
            return Err(SignatureError::NoSignature);
        }
        Ok(Self { timestamp, signed_at_s, signatures })
    }

    fn check_signature(&self, body: &[u8], secrets: &[Secret]) -> Result<(), SignatureError> {
        let mut found = Choice::from(0);
        for secret in secrets {
            let expected = signature(secret, self.timestamp, body);
            for given in &self.signatures {
                found |= expected.as_bytes().ct_eq(given.as_bytes());
            }
        }
        if found.into() { Ok(()) } else { Err(SignatureError::Mismatch) }
    }

    const fn check_age(&self, now_s: u64, tolerance_s: u64) -> Result<(), SignatureError> {
        // Saturating: what was signed in the future has no age yet.
        let age_s = now_s.saturating_sub(self.signed_at_s);
        if tolerance_s > 0 && age_s > tolerance_s {
            return Err(SignatureError::TooOld { age_s, tolerance_s });
        }
        Ok(())
    }
}

/// Lower-case hex: the SDKs compare text, so another case is another signature.
fn signature(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
