//! A wallet's view of a layer: JSON-RPC over HTTP, nothing of ours in between.

use std::time::Duration;

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, Bytes, TxKind, U256},
    providers::{Provider, ProviderBuilder, RootProvider},
    rpc::types::TransactionReceipt,
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::Value;

use crate::failure::Failure;

/// Gas for one deployment: what EIP-7825 allows.
const DEPLOY_GAS: u64 = 1 << 24;

/// How long the layer may take to show what was deposited.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one layer.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    provider: RootProvider,
    http: reqwest::Client,
    url: String,
}

/// A transaction before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) nonce: u64,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas_limit: u64,
}

impl Client {
    /// Makes a client of the chain at `url`.
    pub(crate) fn connect(url: &str) -> Result<Self, Failure> {
        let parsed = url
            .parse()
            .map_err(|_| Failure::Option { option: "URL", reason: format!("`{url}` is none") })?;
        let provider = ProviderBuilder::default().connect_http(parsed);
        Ok(Self { provider, http: reqwest::Client::new(), url: url.to_owned() })
    }

    /// The provider, for reading.
    pub(crate) const fn provider(&self) -> &RootProvider {
        &self.provider
    }

    /// Signs `call` with `key` for `chain_id`.
    pub(crate) fn sign(key: &PrivateKeySigner, chain_id: u64, call: Call) -> Bytes {
        let tx = TxEip1559 {
            chain_id,
            nonce: call.nonce,
            gas_limit: call.gas_limit,
            to: call.to,
            value: call.value,
            input: call.input,
            ..TxEip1559::default()
        };
        let signature =
            key.sign_hash_sync(&tx.signature_hash()).expect("a key in memory signs any hash");
        TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into()
    }

    /// Sends a signed transaction in one request and returns its receipt (EIP-7966).
    pub(crate) async fn send_sync(&self, raw: &Bytes) -> Result<TransactionReceipt, Failure> {
        let receipt: TransactionReceipt = self
            .provider
            .raw_request("eth_sendRawTransactionSync".into(), (raw, 10_000))
            .await
            .map_err(|error| Failure::remote("eth_sendRawTransactionSync", error))?;
        if receipt.status() {
            return Ok(receipt);
        }
        let hash = receipt.transaction_hash;
        Err(Failure::remote(format!("transaction {hash}"), "it reverted"))
    }

    /// Sends `call` from `key` with the account's next nonce.
    pub(crate) async fn send(
        &self,
        key: &PrivateKeySigner,
        to: TxKind,
        value: U256,
        input: Bytes,
    ) -> Result<TransactionReceipt, Failure> {
        let failed = |error| Failure::remote("prepare a transaction", error);
        let chain_id = self.provider.get_chain_id().await.map_err(failed)?;
        let nonce = self.provider.get_transaction_count(key.address()).await.map_err(failed)?;
        let call = Call { nonce, to, value, input, gas_limit: DEPLOY_GAS };
        self.send_sync(&Self::sign(key, chain_id, call)).await
    }

    /// Deploys `code` from `key`.
    pub(crate) async fn deploy(
        &self,
        key: &PrivateKeySigner,
        code: Bytes,
    ) -> Result<Address, Failure> {
        let receipt = self.send(key, TxKind::Create, U256::ZERO, code).await?;
        receipt
            .contract_address
            .ok_or_else(|| Failure::remote("deployment", "no address came back"))
    }

    /// Waits until `account` has ETH: a deposit is on its way.
    pub(crate) async fn wait_for_deposit(&self, account: Address) -> Result<(), Failure> {
        let failed = |error| Failure::remote("balance", error);
        let waited = tokio::time::timeout(PATIENCE, async {
            while self.provider.get_balance(account).await.map_err(failed)?.is_zero() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        });
        let late = || Failure::remote(format!("deposit for {account}"), "not credited within 30 s");
        waited.await.map_err(|_| late())?
    }

    /// Posts `body` with one header, as a shop does; returns the status and the answer.
    pub(crate) async fn post(
        &self,
        url: &str,
        header: (&str, &str),
        body: String,
    ) -> Result<(u16, Value), Failure> {
        let failed = |error| Failure::remote("webhook", error);
        let (name, value) = header;
        let request = self.http.post(url).header(name, value).body(body);
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or(Value::Null)))
    }

    /// Asks the operator's side of a running layer.
    pub(crate) async fn operator(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
    ) -> Result<Value, Failure> {
        let bytes = self.operator_bytes(method, path, token).await?;
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Asks the operator's side of a running layer for something that is not JSON.
    pub(crate) async fn operator_bytes(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
    ) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{path}", self.url);
        let failed = |error: reqwest::Error| Failure::remote(url.clone(), error);
        let request = self.http.request(method, &url).bearer_auth(token);
        let answer = request.send().await.map_err(failed)?.error_for_status().map_err(failed)?;
        Ok(answer.bytes().await.map_err(failed)?.to_vec())
    }
}
