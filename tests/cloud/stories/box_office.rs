//! A box office of an event's own, on functions: several shops, buyers without a wallet, refunds, an organiser who asks,
//! is told, and changes it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy::{
    primitives::{U256, address},
    sol_types::SolCall,
};
use mayfly_contracts::EventTicket;
use mayfly_l1::AccountName;
use mayfly_webhook::{
    Provider,
    provider::{PADDLE, SHOPIFY, STANDARD_WEBHOOKS, STRIPE, Sample},
};
use node_core::{chain::Phase, flow::phase};
use serde_json::{Value, json};

use crate::{
    deployment::Deployment,
    event::{Opened, close, look},
    organiser::{REFUSED, check_told, key_of, organisers_system},
    wallet::Wallet,
};

/// How long something may take that the functions do by themselves.
const PATIENCE: Duration = Duration::from_secs(60);

/// Signing secrets, as the providers show them.
const SHOPIFY_SECRET: &str = "hush";
pub(crate) const BOX_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STRIPE_SECRET: &str = "whsec_of_this_event";
const PADDLE_SECRET: &str = "pdl_ntfset_secret";

/// Key of the organiser.
const KEY: &str = "a key of sixteen bytes";

const EVENT: &str = r#"
[ticket]
mint = "mintTo(address recipient)"
refunds = "burn"
burn = "burn(uint256 token)"

[claims]
secret = "ssm:/night/shops/claims"
page = "https://tickets.test/#"

[names]
registry = "0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e"

[office]
key = "ssm:/night/shops/office"

[completion]
url = "TOLD"
secret = "ssm:/night/shops/box"

[shops.shopify]
secrets = "ssm:/night/shops/shopify"

[shops.box]
provider = "standard-webhooks"
secrets = "ssm:/night/shops/box"

[shops.stripe]
secrets = "ssm:/night/shops/stripe"
"#;

/// A layer with its box office, as shops, buyers and the organiser see it.
struct Office<'a> {
    deployment: &'a Deployment,
    url: String,
    client: reqwest::Client,
}

impl Office<'_> {
    /// Delivers what a provider posts, until the functions know the shop.
    async fn deliver(
        &self,
        shop: &str,
        provider: &Provider,
        secret: &str,
        sample: &Sample,
    ) -> Value {
        let posted = {
            let secret = provider.scheme().expect("it signs").secret(secret).expect("a secret");
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            provider.post(sample, &secret, now.as_secs()).expect("it has a sample")
        };
        let mut request = self.client.post(format!("{}/webhooks/{shop}", self.url));
        for (name, value) in &posted.headers {
            request = request.header(*name, value);
        }
        let answer = request.body(posted.body).send().await.expect("somebody answers");
        let status = answer.status();
        let answer = answer.text().await.expect("text");
        assert_eq!(status, 200, "{shop}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    async fn ask(&self, method: reqwest::Method, path: &str, body: &str) -> (u16, String) {
        let request = self.client.request(method, format!("{}/office/{path}", self.url));
        let request = request.header("x-api-key", KEY).body(body.to_owned());
        let answer = request.send().await.expect("somebody answers");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    async fn order(&self, key: &str) -> Value {
        let (status, text) = self.ask(reqwest::Method::GET, &format!("orders/{key}"), "").await;
        assert_eq!(status, 200, "{key}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Waits until an order is in a state; the watch rings where a ring was lost.
    async fn wait_for(&self, key: &str, state: &str) -> Value {
        let since = Instant::now();
        loop {
            let order = self.order(key).await;
            if order["state"] == state {
                return order;
            }
            assert!(since.elapsed() < PATIENCE, "{key} is not {state}: {order}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn export(&self, which: &str) -> Vec<String> {
        let (status, text) = self.ask(reqwest::Method::GET, &format!("exports/{which}"), "").await;
        assert_eq!(status, 200, "{which}: {text}");
        text.lines().map(str::to_owned).collect()
    }

    async fn look(&self) {
        look(self.deployment).await;
    }
}

fn sample(number: u64, buyer: &Wallet) -> Sample {
    Sample { number, recipient: buyer.account().to_string(), tickets: 1, is_refund: false }
}

async fn keep_secrets(deployment: &Deployment) {
    for (name, secret) in [
        ("shopify", SHOPIFY_SECRET),
        ("box", BOX_SECRET),
        ("stripe", STRIPE_SECRET),
        ("claims", "a secret of the organiser"),
        ("office", KEY),
    ] {
        deployment.ground.keep_secret(&format!("/night/shops/{name}"), secret).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_office_sells_for_several_shops_and_answers_its_organiser() {
    let deployment = Deployment::start().await;
    keep_secrets(&deployment).await;
    let (told, told_url) = organisers_system().await;
    let event = EVENT.replace("TOLD", &told_url);
    let organiser = Wallet::organiser();
    let ticket = Some(organiser.account().create(0));

    let faulty =
        event.replace("shops/stripe", "shops/none").replace("ssm:/night/shops/office", KEY);
    let refused = deployment.open_with("night", ticket, Some(&faulty)).await;
    let refused = format!("{:?}", refused.expect_err("two secrets are not there"));
    for part in ["shops.stripe.secrets", "/night/shops/none", "office.key"] {
        assert!(refused.contains(part), "says `{part}`: {refused}");
    }
    assert!(!refused.contains(KEY), "it may be a secret: {refused}");

    let opened = deployment.open_with("night", ticket, Some(&event)).await.expect("it opens");
    let url = opened["rpc_url"].as_str().expect("text").to_owned();
    let shops = ["box", "shopify", "stripe"].map(|shop| format!("{url}/webhooks/{shop}"));
    assert_eq!(opened["webhook_urls"], json!(shops));
    let chain_id = opened["chain_id"].as_u64().expect("a number");
    let opened = Opened::of(&opened);
    let layer = deployment.layer(&opened);
    let contract = organiser.deploy_event(&layer, deployment.minter()).await;
    let office = Office { deployment: &deployment, url, client: reqwest::Client::new() };

    // Three shops, and a buyer of one of them without a wallet.
    let buyers: Vec<Wallet> = (0..3).map(|_| Wallet::random()).collect();
    for what in ["cold", "warm"] {
        let since = Instant::now();
        office.deliver("shopify", &SHOPIFY, SHOPIFY_SECRET, &sample(1, &buyers[0])).await;
        println!("a {what} function answered in {:?}; providers wait 5 s", since.elapsed());
        office.deliver("box", &STANDARD_WEBHOOKS, BOX_SECRET, &sample(2, &buyers[1])).await;
    }
    let nobody = Sample { recipient: String::new(), ..sample(3, &buyers[2]) };
    let body = office.deliver_without_wallet(&nobody).await;
    assert_eq!(body["orders"][0]["state"], "unclaimed", "{body}");
    let of_shopify = "shopify/1000000001/2000000001/0";
    let of_box = REFUSED;
    let of_stripe = "stripe/cs_sim_3/ticket/0";
    let held = office.order(of_stripe).await;
    let link = held["link"].as_str().expect("a link").strip_prefix("https://tickets.test/#");
    let claim = format!("{}/claims/{}", office.url, link.expect("the page"));
    let wallet = json!({ "address": buyers[2].account() });
    let claimed = office.client.post(&claim).json(&wallet).send().await.expect("an answer");
    assert_eq!(claimed.status(), 200);
    let other = json!({ "address": address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC") });
    let taken = office.client.post(&claim).json(&other).send().await.expect("an answer");
    assert_eq!(taken.status(), 409, "once");
    for key in [of_shopify, of_box, of_stripe] {
        let minted = office.wait_for(key, "minted").await;
        assert!(minted["token"].is_string(), "{minted}");
    }

    check_names(&office, &buyers[0]).await;

    // A refund burns; what is on the layer says so, too.
    let refund = Sample { is_refund: true, ..sample(1, &buyers[0]) };
    office.deliver("shopify", &SHOPIFY, SHOPIFY_SECRET, &refund).await;
    office.wait_for(of_shopify, "burned").await;
    let balance = EventTicket::balanceOfCall { owner: buyers[0].account() }.abi_encode();
    // What was sold to the same wallet under its name is left.
    layer.wait_for_call(contract, balance, U256::ONE).await;

    // A list in, lists out, and the door.
    let list = format!("id,recipient\ng1,{}\ng2,0x12\n", buyers[0].account());
    let (status, rows) = office.ask(reqwest::Method::POST, "imports", &list).await;
    let rows: Value = serde_json::from_str(&rows).expect("JSON");
    assert_eq!(
        (status, &rows[0]["result"], &rows[1]["result"]),
        (200, &json!("ok"), &json!("refused"))
    );
    office.wait_for("import/g1/ticket/0", "minted").await;
    let token = office.order(of_box).await["token"].as_str().and_then(|id| id.parse().ok());
    let token: U256 = token.expect("a number");
    let verifier = EventTicket::grantRolesCall { user: organiser.account(), roles: U256::from(2) };
    organiser.call(&layer, contract, verifier.abi_encode(), U256::ZERO).await;
    let scan = buyers[1].check_in(chain_id, contract, token).abi_encode();
    organiser.call(&layer, contract, scan, U256::ZERO).await;
    let redeems = office.export("redeems").await;
    assert_eq!(redeems.len(), 2, "{redeems:?}");
    assert!(redeems[1].starts_with(&format!("{token},7,{}", organiser.account())), "{redeems:?}");
    assert_eq!(office.export("tickets").await.len(), 1 + 4);
    assert_eq!(office.export("failures").await, [""; 0]);
    assert_eq!(office.ask(reqwest::Method::POST, "retries", "").await.0, 200);
    let stranger = office.client.get(format!("{}/office/exports/orders", office.url)).send().await;
    assert_eq!(stranger.expect("an answer").status(), 401);

    // The watch tells what became of orders, each once, though none of it lives to see that it is done.
    let since = Instant::now();
    while told.lock().expect("not poisoned").taken.len() < 6 {
        assert!(since.elapsed() < PATIENCE, "what was refused comes again");
        deployment.gateway.kill("bridge");
        office.look().await;
    }
    office.look().await;
    check_told(&told.lock().expect("not poisoned"));

    // Another shop, while the event is on.
    deployment.ground.keep_secret("/night/shops/paddle", PADDLE_SECRET).await;
    let more = format!("{event}\n[shops.paddle]\nsecrets = \"ssm:/night/shops/paddle\"\n");
    let change = json!({ "action": "event", "layer": opened.id, "event": more });
    let changed = deployment.gateway.invoke("operator", &change).await.expect("it is taken");
    assert_eq!(changed["webhook_urls"].as_array().map(Vec::len), Some(4), "{changed}");
    // As if a minute had gone by.
    deployment.gateway.kill("webhook");
    let sold = office.deliver("paddle", &PADDLE, PADDLE_SECRET, &sample(9, &buyers[0])).await;
    let of_paddle = sold["orders"][0]["key"].as_str().expect("text");
    office.wait_for(of_paddle, "minted").await;

    // What came last is told while the end goes on.
    let registers = deployment.cloud.stores(opened.id).registers;
    phase::advance(&*registers, Phase::Open).await.expect("the end begins");
    office.look().await;
    let last = told.lock().expect("not poisoned").taken.last().map(|(_, body)| key_of(body));
    assert_eq!(last.as_deref(), Some(of_paddle));

    let ended = close(&deployment, &opened).await;
    assert_eq!(ended["webhook_urls"].as_array().map(Vec::len), Some(1), "{ended}");
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0], "items_left");
}

/// A buyer who gave a name: an order that fails while the L1 knows none, and is tried again by the watch.
async fn check_names(office: &Office<'_>, buyer: &Wallet) {
    let sale = Sample { recipient: "Ada.eth".to_owned(), ..sample(4, buyer) };
    let body = office.deliver("box", &STANDARD_WEBHOOKS, BOX_SECRET, &sale).await;
    assert_eq!(body["orders"][0]["state"], "failed", "{body}");
    let registry = address!("00000000000C2E074eC69A0dFb2997BA6C7d2e1e");
    let name = AccountName::normal("ada.eth").expect("a name");
    office.deployment.name(&name, registry, buyer.account());
    let key = "box/order-4/ticket/0";
    assert_eq!(office.ask(reqwest::Method::POST, &format!("retries/{key}"), "").await.0, 200);
    office.look().await;
    let minted = office.wait_for(key, "minted").await;
    assert_eq!(minted["recipient"], json!(buyer.account()), "{minted}");
}

impl Office<'_> {
    /// Delivers a Stripe session of a buyer who gave an e-mail address and no wallet.
    async fn deliver_without_wallet(&self, sample: &Sample) -> Value {
        let session = json!({
            "id": format!("cs_sim_{}", sample.number),
            "payment_status": "paid",
            "customer_details": { "email": "ada@example.org" },
        });
        let kind = "checkout.session.completed";
        let body = json!({ "id": "evt", "type": kind, "data": { "object": session } }).to_string();
        let scheme = STRIPE.scheme().expect("it signs");
        let secret = scheme.secret(STRIPE_SECRET).expect("a secret");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let mut request = self.client.post(format!("{}/webhooks/stripe", self.url));
        for (name, value) in scheme.sign(body.as_bytes(), &secret, "", now) {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.expect("somebody answers");
        answer.json().await.expect("JSON")
    }
}
