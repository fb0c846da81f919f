use alloy_primitives::Address;
use mayfly_aws::{SettingsError, Target, Variables};

/// What the function is told of its deployment.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// URL under which the layers answer.
    pub public_url: String,
    /// Name of the function `teardown`.
    pub teardown: String,
    /// What the schedules start.
    pub target: Target,
    /// Group of the schedules.
    pub group: String,
    /// Factory on the L1; the one that everybody can deploy when missing.
    pub factory: Option<Address>,
}

impl Deployment {
    /// Reads it from the environment of the function.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable.
    pub fn read(variables: &Variables) -> Result<Self, SettingsError> {
        let text = |name, expected| variables.required(name, expected).map(str::to_owned);
        let target = Target {
            function: text("MAYFLY_TEARDOWN_ARN", "the ARN of the function `teardown`")?,
            role: text("MAYFLY_SCHEDULE_ROLE_ARN", "the ARN of the role of the schedules")?,
            dead_letters: variables.optional("MAYFLY_DEAD_LETTERS_ARN").map(str::to_owned),
        };
        let has_factory = variables.optional("MAYFLY_L1_FACTORY").is_some();
        let factory = || variables.parsed("MAYFLY_L1_FACTORY", "an address, 0x and 40 hex digits");
        Ok(Self {
            public_url: text("MAYFLY_PUBLIC_URL", "a URL")?.trim_end_matches('/').to_owned(),
            teardown: text("MAYFLY_TEARDOWN", "the name of the function `teardown`")?,
            target,
            group: text("MAYFLY_SCHEDULE_GROUP", "the name of the group of schedules")?,
            factory: has_factory.then(factory).transpose()?,
        })
    }
}
