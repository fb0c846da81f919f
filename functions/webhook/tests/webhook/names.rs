//! Buyers who give a name in place of an address.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use alloy_primitives::{Address, address};
use async_trait::async_trait;
use mayfly_l1::{AccountName, NameError};
use mayfly_webhook::{
    Event, Fetch, HttpFetch,
    names::{Names, resolve_waiting},
};
use node_core::{codec::record::OrderState, port::PortError};
use serde_json::{Value, json};

use crate::support::{Answer, BUYER, Office, completed, config, open_layer, session};

const REGISTRY: Address = address!("00000000000C2E074eC69A0dFb2997BA6C7d2e1e");
const KEY: &str = "stripe/cs_1/ticket/0";

/// An L1 whose names a test sets; down until it is up.
#[derive(Default)]
struct Registry {
    names: Mutex<BTreeMap<String, Address>>,
    is_up: Mutex<bool>,
    asked: Mutex<usize>,
}

#[async_trait]
impl Names for Registry {
    async fn address_of(
        &self,
        registry: Address,
        name: &AccountName,
    ) -> Result<Address, NameError> {
        assert_eq!(registry, REGISTRY);
        *self.asked.lock().expect("not poisoned") += 1;
        if !*self.is_up.lock().expect("not poisoned") {
            return Err(PortError::unavailable("the L1", "down").into());
        }
        let names = self.names.lock().expect("not poisoned");
        let name = name.as_str().to_owned();
        names.get(&name).copied().ok_or(NameError::NoResolver { name })
    }
}

impl Registry {
    fn set(&self, name: &str, address: Address) {
        self.names.lock().expect("not poisoned").insert(name.to_owned(), address);
    }

    fn up(&self, is_up: bool) {
        *self.is_up.lock().expect("not poisoned") = is_up;
    }
}

async fn office() -> (Office, Arc<Registry>) {
    let text = format!(
        "[names]\nregistry = \"{REGISTRY}\"\n[office]\nkey = \"a key of sixteen bytes\"\n[shops.stripe]\nsecrets = \"whsec_test_secret\"\n"
    );
    let fetch: Arc<dyn Fetch> = Arc::new(HttpFetch::default());
    let event = Event::parse(&text, &|text| Ok(text.to_owned()), &fetch).expect("a configuration");
    let (config, registry) = (config(), Arc::new(Registry::default()));
    let stores = open_layer(&config).await;
    let office = Office::of_event_with(stores, config, event, Some(registry.clone())).await;
    (office, registry)
}

fn by_name(name: &str) -> String {
    let mut session = session("cs_1");
    session["metadata"] = json!({ "ticket_to": name });
    completed(&session)
}

impl Office {
    async fn state_of_name(&self) -> OrderState {
        let held = self.stores.orders.get(KEY).await.expect("memory answers");
        held.expect("it is there").state()
    }
}

fn states(answer: &Answer) -> (u16, &Value) {
    (answer.status, &answer.json["orders"][0]["state"])
}

#[tokio::test]
async fn a_name_is_resolved_once_when_it_is_paid() {
    let (office, registry) = office().await;
    registry.up(true);
    registry.set("ada.eth", BUYER);
    for _ in 0..2 {
        let answer = office.deliver(&by_name("Ada.ETH")).await;
        assert_eq!(states(&answer), (200, &json!("waiting")), "{answer:?}");
        // Who has the name now does not get what was paid before.
        registry.set("ada.eth", Address::repeat_byte(9));
    }
    let waiting = office.waiting().await;
    assert_eq!((waiting.len(), waiting[0].recipient), (1, BUYER));
    assert_eq!(*registry.asked.lock().expect("not poisoned"), 1);
}

#[tokio::test]
async fn an_order_waits_while_the_l1_is_down_and_is_answered_all_the_same() {
    let (office, registry) = office().await;
    registry.set("ada.eth", BUYER);
    for _ in 0..2 {
        let answer = office.deliver(&by_name("ada.eth")).await;
        assert_eq!(states(&answer), (200, &json!("waiting")), "{answer:?}");
    }
    assert!(office.keys().await.is_empty(), "nothing is due of it");
    assert_eq!(resolve_waiting(&office.state).await.expect("memory"), 0);
    registry.up(true);
    let rings = office.doorbell.rings();
    assert_eq!(resolve_waiting(&office.state).await.expect("memory"), 1);
    assert!(office.doorbell.rings() > rings, "the sequencer hears of it");
    assert_eq!(office.waiting().await[0].recipient, BUYER);
    assert_eq!(resolve_waiting(&office.state).await.expect("memory"), 0);
}

#[tokio::test]
async fn a_name_without_an_address_fails_and_can_be_tried_again() {
    let (office, registry) = office().await;
    registry.up(true);
    let answer = office.deliver(&by_name("ada.eth")).await;
    assert_eq!(states(&answer), (200, &json!("failed")), "{answer:?}");
    let reason = "the name ada.eth has no resolver on this L1".to_owned();
    assert_eq!(office.state_of_name().await, OrderState::Failed { reason });
    registry.set("ada.eth", BUYER);
    let headers = [("x-api-key", "a key of sixteen bytes")];
    let retried = office.post_to(&format!("/office/retries/{KEY}"), &headers, "").await;
    assert_eq!((retried.status, &retried.json["state"]), (200, &json!("waiting")));
    assert_eq!(resolve_waiting(&office.state).await.expect("memory"), 1);
    assert_eq!(office.waiting().await[0].recipient, BUYER);
}

#[tokio::test]
async fn what_is_no_name_is_refused_by_its_field() {
    let (office, _) = office().await;
    for name in ["p\u{430}ypal.eth", "a..eth", "a b.eth", "\u{200d}.eth"] {
        let answer = office.deliver(&by_name(name)).await;
        let field = json!("data.object.metadata.ticket_to");
        assert_eq!((answer.status, &answer.json["field"]), (400, &field), "{answer:?}");
        assert!(answer.error().contains("a name such as `ada.eth`"), "{answer:?}");
    }
    let answer = office.deliver(&by_name("ada")).await;
    assert!(answer.error().contains("expected an address"), "{answer:?}");
}
