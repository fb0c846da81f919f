use axum::http::HeaderMap;
use subtle::{Choice, ConstantTimeEq};

use super::{Encoding, Layout, Scheme, SignatureError, SignatureFault};
use crate::Secret;

/// Longest part of a header that an error repeats, in characters.
const SHOWN: usize = 32;

/// What the headers say, not yet believed.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    /// Name of the header with the signature.
    pub(super) header: &'static str,
    /// The id of the message; empty when the scheme has none.
    id: &'a str,
    /// As written: this text is what was signed.
    time: &'a str,
    signed_at_s: Option<u64>,
    signatures: Vec<&'a str>,
}

impl<'a> Claim<'a> {
    pub(super) fn read(scheme: &Scheme, headers: &'a HeaderMap) -> Result<Self, SignatureError> {
        match scheme.layout {
            Layout::Plain { header, prefix } => {
                let value = one(headers, header)?;
                let fault = || SignatureFault::NoSignature { expected: written(scheme, prefix) };
                let signature = value.strip_prefix(prefix).filter(|text| !text.is_empty());
                let signature =
                    signature.ok_or_else(|| SignatureError { header, fault: fault() })?;
                let signatures = vec![signature];
                Ok(Self { header, id: "", time: "", signed_at_s: None, signatures })
            }
            Layout::Pairs { header, separator, time, signature } => {
                let value = one(headers, header)?;
                let of_pairs = Self::of_pairs(scheme, header, value, separator, time, signature);
                of_pairs.map_err(|fault| SignatureError { header, fault })
            }
            Layout::Headers { names } => Self::of_headers(scheme, headers, names),
        }
    }

    fn of_pairs(
        scheme: &Scheme,
        header: &'static str,
        value: &'a str,
        separator: char,
        time_name: &'static str,
        signature_name: &'static str,
    ) -> Result<Self, SignatureFault> {
        let parts = || value.split(separator).filter_map(|part| part.split_once('='));
        // The last one counts, as in Stripe's library; whichever counts is the one under the MAC.
        let time = parts().rfind(|(name, _)| *name == time_name);
        let (_, time) = time.ok_or(SignatureFault::NoTimestamp { name: time_name })?;
        let expected = || format!("{time_name}=<Unix seconds>");
        let got = || format!("{time_name}={}", shortened(time));
        let signed_at_s = seconds(time)
            .ok_or_else(|| SignatureFault::Timestamp { expected: expected(), got: got() })?;
        let signatures: Vec<_> = parts()
            .filter(|(name, _)| *name == signature_name)
            .map(|(_, signature)| signature)
            .collect();
        if signatures.is_empty() {
            let expected = written(scheme, &format!("{signature_name}="));
            return Err(SignatureFault::NoSignature { expected });
        }
        Ok(Self { header, id: "", time, signed_at_s: Some(signed_at_s), signatures })
    }

    fn of_headers(
        scheme: &Scheme,
        headers: &'a HeaderMap,
        names: &'static [[&'static str; 3]],
    ) -> Result<Self, SignatureError> {
        let named = names.iter().find(|[id, ..]| headers.contains_key(*id));
        let [id_header, time_header, header] = *named.unwrap_or(&names[0]);
        let (id, time) = (one(headers, id_header)?, one(headers, time_header)?);
        let value = one(headers, header)?;
        let signed_at_s = seconds(time).ok_or_else(|| SignatureError {
            header: time_header,
            fault: SignatureFault::Timestamp {
                expected: "Unix seconds".to_owned(),
                got: shortened(time),
            },
        })?;
        let signatures: Vec<_> =
            value.split(' ').filter_map(|one| one.strip_prefix("v1,")).collect();
        if signatures.is_empty() {
            let fault = SignatureFault::NoSignature { expected: written(scheme, "v1,") };
            return Err(SignatureError { header, fault });
        }
        Ok(Self { header, id, time, signed_at_s: Some(signed_at_s), signatures })
    }

    pub(super) fn is_signed_by(&self, scheme: &Scheme, body: &[u8], secrets: &[Secret]) -> bool {
        let mut found = Choice::from(0);
        for secret in secrets {
            let expected = scheme.signature(secret, self.id, self.time, body);
            for given in &self.signatures {
                found |= expected.as_bytes().ct_eq(given.as_bytes());
            }
        }
        found.into()
    }

    pub(super) fn check_age(
        &self,
        now_s: u64,
        tolerance_s: u64,
        refuses_future: bool,
    ) -> Result<(), SignatureError> {
        let Some(signed_at_s) = self.signed_at_s.filter(|_| tolerance_s > 0) else { return Ok(()) };
        // Saturating: what was signed in the future has no age yet.
        let age_s = now_s.saturating_sub(signed_at_s);
        let ahead_s = signed_at_s.saturating_sub(now_s);
        let fault = if age_s > tolerance_s {
            SignatureFault::TooOld { age_s, tolerance_s }
        } else if refuses_future && ahead_s > tolerance_s {
            SignatureFault::TooNew { ahead_s, tolerance_s }
        } else {
            return Ok(());
        };
        Err(SignatureError { header: self.header, fault })
    }
}

/// The value of a header that must be there once.
fn one<'a>(headers: &'a HeaderMap, header: &'static str) -> Result<&'a str, SignatureError> {
    let mut values = headers.get_all(header).iter();
    let fault = match (values.next(), values.next()) {
        (None, _) => SignatureFault::Missing,
        (Some(value), None) => match value.to_str() {
            Ok(text) => return Ok(text),
            Err(_) => SignatureFault::Malformed,
        },
        (Some(_), Some(_)) => SignatureFault::Malformed,
    };
    Err(SignatureError { header, fault })
}

fn seconds(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// What a signature looks like.
fn written(scheme: &Scheme, prefix: &str) -> String {
    let digits = if scheme.encoding == Encoding::Base64 { "base64" } else { "hex" };
    format!("{prefix}<HMAC-SHA256 in {digits}>")
}

fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
