use alloy_eips::eip7840::BlobParams;
use alloy_primitives::{Address, U256};

use crate::chain::{EXIT_SEALER, Era, Forks};

/// What a chain fixes for life. The hard fork is Osaka, but on chains that were imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Which headers and which transactions are allowed.
    pub protocol: Protocol,
    /// Where fees go.
    pub fees: Fees,
    /// Where the ETH on the chain is accounted for; `None` on Ethereum.
    pub supply: Option<SupplyLedger>,
    /// Which hard fork holds when.
    pub forks: Forks,
}

impl Rules {
    /// Returns the rules of a flash layer.
    pub const fn layer(chain_id: u64) -> Self {
        Self {
            chain_id,
            protocol: Protocol::Layer,
            fees: Fees::Recipient,
            supply: Some(SupplyLedger { account: EXIT_SEALER }),
            forks: Forks::osaka(),
        }
    }

    /// Returns the rules of Ethereum after Osaka: of the official tests, and of the L1 in this process.
    pub const fn ethereum(chain_id: u64) -> Self {
        Self::imported(chain_id, Forks::osaka())
    }

    /// Returns the rules of a chain that was imported.
    pub const fn imported(chain_id: u64, forks: Forks) -> Self {
        Self { chain_id, protocol: Protocol::Ethereum, fees: Fees::Burn, supply: None, forks }
    }

    /// Returns the era of a block.
    pub fn era(&self, number: u64, timestamp: u64) -> Era {
        self.forks.at(number, timestamp)
    }
}

/// Which headers and which transactions are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Base fee by EIP-1559, blobs, withdrawals, requests (EIP-7685); no deposits.
    Ethereum,
    /// Base fee, gas limit and fee recipient never change; `0x7E` deposits; no blobs, no withdrawals,
    /// no requests; a block may have its parent's timestamp.
    Layer,
}

/// Where fees go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fees {
    /// The base fee is burned, the tip goes to the block's beneficiary (EIP-1559).
    Burn,
    /// Base fee and tip go to the block's beneficiary: all ETH of a layer must be claimable on the L1.
    Recipient,
}

/// Storage of the `ExitSealer` predeploy that accounts for the ETH on a layer.
///
/// Written by the executor, not by the EVM: no transaction can change it. While the account has no code
/// nothing is written, as EIP-4788 does with its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplyLedger {
    /// The account whose storage it is.
    pub account: Address,
}

impl SupplyLedger {
    /// Slot of `ethMinted`: wei credited by deposits.
    pub const MINTED: U256 = U256::from_limbs([1, 0, 0, 0]);
    /// Slot of `ethBurned`: wei that `SELFDESTRUCT` destroyed.
    pub const BURNED: U256 = U256::from_limbs([2, 0, 0, 0]);
    /// Slot of `depositCount`: deposits from the L1 that were executed. System transactions are none.
    pub const DEPOSITS: U256 = U256::from_limbs([3, 0, 0, 0]);
}

/// Osaka without a blob-parameter-only fork: target 6, at most 9 in a block and 6 in a transaction.
pub(super) const BLOBS: BlobParams = BlobParams::osaka();

/// The largest gas limit of a signed transaction. EIP-7825.
pub(super) const TRANSACTION_GAS_CAP: u64 = 1 << 24;
