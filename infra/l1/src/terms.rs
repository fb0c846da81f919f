use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolValue,
};
use mayfly_contracts::{
    FlashFactory,
    FlashLayer::{self as config, Bridged},
};
use node_core::{
    chain::{LayerConfig, Posting},
    flow::open::Genesis,
};

use crate::Config;

/// One hour.
const HOUR_S: u32 = 3_600;

/// What the L1 contract of a layer fixes and the layer itself does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Deposits are refused from this time on, Unix seconds.
    pub deposit_cutoff_s: u64,
    /// Seconds between the settlement and the first claim.
    pub window_s: u32,
    /// Most ETH that may ever be deposited, in wei.
    pub tvl_cap_wei: u128,
    /// Base of the twins' token URIs; empty for none.
    pub twin_base_uri: String,
    /// Who vouches for the final state.
    pub assurance: Assurance,
    /// T1: seconds after the end after which others may settle.
    pub settle_delay_s: u32,
    /// T2: seconds after that after which nobody may settle and deposits go back.
    pub rescue_delay_s: u32,
    /// Seconds after which a deposit must have been taken in.
    pub max_deposit_delay_s: u32,
    /// What the operator must accept before it runs the layer; `None` when there is nothing to accept.
    pub offer: Option<Offer>,
    /// Tokens of the L1 that may be deposited, in any order.
    pub bridged: Vec<Bridged>,
    /// Gets what belongs to contracts of the layer that have no counterpart on the L1.
    pub orphan_recipient: Option<Address>,
}

/// Who vouches for the final state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assurance {
    /// Mode A: the operator.
    Operator,
    /// Mode B: so many of these accounts, each of which has executed every block again.
    Attested {
        /// How many must sign.
        threshold: u8,
        /// Who may, in any order.
        attestors: Vec<Address>,
        /// What a stranger who settles locks up, in wei.
        rescue_bond_wei: u128,
    },
}

/// What an operator gets for a layer, and puts at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Until when it must have accepted, Unix seconds.
    pub accept_by_s: u64,
    /// What the organiser pays, in wei.
    pub fee_wei: u128,
    /// What the operator puts at stake, in wei.
    pub bond_wei: u128,
}

impl From<Offer> for config::Offer {
    fn from(offer: Offer) -> Self {
        Self { acceptBy: offer.accept_by_s, fee: offer.fee_wei, bond: offer.bond_wei }
    }
}

impl Default for Terms {
    /// Mode A without batches, offer and bridged tokens; a day for the operator to settle, a week for a rescue.
    fn default() -> Self {
        Self {
            deposit_cutoff_s: 0,
            window_s: 0,
            tvl_cap_wei: 0,
            twin_base_uri: String::new(),
            assurance: Assurance::Operator,
            settle_delay_s: 24 * HOUR_S,
            rescue_delay_s: 7 * 24 * HOUR_S,
            max_deposit_delay_s: HOUR_S,
            offer: None,
            bridged: Vec::new(),
            orphan_recipient: None,
        }
    }
}

impl Terms {
    /// Returns the configuration that the L1 opens the layer with: of `layer` (whose binding to the L1 is not
    /// looked at), its block 0, and these terms.
    #[must_use]
    pub fn config(mut self, layer: &LayerConfig, genesis: &Genesis) -> Config {
        let offer = self.offer.unwrap_or(Offer { accept_by_s: 0, fee_wei: 0, bond_wei: 0 });
        let (mode, threshold, mut attestors, rescue_bond) = match self.assurance {
            Assurance::Operator => (1, 0, Vec::new(), 0),
            Assurance::Attested { threshold, attestors, rescue_bond_wei } => {
                (2, threshold, attestors, rescue_bond_wei)
            }
        };
        attestors.sort_unstable();
        self.bridged.sort_unstable_by_key(|bridged| bridged.token);
        Config {
            organiser: layer.organiser,
            operator: layer.operator,
            sequencer: if layer.sequencer.is_zero() { layer.operator } else { layer.sequencer },
            chainId: layer.chain_id,
            startsAt: layer.opened_at_s,
            depositCutoff: self.deposit_cutoff_s,
            endsAt: layer.ends_at_s,
            settleDelay: self.settle_delay_s,
            rescueDelay: self.rescue_delay_s,
            window: self.window_s,
            maxDepositDelay: self.max_deposit_delay_s,
            mode,
            da: publication(layer.posting),
            offer: offer.into(),
            quorum: config::Quorum { threshold, rescueBond: rescue_bond, attestors },
            tvlCapWei: self.tvl_cap_wei,
            genesisBlockHash: genesis.hash(),
            genesisStateRoot: genesis.header.state_root,
            orphanRecipient: self.orphan_recipient.unwrap_or_default(),
            verifier: Address::ZERO,
            twinBaseUri: self.twin_base_uri,
            bridged: self.bridged,
        }
    }
}

/// The contract's number for where inputs are posted.
const fn publication(posting: Posting) -> u8 {
    match posting {
        Posting::Leaves => 0,
        Posting::Blobs => 1,
        Posting::Calldata => 2,
    }
}

/// Returns what the layer's contract knows its configuration by.
#[must_use]
pub fn config_hash(config: &Config) -> B256 {
    keccak256(config.abi_encode())
}

/// The bindings have one type per contract for the one Solidity struct.
pub(crate) fn of_layer(config: &FlashFactory::Config) -> Config {
    Config::abi_decode(&config.abi_encode()).expect("one struct with two names")
}

/// The other way round.
pub(crate) fn of_factory(config: &Config) -> FlashFactory::Config {
    FlashFactory::Config::abi_decode(&config.abi_encode()).expect("one struct with two names")
}

/// What the organiser sends along with the opening, in wei.
pub(crate) fn fee(config: &Config) -> U256 {
    U256::from(config.offer.fee)
}
