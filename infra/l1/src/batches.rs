//! The batches of a layer: posted to its contract, and read back by anybody.

use alloy::{
    consensus::Transaction as _,
    eips::{BlockNumberOrTag, eip4844::Blob},
    primitives::{B256, Bytes, keccak256},
    providers::Provider,
    rpc::types::{Filter, Log},
    sol_types::{SolCall, SolEvent, SolValue},
};
use mayfly_contracts::FlashLayer::{self, Batch, batchAccCall, batchCountCall, postBatchCall};
use node_core::{
    codec::batch::{from_blobs, to_blobs},
    port::{BatchHead, PortError, PostedBatch},
};

use crate::{BlobSource, HttpL1, L1Block};

impl HttpL1 {
    /// Reads all batches up to `until`, the oldest first, and checks that they are what the contract counts.
    ///
    /// Nobody is trusted with the data: calldata and blobs hash to what the contract has folded.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when data is not there (any more), [`PortError::Corrupt`] when it is not
    /// what was posted.
    pub async fn batches(
        &self,
        until: L1Block,
        source: &BlobSource,
        mut seen: impl FnMut() + Send,
    ) -> Result<Vec<PostedBatch>, PortError> {
        let filter =
            Filter::new().address(self.binding.layer).event_signature(Batch::SIGNATURE_HASH);
        let logs =
            self.node.logs_between(&filter, self.binding.opened_in_block, until.number).await?;
        let mut acc = B256::ZERO;
        let mut batches = Vec::with_capacity(logs.len());
        for (n, log) in logs.iter().enumerate() {
            let event =
                Batch::decode_log(&log.inner).map_err(|error| corrupt(n, error.to_string()))?;
            let (payload, data) = self.payload(n, log, &event.data, source).await?;
            acc = keccak256((acc, event.data.head.clone(), data).abi_encode());
            if acc != event.data.acc {
                let reason = format!("expected it to fold to {}, got {acc}", event.data.acc);
                return Err(corrupt(n, reason));
            }
            batches.push(PostedBatch { head: head_of(&event.data.head), payload });
            seen();
        }
        self.check_all(until, acc, batches.len()).await?;
        Ok(batches)
    }

    /// The bytes of one batch, and what the contract folded of them.
    async fn payload(
        &self,
        n: usize,
        log: &Log,
        event: &Batch,
        source: &BlobSource,
    ) -> Result<(Bytes, B256), PortError> {
        if event.blobHashes.is_empty() {
            let payload = self.calldata(n, log).await?;
            let data = keccak256(&payload);
            return Ok((payload, data));
        }
        let blobs = source.blobs(&self.node, log, &event.blobHashes).await?;
        let payload = from_blobs(&blobs).map_err(|error| corrupt(n, error.to_string()))?;
        let data = keccak256(event.blobHashes.concat());
        Ok((payload.into(), data))
    }

    async fn calldata(&self, n: usize, log: &Log) -> Result<Bytes, PortError> {
        let hash =
            log.transaction_hash.ok_or_else(|| corrupt(n, "its log names no transaction"))?;
        let what = || format!("L1 transaction {hash}");
        let answer = self.node.provider().get_transaction_by_hash(hash).await;
        let tx = self.node.read(answer).map_err(|fault| fault.into_port(what()))?;
        let tx = tx.ok_or_else(|| PortError::unavailable(what(), "the node does not have it"))?;
        let call = postBatchCall::abi_decode(tx.input());
        Ok(call.map_err(|error| corrupt(n, error.to_string()))?.payload)
    }

    /// A node that is behind leaves batches out of its logs: the contract knows better.
    async fn check_all(&self, until: L1Block, acc: B256, count: usize) -> Result<(), PortError> {
        let at = BlockNumberOrTag::Number(until.number);
        if !self.node.has_code(self.binding.layer, at).await? {
            return Ok(());
        }
        let held: B256 = self.node.call(self.binding.layer, &batchAccCall {}, at).await?;
        let counted = self.node.call(self.binding.layer, &batchCountCall {}, at).await?;
        if held == acc && usize::try_from(counted).ok() == Some(count) {
            return Ok(());
        }
        let reason = format!("expected {counted} that fold to {held}, got {count} and {acc}");
        Err(PortError::unavailable("batches in the L1's logs", reason))
    }
}

/// The data of a batch as its transaction carries it.
pub(crate) struct Carried {
    pub(crate) blobs: Vec<Blob>,
    pub(crate) calldata: Bytes,
}

impl Carried {
    pub(crate) fn new(payload: Bytes, in_blobs: bool) -> Result<Self, PortError> {
        if !in_blobs {
            return Ok(Self { blobs: Vec::new(), calldata: payload });
        }
        let blobs = to_blobs(&payload).map_err(|error| PortError::Refused {
            what: "postBatch".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { blobs, calldata: Bytes::new() })
    }
}

/// The head of a batch as the contract takes it.
pub(crate) fn contract_head(head: &BatchHead, blobs: usize) -> FlashLayer::BatchHead {
    FlashLayer::BatchHead {
        lastBlock: head.last_block,
        lastBlockHash: head.last_block_hash,
        stateRoot: head.state_root,
        consumedDeposits: head.consumed_deposits,
        blobs: u8::try_from(blobs).unwrap_or(u8::MAX),
    }
}

const fn head_of(head: &FlashLayer::BatchHead) -> BatchHead {
    BatchHead {
        last_block: head.lastBlock,
        last_block_hash: head.lastBlockHash,
        state_root: head.stateRoot,
        consumed_deposits: head.consumedDeposits,
    }
}

fn corrupt(n: usize, reason: impl Into<String>) -> PortError {
    PortError::Corrupt { name: format!("batch {n} on the L1"), reason: reason.into() }
}
