use core::fmt;

use alloy::{
    primitives::{Address, B256, Signature},
    signers::{SignerSync, local::PrivateKeySigner},
};
use async_trait::async_trait;
use node_core::port::{SignError, Signer};

/// A key in the memory of this process. It is never shown, not by `Debug` either.
#[derive(Clone)]
pub struct LocalKey(PrivateKeySigner);

impl LocalKey {
    /// Takes a private key of secp256k1.
    ///
    /// # Errors
    /// [`NotAKey`] for zero, and for what is not below the order of the group.
    pub fn new(secret: &B256) -> Result<Self, NotAKey> {
        PrivateKeySigner::from_bytes(secret).map(Self).map_err(|_| NotAKey)
    }
}

/// Bytes that are no private key; they are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a private key of secp256k1")]
pub struct NotAKey;

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("address", &self.0.address()).finish_non_exhaustive()
    }
}

impl From<PrivateKeySigner> for LocalKey {
    fn from(signer: PrivateKeySigner) -> Self {
        Self(signer)
    }
}

#[async_trait]
impl Signer for LocalKey {
    fn address(&self) -> Address {
        self.0.address()
    }

    async fn sign(&self, hash: B256) -> Result<Signature, SignError> {
        let address = self.0.address();
        let signed = self.0.sign_hash_sync(&hash);
        signed.map_err(|error| SignError { address, reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::b256;

    use super::*;

    const SECRET: B256 = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

    #[tokio::test]
    async fn a_key_signs_and_is_not_shown() {
        let key = LocalKey::new(&SECRET).expect("a key");
        let hash = B256::repeat_byte(7);
        let signature = key.sign(hash).await.expect("a key in memory");
        let signer = signature.recover_address_from_prehash(&hash).expect("a signature");
        assert_eq!(signer, key.address());
        let shown = format!("{key:?} {key:#?}").to_lowercase();
        assert!(shown.contains("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"), "{shown}");
        assert!(!shown.contains("ac0974"), "{shown}");
        let refused = LocalKey::new(&B256::repeat_byte(0xff)).expect_err("above the order");
        assert!(!format!("{refused} {refused:?}").contains("ff"), "{refused}");
    }
}
