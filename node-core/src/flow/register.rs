//! Registers as values: JSON in a frame, so that damage is noticed and a person can read it.

use alloy_primitives::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec::{
        RecordError,
        frame::{self, Kind},
    },
    port::{PortError, Registers, Version},
};

/// A register's value with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held<T> {
    pub(super) version: Version,
    pub(super) value: T,
}

pub(super) async fn load<T: DeserializeOwned>(
    registers: &dyn Registers,
    key: &str,
) -> Result<Option<Held<T>>, PortError> {
    let Some((version, bytes)) = registers.load(key).await? else { return Ok(None) };
    let raw = frame::decode(Kind::Register, &bytes)
        .map_err(|error| PortError::corrupt(key, &RecordError::Frame(error)))?;
    let value = serde_json::from_slice(&raw)
        .map_err(|error| PortError::Corrupt { name: key.to_owned(), reason: error.to_string() })?;
    Ok(Some(Held { version, value }))
}

/// Puts a value in place of the one before, whatever that was.
pub(super) async fn keep<T: Serialize + Sync + ?Sized>(
    registers: &dyn Registers,
    key: &str,
    value: &T,
) -> Result<(), PortError> {
    let version = registers.load(key).await?.map(|(version, _)| version);
    store(registers, key, version, value).await.map(drop)
}

/// Returns a value, or the default where there is none.
pub(super) async fn kept<T: DeserializeOwned + Default>(
    registers: &dyn Registers,
    key: &str,
) -> Result<T, PortError> {
    Ok(load(registers, key).await?.map(|held| held.value).unwrap_or_default())
}

pub(super) async fn store<T: Serialize + Sync + ?Sized>(
    registers: &dyn Registers,
    key: &str,
    expected: Option<Version>,
    value: &T,
) -> Result<Version, PortError> {
    let raw = serde_json::to_vec(value).expect("register values are plain data");
    let bytes = Bytes::from(frame::encode(Kind::Register, &raw));
    registers.store(key, expected, bytes).await
}
