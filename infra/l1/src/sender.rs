use core::{fmt, time::Duration};
use std::sync::Arc;

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::{BlockNumberOrTag, eip1559::Eip1559Estimation, eip2718::Encodable2718},
    primitives::{Address, Bytes, TxHash, TxKind, U256},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
};
use node_core::port::{L1Receipt, PortError, Signer};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, sleep},
};

use crate::{LocalKey, Node, fault::Fault};

/// How long a transaction may take until it is executed: ten blocks of Ethereum.
const PATIENCE: Duration = Duration::from_secs(120);

/// First pause between two looks; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Longest pause between two looks: a sixth of a block of Ethereum.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Most gas of one transaction. EIP-7825.
const GAS_CAP: u64 = 1 << 24;

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
        Self { node, signer, patience: PATIENCE, turn: Mutex::new(()) }
    }

    /// Sets how long a transaction may take until it is executed.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
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
    async fn fees(&self) -> Result<Eip1559Estimation, Fault> {
        let provider = self.node.provider();
        if let Ok(fees) = provider.estimate_eip1559_fees().await {
            return Ok(fees);
        }
        let price = self.node.read(provider.get_gas_price().await)?;
        let max_fee_per_gas = price.saturating_mul(2);
        Ok(Eip1559Estimation { max_fee_per_gas, max_priority_fee_per_gas: 0 })
    }

    /// Waits for the receipt. Outages in between are waited out, too.
    async fn executed(&self, hash: TxHash) -> Result<TransactionReceipt, PortError> {
        let mut pauses = Pauses::new(self.patience);
        loop {
            let answer = self.node.provider().get_transaction_receipt(hash).await;
            if let Ok(Some(receipt)) = self.node.read(answer) {
                return Ok(receipt);
            }
            if !pauses.next().await {
                let waited = self.patience.as_secs();
                let reason = format!("not executed after {waited} s");
                return Err(PortError::unavailable(format!("L1 transaction {hash}"), reason));
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
        let hash = self.submit(&act).await.map_err(|fault| fault.into_port(act.what))?;
        tracing::debug!(%hash, what = act.what, "sent to the L1");
        let receipt = self.sender.executed(hash).await?;
        if receipt.status() {
            return Ok(receipt);
        }
        let reason = self.why_reverted(&act, &receipt).await;
        Err(PortError::Refused { what: act.what.to_owned(), reason })
    }

    /// Hands the transaction to the node and returns its hash.
    async fn submit(&self, act: &Act) -> Result<TxHash, Fault> {
        let gas_limit = self.gas(act).await?;
        let mut fees = self.sender.fees().await?;
        for _ in 0..RAISES {
            let (hash, raw) = self.sign(act, gas_limit, fees).await?;
            let provider = self.sender.node.provider();
            match self.sender.node.read(provider.send_raw_transaction(&raw).await) {
                Ok(_) => return Ok(hash),
                Err(fault) if KNOWN.iter().any(|text| fault.says(text)) => return Ok(hash),
                Err(fault) if fault.says("underpriced") => fees = raised(fees),
                Err(fault) => return Err(fault),
            }
        }
        let reason = "a stuck transaction of this key pays too much to be replaced".to_owned();
        Err(Fault::Silent { reason })
    }

    /// Estimates the gas, with a fifth on top: the state may be another when it is executed.
    async fn gas(&self, act: &Act) -> Result<u64, Fault> {
        let provider = self.sender.node.provider();
        let estimate = provider.estimate_gas(self.request(act));
        let gas = self.sender.node.read(estimate.block(BlockNumberOrTag::Latest.into()).await)?;
        Ok((gas + gas / 5).min(GAS_CAP))
    }

    fn request(&self, act: &Act) -> TransactionRequest {
        TransactionRequest::default()
            .from(self.sender.address())
            .to(act.to)
            .value(act.value)
            .input(act.input.clone().into())
    }

    async fn sign(
        &self,
        act: &Act,
        gas_limit: u64,
        fees: Eip1559Estimation,
    ) -> Result<(TxHash, Vec<u8>), Fault> {
        let tx = TxEip1559 {
            chain_id: self.sender.node.chain_id(),
            nonce: self.nonce,
            gas_limit,
            max_fee_per_gas: fees.max_fee_per_gas,
            max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
            to: TxKind::Call(act.to),
            value: act.value,
            input: act.input.clone(),
            ..TxEip1559::default()
        };
        let signature = self.sender.signer.sign(tx.signature_hash()).await;
        let signature = signature.map_err(|error| Fault::Silent { reason: error.to_string() })?;
        let signed = TxEnvelope::from(tx.into_signed(signature));
        Ok((*signed.tx_hash(), signed.encoded_2718()))
    }

    /// Runs a reverted transaction again on the block before its own, which is as near as a call gets.
    async fn why_reverted(&self, act: &Act, receipt: &TransactionReceipt) -> String {
        let before = receipt.block_number.unwrap_or_default().saturating_sub(1);
        let call = self.sender.node.provider().call(self.request(act));
        let answer = call.block(BlockNumberOrTag::Number(before).into()).await;
        match self.sender.node.read(answer) {
            Err(Fault::Reverted { reason }) => reason,
            _ => format!("transaction {} reverted", receipt.transaction_hash),
        }
    }
}

const fn raised(fees: Eip1559Estimation) -> Eip1559Estimation {
    Eip1559Estimation {
        max_fee_per_gas: more(fees.max_fee_per_gas),
        max_priority_fee_per_gas: more(fees.max_priority_fee_per_gas),
    }
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
