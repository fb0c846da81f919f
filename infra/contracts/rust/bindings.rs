#![expect(missing_docs, reason = "generated; the docs are in the Solidity sources")]
#![expect(
    clippy::too_many_arguments,
    reason = "generated from functions and events of the contracts"
)]

use alloy_sol_types::sol;

sol!(
    #[derive(Debug, PartialEq, Eq)]
    ClaimVaults,
    "artifacts/ClaimVaults.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    Coin,
    "artifacts/Coin.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    EventTicket,
    "artifacts/EventTicket.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    ExitSealer,
    "artifacts/ExitSealer.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    FlashBulk721,
    "artifacts/FlashBulk721.json"
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
    FlashTwin1155,
    "artifacts/FlashTwin1155.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    FlashTwin20,
    "artifacts/FlashTwin20.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    FlashTwin721,
    "artifacts/FlashTwin721.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    Items,
    "artifacts/Items.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    L1Info,
    "artifacts/L1Info.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    L2Bridge,
    "artifacts/L2Bridge.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    Ticket,
    "artifacts/Ticket.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    WrappedERC1155,
    "artifacts/WrappedERC1155.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    WrappedERC20,
    "artifacts/WrappedERC20.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    WrappedERC721,
    "artifacts/WrappedERC721.json"
);
