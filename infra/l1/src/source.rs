//! Where blobs are read: consensus nodes keep them for 18 days, execution nodes do not have them.

use std::collections::BTreeMap;

use alloy::{
    eips::eip4844::Blob, hex, primitives::B256, providers::Provider, rpc::types::Log,
    transports::http::reqwest,
};
use node_core::port::PortError;
use serde::Deserialize;

use crate::{Node, blobs::versioned_hash};

/// Milliseconds of a slot of Ethereum, where the consensus node does not say.
const SLOT_MS: u64 = 12_000;

/// Where blobs are read.
#[derive(Debug, Clone)]
pub enum BlobSource {
    /// The consensus node's HTTP API at this address.
    Beacon(reqwest::Url),
    /// The execution node itself: anvil keeps blobs, being no network.
    Anvil,
}

/// Answer of `/eth/v1/beacon/blobs/{block_id}`.
#[derive(Debug, Deserialize)]
struct Blobs {
    data: Vec<String>,
}

/// Answer of `/eth/v1/beacon/genesis`.
#[derive(Debug, Deserialize)]
struct Genesis {
    data: GenesisTime,
}

#[derive(Debug, Deserialize)]
struct GenesisTime {
    genesis_time: String,
}

/// Answer of `/eth/v1/config/spec`, which has numbers as texts.
#[derive(Debug, Deserialize)]
struct Spec {
    data: SlotTime,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct SlotTime {
    seconds_per_slot: Option<String>,
    /// Since Gloas.
    slot_duration_ms: Option<String>,
}

impl SlotTime {
    fn milliseconds(&self) -> Option<u64> {
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        let seconds = || number(&self.seconds_per_slot).map(|seconds: u64| seconds * 1_000);
        number(&self.slot_duration_ms).or_else(seconds).filter(|ms| *ms > 0)
    }
}

impl BlobSource {
    /// Reads the URL of a consensus node; without one the execution node is asked.
    ///
    /// # Errors
    /// [`PortError::Refused`] when it is no URL.
    pub fn of(url: Option<&str>) -> Result<Self, PortError> {
        let Some(url) = url else { return Ok(Self::Anvil) };
        let refused = || PortError::Refused {
            what: "URL of the consensus node".to_owned(),
            reason: "not a URL".to_owned(),
        };
        url.parse().map(Self::Beacon).map_err(|_| refused())
    }

    /// Returns the blobs with these hashes that the transaction of `log` carried, in this order. What the source gives is
    /// looked up by the hashes of its commitments: others' blobs of the same block do no harm.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when one is not there.
    pub(crate) async fn blobs(
        &self,
        node: &Node,
        log: &Log,
        hashes: &[B256],
    ) -> Result<Vec<Blob>, PortError> {
        let found = match self {
            Self::Beacon(url) => beacon(url, node, log, hashes).await?,
            Self::Anvil => anvil(node, log).await?,
        };
        let got = found.len();
        let mut held = BTreeMap::new();
        for blob in found {
            held.insert(versioned_hash(&blob)?, blob);
        }
        let missing = |hash: &B256| {
            let reason =
                format!("expected blob {hash}, got {got} others: they are kept for 18 days");
            PortError::unavailable("blobs of a batch", reason)
        };
        hashes.iter().map(|hash| held.get(hash).copied().ok_or_else(|| missing(hash))).collect()
    }
}

async fn anvil(node: &Node, log: &Log) -> Result<Vec<Blob>, PortError> {
    let hash = log.transaction_hash.unwrap_or_default();
    let client = node.provider().client();
    let answer =
        client.request::<_, Option<Vec<Blob>>>("anvil_getBlobsByTransactionHash", (hash,)).await;
    let blobs = node
        .read(answer)
        .map_err(|fault| fault.into_port("blobs from the execution node: name a consensus node"))?;
    Ok(blobs.unwrap_or_default())
}

/// The slot follows from the block's time; of its blobs those with the hashes are asked for.
async fn beacon(
    url: &reqwest::Url,
    node: &Node,
    log: &Log,
    hashes: &[B256],
) -> Result<Vec<Blob>, PortError> {
    let time_s = node.time_of(log).await?;
    let genesis: Genesis = get(url, "eth/v1/beacon/genesis").await?;
    let genesis_s: u64 = genesis.data.genesis_time.parse().unwrap_or_default();
    let slot_ms = match get::<Spec>(url, "eth/v1/config/spec").await {
        Ok(spec) => spec.data.milliseconds().unwrap_or(SLOT_MS),
        Err(_) => SLOT_MS,
    };
    let slot = time_s.saturating_sub(genesis_s) * 1_000 / slot_ms;
    let wanted: Vec<String> =
        hashes.iter().map(|hash| format!("versioned_hashes={hash}")).collect();
    let path = format!("eth/v1/beacon/blobs/{slot}?{}", wanted.join("&"));
    let blobs: Blobs = get(url, &path).await?;
    let decode = |text: &String| {
        let bytes = hex::decode(text).ok()?;
        Blob::try_from(bytes.as_slice()).ok()
    };
    let decoded: Option<Vec<Blob>> = blobs.data.iter().map(decode).collect();
    decoded.ok_or_else(|| PortError::Corrupt {
        name: "blobs from the consensus node".to_owned(),
        reason: "not 131,072 bytes as hex each".to_owned(),
    })
}

async fn get<T: for<'de> Deserialize<'de>>(url: &reqwest::Url, path: &str) -> Result<T, PortError> {
    // The URL may hold a key: errors do not show it.
    let failed = |error: reqwest::Error| {
        PortError::unavailable("consensus node", error.without_url().to_string())
    };
    let url = url.join(path).map_err(|error| PortError::Refused {
        what: "URL of the consensus node".to_owned(),
        reason: error.to_string(),
    })?;
    let answer = reqwest::get(url).await.map_err(failed)?;
    answer.error_for_status().map_err(failed)?.json().await.map_err(failed)
}
