use core::fmt;
use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::Value;

use crate::{
    Delivery, PayloadError, Secret, SecretError,
    fetch::Fetch,
    field::Field,
    mapping::Mapping,
    order,
    provider::{Provider, Trust},
};

/// An endpoint of one account at a provider: what it is believed by, and how it is read.
#[derive(Debug, Clone)]
pub struct Shop {
    pub(crate) name: String,
    pub(crate) provider: &'static Provider,
    /// Several are valid at once while one is replaced.
    pub(crate) secrets: Vec<Secret>,
    /// Largest age of a delivery in seconds.
    pub(crate) tolerance_s: u64,
    pub(crate) mapping: Mapping,
    /// Names of events that pay.
    pub(crate) paid: Vec<String>,
    /// Names of events that take a payment back.
    pub(crate) refunded: Vec<String>,
    /// Whether buyers without a wallet get a link to claim with.
    pub(crate) claims: bool,
    /// Whether buyers may give a name in place of an address.
    pub(crate) names: bool,
    /// Where an unsigned provider is asked.
    pub(crate) inquiry: Option<Inquiry>,
}

/// How a provider is asked for what an unsigned notification tells of.
#[derive(Clone)]
pub struct Inquiry {
    /// Base of the API; the provider's own when missing.
    pub api: Option<String>,
    /// Token of the API.
    pub token: String,
    /// Who asks.
    pub fetch: Arc<dyn Fetch>,
}

impl fmt::Debug for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiry").field("api", &self.api).finish_non_exhaustive()
    }
}

impl Shop {
    /// Makes a shop of `provider`, which is also its name, that is read as the provider writes.
    ///
    /// `secrets` are as the provider shows them. For one that does not sign they are keys of ours, of which the
    /// address that it posts to has one: `?key=...`.
    ///
    /// # Errors
    /// [`SecretError`] of the first secret that is none.
    pub fn new(
        provider: &'static Provider,
        secrets: &[impl AsRef<str>],
    ) -> Result<Self, SecretError> {
        let secret = |text: &str| match &provider.trust {
            Trust::Signed(scheme) => scheme.secret(text),
            Trust::Asked(_) => Secret::new(text),
        };
        Ok(Self {
            name: provider.name.to_owned(),
            provider,
            secrets: secrets.iter().map(|text| secret(text.as_ref())).collect::<Result<_, _>>()?,
            tolerance_s: provider.scheme().map_or(0, |scheme| scheme.tolerance_s),
            mapping: Mapping::of(&provider.sale, &provider.refund),
            paid: provider.paid.iter().copied().map(str::to_owned).collect(),
            refunded: provider.refunded.iter().copied().map(str::to_owned).collect(),
            claims: false,
            names: false,
            inquiry: None,
        })
    }

    /// Says how the provider is asked.
    #[must_use]
    pub fn asking(self, inquiry: Inquiry) -> Self {
        Self { inquiry: Some(inquiry), ..self }
    }

    /// Its name in addresses and keys.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its provider.
    pub const fn provider(&self) -> &'static Provider {
        self.provider
    }

    /// How the provider is asked, when it does not sign.
    pub const fn inquiry(&self) -> Option<&Inquiry> {
        self.inquiry.as_ref()
    }

    /// The secret that is meant to sign now, or the key that addresses have: the last one.
    pub fn secret(&self) -> Option<&Secret> {
        self.secrets.last()
    }

    /// Reads what a believed delivery asks for.
    ///
    /// # Errors
    /// [`PayloadError`] names the field of a payment that cannot become tickets. What was not paid is
    /// [`Delivery::Ignored`], not an error.
    pub fn read(&self, headers: &HeaderMap, payload: &Value) -> Result<Delivery, PayloadError> {
        let payload = Field::root(payload);
        let event = self.provider.event_of(headers, &payload)?;
        let pays = self.paid.contains(&event);
        if !pays && !self.refunded.contains(&event) {
            let reason = format!("nothing is paid by an event of type {event}");
            return Ok(Delivery::Ignored { reason });
        }
        if let Some(reason) = (self.provider.unsettled)(&payload, &event)? {
            return Ok(Delivery::Ignored { reason });
        }
        if pays {
            order::sale(self, &payload).map(Delivery::Paid)
        } else {
            order::refund(self, &payload).map(Delivery::Refunded)
        }
    }
}
