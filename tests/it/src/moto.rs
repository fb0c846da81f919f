use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    http::{self, Answer},
    process::{Output, Server},
};

/// Starts moto; what it does beside that stands there.
const PROGRAM: &str = include_str!("moto.py");

/// What moto prints before its address.
const LISTENING: &str = "Running on http://";

/// Region of everything that is made here.
pub const REGION: &str = "us-east-1";

/// AWS on this machine for one test: moto, killed on drop. Only what a test needs has a verb.
#[derive(Debug)]
pub struct Moto {
    server: Server,
}

impl Moto {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed (`make test` does) or does not start.
    #[must_use]
    pub fn start() -> Self {
        let mut command = Command::new(binary());
        command.args(["-c", PROGRAM, "-H", "127.0.0.1", "-p", "0"]);
        Self { server: Server::start(command, Output::Stderr, LISTENING) }
    }

    /// Returns the variables with which a program's AWS client finds it.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.server.address())),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            // No profile of whoever runs the test.
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ]
    }

    /// Makes a key of KMS that signs; returns its ARN.
    ///
    /// # Panics
    /// When moto does not.
    #[must_use]
    pub fn signing_key(&self, spec: &str) -> String {
        let made = self.kms("CreateKey", &json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY" }));
        made["KeyMetadata"]["Arn"].as_str().expect("an ARN").to_owned()
    }

    /// Gives a key of KMS another name, `alias/...`.
    ///
    /// # Panics
    /// When moto does not.
    pub fn alias(&self, name: &str, key: &str) {
        self.kms("CreateAlias", &json!({ "AliasName": name, "TargetKeyId": key }));
    }

    /// Forbids everything from now on: no credentials are known.
    ///
    /// # Panics
    /// When moto does not.
    pub fn deny_everything(&self) {
        let answer = http::post(self.server.address(), "/moto-api/reset-auth", &[], "0");
        assert_eq!(answer.expect("moto answers").status, 200);
    }

    fn kms(&self, action: &str, body: &Value) -> Value {
        let target = format!("TrentService.{action}");
        let scope = format!("test/20260101/{REGION}/kms/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("X-Amz-Target", &target),
            ("Authorization", &authorization),
        ];
        let answer = http::post(self.server.address(), "/", &headers, &body.to_string());
        let Answer { status, body } = answer.expect("moto answers");
        assert_eq!(status, 200, "{action}: {body}");
        match body.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).expect("KMS answers in JSON"),
        }
    }
}

/// Where `make test` installs Python's packages: here or in a directory above.
fn binary() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        here.ancestors().map(|above| above.join(".venv/bin/python")).find(|path| path.is_file());
    found.expect("Python's packages are not installed: `make test` does")
}
