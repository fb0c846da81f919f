use alloy_primitives::Address;

use super::*;

const RATE: &str = r#"{"burst":3,"perMinute":60}"#;

fn rules(text: &str) -> Result<AccessRules, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn access(text: &str) -> Access {
    Access::new(rules(text).expect("rules"))
}

fn from(origin: &str) -> Caller {
    Caller { origin: Some(origin.to_owned()), ..Caller::default() }
}

fn at(address: &str) -> Caller {
    Caller { address: Some(address.parse().expect("an address")), ..Caller::default() }
}

#[test]
fn without_rules_everything_is_allowed() {
    let access = access("{}");
    assert_eq!(access.admit(&from("https://anywhere.example")), Ok(()));
    assert_eq!(access.check_method("debug_traceTransaction"), Ok(()));
    for _ in 0..1_000 {
        assert_eq!(access.count(&at("10.0.0.1"), b"{}", 0), Ok(()));
    }
}

#[test]
fn one_of_the_keys_must_come_with_a_request() {
    let access = access(r#"{"apiKeys":["0123456789abcdef","an-other-key.of_mine~"]}"#);
    let with = |key| Caller { key: Some(ApiKey::given(key)), ..Caller::default() };
    assert_eq!(access.admit(&Caller::default()), Err(AccessError::ApiKey));
    assert_eq!(access.admit(&with("0123456789abcdeF")), Err(AccessError::ApiKey));
    assert_eq!(access.admit(&with("an-other-key.of_mine~")), Ok(()));
    assert!(!format!("{access:?}").contains("0123456789abcdef"), "no log shows a key");
}

#[test]
fn pages_of_other_origins_may_not_ask() {
    let access = access(r#"{"origins":["https://shop.example","null"]}"#);
    assert_eq!(access.admit(&Caller::default()), Ok(()), "no page");
    assert_eq!(access.admit(&from("https://shop.example")), Ok(()));
    assert_eq!(access.admit(&from("null")), Ok(()));
    for other in ["https://shop.example.evil.example", "http://shop.example", "https://shop.exam"] {
        let origin = other.to_owned();
        assert_eq!(access.admit(&from(other)), Err(AccessError::Origin { origin }));
    }
}

#[test]
fn methods_are_allowed_by_name_or_by_beginning() {
    let access = access(r#"{"methods":["eth_*","mayfly_status"]}"#);
    assert_eq!(access.check_method("eth_call"), Ok(()));
    assert_eq!(access.check_method("mayfly_status"), Ok(()));
    for method in ["mayfly_statusOf", "mayfly_orderStatus", "debug_traceCall", "ETH_call"] {
        let refused = Err(AccessError::Method { method: method.to_owned() });
        assert_eq!(access.check_method(method), refused);
    }
}

#[test]
fn an_address_has_a_burst_and_then_its_rate() {
    let access = access(&format!(r#"{{"perAddress":{RATE}}}"#));
    let ask = |from: &str, now_ms| access.count(&at(from), b"{}", now_ms);
    (0..3).for_each(|_| assert_eq!(ask("10.0.0.1", 5_000), Ok(())));
    let refused = |retry_ms| Err(AccessError::PerAddress { retry_ms });
    assert_eq!(ask("10.0.0.1", 5_000), refused(1_000));
    assert_eq!(ask("::ffff:10.0.0.1", 5_400), refused(600), "the same in IPv6");
    assert_eq!(ask("10.0.0.2", 5_000), Ok(()), "others are not concerned");
    assert_eq!(ask("10.0.0.1", 6_000), Ok(()));
    assert_eq!(ask("10.0.0.1", 6_999), refused(1));
    (0..3)
        .for_each(|_| assert_eq!(ask("10.0.0.1", 60_000), Ok(()), "a pause brings the burst back"));
    assert_eq!(ask("10.0.0.1", 60_000), refused(1_000));
}

#[test]
fn a_network_of_ipv6_is_one_address() {
    let access = access(r#"{"perAddress":{"burst":1,"perMinute":1}}"#);
    assert_eq!(access.count(&at("2001:db8:0:1::1"), b"{}", 0), Ok(()));
    assert!(access.count(&at("2001:db8:0:1:ffff::2"), b"{}", 0).is_err());
    assert_eq!(access.count(&at("2001:db8:0:2::1"), b"{}", 0), Ok(()));
}

#[test]
fn each_request_of_a_batch_counts() {
    let access = access(&format!(r#"{{"perAddress":{RATE}}}"#));
    let batch = format!("[{}]", ["{}"; 10].join(","));
    assert_eq!(access.count(&at("10.0.0.1"), batch.as_bytes(), 0), Ok(()));
    let refused = Err(AccessError::PerAddress { retry_ms: 8_000 });
    assert_eq!(access.count(&at("10.0.0.1"), b"{}", 0), refused, "a debt of seven and one");
    assert_eq!(access.count(&at("10.0.0.1"), b"{}", 8_000), Ok(()));
}

#[test]
fn what_is_given_back_was_not_used() {
    let rate =
        Rate { burst: 1.try_into().expect("not 0"), per_minute: 1.try_into().expect("not 0") };
    let rates = Rates::<Address>::default();
    for _ in 0..3 {
        assert_eq!(rates.take(Address::ZERO, 1, rate, 7), Ok(()));
        assert_eq!(rates.take(Address::ZERO, 1, rate, 7), Err(60_000));
        rates.give_back(&Address::ZERO, rate);
    }
}

#[test]
fn a_crowd_of_keys_takes_a_bounded_place() {
    let rate =
        Rate { burst: 1.try_into().expect("not 0"), per_minute: 1.try_into().expect("not 0") };
    let rates = Rates::<u64>::default();
    for key in 0..200_000 {
        assert_eq!(rates.take(key, 1, rate, 0), Ok(()));
    }
    assert!(rates.remembered() <= 131_072, "{}", rates.remembered());
    assert!(rates.take(199_999, 1, rate, 0).is_err(), "the newest are remembered");
    assert!(rates.take(140_000, 1, rate, 0).is_err(), "and those before them");
}

#[test]
fn a_rule_that_cannot_be_meant_is_refused_by_its_name() {
    let table = [
        (r#"{"method":["eth_*"]}"#, "unknown field `method`"),
        (r#"{"apiKeys":["short"]}"#, "apiKeys: expected keys of at least 16"),
        (r#"{"apiKeys":["with a space in it"]}"#, "apiKeys: expected keys"),
        (r#"{"origins":["https://shop.example/"]}"#, "origins: expected https://host"),
        (r#"{"origins":["shop.example"]}"#, "got `shop.example`"),
        (r#"{"origins":["https://*.example"]}"#, "origins: expected"),
        (r#"{"methods":["eth_cal"]}"#, "methods: expected a method"),
        (r#"{"methods":["etc_*"]}"#, "got `etc_*`"),
        (r#"{"targets":["0x12"]}"#, "invalid"),
        (r#"{"perSender":{"burst":0,"perMinute":1}}"#, "burst: expected at least 1, got 0"),
        (r#"{"perAddress":{"burst":1,"perMinute":0}}"#, "perMinute: expected at least 1, got 0"),
        (r#"{"perAddress":{"burst":1}}"#, "missing field `perMinute`"),
    ];
    for (text, expected) in table {
        let error = rules(text).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(rules(r#"{"methods":["eth_subscribe","rpc.discover","*"]}"#).is_ok());
}
