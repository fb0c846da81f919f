//! Links that bind a wallet to a ticket later: signed, expiring, good once.

use alloy_primitives::{Address, B256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use mayfly_l1::ClaimCode;
use node_core::chain::LayerId;
use sha2::Sha256;

use crate::Secret;

/// Keeps these signatures apart from others under the same secret.
const DOMAIN: &[u8] = b"mayfly claim v1";

/// Keeps claim codes apart from signatures.
const CODES: &[u8] = b"mayfly claim code v1";

/// How buyers without a wallet come to their tickets.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Signs the links.
    pub secret: Secret,
    /// Page that the link opens; the token follows.
    pub page: String,
    /// How long a link is good, in seconds.
    pub valid_s: u64,
    /// What becomes at the end of what nobody claimed.
    pub unclaimed: Unclaimed,
}

/// What becomes at the end of what nobody claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclaimed {
    /// It is never minted.
    Void,
    /// It is this wallet's.
    Wallet(Address),
    /// It waits on the L1 for whoever has its claim code.
    Code,
}

/// Why a token is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// It is not from us, or of another layer.
    #[error("token: expected the token of a claim link of this layer")]
    Forged,
    /// It is from us, and too old.
    #[error(
        "token: the link was good until {expired_at_s} (Unix seconds): ask the organiser for another"
    )]
    Expired {
        /// When it expired, Unix seconds.
        expired_at_s: u64,
    },
}

impl Claims {
    /// Makes the link for an order.
    pub fn link(&self, layer: LayerId, key: &str, now_s: u64) -> String {
        format!("{}{}", self.page, self.token(layer, key, now_s.saturating_add(self.valid_s)))
    }

    /// Makes the token of a link that is good until `expires_at_s`.
    ///
    /// `<base64url of expiry in 8 bytes and key>.<base64url of HMAC-SHA256 over domain, layer and that>`.
    pub fn token(&self, layer: LayerId, key: &str, expires_at_s: u64) -> String {
        let said = [&expires_at_s.to_be_bytes()[..], key.as_bytes()].concat();
        let signature = self.mac(layer, &said).finalize().into_bytes();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(said), URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns the key of the order that a token is for.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn open(&self, layer: LayerId, token: &str, now_s: u64) -> Result<String, ClaimError> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| ClaimError::Forged);
        let (said, signature) = token.split_once('.').ok_or(ClaimError::Forged)?;
        let (said, signature) = (decode(said)?, decode(signature)?);
        // Compares in constant time.
        self.mac(layer, &said).verify_slice(&signature).map_err(|_| ClaimError::Forged)?;
        let (expiry, key) = said.split_first_chunk::<8>().ok_or(ClaimError::Forged)?;
        let expired_at_s = u64::from_be_bytes(*expiry);
        if now_s > expired_at_s {
            return Err(ClaimError::Expired { expired_at_s });
        }
        String::from_utf8(key.to_vec()).map_err(|_| ClaimError::Forged)
    }

    /// The code with which an order is claimed on the L1 when nobody has claimed it here; the same at any time.
    ///
    /// # Panics
    /// Never: of 256 hashes in a row, none is above the order of the group but once in 2^128.
    pub fn code(&self, layer: LayerId, key: &str) -> ClaimCode {
        let code = |attempt: u8| {
            let said = [&[attempt], key.as_bytes()].concat();
            let secret = self.mac_of(CODES, layer, &said).finalize().into_bytes();
            ClaimCode::new(&B256::from_slice(&secret)).ok()
        };
        (0..=u8::MAX).find_map(code).expect("a hash is nearly always a private key")
    }

    /// Who gets an order that nobody claims; nobody for one that is never minted.
    pub(crate) fn unclaimed_by(&self, layer: LayerId, key: &str) -> Option<Address> {
        match self.unclaimed {
            Unclaimed::Void => None,
            Unclaimed::Wallet(wallet) => Some(wallet),
            Unclaimed::Code => Some(self.code(layer, key).vault()),
        }
    }

    /// The code that the buyer of an order should keep.
    pub(crate) fn code_to_keep(&self, layer: LayerId, key: &str) -> Option<String> {
        (self.unclaimed == Unclaimed::Code).then(|| self.code(layer, key).to_text())
    }

    fn mac(&self, layer: LayerId, said: &[u8]) -> Hmac<Sha256> {
        self.mac_of(DOMAIN, layer, said)
    }

    fn mac_of(&self, domain: &[u8], layer: LayerId, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .expect("HMAC takes a key of any length");
        for part in [domain, layer.to_string().as_bytes(), said] {
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYER: LayerId = LayerId::new([7; 16]);

    fn claims(secret: &str) -> Claims {
        let secret = Secret::new(secret).expect("a secret");
        Claims { secret, page: "https://t.test/#".into(), valid_s: 60, unclaimed: Unclaimed::Code }
    }

    #[test]
    fn a_token_is_good_for_its_order_until_it_expires() {
        let claims = claims("s");
        let token = claims.token(LAYER, "stripe/cs_1/ticket/0", 100);
        assert_eq!(claims.open(LAYER, &token, 100).as_deref(), Ok("stripe/cs_1/ticket/0"));
        let expired = claims.open(LAYER, &token, 101);
        assert_eq!(expired, Err(ClaimError::Expired { expired_at_s: 100 }));
        assert_eq!(
            claims.link(LAYER, "stripe/cs_1/ticket/0", 40),
            format!("https://t.test/#{token}")
        );
    }

    #[test]
    fn a_code_is_of_its_secret_layer_and_order() {
        let text = |claims: &Claims, layer, key| claims.code(layer, key).to_text();
        let code = text(&claims("s"), LAYER, "k");
        assert_eq!(text(&claims("s"), LAYER, "k"), code);
        let others = [
            text(&claims("t"), LAYER, "k"),
            text(&claims("s"), LayerId::new([8; 16]), "k"),
            text(&claims("s"), LAYER, "l"),
        ];
        assert!(!others.contains(&code), "{others:?}");
    }

    #[test]
    fn a_token_of_another_secret_or_layer_or_changed_is_refused() {
        let token = claims("s").token(LAYER, "k", 100);
        assert_eq!(claims("t").open(LAYER, &token, 1), Err(ClaimError::Forged));
        assert_eq!(claims("s").open(LayerId::new([8; 16]), &token, 1), Err(ClaimError::Forged));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(claims("s").open(LAYER, &changed, 1).is_err(), "{changed}");
        }
        for token in ["", ".", "A", "....", "é.é"] {
            assert_eq!(claims("s").open(LAYER, token, 1), Err(ClaimError::Forged), "{token}");
        }
    }
}
