use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, Bytes, TxKind, U256, hex, keccak256, utils::parse_ether},
    signers::SignerSync,
    sol_types::{SolConstructor, SolStruct, eip712_domain},
};
use futures::future::join_all;
use mayfly_contracts::{
    EventTicket::{self, CheckIn},
    Ticket, plain_event_ticket,
};
use mayfly_l1::{PrivateKeySigner, devnet};
use node_core::codec::record::Pending;
use serde_json::{Value, json};

/// How long something may take that the functions do by themselves.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a ticket costs.
pub(crate) fn price() -> U256 {
    parse_ether("0.01").expect("a number")
}

/// A layer's JSON-RPC, in nothing but HTTP.
#[derive(Clone)]
pub(crate) struct Rpc {
    url: String,
    client: reqwest::Client,
}

impl Rpc {
    pub(crate) fn new(url: String) -> Self {
        Self { url, client: reqwest::Client::new() }
    }

    pub(crate) async fn post(&self, body: &Value) -> (u16, Value) {
        let answer = self.client.post(&self.url).json(body).send().await.expect("somebody answers");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// As [`Self::post`]; `None` when there is no place for the request just now.
    pub(crate) async fn post_if_taken(&self, body: &Value) -> Option<Value> {
        let answer = self.client.post(&self.url).json(body).send().await.expect("somebody answers");
        match answer.status().as_u16() {
            503 => None,
            200 => Some(answer.json().await.expect("JSON")),
            status => panic!("{status}: {:?}", answer.text().await),
        }
    }

    pub(crate) async fn status_of(&self, body: &Value) -> u16 {
        let answer = self.client.post(&self.url).json(body).send().await;
        answer.expect("somebody answers").status().as_u16()
    }

    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (status, mut answer) = self.post(&body).await;
        assert!(status == 200 && answer["error"].is_null(), "{method}: {status} {answer}");
        answer["result"].take()
    }

    pub(crate) async fn balance(&self, account: Address) -> U256 {
        let answer = self.ask("eth_getBalance", json!([account, "latest"])).await;
        answer.as_str().and_then(|hex| hex.parse().ok()).expect("a quantity")
    }

    /// Waits until a contract answers `expected`.
    pub(crate) async fn wait_for_call(&self, to: Address, input: Vec<u8>, expected: U256) {
        let since = Instant::now();
        let call = json!([{ "to": to, "input": hex::encode_prefixed(input) }, "latest"]);
        loop {
            let answer = self.ask("eth_call", call.clone()).await;
            if answer.as_str().and_then(|hex| hex.parse().ok()) == Some(expected) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "expected {expected}, got {answer}");
        }
    }
}

fn one_wei(chain_id: u64, nonce: u64) -> TxEip1559 {
    let to = TxKind::Call(Address::repeat_byte(0xbb));
    let (value, gas_limit) = (U256::ONE, 21_000);
    TxEip1559 { chain_id, nonce, gas_limit, to, value, ..TxEip1559::default() }
}

/// Somebody with a key.
pub(crate) struct Wallet(PrivateKeySigner);

impl Wallet {
    pub(crate) fn organiser() -> Self {
        Self(devnet::accounts()[0].clone())
    }

    pub(crate) fn random() -> Self {
        Self(PrivateKeySigner::random())
    }

    pub(crate) const fn account(&self) -> Address {
        self.0.address()
    }

    pub(crate) async fn deploy_ticket(&self, layer: &Rpc, minter: Address) -> Address {
        let arguments = Ticket::constructorCall {
            name_: "Ticket".to_owned(),
            symbol_: "T".to_owned(),
            priceWei_: price(),
            minter_: minter,
            maxSupply_: U256::from(1_000),
        };
        let code = [Ticket::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
        let receipt = self.send(layer, TxKind::Create, code, U256::ZERO, 5_000_000).await;
        serde_json::from_value(receipt["contractAddress"].clone()).expect("an address")
    }

    /// Deploys tickets of one tier, which the organiser owns.
    pub(crate) async fn deploy_event(&self, layer: &Rpc, minter: Address) -> Address {
        let code = plain_event_ticket(self.account(), minter, 100, 3_600).to_vec();
        let receipt = self.send(layer, TxKind::Create, code, U256::ZERO, 15_000_000).await;
        serde_json::from_value(receipt["contractAddress"].clone()).expect("an address")
    }

    /// Shows a ticket at a door, which the organiser keeps.
    pub(crate) fn check_in(
        &self,
        chain_id: u64,
        contract: Address,
        ticket: U256,
    ) -> EventTicket::redeemCall {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let check_in = CheckIn { ticketId: ticket, validFrom: now - 60, validUntil: now + 3_000 };
        let domain = eip712_domain! {
            name: "Mayfly ticket",
            version: "1",
            chain_id: chain_id,
            verifying_contract: contract,
        };
        let hash = check_in.eip712_signing_hash(&domain);
        let signature = self.0.sign_hash_sync(&hash).expect("a key in memory signs");
        let signature = signature.as_bytes().into();
        EventTicket::redeemCall { checkIn: check_in, signature, gate: 7 }
    }

    /// Gives everybody what three tickets cost.
    pub(crate) async fn fund(&self, layer: &Rpc, others: &[Self]) {
        for other in others {
            let wei = price() * U256::from(3);
            self.send(layer, TxKind::Call(other.account()), Vec::new(), wei, 21_000).await;
        }
    }

    pub(crate) async fn call(&self, layer: &Rpc, to: Address, input: Vec<u8>, wei: U256) {
        self.send(layer, TxKind::Call(to), input, wei, 500_000).await;
    }

    /// Sends one wei each with these nonces, and waits for no receipt.
    pub(crate) async fn send_many(&self, layer: &Rpc, chain_id: u64, nonces: std::ops::Range<u64>) {
        for nonce in nonces {
            let raw = self.sign(one_wei(chain_id, nonce));
            layer.ask("eth_sendRawTransaction", json!([raw])).await;
        }
    }

    /// Sends each of the others a thousandth of an ETH, with nonces from 0, and waits for no receipt.
    pub(crate) async fn fund_many(&self, layer: &Rpc, chain_id: u64, others: &[Self]) {
        let value = parse_ether("0.001").expect("a number");
        for (nonce, other) in (0..).zip(others) {
            let to = TxKind::Call(other.account());
            let raw = self.sign(TxEip1559 { to, value, ..one_wei(chain_id, nonce) });
            layer.ask("eth_sendRawTransaction", json!([raw])).await;
        }
    }

    /// Signs a transfer of one wei.
    pub(crate) fn one_wei(&self, chain_id: u64, nonce: u64) -> String {
        self.sign(one_wei(chain_id, nonce))
    }

    /// Sends one wei with this nonce, again until there is an answer.
    pub(crate) async fn send_again(&self, layer: &Rpc, chain_id: u64, nonce: u64) {
        let params = json!([self.sign(one_wei(chain_id, nonce))]);
        let send = json!({
            "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": params,
        });
        while layer.status_of(&send).await != 200 {}
    }

    /// One wei with this nonce, as the inbox has it.
    pub(crate) fn pending(&self, chain_id: u64, nonce: u64) -> Pending {
        let raw = hex::decode(self.sign(one_wei(chain_id, nonce))).expect("hex");
        let hash = keccak256(&raw);
        let sender = self.account();
        Pending { hash, sender, raw: raw.into(), received_ms: 0, deposit_position: 0 }
    }

    fn sign(&self, tx: TxEip1559) -> String {
        let signature = self.0.sign_hash_sync(&tx.signature_hash()).expect("a key in memory signs");
        hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
    }

    /// Sends a transaction and returns its receipt, in one request.
    pub(crate) async fn send(
        &self,
        layer: &Rpc,
        to: TxKind,
        input: Vec<u8>,
        value: U256,
        gas_limit: u64,
    ) -> Value {
        let ask = [
            ("eth_chainId", json!([])),
            ("eth_getTransactionCount", json!([self.account(), "latest"])),
        ];
        let answers = join_all(ask.map(|(method, params)| layer.ask(method, params))).await;
        let number = |value: &Value| {
            let hex = value.as_str().and_then(|text| text.strip_prefix("0x")).expect("a quantity");
            u64::from_str_radix(hex, 16).expect("a number")
        };
        let tx = TxEip1559 {
            chain_id: number(&answers[0]),
            nonce: number(&answers[1]),
            gas_limit,
            to,
            value,
            input: Bytes::from(input),
            ..TxEip1559::default()
        };
        let raw = self.sign(tx);
        let receipt = layer.ask("eth_sendRawTransactionSync", json!([raw, 20_000])).await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }
}
