use alloy::{
    eips::{BlockNumberOrTag, eip2718::Encodable2718},
    primitives::TxHash,
    providers::Provider,
    rpc::types::TransactionReceipt,
};
use node_core::port::PortError;
use tokio::{sync::MutexGuard, time::Instant};

use super::{
    Sender,
    draft::{Act, Completion, Draft, Fees},
};
use crate::{blobs::Sealed, fault::Fault};

/// Most gas of one transaction. EIP-7825.
const GAS_CAP: u64 = 1 << 24;

/// Least gas on top of an estimate: two slots that are new because somebody else's transaction came first (EIP-2929:
/// 22,100 each). The estimate of a deposit is for the place in the tree that is free now. What is not used is not paid.
const SLACK: u64 = 50_000;

/// How often the fees of a replacement are raised. Nodes ask for 10 % more, we offer 30 %: eleven times that
/// is 18 times as much.
const RAISES: u32 = 11;

/// What geth, anvil, Nethermind and Besu say of a transaction that they have: an earlier try of this one.
const KNOWN: [&str; 4] = ["already known", "already imported", "alreadyknown", "known transaction"];

/// The right to send the next transaction of a key: none of it is in flight.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    sender: &'a Sender,
    nonce: u64,
    _guard: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    /// The turn of whoever holds `guard`, with the nonce of its transaction.
    pub(super) const fn new(sender: &'a Sender, nonce: u64, guard: MutexGuard<'a, ()>) -> Self {
        Self { sender, nonce, _guard: guard }
    }

    /// Sends one transaction and waits until it is executed.
    ///
    /// # Errors
    /// [`PortError::Refused`] when it would revert, or has. [`PortError::Unavailable`] when nobody knows
    /// what became of it: the next turn waits for it.
    pub(crate) async fn send(self, act: Act) -> Result<TransactionReceipt, PortError> {
        self.send_with(act, None).await
    }

    /// As [`Self::send`], with blobs beside it.
    pub(crate) async fn send_with(
        self,
        act: Act,
        blobs: Option<Sealed>,
    ) -> Result<TransactionReceipt, PortError> {
        let draft = Draft { act, blobs };
        let receipt = self.see_through(&draft).await?;
        self.sender.book(&receipt);
        if receipt.status() {
            return Ok(receipt);
        }
        let reason = self.why_reverted(&draft, &receipt).await;
        Err(PortError::Refused { what: draft.act.what.to_owned(), reason })
    }

    /// Sends a transaction, again with higher fees while no block takes it, until one of the tries is executed.
    async fn see_through(&self, draft: &Draft) -> Result<TransactionReceipt, PortError> {
        let what = draft.act.what;
        let refused = |fault: Fault| self.refused(fault, what);
        let gas_limit = self.gas(draft).await.map_err(refused)?;
        let fees = self.sender.fees(draft.blobs.is_some()).await.map_err(refused)?;
        let (hash, mut fees) = self.submit(draft, gas_limit, fees).await.map_err(refused)?;
        tracing::debug!(%hash, what, "sent to the L1");
        let mut hashes = vec![hash];
        let until = Instant::now() + self.sender.patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let time = left.min(self.sender.raise_after);
            if let Some(receipt) = self.sender.executed(&hashes, time).await {
                return Ok(receipt);
            }
            if Instant::now() >= until {
                let waited = self.sender.patience.as_secs();
                let reason = format!("not executed after {waited} s");
                return Err(PortError::unavailable(format!("L1 transaction {hash}"), reason));
            }
            // A node that refuses has executed one of the tries, or will not be outbid: both are waited for.
            match self.submit(draft, gas_limit, draft.raised(fees)).await {
                Ok((hash, paid)) => {
                    tracing::debug!(%hash, what, "sent again with higher fees");
                    fees = paid;
                    hashes.push(hash);
                }
                Err(fault) => tracing::debug!(?fault, what, "not sent again"),
            }
        }
    }

    /// Says what the node said, and who has to be paid where it is about money.
    fn refused(&self, fault: Fault, what: &str) -> PortError {
        let is_poor = fault.is_poor();
        match fault.into_port(what) {
            PortError::Refused { what, reason } if is_poor => {
                let (account, chain) = (self.sender.address(), self.sender.node.chain_id());
                let reason = format!("{reason}; pay ETH to {account} on chain {chain}");
                PortError::Refused { what, reason }
            }
            other => other,
        }
    }

    /// Hands the transaction to the node; returns its hash and the fees that it was taken for.
    async fn submit(
        &self,
        draft: &Draft,
        gas_limit: u64,
        mut fees: Fees,
    ) -> Result<(TxHash, Fees), Fault> {
        for _ in 0..RAISES {
            let (hash, raw) = self.sign(draft, gas_limit, fees).await?;
            let provider = self.sender.node.provider();
            match self.sender.node.read(provider.send_raw_transaction(&raw).await) {
                Ok(_) => return Ok((hash, fees)),
                Err(fault) if KNOWN.iter().any(|text| fault.says(text)) => {
                    return Ok((hash, fees));
                }
                Err(fault) if fault.says("underpriced") => fees = draft.raised(fees),
                Err(fault) => return Err(fault),
            }
        }
        let reason = "a stuck transaction of this key pays too much to be replaced".to_owned();
        Err(Fault::Silent { reason })
    }

    /// Estimates the gas, with a fifth on top, and at least [`SLACK`]: the state may be another when it is executed.
    async fn gas(&self, draft: &Draft) -> Result<u64, Fault> {
        let provider = self.sender.node.provider();
        let estimate = provider.estimate_gas(draft.request(self.sender.address()));
        let gas = self.sender.node.read(estimate.block(BlockNumberOrTag::Latest.into()).await)?;
        Ok((gas + SLACK.max(gas / 5)).min(GAS_CAP))
    }

    /// Runs a reverted transaction again on the block before its own, which is as near as a call gets.
    async fn why_reverted(&self, draft: &Draft, receipt: &TransactionReceipt) -> String {
        let before = receipt.block_number.unwrap_or_default().saturating_sub(1);
        let call = self.sender.node.provider().call(draft.request(self.sender.address()));
        let answer = call.block(BlockNumberOrTag::Number(before).into()).await;
        match self.sender.node.read(answer) {
            Err(Fault::Reverted { reason }) => reason,
            _ => format!("transaction {} reverted", receipt.transaction_hash),
        }
    }

    async fn sign(
        &self,
        draft: &Draft,
        gas_limit: u64,
        fees: Fees,
    ) -> Result<(TxHash, Vec<u8>), Fault> {
        let chain_id = self.sender.node.chain_id();
        let unsigned = draft.unsigned(&Completion { chain_id, nonce: self.nonce, gas_limit, fees });
        let signature = self.sender.signer.sign(unsigned.hash()).await;
        let signature = signature.map_err(|error| Fault::Silent { reason: error.to_string() })?;
        let signed = unsigned.with(signature);
        Ok((*signed.tx_hash(), signed.encoded_2718()))
    }
}
