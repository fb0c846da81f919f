use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{SignatureError, SignatureFault, claim::Claim};
use crate::{Secret, SecretError};

/// How a provider signs its deliveries.
///
/// All of them are HMAC-SHA256; they differ in what is signed and how it is written.
#[derive(Debug, Clone, Copy)]
pub struct Scheme {
    /// Where signature and time stand.
    pub layout: Layout,
    /// What is signed, part after part.
    pub signed: &'static [Part],
    /// How the signature is written.
    pub encoding: Encoding,
    /// How the secret is written.
    pub secret: Encoding,
    /// Largest age of a delivery in seconds, as the provider's own library has it; 0 when the scheme signs no time.
    pub tolerance_s: u64,
    /// Whether a time ahead of ours by more than the tolerance is refused too.
    pub refuses_future: bool,
}

/// Where a scheme writes what.
#[derive(Debug, Clone, Copy)]
pub enum Layout {
    /// The header is one signature after a prefix.
    Plain {
        /// Name of the header.
        header: &'static str,
        /// What stands before the signature.
        prefix: &'static str,
    },
    /// The header is a list of `name=value`; there may be several signatures.
    Pairs {
        /// Name of the header.
        header: &'static str,
        /// What stands between two pairs.
        separator: char,
        /// Name of the time.
        time: &'static str,
        /// Name of a signature.
        signature: &'static str,
    },
    /// Three headers: the id of the message, the time, and `v1,<signature>` once or more with spaces in between.
    Headers {
        /// Names that these have; the first of which a delivery has the first counts.
        names: &'static [[&'static str; 3]],
    },
}

/// A part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The id of the message.
    Id,
    /// The time as it is written.
    Time,
    /// This text.
    Text(&'static str),
    /// The body as it came.
    Body,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Text,
    /// Lower-case hex: vendors' libraries compare text, so another case is another signature.
    Hex,
    /// Base64 with padding; a secret may begin with `whsec_`.
    Base64,
}

impl Scheme {
    /// Name of the header with the signature.
    pub const fn header(&self) -> &'static str {
        match self.layout {
            Layout::Plain { header, .. } | Layout::Pairs { header, .. } => header,
            Layout::Headers { names } => names[0][2],
        }
    }

    /// Reads a signing secret as the provider shows it.
    ///
    /// # Errors
    /// [`SecretError`]; the secret is not part of it.
    pub fn secret(&self, text: &str) -> Result<Secret, SecretError> {
        match self.secret {
            Encoding::Base64 => Secret::base64(text),
            Encoding::Text | Encoding::Hex => Secret::new(text),
        }
    }

    /// Verifies that one of `secrets` signed `body` at most `tolerance_s` seconds before `now_s`.
    ///
    /// `body` is what came over the wire. As in vendors' libraries, versions of signatures that are not known are
    /// ignored, one signature that matches is enough, and a tolerance of 0 asks for no age at all. Takes the same time
    /// wherever a signature differs.
    ///
    /// # Errors
    /// [`SignatureError`]: the first thing that is wrong, in the order of the variants of [`SignatureFault`].
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now_s: u64,
        tolerance_s: u64,
    ) -> Result<(), SignatureError> {
        if secrets.is_empty() {
            return Err(self.fault(SignatureFault::NoSecret));
        }
        let claim = Claim::read(self, headers)?;
        if !claim.is_signed_by(self, body, secrets) {
            let fault = SignatureFault::Mismatch { expected: self.formula() };
            return Err(SignatureError { header: claim.header, fault });
        }
        claim.check_age(now_s, tolerance_s, self.refuses_future)
    }

    /// Signs `body` as the provider does and returns the headers, name and value.
    pub fn sign(
        &self,
        body: &[u8],
        secret: &Secret,
        id: &str,
        now_s: u64,
    ) -> Vec<(&'static str, String)> {
        let time = now_s.to_string();
        let signature = self.signature(secret, id, &time, body);
        match self.layout {
            Layout::Plain { header, prefix } => vec![(header, format!("{prefix}{signature}"))],
            Layout::Pairs { header, separator, time: named, signature: name } => {
                vec![(header, format!("{named}={time}{separator}{name}={signature}"))]
            }
            Layout::Headers { names } => {
                let [id_header, time_header, header] = names[0];
                let value = format!("v1,{signature}");
                vec![(id_header, id.to_owned()), (time_header, time), (header, value)]
            }
        }
    }

    /// The signature as it is written.
    pub(super) fn signature(&self, secret: &Secret, id: &str, time: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("HMAC takes a key of any length");
        for part in self.signed {
            mac.update(match part {
                Part::Id => id.as_bytes(),
                Part::Time => time.as_bytes(),
                Part::Text(text) => text.as_bytes(),
                Part::Body => body,
            });
        }
        let bytes = mac.finalize().into_bytes();
        match self.encoding {
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Hex | Encoding::Text => hex::encode(bytes),
        }
    }

    pub(super) const fn fault(&self, fault: SignatureFault) -> SignatureError {
        SignatureError { header: self.header(), fault }
    }

    /// What is signed, for a person: ``the HMAC-SHA256 of `time.body` ``.
    pub(super) fn formula(&self) -> String {
        let parts = self.signed.iter().map(|part| match part {
            Part::Id => "id",
            Part::Time => "time",
            Part::Text(text) => text,
            Part::Body => "body",
        });
        let digits = if self.encoding == Encoding::Base64 { "base64" } else { "hex" };
        format!("the HMAC-SHA256 of `{}` in {digits}", parts.collect::<String>())
    }
}
