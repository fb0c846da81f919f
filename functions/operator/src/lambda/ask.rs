use alloy_primitives::Address;
#[cfg(doc)]
use mayfly_l1::Attestor;
use mayfly_l1::{Attested, AttestedError, Bridged, read_bridged};
use node_core::{
    chain::{Finality, LayerId, Posting},
    rpc::AccessRules,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::answer::{Refused, field, wrong};

/// What is asked.
#[derive(Debug, Clone, Deserialize)]
pub struct Request {
    #[serde(default)]
    pub(super) action: Option<Action>,
    /// The layer, for everything but `open` and `account`.
    #[serde(default)]
    pub(super) layer: Option<LayerId>,
    /// A name of the caller's own: the same key is the same layer.
    #[serde(default)]
    pub(super) key: Option<String>,
    #[serde(flatten)]
    pub(super) wanted: Value,
    /// Terraform's `aws_lambda_invocation` adds this.
    #[serde(default)]
    pub(super) tf: Option<Terraform>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Open,
    Status,
    Close,
    Event,
    Account,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Terraform {
    pub(super) action: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Change {
    Create,
    Update,
    Delete,
}

/// The layer that somebody wants.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) chain_id: u64,
    pub(super) ends_in_s: u64,
    #[serde(default)]
    pub(super) base_fee_wei: u64,
    #[serde(default)]
    pub(super) posting: Posting,
    #[serde(default)]
    pub(super) ticket: Option<Address>,
    #[serde(default)]
    pub(super) tvl_cap_wei: Option<String>,
    #[serde(default = "finalized")]
    pub(super) finality: Finality,
    /// Tokens of the L1 that may be deposited, see [`read_bridged`].
    #[serde(default)]
    pub(super) bridge: Vec<String>,
    #[serde(default)]
    pub(super) bulk_from: Option<u64>,
    /// Who must sign the settlement, see [`Attestor`].
    #[serde(default)]
    pub(super) attestors: Vec<String>,
    #[serde(default)]
    pub(super) quorum: Option<u8>,
    #[serde(default)]
    pub(super) window_s: u32,
    #[serde(default)]
    pub(super) event: Option<String>,
    #[serde(default)]
    pub(super) access: Option<Value>,
}

/// The box office that somebody wants for a layer.
#[derive(Debug, Deserialize)]
pub(super) struct NewEvent {
    pub(super) event: String,
}

const fn finalized() -> Finality {
    Finality::Finalized
}

/// Reads what is asked for. What was given is not repeated: keys may be in it, and errors come into logs.
pub(super) fn read<T: DeserializeOwned>(event: Value) -> Result<T, Refused> {
    serde_json::from_value(event).map_err(Refused::Malformed)
}

/// Reads the tokens of the L1 that a layer takes.
pub(super) fn bridged(tokens: &[String]) -> Result<Vec<Bridged>, Refused> {
    let read = |text: &String| read_bridged(text).map_err(|reason| wrong("bridge", reason));
    tokens.iter().map(read).collect()
}

/// Reads who must sign the settlement, and how many of them.
pub(super) fn attested(
    attestors: &[String],
    quorum: Option<u8>,
) -> Result<Option<Attested>, Refused> {
    let read = |text: &String| text.parse().map_err(|reason| wrong("attestors", reason));
    let attestors = attestors.iter().map(read).collect::<Result<_, _>>()?;
    Attested::new(attestors, quorum).map_err(|error| match error {
        AttestedError::Attestors(reason) => wrong("attestors", reason),
        error @ AttestedError::Quorum { .. } => wrong("quorum", error.to_string()),
    })
}

/// Reads the rules of who may ask for what. Keys are looked at first: what is no list of them is not repeated either.
pub(super) fn rules(access: Value) -> Result<AccessRules, Refused> {
    let keys = &access["apiKeys"];
    let is_list = keys.as_array().is_some_and(|keys| keys.iter().all(Value::is_string));
    if !access.is_object() || !(keys.is_null() || is_list) {
        return Err(field("access", "an object, with a list of texts as `apiKeys`", "another"));
    }
    read(access)
}

pub(super) fn named(layer: Option<LayerId>) -> Result<LayerId, Refused> {
    layer.ok_or_else(|| {
        field("layer", "the id of a layer, or the `key` that it was opened with", "neither")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Request {
        serde_json::from_str(json).expect("a request")
    }

    #[test]
    fn what_is_no_token_or_no_attestor_is_refused_by_its_field() {
        let text = |text: &str| vec![text.to_owned()];
        let refused = |result: Result<(), Refused>| result.expect_err("malformed").to_string();
        let token = refused(bridged(&text("erc777:0x12")).map(drop));
        assert!(token.starts_with("bridge: kind: expected erc20"), "{token}");
        let attestor = refused(attested(&text("0x12"), None).map(drop));
        assert!(attestor.starts_with("attestors: expected ADDRESS=URL"), "{attestor}");
        let quorum = refused(attested(&[], Some(2)).map(drop));
        assert!(quorum.starts_with("quorum: expected 1 to 0"), "{quorum}");
    }

    fn refused(json: &str) -> String {
        read::<Wanted>(request(json).wanted).expect_err("it cannot be opened").to_string()
    }

    #[test]
    fn what_terraform_adds_is_read() {
        let json = r#"{"name":"n","chain_id":7,"ends_in_s":60,"tf":{"action":"create","prev_input":null}}"#;
        let request = request(json);
        assert_eq!(request.tf.map(|terraform| terraform.action), Some(Change::Create));
        let wanted: Wanted = read(request.wanted).expect("complete");
        assert_eq!((wanted.chain_id, wanted.posting), (7, Posting::Leaves));
    }

    #[test]
    fn a_field_that_is_missing_or_wrong_is_named() {
        for (json, name) in [
            (r#"{"action":"open","chain_id":7,"ends_in_s":60}"#, "name"),
            (
                r#"{"action":"open","name":"n","chain_id":7,"ends_in_s":60,"posting":"mars"}"#,
                "mars",
            ),
        ] {
            let error = refused(json);
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_key_in_a_request_that_is_refused_is_not_repeated() {
        let error = refused(
            r#"{"name":"n","ends_in_s":60,"access":{"apiKeys":["correct-horse-battery"]}}"#,
        );
        assert!(error.contains("chain_id"), "{error}");
        assert!(!error.contains("horse"), "{error}");
        for access in [
            r#""correct-horse-battery""#,
            r#"{"apiKeys":"correct-horse-battery"}"#,
            r#"{"apiKeys":["horse"]}"#,
            r#"{"apiKeys":[["correct-horse-battery"]]}"#,
        ] {
            let access = serde_json::from_str(access).expect("JSON");
            let error = rules(access).expect_err("no list of keys").to_string();
            assert!(error.contains("apiKeys") && !error.contains("horse"), "{error}");
        }
    }
}
