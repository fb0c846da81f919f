//! What is particular to each provider: how it signs, what it calls its events, and where orders stand in them.
//!
//! A provider is one file with one constant. Verifying, reading, keys and answers are the same for all.

mod eventbrite;
mod github;
mod lemonsqueezy;
mod paddle;
mod pretix;
mod shopify;
mod standard;
mod stripe;
mod tickettailor;

use axum::http::HeaderMap;

pub use eventbrite::EVENTBRITE;
pub use github::GITHUB;
pub use lemonsqueezy::LEMON_SQUEEZY;
pub use paddle::PADDLE;
pub use pretix::PRETIX;
pub use shopify::SHOPIFY;
pub use standard::{STANDARD_WEBHOOKS, SVIX};
pub use stripe::STRIPE;
pub use tickettailor::TICKET_TAILOR;

use crate::{PayloadError, Secret, field::Field, signature::Scheme};

/// Every provider that there is.
pub const PROVIDERS: [&Provider; 10] = [
    &STRIPE,
    &SHOPIFY,
    &STANDARD_WEBHOOKS,
    &SVIX,
    &PADDLE,
    &LEMON_SQUEEZY,
    &TICKET_TAILOR,
    &GITHUB,
    &EVENTBRITE,
    &PRETIX,
];

/// A company, or a scheme, whose webhooks become orders.
#[derive(Debug)]
pub struct Provider {
    /// Its name in configurations, addresses and keys.
    pub name: &'static str,
    /// Why a delivery is believed.
    pub trust: Trust,
    pub(crate) event: EventName,
    /// Events that pay.
    pub(crate) paid: &'static [&'static str],
    /// Events that take a payment back.
    pub(crate) refunded: &'static [&'static str],
    /// Says why an event of this name has not come to that yet, if so.
    pub(crate) unsettled: fn(&Field<'_>, &str) -> Result<Option<String>, PayloadError>,
    pub(crate) sale: SalePaths,
    pub(crate) refund: RefundPaths,
    /// What it posts; nothing when it does not post that.
    pub(crate) sample: fn(&Sample) -> Option<Posted>,
}

/// A sale, or its refund, to be tried out.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Which sale.
    pub number: u64,
    /// Address of the buyer.
    pub recipient: String,
    /// How many tickets.
    pub tickets: u64,
    /// Whether all of it is paid back.
    pub is_refund: bool,
}

/// What a provider posts: headers beside those of the signature, and the body.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Name and value.
    pub headers: Vec<(&'static str, String)>,
    /// The body as it is sent.
    pub body: String,
    /// What its API answers when it is asked for what it told of; nothing of one that signs.
    pub answer: Option<String>,
}

impl Posted {
    pub(crate) fn json(body: &serde_json::Value) -> Self {
        Self { headers: Vec::new(), body: body.to_string(), answer: None }
    }

    fn answering(self, order: &serde_json::Value) -> Self {
        Self { answer: Some(order.to_string()), ..self }
    }

    fn with(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }
}

/// Why a delivery is believed.
#[derive(Debug, Clone, Copy)]
pub enum Trust {
    /// It is signed.
    Signed(Scheme),
    /// It is not. It only says what to ask the provider for.
    Asked(Source),
}

/// Where an unsigned provider is asked for what it told of.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Base of the provider's API.
    pub api: &'static str,
    /// What stands before the token in the header `Authorization`.
    pub authorization: &'static str,
    /// Path below the base of what a notification tells of.
    pub(crate) locate: fn(&Field<'_>) -> Result<String, PayloadError>,
}

/// Where the name of an event stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EventName {
    /// In the payload.
    Field(&'static str),
    /// In a header.
    Header(&'static str),
    /// In a header; when the payload names an action it follows after a dot.
    HeaderAndAction(&'static str, &'static str),
}

/// Where a provider writes what was paid; see [`Mapping`](crate::mapping::Mapping).
#[derive(Debug, Clone, Copy)]
pub(crate) struct SalePaths {
    pub(crate) object: &'static [&'static str],
    pub(crate) reference: &'static [&'static str],
    pub(crate) items: &'static [&'static str],
    pub(crate) item: &'static [&'static str],
    pub(crate) quantity: &'static [&'static str],
    pub(crate) tier: &'static [&'static str],
    pub(crate) recipient: &'static [&'static str],
    pub(crate) email: &'static [&'static str],
    pub(crate) user: &'static [&'static str],
}

/// Where a provider writes what was refunded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefundPaths {
    pub(crate) id: &'static [&'static str],
    pub(crate) reference: &'static [&'static str],
    pub(crate) items: &'static [&'static str],
    pub(crate) item: &'static [&'static str],
    pub(crate) quantity: &'static [&'static str],
}

impl RefundPaths {
    /// The provider does not tell of refunds.
    const NONE: Self = Self { id: &[], reference: &[], items: &[], item: &[], quantity: &[] };
}

impl Provider {
    /// Returns the provider with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROVIDERS.into_iter().find(|provider| provider.name == name)
    }

    /// The scheme of a provider that signs.
    pub const fn scheme(&self) -> Option<&Scheme> {
        match &self.trust {
            Trust::Signed(scheme) => Some(scheme),
            Trust::Asked(_) => None,
        }
    }

    /// Posts a sample as the provider would, signed at `now_s` if it signs; nothing when it does not tell of refunds.
    pub fn post(&self, sample: &Sample, secret: &Secret, now_s: u64) -> Option<Posted> {
        let mut posted = (self.sample)(sample)?;
        let Some(scheme) = self.scheme() else { return Some(posted) };
        let id = format!("msg_{}", sample.number);
        posted.headers.extend(scheme.sign(posted.body.as_bytes(), secret, &id, now_s));
        Some(posted)
    }

    /// Name of the event that a delivery tells of.
    pub(crate) fn event_of(
        &self,
        headers: &HeaderMap,
        payload: &Field<'_>,
    ) -> Result<String, PayloadError> {
        let (header, action) = match self.event {
            EventName::Field(path) => {
                return payload_path(path, payload).text().map(str::to_owned);
            }
            EventName::Header(header) => (header, None),
            EventName::HeaderAndAction(header, path) => (header, Some(path)),
        };
        let value = headers.get(header).and_then(|value| value.to_str().ok());
        let name = value.ok_or_else(|| PayloadError::Field {
            field: header.to_owned(),
            expected: "the header with the name of the event".to_owned(),
            got: "nothing".to_owned(),
        })?;
        let action = action.map(|path| payload_path(path, payload));
        match action.as_ref().map(Field::text) {
            Some(Ok(action)) => Ok(format!("{name}.{action}")),
            _ => Ok(name.to_owned()),
        }
    }
}

fn payload_path<'a>(path: &'static str, payload: &Field<'a>) -> Field<'a> {
    let names = path.trim_start_matches("$.").split('.');
    names.fold(payload.clone(), |field, name| field.get(name))
}

/// For providers whose event says all.
const fn always_settled(_: &Field<'_>, _: &str) -> Result<Option<String>, PayloadError> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{mapping::Mapping, path::Paths};

    #[test]
    fn names_are_unique_and_paths_are_jsonpath() {
        let names: BTreeSet<_> = PROVIDERS.map(|provider| provider.name).into();
        assert_eq!(names.len(), PROVIDERS.len());
        for provider in PROVIDERS {
            let mapping = Mapping::of(&provider.sale, &provider.refund);
            assert!(!mapping.object.is_empty() && !mapping.recipient.is_empty());
            let refunds = (mapping.refund.id.is_empty(), mapping.refund.reference.is_empty());
            assert_eq!(refunds, (provider.refunded.is_empty(), provider.refunded.is_empty()));
        }
    }

    #[test]
    fn a_path_of_every_event_name_is_names_and_dots() {
        for provider in PROVIDERS {
            if let EventName::Field(path) | EventName::HeaderAndAction(_, path) = provider.event {
                assert!(Paths::parse(&[path]).is_ok() && path.starts_with("$."), "{path}");
                assert!(!path.contains(['[', '*', '?']), "{path}");
            }
        }
    }
}
