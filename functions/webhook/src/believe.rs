//! From what came over the wire to a payload that is believed.

use axum::{
    body::Bytes,
    http::{HeaderMap, Uri},
};
use serde_json::{Value, json};
use subtle::{Choice, ConstantTimeEq};

use crate::{
    PayloadError, Secret, Shop,
    answer::Refused,
    field::Field,
    provider::{Source, Trust},
    shop::Inquiry,
};

/// Returns the payload of a delivery, if it is from the provider.
///
/// What a provider that does not sign is asked for is `{notification, order}`.
pub(crate) async fn payload(
    shop: &Shop,
    headers: &HeaderMap,
    uri: &Uri,
    body: &Bytes,
    now_s: u64,
) -> Result<Value, Refused> {
    match &shop.provider.trust {
        Trust::Signed(scheme) => {
            scheme.verify(headers, body, &shop.secrets, now_s, shop.tolerance_s)?;
            Ok(json_of(body)?)
        }
        Trust::Asked(source) => {
            check_key(uri, &shop.secrets)?;
            let inquiry = shop.inquiry.as_ref().ok_or(Refused::NoToken)?;
            ask(source, inquiry, json_of(body)?).await
        }
    }
}

async fn ask(source: &Source, inquiry: &Inquiry, notification: Value) -> Result<Value, Refused> {
    let path = (source.locate)(&Field::root(&notification))?;
    let base = inquiry.api.as_deref().unwrap_or(source.api).trim_end_matches('/');
    let authorization = format!("{} {}", source.authorization, inquiry.token);
    let document = inquiry.fetch.get(&format!("{base}{path}"), &authorization).await?;
    let order = json_of(&document)?;
    Ok(json!({ "notification": notification, "order": order }))
}

/// Anybody can post what is not signed; without the key, nobody is asked for anything.
fn check_key(uri: &Uri, keys: &[Secret]) -> Result<(), Refused> {
    if keys.is_empty() {
        return Err(Refused::NoKey);
    }
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let given = pairs.filter(|(name, _)| *name == "key").map(|(_, value)| value.as_bytes());
    let mut found = Choice::from(0);
    for given in given {
        for key in keys {
            found |= key.as_bytes().ct_eq(given);
        }
    }
    if found.into() { Ok(()) } else { Err(Refused::Key) }
}

fn json_of(body: &[u8]) -> Result<Value, PayloadError> {
    Ok(serde_json::from_slice(body)?)
}
