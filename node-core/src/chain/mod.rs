//! Floor 0: the words of the chain as types.
//!
//! A flash layer is an Ethereum chain with one hard fork for life (Osaka), one extra transaction type
//! (`0x7E` deposits) and an end. Headers, receipts and transactions are alloy's types, so every encoding
//! and hash here is Ethereum's.

mod annex;
mod block;
mod config;
mod deposit;
mod forks;
mod genesis;
mod ids;
mod origin;
mod phase;
mod receipt;
mod token;
mod transaction;
mod typed;

pub use annex::{Annex, EthereumBlock};
pub use block::{Ancestors, Block, SealedHeader, seal};
pub use config::{
    ConfigError, Finality, L1Binding, LayerConfig, Limits, MAX_CHAIN_ID, MintConfig, Posting,
};
pub use deposit::{
    DepositEvent, SYSTEM_GAS_LIMIT, TokenDeposit, deposit_source, system_transaction,
};
pub use forks::{Era, Fork, Forks, Start};
pub use genesis::{GenesisAccount, genesis_header};
pub use ids::{Epoch, LayerId, ParseLayerIdError, SlotNumber};
pub use origin::{L1Origin, NoOrigin};
pub use phase::Phase;
pub use receipt::Receipt;
pub use token::{
    BridgedToken, MAX_BRIDGED, MAX_TOKEN_TEXT, MAX_TOKEN_URI, Metadata, Tokens, is_printable,
};
pub use transaction::{Transaction, TransactionType, decode_transaction, recover_sender};
pub use typed::{SoftReceipt, Word};

/// `SYSTEM` of the layer: sender of the system transactions that freeze, sweep and seal.
///
/// `"Mayf"` in ASCII followed by zeros; nobody has its key.
pub const SYSTEM_SENDER: alloy_primitives::Address =
    alloy_primitives::address!("4d61796600000000000000000000000000000000");

/// Address of the `L2Bridge` predeploy on every layer.
pub const L2_BRIDGE: alloy_primitives::Address =
    alloy_primitives::address!("4d61796600000000000000000000000000000002");

/// Address of the `L1Info` predeploy on every layer.
pub const L1_INFO: alloy_primitives::Address =
    alloy_primitives::address!("4d61796600000000000000000000000000000003");

/// Address of the `ExitSealer` predeploy on every layer.
pub const EXIT_SEALER: alloy_primitives::Address =
    alloy_primitives::address!("4d61796600000000000000000000000000000001");
