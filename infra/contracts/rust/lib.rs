//! Floor 5: the Solidity side as Rust sees it.
//!
//! Bindings and bytecode come from the artifacts that are checked in beside the sources, so nothing here needs
//! a Solidity compiler; the gate rebuilds the artifacts and compares. What the node's core needs of the sealer
//! lives in [`node_core::exit`] and is the same interface.

mod bindings;
mod event_ticket;
mod predeploys;
mod preinstalls;

pub use bindings::{
    ClaimVaults, Coin, EventTicket, ExitSealer, FlashBulk721, FlashFactory, FlashLayer,
    FlashSettlement, FlashTwin20, FlashTwin721, FlashTwin1155, Items, L1Info, L2Bridge, Ticket,
    WrappedERC20, WrappedERC721, WrappedERC1155,
};
pub use event_ticket::plain_event_ticket;
pub use node_core::exit::{IExitRecipient, IExitSealer};
pub use predeploys::{predeploys, wrapped_codes};
pub use preinstalls::{Preinstall, PreinstallError, preinstalls};

use alloy_primitives::Bytes;

/// Returns the code that a layer's genesis puts at [`node_core::exit::EXIT_SEALER`].
#[must_use]
pub fn exit_sealer_code() -> Bytes {
    ExitSealer::DEPLOYED_BYTECODE.clone()
}

#[cfg(test)]
mod gas;
#[cfg(test)]
mod tests;
