//! The box office of a layer as a deployment keeps it: its configuration in a register of the layer, which goes with it,
//! and its secrets in parameters of Systems Manager, which the configuration names as `ssm:<parameter>`.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_primitives::Bytes;
use futures::future::try_join_all;
use mayfly_aws::{Cloud, Parameters, SettingsError, Variables};
use node_core::{
    codec::names,
    port::{PortError, Registers},
};

use crate::{ConfigError, Event, Fetch, HttpFetch};

/// Longest configuration, in bytes. An item of `DynamoDB` has room for 400 KB.
pub const TEXT_LIMIT: usize = 64 * 1024;

const EXPECTED: &str = "`ssm:`, a path from its first slash on, and `/*`";

/// How a configuration names a parameter.
const PARAMETER: &str = "ssm:";

/// Stands for every secret where none is needed: each provider would take it.
const UNKNOWN: &str = "whsec_bm90IGtub3duLCBhbmQgbmV2ZXIgdXNlZA==";

/// Reads configurations of box offices, with their secrets.
#[derive(Clone)]
pub struct Events {
    parameters: Parameters,
    /// What names of parameters begin with; no configuration can be read without it.
    path: Option<Arc<str>>,
    fetch: Arc<dyn Fetch>,
}

impl core::fmt::Debug for Events {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Events").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why there is no box office.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// What the organiser wrote.
    #[error("event: {0}")]
    Config(#[from] ConfigError),
    /// It is too long.
    #[error("event: expected at most {TEXT_LIMIT} bytes, got {got}")]
    Length {
        /// Bytes.
        got: usize,
    },
    /// The layer's register, or a parameter.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl From<EventError> for PortError {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Port(error) => error,
            error => Self::Corrupt { name: "box office".to_owned(), reason: error.to_string() },
        }
    }
}

impl Events {
    /// Takes the path of the parameters that a configuration may name from a variable, such as `ssm:/mayfly/shops/*`.
    ///
    /// # Errors
    /// [`SettingsError`], when the variable is no such path.
    pub fn new(
        cloud: &Cloud,
        variables: &Variables,
        name: &'static str,
    ) -> Result<Self, SettingsError> {
        let malformed = SettingsError::Malformed { name, expected: EXPECTED };
        let path = match variables.optional(name) {
            None => None,
            Some(text) => {
                let path = text.strip_prefix(PARAMETER).and_then(|text| text.strip_suffix('*'));
                let path = path.filter(|path| path.starts_with('/') && path.ends_with('/'));
                Some(path.ok_or(malformed)?.into())
            }
        };
        Ok(Self { parameters: cloud.parameters(), path, fetch: Arc::new(HttpFetch::default()) })
    }

    /// Returns the box office of a layer that has its own.
    ///
    /// # Errors
    /// [`EventError`].
    pub async fn of(&self, registers: &dyn Registers) -> Result<Option<Event>, EventError> {
        match kept(registers).await? {
            Some(text) => self.read(&text).await.map(Some),
            None => Ok(None),
        }
    }

    /// As [`Self::of`], without the secrets, which are not read.
    ///
    /// # Errors
    /// [`EventError`].
    pub async fn outline_of(&self, registers: &dyn Registers) -> Result<Option<Event>, EventError> {
        let Some(text) = kept(registers).await? else { return Ok(None) };
        Ok(Some(self.outline(&text)?))
    }

    /// Reads a configuration with its secrets.
    ///
    /// # Errors
    /// [`EventError`] says every problem, a parameter that is missing among them.
    pub async fn read(&self, text: &str) -> Result<Event, EventError> {
        let names = self.names(text)?;
        let secrets: BTreeMap<_, _> = try_join_all(names.into_iter().map(|name| self.secret(name)))
            .await?
            .into_iter()
            .collect();
        let find = |text: &str| {
            let name = self.name(text)?;
            secrets.get(name).cloned().unwrap_or_else(|| Err("expected a parameter".to_owned()))
        };
        Ok(Event::parse(text, &find, &self.fetch)?)
    }

    /// A configuration without its secrets.
    fn outline(&self, text: &str) -> Result<Event, EventError> {
        Ok(Event::parse(text, &|_| Ok(UNKNOWN.to_owned()), &self.fetch)?)
    }

    /// Names of the parameters that a configuration names, whatever else is wrong with it.
    fn names(&self, text: &str) -> Result<BTreeSet<String>, EventError> {
        if text.len() > TEXT_LIMIT {
            return Err(EventError::Length { got: text.len() });
        }
        let names = RefCell::new(BTreeSet::new());
        let find = |text: &str| {
            names.borrow_mut().extend(self.name(text).map(str::to_owned));
            Ok(UNKNOWN.to_owned())
        };
        // What is wrong is said when the secrets are there, all at once.
        let _ = Event::parse(text, &find, &self.fetch);
        Ok(names.into_inner())
    }

    /// Name of the parameter that stands for a secret. What else stands there is not repeated: it may be one.
    fn name<'a>(&self, text: &'a str) -> Result<&'a str, String> {
        let Some(path) = &self.path else {
            return Err(
                "expected a deployment with secrets of shops (`shops`), got none".to_owned()
            );
        };
        let name = text.strip_prefix(PARAMETER).ok_or_else(|| {
            format!("expected `{PARAMETER}` and the name of a parameter under {path}, got another")
        })?;
        if name.starts_with(&**path) {
            return Ok(name);
        }
        Err(format!("expected the name of a parameter under {path}, got {name}"))
    }

    /// What a parameter holds, or why there is nothing. Only what may pass is an error here.
    async fn secret(&self, name: String) -> Result<(String, Result<String, String>), PortError> {
        match self.parameters.parameter(&name).await {
            Ok(secret) => Ok((name, Ok(secret))),
            Err(error) if error.is_retryable() => Err(error),
            Err(error) => {
                let reason = format!("expected the parameter {name}, got {error}");
                Ok((name, Err(reason)))
            }
        }
    }
}

/// Keeps a configuration with its layer, in place of the one before.
///
/// # Errors
/// The store's.
pub async fn keep(registers: &dyn Registers, text: &str) -> Result<(), PortError> {
    let held = registers.load(names::EVENT).await?;
    let version = held.as_ref().map(|(version, _)| *version);
    if held.is_none_or(|(_, held)| *held != *text.as_bytes()) {
        registers.store(names::EVENT, version, Bytes::copy_from_slice(text.as_bytes())).await?;
    }
    Ok(())
}

async fn kept(registers: &dyn Registers) -> Result<Option<String>, PortError> {
    let Some((_, text)) = registers.load(names::EVENT).await? else { return Ok(None) };
    String::from_utf8(text.to_vec()).map(Some).map_err(|error| PortError::Corrupt {
        name: "the configuration of the box office".to_owned(),
        reason: error.to_string(),
    })
}
