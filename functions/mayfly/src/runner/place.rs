use std::{
    fs, io,
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use node_core::chain::LayerId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Outcome;
use crate::failure::Failure;

/// The directory of a layer on this machine.
///
/// ```text
/// layer/         stores of the layer; empty once it is erased
/// l1/            stores of the development L1
/// keys.json      secrets, readable by their owner only
/// place.json     id of the layer
/// running.json   where the running layer answers; gone when it does not run
/// outcome.json   what the layer came to, once it has ended
/// bundle.mayfly  all blocks, for auditors, once it has ended
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Place(PathBuf);

/// Where a running layer answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answers {
    /// RPC URL of the layer.
    pub(crate) url: String,
    /// RPC URL of its L1.
    pub(crate) l1_url: String,
    /// The layer's contract on the L1.
    pub(crate) l1_layer: Address,
    /// Lets the other commands act.
    pub(crate) operator_token: String,
}

#[derive(Serialize, Deserialize)]
struct Held {
    layer: LayerId,
}

impl Place {
    /// Names a directory, which need not exist.
    pub(crate) fn new(dir: impl Into<PathBuf>) -> Self {
        Self(dir.into())
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    /// Stores of the layer.
    pub(crate) fn layer_dir(&self) -> PathBuf {
        self.0.join("layer")
    }

    /// Stores of the development L1.
    pub(crate) fn l1_dir(&self) -> PathBuf {
        self.0.join("l1")
    }

    /// The bundle for auditors.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.0.join("bundle.mayfly")
    }

    /// Makes the directory.
    pub(crate) fn make(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.0).map_err(|error| Failure::file(&self.0, error))
    }

    /// The layer that is kept here.
    pub(crate) fn layer(&self) -> Result<Option<LayerId>, Failure> {
        Ok(self.read::<Held>("place.json")?.map(|held| held.layer))
    }

    /// Remembers which layer is kept here.
    pub(crate) fn remember(&self, layer: LayerId) -> Result<(), Failure> {
        self.write("place.json", &Held { layer })
    }

    /// Says where the layer answers.
    pub(crate) fn announce(&self, answers: &Answers) -> Result<(), Failure> {
        self.write("running.json", answers)
    }

    /// Where the running layer answers.
    pub(crate) fn answers(&self) -> Result<Option<Answers>, Failure> {
        self.read("running.json")
    }

    /// The layer does not answer any more.
    pub(crate) fn withdraw(&self) {
        // If it cannot be removed, the other commands find that nobody answers there.
        let _ = fs::remove_file(self.0.join("running.json"));
    }

    /// What the layer came to.
    pub(crate) fn outcome(&self) -> Result<Option<Outcome>, Failure> {
        self.read("outcome.json")
    }

    /// Keeps what the layer came to.
    pub(crate) fn conclude(&self, outcome: &Outcome) -> Result<(), Failure> {
        self.write("outcome.json", outcome)
    }

    /// The error of starting a layer that has ended.
    pub(crate) fn ended(&self) -> Failure {
        Failure::Ended { dir: self.0.clone(), bundle: self.bundle() }
    }

    /// Writes a file whole: a crash leaves the old one or the new one.
    pub(crate) fn write_bytes(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let temporary = path.with_extension("part");
        let write = || {
            fs::write(&temporary, bytes)?;
            fs::File::open(&temporary)?.sync_all()?;
            fs::rename(&temporary, path)?;
            // The new name survives a power cut, too: what is erased next may be in this file alone.
            fs::File::open(&self.0)?.sync_all()
        };
        write().map_err(|error| Failure::file(path, error))
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(value).expect("plain data");
        self.write_bytes(&self.0.join(name), &bytes)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let path = self.0.join(name);
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|error| Failure::file(path, error))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(path, error)),
        }
    }
}
