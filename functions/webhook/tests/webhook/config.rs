//! A configuration says everything that is wrong with it.

use std::sync::Arc;

use mayfly_webhook::{ConfigError, Event, Fetch, HttpFetch, provider::STANDARD_WEBHOOKS};
use serde_json::json;

use crate::support::{BUYER, Office, config, open_layer};

fn parse(text: &str) -> Result<Event, ConfigError> {
    let fetch: Arc<dyn Fetch> = Arc::new(HttpFetch::default());
    let find = |text: &str| match text.strip_prefix("env:") {
        Some(name) => Err(format!("expected the variable {name}, got nothing")),
        None => Ok(text.to_owned()),
    };
    Event::parse(text, &find, &fetch)
}

fn problems(text: &str) -> Vec<String> {
    let error = parse(text).expect_err("it is wrong");
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_of_a_deployment_is_whole() {
    let text = include_str!("../../../../terraform/examples/ticket-sale/event.toml");
    let fetch: Arc<dyn Fetch> = Arc::new(HttpFetch::default());
    let find = |text: &str| {
        assert!(text.starts_with("ssm:/ticket-sale/shops/"), "{text}");
        Ok("whsec_c2VjcmV0cyBoYXZlIGVub3VnaCBieXRlcw==".to_owned())
    };
    let event = Event::parse(text, &find, &fetch).expect("nothing is wrong with it");
    assert!(event.shops.len() == 1 && event.claims.is_some() && event.office.is_some());
}

#[test]
fn every_problem_is_said_at_once() {
    let text = r#"
        colour = "red"
        [ticket]
        mint = "mint(uint256 tier)"
        refunds = "burn"
        [ticket.tiers]
        vip = "one"
        [claims]
        secret = "short"
        valid = "soon"
        unclaimed = "0x12"
        [names]
        registry = "ens"
        [shops.stripe]
        secrets = "env:MAYFLY_STRIPE"
        [shops.shopify]
        provider = "etsy"
        secrets = []
        [shops.paddle]
        secrets = "pdl"
        tolerance = "5s"
        paths.recipient = "data.wallet"
        paths.wallet = "$.data"
        api.token = "t"
        [shops.svix]
        secrets = "whsec_?"
    "#;
    let expected = [
        ("ticket.tiers.vip", "a whole number"),
        ("ticket.mint", "a parameter `address recipient`"),
        ("ticket.burn", "the function that burns"),
        ("claims.secret", "at least 16 bytes"),
        ("claims.page", "the address that the token is put behind"),
        ("claims.valid", "`14days`"),
        ("claims.unclaimed", "an address, `code` or `void`"),
        ("names.registry", "an address"),
        ("shops.stripe.secrets", "the variable MAYFLY_STRIPE"),
        ("shops.shopify.provider", "one of stripe, shopify"),
        ("shops.shopify.secrets", "the signing secret"),
        ("shops.paddle.tolerance", "a number of seconds"),
        ("shops.paddle.paths.recipient", "JSONPath that begins with `$`"),
        ("shops.paddle.paths.wallet", "one of object, reference"),
        ("shops.paddle.api.token", "this provider signs"),
        ("shops.svix.secrets", "base64"),
        ("colour", "one of claims, completion, names, office, shops, ticket"),
    ];
    let problems = problems(text);
    for (field, what) in expected {
        let found = problems.iter().any(|problem| {
            problem.starts_with(&format!("{field}: expected ")) && problem.contains(what)
        });
        assert!(found, "{field}: {what} in\n{}", problems.join("\n"));
    }
    assert_eq!(problems.len(), expected.len(), "{}", problems.join("\n"));
    assert!(!problems.join("").contains("short"), "a secret is never repeated");
}

#[test]
fn what_is_not_toml_says_where() {
    let problems = problems("[shops\nstripe");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("file: expected TOML, got "), "{problems:?}");
    assert!(problems[0].contains("line 1"), "{problems:?}");
}

#[tokio::test]
async fn paths_and_kinds_are_the_organisers() {
    let text = r#"
        [ticket]
        mint = "mint(address recipient, uint256 tier, uint256 quantity)"
        [ticket.tiers]
        gold = 2
        [shops.tills]
        provider = "standard-webhooks"
        secrets = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        paid = "sold"
        [shops.tills.paths]
        object = "$.sale.number"
        items = "$.sale.lines[?@.kind == 'ticket']"
        item = "@.line"
        quantity = "@.count"
        tier = "@.class"
        recipient = ["@.wallet", "$.sale.wallet"]
    "#;
    let config = config();
    let stores = open_layer(&config).await;
    let office = Office::of_event(stores, config, parse(text).expect("it is right")).await;
    let lines = json!([
        { "kind": "drink", "line": 1, "count": 4 },
        { "kind": "ticket", "line": 2, "count": "2", "class": "gold" },
    ]);
    let body = json!({ "type": "sold", "sale": { "number": 41, "wallet": BUYER, "lines": lines } });
    let scheme = STANDARD_WEBHOOKS.scheme().expect("it signs");
    let secret = scheme.secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
    let body = body.to_string();
    let signed = scheme.sign(body.as_bytes(), &secret, "m", crate::support::NOW_S);
    let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = office.post_to("/webhooks/tills", &headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(office.keys().await, ["tills/41/2/0", "tills/41/2/1"]);
    let sold = office.waiting().await.swap_remove(0).sold.expect("a call");
    let expected = format!("{:0>64}{:064x}{:064x}", hex::encode(BUYER), 2, 1);
    assert_eq!((sold.tier.as_str(), hex::encode(&sold.call[4..])), ("gold", expected));
}

#[test]
fn nothing_is_needed_but_a_shop() {
    let event = parse("[shops.stripe]\nsecrets = [\"whsec_a\", \"whsec_b\"]").expect("it is right");
    assert_eq!(event.shops[0].name(), "stripe");
    assert!(event.claims.is_none());
}
