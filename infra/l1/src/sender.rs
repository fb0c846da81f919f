use core::{fmt, time::Duration};
use std::sync::Arc;

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEip4844, TxEip4844WithSidecar, TxEnvelope},
    eips::{
        BlockNumberOrTag, eip1559::Eip1559Estimation, eip2718::Encodable2718,
        eip7594::BlobTransactionSidecarVariant,
    },
    primitives::{Address, B256, Bytes, Signature, TxHash, TxKind, U256},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
};
use node_core::port::{L1Receipt, PortError, Signer};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, sleep},
};

use crate::{LocalKey, Node, blobs::Sealed, fault::Fault};

/// How long a transaction may take until it is executed: ten blocks of Ethereum.
const PATIENCE: Duration = Duration::from_secs(120);

/// First pause between two looks; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Longest pause between two looks: a sixth of a block of Ethereum.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Most gas of one transaction. EIP-7825.
const GAS_CAP: u64 = 1 << 24;

/// How long a transaction waits for its block before it is sent again with higher fees: three blocks of Ethereum.
const RAISE_AFTER: Duration = Duration::from_secs(36);

/// How often the fees of a replacement are raised. Nodes ask for 10 % more, we offer 30 %: eleven times that
/// is 18 times as much.
const RAISES: u32 = 11;

/// What geth, anvil, Nethermind and Besu say of a transaction that they have: an earlier try of this one.
const KNOWN: [&str; 4] = ["already known", "already imported", "alreadyknown", "known transaction"];

/// A key that sends transactions to the L1, one at a time.
///
/// Keep one `Sender` per key and process. The key is never shown, not by `Debug` either.
pub struct Sender {
    node: Node,
    signer: Arc<dyn Signer>,
    patience: Duration,
    raise_after: Duration,
    turn: Mutex<()>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// What a transaction does.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// Words for errors.
    pub(crate) what: &'static str,
    pub(crate) to: Address,
    pub(crate) input: Bytes,
    pub(crate) value: U256,
}

/// The right to send the next transaction of a key: none of it is in flight.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    sender: &'a Sender,
    nonce: u64,
    _guard: MutexGuard<'a, ()>,
}

impl Sender {
    /// Makes the sender of a key's transactions.
    #[must_use]
    pub fn new(node: Node, key: impl Into<LocalKey>) -> Self {
        Self::of(node, Arc::new(key.into()))
    }

    /// Makes the sender of a signer's transactions, wherever its key is.
    #[must_use]
    pub fn of(node: Node, signer: Arc<dyn Signer>) -> Self {
        let (patience, raise_after) = (PATIENCE, RAISE_AFTER);
        Self { node, signer, patience, raise_after, turn: Mutex::new(()) }
    }

    /// Sets how long a transaction may take until it is executed.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets how long a transaction waits for its block before it is sent again with higher fees.
    #[must_use]
    pub const fn with_raise_after(mut self, raise_after: Duration) -> Self {
        self.raise_after = raise_after;
        self
    }

    /// Returns the account that pays.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Returns the node that is asked.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Waits until no transaction of the key is in flight, not even one of another process or of an earlier
    /// try, so that the caller sees what those have done before it sends.
    ///
    /// One that is still in flight when patience ends is stuck: the next transaction replaces it.
    pub(crate) async fn turn(&self) -> Result<Turn<'_>, PortError> {
        let guard = self.turn.lock().await;
        let mut pauses = Pauses::new(self.patience);
        loop {
            let nonce = self.count(BlockNumberOrTag::Latest).await?;
            let in_flight = self.count(BlockNumberOrTag::Pending).await? > nonce;
            if !in_flight || !pauses.next().await {
                return Ok(Turn { sender: self, nonce, _guard: guard });
            }
        }
    }

    /// Sends one transaction and waits until it is executed.
    pub(crate) async fn send(&self, act: Act) -> Result<TransactionReceipt, PortError> {
        self.turn().await?.send(act).await
    }

    async fn count(&self, tag: BlockNumberOrTag) -> Result<u64, PortError> {
        let provider = self.node.provider();
        let answer = provider.get_transaction_count(self.address()).block_id(tag.into()).await;
        self.node.read(answer).map_err(|fault| fault.into_port("nonce on the L1"))
    }

    /// Returns the fees of a transaction that is in no hurry; nodes without a history have a price.
    async fn fees(&self, blobs: bool) -> Result<Fees, Fault> {
        let provider = self.node.provider();
        let per_blob_gas = match blobs {
            true => self.node.read(provider.get_blob_base_fee().await)?.saturating_mul(2).max(1),
            false => 0,
        };
        if let Ok(estimate) = provider.estimate_eip1559_fees().await {
            let Eip1559Estimation { max_fee_per_gas, max_priority_fee_per_gas } = estimate;
            return Ok(Fees { max_fee_per_gas, max_priority_fee_per_gas, per_blob_gas });
        }
        let price = self.node.read(provider.get_gas_price().await)?;
        let max_fee_per_gas = price.saturating_mul(2);
        Ok(Fees { max_fee_per_gas, max_priority_fee_per_gas: 0, per_blob_gas })
    }

    /// Waits for the receipt of whichever of these transactions, which have one nonce, is executed; `None`
    /// when none is in time. Outages in between are waited out, too.
    async fn executed(&self, hashes: &[TxHash], time: Duration) -> Option<TransactionReceipt> {
        let mut pauses = Pauses::new(time);
        loop {
            for hash in hashes {
                let answer = self.node.provider().get_transaction_receipt(*hash).await;
                if let Ok(Some(receipt)) = self.node.read(answer) {
                    return Some(receipt);
                }
            }
            if !pauses.next().await {
                return None;
            }
        }
    }
}

impl Turn<'_> {
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
        if receipt.status() {
            return Ok(receipt);
        }
        let reason = self.why_reverted(&draft, &receipt).await;
        Err(PortError::Refused { what: draft.act.what.to_owned(), reason })
    }

    /// Sends a transaction, again with higher fees while no block takes it, until one of the tries is executed.
    async fn see_through(&self, draft: &Draft) -> Result<TransactionReceipt, PortError> {
        let what = draft.act.what;
        let refused = |fault: Fault| fault.into_port(what);
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

    /// Estimates the gas, with a fifth on top: the state may be another when it is executed.
    async fn gas(&self, draft: &Draft) -> Result<u64, Fault> {
        let provider = self.sender.node.provider();
        let estimate = provider.estimate_gas(self.request(draft));
        let gas = self.sender.node.read(estimate.block(BlockNumberOrTag::Latest.into()).await)?;
        Ok((gas + gas / 5).min(GAS_CAP))
    }

    fn request(&self, Draft { act, blobs }: &Draft) -> TransactionRequest {
        let mut request = TransactionRequest::default()
            .from(self.sender.address())
            .to(act.to)
            .value(act.value)
            .input(act.input.clone().into());
        request.blob_versioned_hashes = blobs.as_ref().map(|blobs| blobs.hashes.clone());
        request
    }

    async fn sign(
        &self,
        draft: &Draft,
        gas_limit: u64,
        fees: Fees,
    ) -> Result<(TxHash, Vec<u8>), Fault> {
        let Draft { act, blobs } = draft;
        let (chain_id, nonce) = (self.sender.node.chain_id(), self.nonce);
        let Fees { max_fee_per_gas, max_priority_fee_per_gas, per_blob_gas } = fees;
        let (to, value, input) = (act.to, act.value, act.input.clone());
        let signed: TxEnvelope = match blobs {
            None => {
                let tx = TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas,
                    max_priority_fee_per_gas,
                    to: TxKind::Call(to),
                    value,
                    input,
                    ..TxEip1559::default()
                };
                let signature = self.signature(tx.signature_hash()).await?;
                tx.into_signed(signature).into()
            }
            Some(Sealed { sidecar, hashes }) => {
                let tx = TxEip4844 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas,
                    max_priority_fee_per_gas,
                    to,
                    value,
                    input,
                    blob_versioned_hashes: hashes.clone(),
                    max_fee_per_blob_gas: per_blob_gas,
                    ..TxEip4844::default()
                };
                let signature = self.signature(tx.signature_hash()).await?;
                let sidecar = BlobTransactionSidecarVariant::Eip7594(sidecar.clone());
                TxEip4844WithSidecar { tx, sidecar }.into_signed(signature).into()
            }
        };
        Ok((*signed.tx_hash(), signed.encoded_2718()))
    }

    async fn signature(&self, hash: B256) -> Result<Signature, Fault> {
        let signature = self.sender.signer.sign(hash).await;
        signature.map_err(|error| Fault::Silent { reason: error.to_string() })
    }

    /// Runs a reverted transaction again on the block before its own, which is as near as a call gets.
    async fn why_reverted(&self, draft: &Draft, receipt: &TransactionReceipt) -> String {
        let before = receipt.block_number.unwrap_or_default().saturating_sub(1);
        let call = self.sender.node.provider().call(self.request(draft));
        let answer = call.block(BlockNumberOrTag::Number(before).into()).await;
        match self.sender.node.read(answer) {
            Err(Fault::Reverted { reason }) => reason,
            _ => format!("transaction {} reverted", receipt.transaction_hash),
        }
    }
}

/// A transaction before its fees are known.
#[derive(Debug)]
struct Draft {
    act: Act,
    blobs: Option<Sealed>,
}

/// What a transaction pays at most, in wei.
#[derive(Debug, Clone, Copy)]
struct Fees {
    max_fee_per_gas: u128,
    max_priority_fee_per_gas: u128,
    /// Zero without blobs.
    per_blob_gas: u128,
}

impl Draft {
    /// Fees that replace a transaction with these: nodes ask for 10 % more, and for the double with blobs.
    const fn raised(&self, fees: Fees) -> Fees {
        let Fees { max_fee_per_gas, max_priority_fee_per_gas, per_blob_gas } = fees;
        match self.blobs {
            None => Fees {
                max_fee_per_gas: more(max_fee_per_gas),
                max_priority_fee_per_gas: more(max_priority_fee_per_gas),
                per_blob_gas,
            },
            Some(_) => Fees {
                max_fee_per_gas: double(max_fee_per_gas),
                max_priority_fee_per_gas: double(max_priority_fee_per_gas),
                per_blob_gas: double(per_blob_gas),
            },
        }
    }
}

const fn double(wei: u128) -> u128 {
    wei.saturating_mul(2).saturating_add(1)
}

const fn more(wei: u128) -> u128 {
    wei.saturating_add(wei / 10 * 3).saturating_add(1)
}

/// Returns what the port reports of an executed transaction.
pub(crate) fn port_receipt(receipt: &TransactionReceipt) -> L1Receipt {
    L1Receipt {
        transaction: receipt.transaction_hash,
        block: receipt.block_number.unwrap_or_default(),
        gas_used: receipt.gas_used,
    }
}

/// Pauses that grow, until patience ends.
struct Pauses {
    until: Instant,
    next: Duration,
}

impl Pauses {
    fn new(patience: Duration) -> Self {
        Self { until: Instant::now() + patience, next: FIRST_PAUSE }
    }

    /// Pauses; returns whether there is patience for another look.
    async fn next(&mut self) -> bool {
        if Instant::now() >= self.until {
            return false;
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}
