//! Floor 5: the L1.
//!
//! | file | what |
//! |---|---|
//! | `node` | one L1 node over HTTP: calls, logs, blocks by finality |
//! | `fault` | what a request came to when not to an answer, with reverts by name |
//! | `sender` | a key, its turns, and its transactions until they are executed |
//! | `layer`, `view`, `deposits`, `act` | [`HttpL1`], the [`L1`](node_core::port::L1) of one layer |
//! | `post`, `batches`, `blobs`, `source` | batches: putting them there and getting them back |
//! | `known`, `quorum`, `attested` | a layer by its address; the word of its attestors; who they are |
//! | `signer` | a key in memory |
//! | `terms` | the configuration of a layer as its contract has it |
//! | `organiser` | deploy the factory, open a layer, deposit |
//! | `tokens`, `bridged` | what the tokens that a layer takes say of themselves; how people name them |
//! | `holder` | claim, twins, owners, balances |
//! | `names` | accounts by their names, see the Ethereum Name Service |
//! | `vaults` | what claim codes hold |
//! | `ways_out` | accept with a stake, reclaim, vetoes, refunds, bonds, orphans |
//! | [`devnet`] | genesis of an L1 inside the process |

mod act;
mod attested;
mod batches;
mod blobs;
mod bridged;
mod deposits;
mod fault;
mod holder;
mod known;
mod layer;
mod names;
mod node;
mod organiser;
mod post;
mod quorum;
mod sender;
mod signer;
mod source;
mod terms;
mod tokens;
mod vaults;
mod view;
mod ways_out;

pub mod devnet;

pub use alloy::signers::local::PrivateKeySigner;
pub use attested::{Attested, AttestedError, Attestor, check_attested};
pub use bridged::read_bridged;
pub use deposits::deposit_of;
pub use holder::{claim, claim_range, push};
pub use layer::HttpL1;
pub use mayfly_contracts::FlashLayer::{Bridged, Config, Quorum};
pub use names::{AccountName, NameError};
pub use node::{L1Block, Node};
pub use organiser::{
    Deposited, OpenedLayer, deploy_factory, deposit_eth, factory_address, open_layer,
};
pub use quorum::Claimed;
pub use sender::{Sender, Spent};
pub use signer::{LocalKey, NotAKey};
pub use source::BlobSource;
pub use terms::{Assurance, Offer, Terms, config_hash};
pub use tokens::bridged_token;
pub use vaults::{ClaimCode, Held, NotACode, claim_vaults_address, held, release};
pub use ways_out::{
    Orphan, Refunds, SignedSeal, accept_layer, claim_orphan, enter_refund, reclaim_fee, refund,
    slash_equivocation, veto, withdraw_bond,
};
