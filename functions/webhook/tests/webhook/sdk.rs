//! Stripe's own library as the other side, in both directions.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use mayfly_webhook::stripe;
use serde_json::{Value, json};

use crate::support::{NOW_S, Office, SECRET, completed, secret, session};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Runs `tests/clients/stripe-sign.mjs` with one JSON line for each request.
fn sdk(verb: &str, requests: &[Value]) -> Vec<Value> {
    let root = Path::new(ROOT);
    let installed = root.join("node_modules/stripe").exists();
    assert!(
        installed,
        "npm package `stripe` is not installed: run `npm install` in the project's root"
    );
    let mut node = Command::new("node")
        .arg(root.join("tests/clients/stripe-sign.mjs"))
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed");
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let mut stdin = node.stdin.take().expect("stdin is piped");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success(), "stripe-sign.mjs failed: {}", output.status);
    writer.join().expect("the writer does not panic").expect("node reads");
    let text = String::from_utf8(output.stdout).expect("node writes text");
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(answers.len(), requests.len(), "one answer for each request");
    answers
}

fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().expect("the field is text")
}

#[tokio::test]
async fn deliveries_that_the_sdk_signed_mint_one_ticket_each() {
    let office = Office::open().await;
    let request = |id| {
        let body = completed(&session(&format!("cs_{id:02}")));
        json!({ "body": body, "secret": SECRET, "timestamp": NOW_S })
    };
    let deliveries = sdk("sign", &(0..25).map(request).collect::<Vec<_>>());
    for delivery in deliveries.iter().chain(&deliveries) {
        let headers = [(stripe::HEADER, text(delivery, "header"))];
        let answer = office.post(&headers, text(delivery, "body")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let expected: Vec<_> = (0..25).map(|id| format!("stripe/cs_{id:02}/ticket/0")).collect();
    assert_eq!(office.keys().await, expected);
}

/// What both sides are asked to judge: header, body, secret, seconds since it was signed.
fn cases() -> Vec<(String, String, String, u64)> {
    let body = completed(&session("cs_Zürich"));
    let header = stripe::sign(body.as_bytes(), &secret(SECRET), NOW_S);
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
            json!({ "header": header, "body": body, "secret": secret, "now": NOW_S + age_s })
        })
        .collect();
    let mut believed = 0;
    for ((header, body, key, age_s), theirs) in cases.iter().zip(sdk("verify", &requests)) {
        let secrets = [secret(key)];
        let now_s = NOW_S + age_s;
        let ours = stripe::verify(header, body.as_bytes(), &secrets, now_s, stripe::TOLERANCE_S);
        assert_eq!(theirs["ok"], ours.is_ok(), "{header} {age_s}: {ours:?}, {theirs}");
        believed += usize::from(ours.is_ok());
    }
    assert_eq!(believed, 9, "of {} cases", cases.len());
}
