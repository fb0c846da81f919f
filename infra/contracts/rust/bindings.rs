#![expect(missing_docs, reason = "generated; the docs are in the Solidity sources")]
#![expect(
    clippy::too_many_arguments,
    reason = "generated from functions and events of the contracts"
)]

use alloy_sol_types::sol;

sol!(
    #[derive(Debug, PartialEq, Eq)]
    Coin,
    "artifacts/Coin.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    ExitSealer,
    "artifacts/ExitSealer.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    FlashFactory,
    "artifacts/FlashFactory.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    FlashLayer,
    "artifacts/FlashLayer.json"
);
/// A module of its own: it shares a library's enum with `FlashLayer`.
mod settlement {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        FlashSettlement,
        "artifacts/FlashSettlement.json"
    );
}
pub use settlement::FlashSettlement;

sol!(
    #[derive(Debug, PartialEq, Eq)]
    FlashTwin721,
    "artifacts/FlashTwin721.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    Ticket,
    "artifacts/Ticket.json"
);
