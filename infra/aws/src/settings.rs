use std::{collections::BTreeMap, ffi::OsString, str::FromStr};

/// Environment variables of a function.
#[derive(Clone)]
pub struct Variables(BTreeMap<String, String>);

/// A variable that is missing, or is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not set, or empty.
    #[error("environment variable {name} is missing: expected {expected}")]
    Missing {
        /// Name of the variable.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Set to something else. The value is not part of the text: it may be a secret.
    #[error("environment variable {name} is malformed: expected {expected}")]
    Malformed {
        /// Name of the variable.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

impl core::fmt::Debug for Variables {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Variables").finish_non_exhaustive()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Variables {
    /// Reads those of this process. What is not text is left out.
    pub fn of_process() -> Self {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(text).collect()
    }

    /// Returns a variable that may be missing.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns a variable that must be there.
    ///
    /// # Errors
    /// [`SettingsError::Missing`] names it.
    pub fn required(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<&str, SettingsError> {
        self.optional(name).ok_or(SettingsError::Missing { name, expected })
    }

    /// Reads a URL that must be there, without a slash at its end.
    ///
    /// # Errors
    /// [`SettingsError`] names it.
    pub fn url(&self, name: &'static str) -> Result<String, SettingsError> {
        let missing = SettingsError::Missing { name, expected: ENDPOINT };
        endpoint(self, name)?.ok_or(missing)
    }

    /// Reads a variable that must be there.
    ///
    /// # Errors
    /// [`SettingsError`] names it.
    pub fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<T, SettingsError> {
        let text = self.required(name, expected)?;
        text.parse().map_err(|_| SettingsError::Malformed { name, expected })
    }
}

/// Other addresses than AWS's own, for emulators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Of `DynamoDB`.
    pub dynamodb: Option<String>,
    /// Of S3; objects are then asked for by path, not by host.
    pub s3: Option<String>,
    /// Of Lambda.
    pub lambda: Option<String>,
    /// Of `EventBridge` Scheduler.
    pub scheduler: Option<String>,
    /// Of Systems Manager.
    pub ssm: Option<String>,
}

/// What a function needs to reach the stores.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// AWS region.
    pub region: String,
    /// The table of all layers.
    pub table: String,
    /// The bucket of all layers.
    pub bucket: String,
    /// Access key: id, secret, and session token.
    pub credentials: (String, String, Option<String>),
    /// Name of the function, and its memory in MB: what it uses is counted under its name.
    pub function: (String, u64),
    /// Where the services are, if not at AWS.
    pub endpoints: Endpoints,
}

impl core::fmt::Debug for Settings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { region, table, bucket, endpoints, .. } = self;
        let mut debug = f.debug_struct("Settings");
        debug.field("region", region).field("table", table).field("bucket", bucket);
        debug.field("endpoints", endpoints).finish_non_exhaustive()
    }
}

/// AWS: `DynamoDB` Developer Guide, naming rules.
const TABLE: &str = "the name of a table, 3 to 255 of a-z A-Z 0-9 _ - .";

/// AWS: S3 User Guide, general purpose bucket naming rules.
const BUCKET: &str = "the name of a bucket, 3 to 63 of a-z 0-9 - .";

/// AWS: Lambda Developer Guide, "Defined runtime environment variables".
const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

const ENDPOINT: &str = "a URL that begins with http:// or https://";

impl Settings {
    /// Reads `MAYFLY_TABLE`, `MAYFLY_BUCKET`, what Lambda sets by itself, and the endpoints of emulators.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable.
    pub fn read(variables: &Variables) -> Result<Self, SettingsError> {
        let set_by_lambda = "what Lambda sets by itself";
        let text = |name, expected| variables.required(name, expected).map(str::to_owned);
        let is_other = |byte: u8| matches!(byte, b'-' | b'.');
        Ok(Self {
            region: text("AWS_REGION", set_by_lambda)?,
            table: named(variables, "MAYFLY_TABLE", TABLE, 255, |byte| {
                byte.is_ascii_alphanumeric() || byte == b'_' || is_other(byte)
            })?,
            bucket: named(variables, "MAYFLY_BUCKET", BUCKET, 63, |byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || is_other(byte)
            })?,
            credentials: (
                text("AWS_ACCESS_KEY_ID", set_by_lambda)?,
                text("AWS_SECRET_ACCESS_KEY", set_by_lambda)?,
                variables.optional("AWS_SESSION_TOKEN").map(str::to_owned),
            ),
            function: (
                variables.optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or("elsewhere").to_owned(),
                // Whoever is no function has no memory that is paid for.
                match variables.optional(MEMORY) {
                    Some(_) => variables.parsed(MEMORY, "a number of MB")?,
                    None => 0,
                },
            ),
            endpoints: Endpoints {
                dynamodb: endpoint(variables, "MAYFLY_ENDPOINT_DYNAMODB")?,
                s3: endpoint(variables, "MAYFLY_ENDPOINT_S3")?,
                lambda: endpoint(variables, "MAYFLY_ENDPOINT_LAMBDA")?,
                scheduler: endpoint(variables, "MAYFLY_ENDPOINT_SCHEDULER")?,
                ssm: endpoint(variables, "MAYFLY_ENDPOINT_SSM")?,
            },
        })
    }
}

fn named(
    variables: &Variables,
    name: &'static str,
    expected: &'static str,
    most: usize,
    is_allowed: impl Fn(u8) -> bool,
) -> Result<String, SettingsError> {
    let text = variables.required(name, expected)?;
    match (3..=most).contains(&text.len()) && text.bytes().all(is_allowed) {
        true => Ok(text.to_owned()),
        false => Err(SettingsError::Malformed { name, expected }),
    }
}

fn endpoint(variables: &Variables, name: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(text) = variables.optional(name) else { return Ok(None) };
    match text.starts_with("http://") || text.starts_with("https://") {
        true => Ok(Some(text.trim_end_matches('/').to_owned())),
        false => Err(SettingsError::Malformed { name, expected: ENDPOINT }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        ("MAYFLY_TABLE", "mayfly"),
        ("MAYFLY_BUCKET", "mayfly-objects"),
    ];

    fn with(name: &str, value: &str) -> Result<Settings, SettingsError> {
        let mut variables = Variables::from_iter(GOOD);
        variables.0.insert(name.to_owned(), value.to_owned());
        Settings::read(&variables)
    }

    #[test]
    fn every_variable_that_is_missing_is_named() {
        for (name, _) in GOOD {
            let error = with(name, " ").expect_err("it is missing").to_string();
            assert!(error.contains(name) && error.contains("missing"), "{error}");
        }
    }

    #[test]
    fn malformed_variables_are_named() {
        for (name, value) in [
            ("MAYFLY_TABLE", "a table"),
            ("MAYFLY_BUCKET", "Bucket"),
            ("MAYFLY_BUCKET", "ab"),
            ("MAYFLY_ENDPOINT_S3", "localhost:9000"),
        ] {
            let error = with(name, value).expect_err("it is malformed").to_string();
            assert!(error.contains(name) && error.contains("malformed"), "{error}");
        }
    }

    #[test]
    fn debug_does_not_print_the_key() {
        let settings = with("AWS_SESSION_TOKEN", "hush").expect("good settings");
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
