use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use super::{LayerId, MAX_BRIDGED, Tokens};

/// Largest chain id that `MetaMask` takes; the factory on the L1 takes no larger one.
pub const MAX_CHAIN_ID: u64 = 4_503_599_627_370_476;

/// Everything that is fixed for a layer's life when it is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerConfig {
    /// Random id; part of the name of everything stored.
    pub id: LayerId,
    /// Name of the event, for people.
    pub name: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Unix time of block 0, in seconds.
    pub opened_at_s: u64,
    /// Unix time at which the layer stops taking transactions, in seconds.
    pub ends_at_s: u64,
    /// Gas limit of a block.
    pub gas_limit: u64,
    /// Base fee in wei per gas, for ever; 0 makes the layer free.
    pub base_fee_wei: u64,
    /// Who receives all fees. Nothing is burned.
    pub fee_recipient: Address,
    /// Opens the layer on the L1, may end it early.
    pub organiser: Address,
    /// Settles the layer on the L1 (assurance mode A).
    pub operator: Address,
    /// Signs soft receipts and headers; whoever finds two of its headers with one number takes the
    /// operator's bond. Zero when nobody does.
    #[serde(default)]
    pub sequencer: Address,
    /// The L1 and the layer's contract there.
    pub l1: L1Binding,
    /// Paid webhooks mint here; `None` when the event has no shop.
    pub mint: Option<MintConfig>,
    /// Limits of the inbox.
    pub limits: Limits,
    /// Where the inputs of its blocks are posted.
    #[serde(default)]
    pub posting: Posting,
    /// Tokens of the L1 on the layer, and of the layer on the L1.
    #[serde(default)]
    pub tokens: Tokens,
}

/// Where the inputs of a layer's blocks can be read by everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Posting {
    /// Nowhere: the L1 gets the exits only, and nobody but the operator can end the layer.
    #[default]
    Leaves,
    /// In blobs of the L1 (EIP-4844).
    Blobs,
    /// In calldata, where the L1 has no blobs.
    Calldata,
}

impl Posting {
    /// Returns how many bytes one batch carries; `None` when there are none.
    ///
    /// Blobs: six (EIP-7594) of 4,096 times 31 bytes, less a length. Calldata: below the 128 KiB that nodes
    /// take as one transaction, with 8 KiB for the rest of the call.
    pub const fn batch_bytes(self) -> Option<usize> {
        match self {
            Self::Leaves => None,
            Self::Blobs => Some(6 * 4_096 * 31 - 4),
            Self::Calldata => Some(120 * 1024),
        }
    }

    /// Returns how many bytes of transactions one block may have, so that it fits into a batch even if they
    /// cannot be compressed, with a quarter left for block 0 and what surrounds them.
    ///
    /// Without batches EIP-7934 sets the limit: 8 MiB for a whole block, of which wallets' transactions get
    /// 6; what is signed here is small and has the rest.
    pub const fn block_bytes(self) -> usize {
        match self.batch_bytes() {
            None => 6 * 1024 * 1024,
            Some(batch) => batch / 4 * 3,
        }
    }
}

/// Where a layer settles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1Binding {
    /// Chain id of the L1.
    pub chain_id: u64,
    /// The layer's own contract on the L1.
    pub layer: Address,
    /// Hash of the rules that the contract has.
    #[serde(default)]
    pub config_hash: B256,
    /// L1 block in which the layer was opened: where to start reading logs.
    pub opened_in_block: u64,
    /// How settled an L1 block must be before its deposits are credited.
    pub finality: Finality,
}

impl L1Binding {
    /// No L1: its chain id, 0, is nobody's (EIP-155).
    pub const fn none() -> Self {
        Self {
            chain_id: 0,
            layer: Address::ZERO,
            config_hash: B256::ZERO,
            opened_in_block: 0,
            finality: Finality::Finalized,
        }
    }
}

/// How settled an L1 block must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// The L1's `finalized` tag.
    Finalized,
    /// The L1's `safe` tag.
    Safe,
    /// This many blocks under the L1's head.
    Depth(u64),
}

/// How a paid webhook becomes a mint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintConfig {
    /// Account that signs mints, in the name of the organiser.
    pub minter: Address,
    /// Contract with `mintTo(address)`; `None` until the organiser names it.
    pub ticket: Option<Address>,
}

/// Bounds of what the inbox takes from one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Transactions of one sender that may wait at a time.
    pub in_flight_per_sender: usize,
    /// How far a nonce may be ahead of the sender's account.
    pub nonce_gap: u64,
    /// Size of one transaction in bytes.
    pub transaction_bytes: usize,
    /// How long a transaction behind a nonce gap may wait, in milliseconds.
    pub gap_wait_ms: u64,
}

impl Default for Limits {
    /// geth takes 128 KiB a transaction. 256 waiting is what one sender gets committed in well under a second.
    fn default() -> Self {
        Self {
            in_flight_per_sender: 256,
            nonce_gap: 256,
            transaction_bytes: 128 * 1024,
            gap_wait_ms: 180_000,
        }
    }
}

/// A configuration that no layer can be opened with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The chain id is zero or too large for wallets.
    #[error("chain_id: expected 1 to {MAX_CHAIN_ID}, got {got}")]
    ChainId {
        /// What was given.
        got: u64,
    },
    /// The layer would end before it starts.
    #[error("ends_at_s: expected a time after opened_at_s ({opened_at_s}), got {ends_at_s}")]
    EndsBeforeStart {
        /// Start, Unix seconds.
        opened_at_s: u64,
        /// End, Unix seconds.
        ends_at_s: u64,
    },
    /// A block could not hold the largest transaction.
    #[error("gas_limit: expected at least {least}, got {got}")]
    GasLimit {
        /// What was given.
        got: u64,
        /// The least that works.
        least: u64,
    },
    /// A transaction could not be posted.
    #[error("limits.transaction_bytes: expected at most {most}, what a batch carries, got {got}")]
    TransactionBytes {
        /// What was given.
        got: usize,
        /// The most that can be posted.
        most: usize,
    },
    /// The name is empty or too long to print.
    #[error("name: expected 1 to 100 characters, got {got}")]
    Name {
        /// Characters given.
        got: usize,
    },
    /// There are more tokens of the L1 than its contract takes.
    #[error("bridged tokens: expected at most {MAX_BRIDGED}, got {got}")]
    TooManyBridged {
        /// How many were given.
        got: usize,
    },
    /// A token of the L1 cannot have a wrapped one on the layer.
    #[error("bridged token {index}: {reason}")]
    Bridged {
        /// Its position.
        index: usize,
        /// What was expected.
        reason: &'static str,
    },
    /// Every collection would be a bulk one, also those without tokens.
    #[error("bulk_from: expected at least 1, got 0")]
    BulkFrom,
    /// Accounts of a layer start without ETH, because all of it must be claimable on the L1.
    #[error("genesis balance of {account}: expected 0, got {got} wei: deposit on the L1 instead")]
    GenesisBalance {
        /// The account.
        account: Address,
        /// What was given.
        got: U256,
    },
}

impl LayerConfig {
    /// A free chain of its own, which never ends, on which nobody has rights, and to which no L1 belongs: what a chain
    /// starts from that is not settled anywhere.
    pub fn detached(id: LayerId, chain_id: u64) -> Self {
        Self {
            id,
            name: "detached".to_owned(),
            chain_id,
            opened_at_s: 0,
            ends_at_s: u64::MAX,
            gas_limit: 60_000_000,
            base_fee_wei: 0,
            fee_recipient: Address::ZERO,
            organiser: Address::ZERO,
            operator: Address::ZERO,
            sequencer: Address::ZERO,
            l1: L1Binding::none(),
            mint: None,
            limits: Limits::default(),
            posting: Posting::default(),
            tokens: Tokens::default(),
        }
    }

    /// Checks every field that has bounds.
    ///
    /// # Errors
    /// The first field that is out of bounds, with what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.chain_id == 0 || self.chain_id > MAX_CHAIN_ID {
            return Err(ConfigError::ChainId { got: self.chain_id });
        }
        if self.ends_at_s <= self.opened_at_s {
            let Self { opened_at_s, ends_at_s, .. } = *self;
            return Err(ConfigError::EndsBeforeStart { opened_at_s, ends_at_s });
        }
        let least = super::SYSTEM_GAS_LIMIT;
        if self.gas_limit < least {
            return Err(ConfigError::GasLimit { got: self.gas_limit, least });
        }
        let (got, most) = (self.limits.transaction_bytes, self.posting.block_bytes());
        if got > most {
            return Err(ConfigError::TransactionBytes { got, most });
        }
        let characters = self.name.chars().count();
        if !(1..=100).contains(&characters) {
            return Err(ConfigError::Name { got: characters });
        }
        self.tokens.check()
    }
}
