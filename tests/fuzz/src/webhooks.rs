use std::{collections::BTreeSet, sync::OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use mayfly_webhook::{Delivery, MAX_TICKETS, Shop, provider::PROVIDERS};
use serde_json::Value;

use crate::first;

/// Good for every scheme.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// When deliveries come, in Unix seconds.
const NOW_S: u64 = 1_760_000_000;

/// Provider, length of a header, header, body: what anybody may post to a shop.
///
/// # Panics
/// When what nobody signed is believed, or when a sale has more tickets than may be, or one twice.
pub fn webhooks(data: &[u8]) {
    static SHOPS: OnceLock<Vec<Shop>> = OnceLock::new();
    let shops = SHOPS.get_or_init(|| {
        PROVIDERS.map(|provider| Shop::new(provider, &[SECRET]).expect("a good secret")).into()
    });
    let Some((number, rest)) = first(data) else { return };
    let Some((length, rest)) = first(rest) else { return };
    let (header, body) = rest.split_at(usize::from(length).min(rest.len()));
    let shop = &shops[usize::from(number) % shops.len()];
    let secret = shop.secret().expect("it has one");
    let mut headers = HeaderMap::new();
    if let Some(scheme) = shop.provider().scheme() {
        for (name, _) in scheme.sign(b"", secret, "", NOW_S) {
            if let Ok(value) = HeaderValue::from_bytes(header) {
                headers.insert(HeaderName::from_bytes(name.as_bytes()).expect("a name"), value);
            }
        }
        let verified = scheme.verify(&headers, body, core::slice::from_ref(secret), NOW_S, 300);
        assert!(verified.is_err(), "nobody signed it");
    }
    let Ok(payload) = serde_json::from_slice::<Value>(body) else { return };
    if let Ok(Delivery::Paid(sale)) = shop.read(&headers, &payload) {
        let count = sale.tickets.len();
        assert!(u64::try_from(count).is_ok_and(|count| count <= MAX_TICKETS), "{count} tickets");
        let keys: BTreeSet<_> = sale.tickets.iter().map(|ticket| &ticket.key).collect();
        assert_eq!(keys.len(), count, "every ticket has a key of its own");
    }
}
