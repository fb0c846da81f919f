use std::process::Command;

use crate::ground::BUCKET;

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Starts a function's program without each of its variables in turn, and with each of them malformed where that
/// can be seen: it must end at once, with one error that names the variable.
///
/// # Panics
/// When it does not.
pub fn names_what_is_missing(program: &str, own: &[(&str, &str)]) {
    let common = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("MAYFLY_TABLE", "mayfly"),
        ("MAYFLY_BUCKET", BUCKET),
    ];
    let all: Vec<(&str, &str)> = common.iter().chain(own).copied().collect();
    for (missing, _) in &all {
        let others = all.iter().filter(|(name, _)| name != missing).copied();
        let error = error_of(program, others);
        assert!(error.contains(&format!("environment variable {missing} is missing")), "{error}");
    }
    let seen = ["_KEY", "_FACTORY", "_SOCKETS_URL"];
    let malformed = own.iter().filter(|(name, _)| seen.iter().any(|end| name.ends_with(end)));
    for (name, _) in malformed.chain(&[("MAYFLY_TABLE", ""), ("MAYFLY_ENDPOINT_S3", "")]) {
        let others = all.iter().filter(|(other, _)| other != name).copied();
        let error = error_of(program, others.chain([(*name, "no good")]));
        assert!(error.contains(&format!("environment variable {name} is malformed")), "{error}");
        assert!(!error.contains("no good"), "a value may be a secret: {error}");
    }
}

fn error_of<'a>(program: &str, variables: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut command = Command::new(program);
    command.env_clear().envs(variables).env("AWS_LAMBDA_RUNTIME_API", NOWHERE);
    let output =
        command.output().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    assert!(!output.status.success(), "{program} started");
    let log = String::from_utf8(output.stderr).expect("a log is text");
    assert_eq!(log.lines().count(), 1, "one error: {log}");
    log
}
