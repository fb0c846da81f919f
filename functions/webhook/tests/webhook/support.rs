//! A layer in memory, its box office on a loopback port, and a client that speaks plain HTTP.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{Address, B256, address};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use mayfly_webhook::{
    Event, Provider, Scheme, Secret, Shop, WebhookState, names::Names, provider::STRIPE, router,
};
use node_core::{
    chain::{Finality, L1Binding, LayerConfig, LayerId, MintConfig},
    codec::record::MintOrder,
    flow::open::{self, Genesis},
    port::{Clock, Doorbell, Stores, memory::Memory},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const NOW_S: u64 = 1_760_000_000;
pub(crate) const SECRET: &str = "whsec_test_secret";
pub(crate) const BUYER: Address = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");

/// A clock that the test sets.
#[derive(Debug, Default)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn set_s(&self, now_s: u64) {
        self.0.store(now_s * 1000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A doorbell that counts.
#[derive(Debug, Default)]
pub(crate) struct TestDoorbell(AtomicUsize);

impl TestDoorbell {
    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Doorbell for TestDoorbell {
    fn ring(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A shop's side of a box office that runs.
pub(crate) struct Office {
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) doorbell: Arc<TestDoorbell>,
    pub(crate) state: WebhookState,
    address: SocketAddr,
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).expect("a secret")
}

/// Name of the header that Stripe signs in.
pub(crate) const HEADER: &str = "Stripe-Signature";

/// The scheme of a provider that signs.
pub(crate) const fn scheme(provider: &'static Provider) -> &'static Scheme {
    provider.scheme().expect("the provider signs")
}

/// Signs as Stripe does; returns the value of [`HEADER`].
pub(crate) fn sign(body: &[u8], secret: &Secret, now_s: u64) -> String {
    scheme(&STRIPE).sign(body, secret, "", now_s).swap_remove(0).1
}

/// Headers as a server has them.
pub(crate) fn header_map<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let header = |(name, value): (&str, &str)| {
        let name: HeaderName = name.parse().expect("a name");
        (name, HeaderValue::from_bytes(value.as_bytes()).expect("no line breaks"))
    };
    headers.into_iter().map(header).collect()
}

/// A shop at Stripe.
pub(crate) fn stripe(secrets: &[&str]) -> Shop {
    Shop::new(&STRIPE, secrets).expect("secrets")
}

pub(crate) fn config() -> LayerConfig {
    LayerConfig {
        name: "Test night".to_owned(),
        opened_at_s: NOW_S - 1000,
        ends_at_s: NOW_S + 100_000,
        fee_recipient: Address::repeat_byte(1),
        organiser: Address::repeat_byte(2),
        operator: Address::repeat_byte(3),
        l1: L1Binding {
            chain_id: 1,
            layer: Address::repeat_byte(4),
            config_hash: B256::ZERO,
            opened_in_block: 1,
            finality: Finality::Finalized,
        },
        mint: Some(MintConfig { minter: Address::repeat_byte(5), ticket: None }),
        ..LayerConfig::detached(LayerId::new([7; 16]), 4242)
    }
}

/// Stores with an open layer in them.
pub(crate) async fn open_layer(config: &LayerConfig) -> Stores {
    let stores = Memory::stores();
    let genesis = Genesis::new(config, &BTreeMap::new()).expect("the configuration is valid");
    open::open(&stores, config, &genesis).await.expect("memory opens a layer");
    stores
}

impl Office {
    /// Opens a layer and its box office.
    pub(crate) async fn open() -> Self {
        let config = config();
        let stores = open_layer(&config).await;
        Self::serve(stores, config, &[SECRET]).await
    }

    pub(crate) async fn serve(stores: Stores, config: LayerConfig, secrets: &[&str]) -> Self {
        Self::of_shops(stores, config, vec![stripe(secrets)]).await
    }

    pub(crate) async fn of_shops(stores: Stores, config: LayerConfig, shops: Vec<Shop>) -> Self {
        Self::of_event(stores, config, Event::of(shops)).await
    }

    pub(crate) async fn of_event(stores: Stores, config: LayerConfig, event: Event) -> Self {
        Self::of_event_with(stores, config, event, None).await
    }

    /// A box office of buyers who may give names.
    pub(crate) async fn of_event_with(
        stores: Stores,
        config: LayerConfig,
        event: Event,
        names: Option<Arc<dyn Names>>,
    ) -> Self {
        let (clock, doorbell) = (Arc::new(TestClock::default()), Arc::new(TestDoorbell::default()));
        clock.set_s(NOW_S);
        let state = WebhookState {
            stores: stores.clone(),
            config: Arc::new(config),
            doorbell: doorbell.clone(),
            clock: clock.clone(),
            event: Arc::new(event),
            names,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("the port is bound");
        let routes = router(state.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { stores, clock, doorbell, state, address }
    }

    /// Delivers `body`, signed now.
    pub(crate) async fn deliver(&self, body: &str) -> Answer {
        let header = sign(body.as_bytes(), &secret(SECRET), NOW_S);
        self.post(&[(HEADER, &header)], body).await
    }

    /// Delivers to the shop of another provider, signed now.
    pub(crate) async fn deliver_as(
        &self,
        provider: &'static Provider,
        secret: &str,
        more: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let scheme = scheme(provider);
        let secret = scheme.secret(secret).expect("a secret");
        let body = body.to_string();
        let signed = scheme.sign(body.as_bytes(), &secret, "msg_1", NOW_S);
        let mut headers: Vec<_> =
            signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend_from_slice(more);
        self.post_to(&format!("/webhooks/{}", provider.name), &headers, body).await
    }

    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        self.post_to("/webhooks/stripe", headers, body).await
    }

    pub(crate) async fn post_to(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let body = body.as_ref();
        let length = body.len().to_string();
        let mut all = vec![("Content-Length", length.as_str())];
        all.extend_from_slice(headers);
        self.exchange("POST", path, &all, body).await
    }

    /// One request on one connection, by hand, so that the bytes on the wire are the test's.
    pub(crate) async fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let headers: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n{headers}\r\n"
        );
        let request = [head.as_bytes(), body].concat();
        let address = self.address;
        tokio::task::spawn_blocking(move || exchange(address, &request))
            .await
            .expect("the client does not panic")
    }

    pub(crate) async fn waiting(&self) -> Vec<MintOrder> {
        self.stores.orders.waiting(usize::MAX).await.expect("memory answers")
    }

    /// Keys of the orders that wait, sorted.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.waiting().await.into_iter().map(|order| order.key).collect();
        keys.sort();
        keys
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn error(&self) -> &str {
        self.json["error"].as_str().unwrap_or_default()
    }
}

fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the box office listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("20 s is a time-out");
    stream.write_all(request).expect("the box office reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the box office answers with text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer {
        status: status.expect("an HTTP answer has a status"),
        json: serde_json::from_str(body).unwrap_or(Value::Null),
        text: body.to_owned(),
    }
}

/// A Checkout session that is paid, with `metadata` beside the recipient.
pub(crate) fn session(id: &str) -> Value {
    json!({
        "id": id,
        "object": "checkout.session",
        "payment_status": "paid",
        "mode": "payment",
        "metadata": { "ticket_to": BUYER.to_checksum(None) },
    })
}

/// A session whose buyer gave an e-mail address and no wallet.
pub(crate) fn by_email(id: &str) -> Value {
    let mut session = session(id);
    session["metadata"] = json!({});
    session["customer_details"] = json!({ "email": "ada@example.org" });
    session
}

pub(crate) fn event(kind: &str, session: &Value) -> String {
    json!({ "id": "evt_1", "object": "event", "type": kind, "data": { "object": session } })
        .to_string()
}

pub(crate) fn completed(session: &Value) -> String {
    event("checkout.session.completed", session)
}

/// A payment that is refunded whole.
pub(crate) fn refunded(payment: &str) -> String {
    event("charge.refunded", &json!({ "id": "ch_1", "payment_intent": payment, "refunded": true }))
}
