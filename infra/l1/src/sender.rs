//! Transactions of one key, one after the other.
//!
//! | file | what |
//! |---|---|
//! | `turn` | one transaction, from its first try to its receipt |
//! | `draft` | what it does, what it pays, its signed bytes |
//! | `spent` | what they cost |
//! | `pauses` | how long is waited between two looks |

mod draft;
mod pauses;
mod spent;
mod turn;

use core::{fmt, time::Duration};
use std::sync::{Arc, PoisonError};

use alloy::{
    eips::{BlockNumberOrTag, eip1559::Eip1559Estimation},
    primitives::{Address, TxHash},
    providers::Provider,
    rpc::types::TransactionReceipt,
};
use node_core::port::{L1Receipt, PortError, Signer};
use tokio::sync::Mutex;

pub use self::spent::Spent;
pub(crate) use self::{draft::Act, turn::Turn};
use self::{draft::Fees, pauses::Pauses};
use crate::{LocalKey, Node, fault::Fault};

/// How long a transaction may take until it is executed: ten blocks of Ethereum.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a transaction waits for its block before it is sent again with higher fees: three blocks of Ethereum.
const RAISE_AFTER: Duration = Duration::from_secs(36);

/// A key that sends transactions to the L1, one at a time.
///
/// Keep one `Sender` per key and process. The key is never shown, not by `Debug` either.
pub struct Sender {
    node: Node,
    signer: Arc<dyn Signer>,
    patience: Duration,
    raise_after: Duration,
    turn: Mutex<()>,
    spent: std::sync::Mutex<Spent>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("address", &self.address()).finish_non_exhaustive()
    }
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
        let (turn, spent) = (Mutex::new(()), std::sync::Mutex::default());
        Self { node, signer, patience, raise_after, turn, spent }
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

    /// Returns what all transactions together have cost that were sent and executed so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what an executed transaction has cost.
    fn book(&self, receipt: &TransactionReceipt) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = spent.plus(receipt);
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
                return Ok(Turn::new(self, nonce, guard));
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

/// Returns what the port reports of an executed transaction.
pub(crate) fn port_receipt(receipt: &TransactionReceipt) -> L1Receipt {
    L1Receipt {
        transaction: receipt.transaction_hash,
        block: receipt.block_number.unwrap_or_default(),
        gas_used: receipt.gas_used,
    }
}
