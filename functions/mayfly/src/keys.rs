//! Secrets of a layer on this machine, in one file that only its owner can read, and keys that are somewhere else.

use std::{
    convert::Infallible,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    str::FromStr,
    sync::Arc,
};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use mayfly_keys::KeySpec;
use mayfly_l1::{LocalKey, Node, Sender, devnet};
use node_core::port::Signer;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const FILE: &str = "keys.json";

/// What an option or a variable says of a key: the key itself or where it is. It is never shown.
#[derive(Clone)]
pub(crate) struct KeyText(String);

impl core::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeyText(..)")
    }
}

impl FromStr for KeyText {
    type Err = Infallible;

    /// Takes everything: what the command line refuses it prints.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl KeyText {
    /// Gets the key that `option` names.
    pub(crate) async fn open(&self, option: &'static str) -> Result<Arc<dyn Signer>, Failure> {
        let refused =
            |error: mayfly_keys::KeyError| Failure::Option { option, reason: error.to_string() };
        let spec: KeySpec = self.0.parse().map_err(refused)?;
        spec.open().await.map_err(refused)
    }

    /// Reads something else that must not be shown either.
    pub(crate) fn read<T: FromStr<Err: ToString>>(
        &self,
        option: &'static str,
    ) -> Result<T, Failure> {
        self.0
            .parse()
            .map_err(|error: T::Err| Failure::Option { option, reason: error.to_string() })
    }
}

/// Who pays for transactions that anybody may send to the L1: the key of --l1-key, on the development L1 also the
/// first of its accounts.
pub(crate) async fn payer(node: Node, key: Option<&KeyText>) -> Result<Arc<Sender>, Failure> {
    let signer: Arc<dyn Signer> = match key {
        Some(key) => key.open("--l1-key").await?,
        None if node.chain_id() == devnet::CHAIN_ID => {
            Arc::new(LocalKey::from(devnet::accounts().swap_remove(0)))
        }
        None => {
            return Err(Failure::Option {
                option: "--l1-key",
                reason: "expected a key that pays the gas on this L1".to_owned(),
            });
        }
    };
    Ok(Arc::new(Sender::of(node, signer)))
}

/// Keys that are made up once for a layer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// Signs mints.
    pub(crate) minter: B256,
    /// Signs soft receipts and headers.
    #[serde(default)]
    sequencer: Option<B256>,
    /// Verifies Stripe's deliveries.
    pub(crate) stripe_secret: String,
    /// Lets the other commands act on the running layer.
    pub(crate) operator_token: String,
}

impl core::fmt::Debug for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Makes new keys.
    pub(crate) fn generate(stripe_secret: Option<String>) -> Self {
        let random = || hex::encode(rand::random::<[u8; 24]>());
        Self {
            minter: random_key(),
            sequencer: Some(random_key()),
            stripe_secret: stripe_secret.unwrap_or_else(|| format!("whsec_{}", random())),
            operator_token: random(),
        }
    }

    /// Reads the keys in `dir`, or makes them. A secret that is given now replaces the one in the file.
    pub(crate) fn open(dir: &Path, stripe_secret: Option<String>) -> Result<Self, Failure> {
        let path = dir.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                let mut keys: Self =
                    serde_json::from_slice(&bytes).map_err(|error| Failure::file(&path, error))?;
                if let Some(secret) = stripe_secret {
                    keys.stripe_secret = secret;
                }
                Ok(keys)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let keys = Self::generate(stripe_secret);
                keys.save(&path)?;
                Ok(keys)
            }
            Err(error) => Err(Failure::file(&path, error)),
        }
    }

    fn save(&self, path: &Path) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(self).expect("keys are plain data");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        file.and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .map_err(|error| Failure::file(path, error))
    }

    /// Returns the account that signs mints.
    pub(crate) fn minter_address(&self) -> Result<Address, Failure> {
        Ok(self.minter()?.address())
    }

    /// Returns the signer of mints.
    pub(crate) fn minter(&self) -> Result<LocalKey, Failure> {
        LocalKey::new(&self.minter).map_err(|error| Failure::file(FILE, format!("minter: {error}")))
    }

    /// Returns the signer of soft receipts and headers; keys of earlier versions have none.
    pub(crate) fn sequencer(&self) -> Result<Option<LocalKey>, Failure> {
        let key = self.sequencer.as_ref().map(LocalKey::new).transpose();
        key.map_err(|error| Failure::file(FILE, format!("sequencer: {error}")))
    }
}

fn random_key() -> B256 {
    PrivateKeySigner::random().to_bytes()
}
