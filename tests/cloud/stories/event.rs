use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, U256, utils::parse_ether};
use mayfly_aws::Entry;
use mayfly_cloud::Failed;
use mayfly_l1::{Sender, deposit_eth, devnet};
use mayfly_webhook::{Secret, provider};
use node_core::{
    chain::{Epoch, LayerId, SlotNumber},
    codec::record::{AttemptId, SlotContent, SlotEntry},
};
use serde_json::{Value, json};

use crate::{
    deployment::{Deployment, STRIPE},
    wallet::Wallet,
};

/// How long an end may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A layer that was opened by the function `operator`.
pub(crate) struct Opened {
    pub(crate) id: LayerId,
    pub(crate) rpc_url: String,
    webhook_url: String,
    pub(crate) chain_id: u64,
    pub(crate) l1_layer: Address,
}

impl Opened {
    /// Opens a layer, and again under the same key, as a caller does that heard no answer.
    pub(crate) async fn open(deployment: &Deployment, key: &str, ticket: Option<Address>) -> Self {
        let opened = deployment.open(key, ticket).await.expect("it opens");
        let again = deployment.open(key, ticket).await.expect("it is open");
        assert_eq!(opened, again, "the same key is the same layer");
        Self::of(&opened)
    }

    /// What the function `operator` said of a layer that it has opened.
    pub(crate) fn of(opened: &Value) -> Self {
        assert_eq!(opened["phase"], "open");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        Self {
            id: text(&opened["layer"]).parse().expect("an id"),
            rpc_url: text(&opened["rpc_url"]),
            webhook_url: text(&opened["webhook_url"]),
            chain_id: opened["chain_id"].as_u64().expect("a number"),
            l1_layer: text(&opened["l1"]["layer"]).parse().expect("an address"),
        }
    }

    /// Deposits ETH for a wallet, and lets the watch bring it in.
    pub(crate) async fn deposit(&self, deployment: &Deployment, wallet: &Wallet) {
        let before = deployment.layer(self).balance(wallet.account()).await;
        self.deposit_on_l1(deployment, wallet).await;
        // Until the block of the deposit is final.
        let layer = deployment.layer(self);
        let since = Instant::now();
        while layer.balance(wallet.account()).await == before {
            assert!(since.elapsed() < PATIENCE, "the deposit does not arrive");
            look(deployment).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Deposits ETH for a wallet; returns how much, in wei.
    pub(crate) async fn deposit_on_l1(&self, deployment: &Deployment, wallet: &Wallet) -> U256 {
        // Of somebody else: what an account deposits counts as a transaction of it on the layer.
        let depositor = devnet::accounts()[1].clone();
        let sender = Sender::new(deployment.node().await, depositor);
        let wei = parse_ether("5").expect("a number");
        deposit_eth(&sender, self.l1_layer, wallet.account(), wei).await.expect("deposited");
        wei
    }

    /// Where the shop posts to.
    pub(crate) fn webhook_url(&self) -> &str {
        &self.webhook_url
    }

    /// Sends signed deliveries of a shop, every third of them twice.
    pub(crate) async fn deliver(&self, count: usize) {
        for number in 0..count {
            let times = if number % 3 == 0 { 2 } else { 1 };
            let body = delivery(number);
            for _ in 0..times {
                let (status, text) = self.post(&body).await;
                assert_eq!(status, 200, "{text}");
            }
        }
    }

    /// Sends one delivery until it is taken, as shops do.
    pub(crate) async fn deliver_again(&self, number: usize) {
        let body = delivery(number);
        while self.post(&body).await.0 != 200 {}
    }

    async fn post(&self, body: &str) -> (u16, String) {
        let secret = Secret::new(STRIPE).expect("a secret");
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let scheme = provider::STRIPE.scheme().expect("Stripe signs");
        let client = reqwest::Client::new();
        let mut post = client.post(&self.webhook_url);
        for (name, value) in scheme.sign(body.as_bytes(), &secret, "", since.as_secs()) {
            post = post.header(name, value);
        }
        let answer = post.body(body.to_owned()).send().await.expect("somebody answers");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }
}

fn delivery(number: usize) -> String {
    let buyer = Wallet::random().account();
    json!({
        "id": format!("evt_{number}"),
        "object": "event",
        "type": "checkout.session.completed",
        "data": { "object": {
            "id": format!("cs_{number}"),
            "object": "checkout.session",
            "payment_status": "paid",
            "metadata": { "ticket_to": buyer.to_string(), "qty": "1" },
        } },
    })
    .to_string()
}

/// Lets the end come, and says where the layer stands then: the schedule fires, then the watch goes on every minute with what waits for the L1.
pub(crate) async fn close(deployment: &Deployment, opened: &Opened) -> Value {
    deployment.gateway.pass("2999-01-01T00:00:00");
    until_erased(deployment, opened).await
}

/// Has the operator end a layer before its time.
pub(crate) async fn close_early(deployment: &Deployment, opened: &Opened) -> Value {
    let close = json!({ "action": "close", "layer": opened.id });
    let status = deployment.gateway.invoke("operator", &close).await.expect("a status");
    assert_ne!(status["phase"], "erased", "it says where the layer stood");
    until_erased(deployment, opened).await
}

/// Has the watch look after the layers. One that has just answered is not back yet, and there is one place.
pub(crate) async fn look(deployment: &Deployment) {
    while let Err(failed) = deployment.gateway.invoke("bridge", &json!({})).await {
        assert_eq!(failed, Failed::NoPlace, "the watch looks");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_erased(deployment: &Deployment, opened: &Opened) -> Value {
    let since = Instant::now();
    loop {
        look(deployment).await;
        let status = json!({ "action": "status", "layer": opened.id });
        let status = deployment.gateway.invoke("operator", &status).await.expect("a status");
        if !status["ended_at_s"].is_null() {
            assert_eq!(status["phase"], "erased");
            return status;
        }
        assert!(since.elapsed() < PATIENCE, "it does not end: {status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A function that slept through the end wakes and writes into a slot that is free again: what it wrote is found once
/// nobody can write any more.
pub(crate) async fn sweep_after_a_sleeper(deployment: &Deployment, opened: &Opened) {
    let stores = deployment.cloud.stores(opened.id);
    let (slot, attempt) = (SlotNumber(40), AttemptId(1));
    let entry = SlotEntry { slot, epoch: Epoch(9), attempt, content: SlotContent::Fence };
    stores.log.append(entry).await.expect("nobody hinders it");
    sweep(deployment, opened).await;
}

/// Lets so much time pass after the end that nobody can write any more, and the watch look.
pub(crate) async fn sweep(deployment: &Deployment, opened: &Opened) {
    let registry = deployment.cloud.registry();
    let (version, entry) = registry.load(opened.id).await.expect("read").expect("known");
    let an_hour_ago = entry.ended_at_s.map(|at| at - 3_600);
    let entry = Entry { ended_at_s: an_hour_ago, ..entry };
    registry.store(Some(version), &entry).await.expect("nobody else writes it");
    look(deployment).await;
    // That no item is there says nothing: what a sleeper left may be objects alone.
    let since = Instant::now();
    while !registry.load(opened.id).await.expect("read").expect("known").1.swept {
        assert!(since.elapsed() < PATIENCE, "it is not swept");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
}
