//! Mode B: attestors are asked for their word before a settlement is sent.

use std::{collections::BTreeMap, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, Signature, keccak256},
    sol_types::{SolCall, SolValue},
    transports::http::reqwest,
};
use mayfly_contracts::FlashLayer::{self, settleCall};
use node_core::{
    chain::Word,
    exit::{self, SealedOutput},
    port::{PortError, Settlement},
};
use serde::Deserialize;

use crate::HttpL1;

/// Longest wait for one attestor: it may have to execute the last blocks first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A settlement as somebody wants to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What it says of the layer.
    pub settlement: Settlement,
    /// What it says of the batches.
    pub batch_acc: B256,
    /// What attestors sign: keccak256 of the contract's `Output`.
    pub output: B256,
}

impl Claimed {
    /// Reads the call data of `settle`.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] when it is something else.
    pub fn decode(call: &[u8]) -> Result<Self, PortError> {
        let call = settleCall::abi_decode_validate(call).map_err(|error| PortError::Corrupt {
            name: "call of `settle`".to_owned(),
            reason: error.to_string(),
        })?;
        let output = keccak256(call.o.abi_encode());
        let o = call.o;
        let settlement = Settlement {
            last_block: o.lastBlock,
            last_block_hash: o.lastBlockHash,
            state_root: o.stateRoot,
            sealed: SealedOutput {
                exit_root: o.exitRoot,
                leaf_count: o.leafCount,
                depth: o.depth,
                deposit_count: o.depositCount,
                assets_hash: o.assetsHash,
            },
            assets: call.assets.into_iter().map(asset).collect(),
            account_proof: call.accountProof,
            storage_proof: call.storageProof,
        };
        Ok(Self { settlement, batch_acc: o.batchAcc, output })
    }
}

fn asset(asset: FlashLayer::Asset) -> exit::Asset {
    let FlashLayer::Asset { kind, l2, decimals, name, symbol, total } = asset;
    exit::Asset { kind, l2, decimals, name, symbol, total }
}

/// What an attestor answers.
#[derive(Debug, Deserialize)]
struct Answer {
    signature: Bytes,
}

impl HttpL1 {
    /// Asks the attestors one after the other until enough have signed `call`, and puts their signatures in,
    /// in the order of their addresses.
    pub(crate) async fn gather(&self, mut call: settleCall) -> Result<settleCall, PortError> {
        let quorum = usize::from(self.config.quorum.threshold);
        let output = keccak256(call.o.abi_encode());
        let digest = Word::Settlement { output }.digest(&self.binding);
        let (body, mut signed, mut refusals) = (call.abi_encode(), BTreeMap::new(), Vec::new());
        for url in &self.attestors {
            if signed.len() >= quorum {
                break;
            }
            match ask(url, body.clone(), digest).await {
                Ok((signer, signature)) if self.config.quorum.attestors.contains(&signer) => {
                    signed.insert(signer, signature);
                }
                Ok((signer, _)) => refusals.push(format!("{signer} is not an attestor")),
                Err(reason) => refusals.push(reason),
            }
        }
        let got = signed.len();
        if got < quorum {
            let reason = format!("{got} of {quorum} signed; {}", refusals.join("; "));
            return Err(PortError::unavailable("attestors", reason));
        }
        call.signatures = signed.into_values().collect();
        Ok(call)
    }
}

async fn ask(url: &reqwest::Url, body: Vec<u8>, digest: B256) -> Result<(Address, Bytes), String> {
    let failed = |error: reqwest::Error| error.without_url().to_string();
    let to = url.join("settlement").map_err(|error| error.to_string())?;
    let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(failed)?;
    let answer = client.post(to).body(body).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(answer.text().await.map_err(failed)?);
    }
    let Answer { signature } = answer.json().await.map_err(failed)?;
    let signer = Signature::from_raw(&signature)
        .and_then(|one| one.recover_address_from_prehash(&digest))
        .map_err(|error| error.to_string())?;
    Ok((signer, signature))
}
