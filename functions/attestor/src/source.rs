use alloy_primitives::{Address, Bytes, U64};
use async_trait::async_trait;
use node_core::{
    chain::LayerConfig,
    port::{PortError, Witnesses},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Witnesses from a layer's RPC.
#[derive(Debug, Clone)]
pub struct HttpWitnesses {
    client: reqwest::Client,
    url: String,
}

/// The answer of a JSON-RPC server.
#[derive(Debug, Deserialize)]
struct Answer<T> {
    result: Option<T>,
    error: Option<Value>,
}

/// What block 0 says of a layer's times and fees.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block0 {
    timestamp: U64,
    gas_limit: U64,
    base_fee_per_gas: U64,
    miner: Address,
}

impl HttpWitnesses {
    /// Asks the RPC at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { client: reqwest::Client::new(), url: url.into() }
    }

    /// Completes a configuration from the L1 with what only block 0 says. The L1 has the hash of that block:
    /// an attestor does not open on another one.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the RPC does not answer.
    pub async fn complete(&self, config: LayerConfig) -> Result<LayerConfig, PortError> {
        let asked = self.ask::<Block0>("eth_getBlockByNumber", json!(["0x0", false])).await?;
        let block = asked.ok_or_else(|| PortError::unavailable("block 0", "the RPC has none"))?;
        Ok(LayerConfig {
            opened_at_s: block.timestamp.to(),
            gas_limit: block.gas_limit.to(),
            base_fee_wei: block.base_fee_per_gas.to(),
            fee_recipient: block.miner,
            ..config
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<Option<T>, PortError> {
        // The URL may hold a key: errors do not show it.
        let failed = |error: reqwest::Error| {
            PortError::unavailable("RPC of the layer", error.without_url().to_string())
        };
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.client.post(&self.url).json(&body).send().await.map_err(failed)?;
        let Answer { result, error } = answer.json().await.map_err(failed)?;
        match error {
            Some(error) => Err(PortError::unavailable(method, error.to_string())),
            None => Ok(result),
        }
    }
}

#[async_trait]
impl Witnesses for HttpWitnesses {
    async fn witness(&self, number: u64) -> Result<Option<Bytes>, PortError> {
        self.ask("mayfly_getWitness", json!([format!("{number:#x}")])).await
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::bytes;
    use axum::{Json, Router, routing::post};
    use tokio::net::TcpListener;

    use super::*;

    /// A layer that has block 1 only, and cannot make the witness of block 2.
    async fn layer() -> HttpWitnesses {
        async fn answer(Json(request): Json<Value>) -> Json<Value> {
            assert_eq!(request["method"], "mayfly_getWitness");
            Json(match request["params"][0].as_str() {
                Some("0x1") => json!({ "jsonrpc": "2.0", "id": 1, "result": "0x1234" }),
                Some("0x2") => json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32603 } }),
                _ => json!({ "jsonrpc": "2.0", "id": 1, "result": null }),
            })
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let routes = Router::new().route("/", post(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        HttpWitnesses::new(url)
    }

    #[tokio::test]
    async fn a_witness_is_read_from_the_layers_rpc() {
        let layer = layer().await;
        assert_eq!(layer.witness(1).await.expect("answers"), Some(bytes!("1234")));
        assert_eq!(layer.witness(3).await.expect("answers"), None);
        let error = layer.witness(2).await.expect_err("an error is no witness");
        assert!(error.is_retryable(), "{error:?}");
        let nobody = HttpWitnesses::new("http://127.0.0.1:1/key");
        let error = nobody.witness(1).await.expect_err("nobody is there");
        assert!(!format!("{error:?}").contains("key"), "{error:?}");
    }
}
