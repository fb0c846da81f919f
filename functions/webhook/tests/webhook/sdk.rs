//! The vendors' own libraries as the other side, in both directions.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use mayfly_webhook::{Provider, provider::*};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{
    HEADER, NOW_S, Office, SECRET, completed, header_map, scheme, secret, session, sign,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Runs `tests/clients/vendors.mjs` with one JSON line for each request.
fn sdk(verb: &str, requests: &[Value]) -> Vec<Value> {
    let root = Path::new(ROOT);
    let installed = root.join("node_modules/svix").exists();
    assert!(
        installed,
        "vendors' libraries are not installed: run `npm install` in the project's root"
    );
    let mut node = Command::new("node")
        .arg(root.join("tests/clients/vendors.mjs"))
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed");
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let mut stdin = node.stdin.take().expect("stdin is piped");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success(), "vendors.mjs failed: {}", output.status);
    writer.join().expect("the writer does not panic").expect("node reads");
    let text = String::from_utf8(output.stdout).expect("node writes text");
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(answers.len(), requests.len(), "one answer for each request");
    answers
}

#[tokio::test]
async fn deliveries_that_the_sdk_signed_mint_one_ticket_each() {
    let office = Office::open().await;
    let request = |id| {
        let body = completed(&session(&format!("cs_{id:02}")));
        json!({ "provider": "stripe", "body": body, "secret": SECRET, "now": NOW_S })
    };
    let requests: Vec<_> = (0..25).map(request).collect();
    let deliveries: Vec<_> = requests.iter().zip(sdk("sign", &requests)).collect();
    for (request, signed) in deliveries.iter().chain(&deliveries) {
        let header = signed["headers"][HEADER].as_str().expect("it is signed");
        let body = request["body"].as_str().expect("text");
        let answer = office.post(&[(HEADER, header)], body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let expected: Vec<_> = (0..25).map(|id| format!("stripe/cs_{id:02}/ticket/0")).collect();
    assert_eq!(office.keys().await, expected);
}

/// Bodies whose bytes are easily changed on the way.
const BODIES: [&str; 4] =
    ["{}", "{\"note\":\"Zürich 🎟\"}", "{ \"a\" : 1.0 }\n", "{\"n\":9007199254740993}"];

#[rstest]
#[case::stripe(&STRIPE, "whsec_x")]
#[case::standard(&STANDARD_WEBHOOKS, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
#[case::svix(&SVIX, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
#[case::github(&GITHUB, "It's a Secret to Everybody")]
fn what_a_library_signs_we_sign_the_same(
    #[case] provider: &'static Provider,
    #[case] secret: &str,
) {
    let request = |body: &str| json!({ "provider": provider.name, "body": body, "secret": secret, "id": "msg_1", "now": NOW_S });
    let requests: Vec<_> = BODIES.into_iter().map(request).collect();
    let scheme = scheme(provider);
    let key = scheme.secret(secret).expect("a secret");
    for (body, theirs) in BODIES.iter().zip(sdk("sign", &requests)) {
        let ours = scheme.sign(body.as_bytes(), &key, "msg_1", NOW_S);
        let ours: serde_json::Map<_, _> =
            ours.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        assert_eq!(theirs["headers"], Value::Object(ours), "{body}");
    }
}

#[rstest]
#[case::standard(&STANDARD_WEBHOOKS, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
#[case::svix(&SVIX, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
#[case::github(&GITHUB, "It's a Secret to Everybody")]
#[case::paddle(&PADDLE, "pdl_ntfset_x")]
#[case::shopify(&SHOPIFY, "shpss_x")]
fn a_library_and_we_come_to_the_same_verdict(
    #[case] provider: &'static Provider,
    #[case] secret: &str,
) {
    let scheme = scheme(provider);
    let key = scheme.secret(secret).expect("a secret");
    let mut cases = Vec::new();
    for body in BODIES {
        let headers = scheme.sign(body.as_bytes(), &key, "msg_1", NOW_S);
        cases.push((headers.clone(), body.to_owned(), 0_i64));
        cases.push((headers.clone(), format!("{body} "), 0));
        let tolerance_s = i64::try_from(scheme.tolerance_s).expect("minutes");
        for age_s in [tolerance_s, tolerance_s + 1, -tolerance_s, -tolerance_s - 1] {
            cases.push((headers.clone(), body.to_owned(), age_s));
        }
        for at in 0..headers.len() {
            let mut changed = headers.clone();
            changed[at].1 = changed[at].1.replace(['a', 'e', '1'], "0");
            cases.push((changed, body.to_owned(), 0));
        }
    }
    let now_s = |age_s: i64| NOW_S.saturating_add_signed(age_s);
    let request = |(headers, body, age_s): &(Vec<(&str, String)>, String, i64)| {
        let headers: serde_json::Map<_, _> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({ "provider": provider.name, "headers": headers, "body": body, "secret": secret, "now": now_s(*age_s) })
    };
    let requests: Vec<_> = cases.iter().map(request).collect();
    let mut verdicts = [0, 0];
    for ((headers, body, age_s), theirs) in cases.iter().zip(sdk("verify", &requests)) {
        let map = header_map(headers.iter().map(|(name, value)| (*name, value.as_str())));
        let (secrets, now_s) = ([key.clone()], now_s(*age_s));
        let ours = scheme.verify(&map, body.as_bytes(), &secrets, now_s, scheme.tolerance_s);
        assert_eq!(theirs["ok"], ours.is_ok(), "{headers:?} {body} {age_s}: {ours:?}, {theirs}");
        verdicts[usize::from(ours.is_ok())] += 1;
    }
    assert!(verdicts[0] >= 4 && verdicts[1] >= 4, "both verdicts are there: {verdicts:?}");
}

/// What both sides are asked to judge: header, body, secret, seconds since it was signed.
fn cases() -> Vec<(String, String, String, u64)> {
    let body = completed(&session("cs_Zürich"));
    let header = sign(body.as_bytes(), &secret(SECRET), NOW_S);
    let (time, signature) = header.split_once(",v1=").expect("signed");
    let zeros = "0".repeat(64);
    let headers = [
        header.clone(),
        format!("{time},v1={zeros},v1={signature}"),
        format!("{time},v0={zeros},v1={signature},v2=x"),
        format!("v1={signature},{time}"),
        format!("t=1,{header}"),
        format!("{header},t=1"),
        format!("{time},v0={signature}"),
        format!("{time},v1={}", signature.to_uppercase()),
        format!("{time}, v1={signature}"),
        format!("{time},v1={zeros}"),
        format!("{time},v1="),
        format!("v1={signature}"),
        format!("t=soon,v1={signature}"),
        "nonsense".to_owned(),
    ];
    let case = |header: &String, body: &str, secret: &str, age_s| {
        (header.clone(), body.to_owned(), secret.to_owned(), age_s)
    };
    let mut cases: Vec<_> = headers.iter().map(|header| case(header, &body, SECRET, 0)).collect();
    cases.extend([0, 1, 299, 300, 301, 86_400].map(|age_s| case(&header, &body, SECRET, age_s)));
    cases.push(case(&header, &body.replace("paid", "Paid"), SECRET, 0));
    cases.push(case(&header, &format!("{body} "), SECRET, 0));
    cases.push(case(&header, &body, "whsec_other", 0));
    cases
}

#[test]
fn the_sdk_and_we_come_to_the_same_verdict() {
    let cases = cases();
    let requests: Vec<_> = cases
        .iter()
        .map(|(header, body, secret, age_s)| {
            let headers = json!({ HEADER: header });
            json!({ "provider": "stripe", "headers": headers, "body": body, "secret": secret, "now": NOW_S + age_s })
        })
        .collect();
    let mut believed = 0;
    for ((header, body, key, age_s), theirs) in cases.iter().zip(sdk("verify", &requests)) {
        let secrets = [secret(key)];
        let now_s = NOW_S + age_s;
        let headers = header_map([(HEADER, header.as_str())]);
        let ours = scheme(&STRIPE).verify(&headers, body.as_bytes(), &secrets, now_s, 300);
        assert_eq!(theirs["ok"], ours.is_ok(), "{header} {age_s}: {ours:?}, {theirs}");
        believed += usize::from(ours.is_ok());
    }
    assert_eq!(believed, 9, "of {} cases", cases.len());
}
