// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice What an `EventTicket` is deployed with.
struct EventSettings {
    // Owns the contract: sets tiers, reveals, names minters and verifiers.
    address owner;
    // First minter, the layer's system minter for paid orders; zero for none.
    address minter;
    // Gets the proceeds, here by `withdraw` and on the L1 by an exit.
    address payout;
    // Name of the collection.
    string name;
    // Symbol of the collection.
    string symbol;
    // Metadata of the collection (ERC-7572).
    string contractUri;
    // URI of every ticket until the reveal.
    string hiddenUri;
    // Base of the tickets' URIs; empty when it is revealed later.
    string baseUri;
    // keccak256 of the base that will be revealed; zero when nothing is promised.
    bytes32 revealHash;
    // Whether tickets cannot be transferred (ERC-5192).
    bool soulbound;
    // Gets royalties (ERC-2981); zero for nobody.
    address royaltyReceiver;
    // Royalty in hundredths of a per cent of the price.
    uint96 royaltyBps;
    // Longest time that a check-in message may be valid for, in seconds.
    uint32 checkInWindow;
    // The first tiers, from number 0 on.
    TierSettings[] tiers;
}

/// @notice How tickets of one tier are sold.
struct TierSettings {
    // Most tickets that may be out at a time; a burned one makes room.
    uint32 cap;
    // Most that one wallet may buy; zero for no limit. The minter is not bound by it.
    uint16 walletCap;
    // First second of the sale (unix seconds).
    uint32 opensAt;
    // First second after the sale (unix seconds); not after `opensAt` when only the minter mints.
    uint32 closesAt;
    // Price of one ticket, in wei.
    uint80 priceWei;
    // Root of the allow-list; zero when everybody may buy.
    bytes32 allowRoot;
}

/// @notice One tier as it is stored: everything that a mint reads and writes is in the first slot.
struct Tier {
    // Tickets ever minted; the next one has this number plus one.
    uint32 minted;
    // Tickets burned.
    uint32 burned;
    // See `TierSettings`, from here on.
    uint32 cap;
    uint16 walletCap;
    uint32 opensAt;
    uint32 closesAt;
    uint80 priceWei;
    bytes32 allowRoot;
}

/// @notice What a holder signs at the door (EIP-712), in a QR code that is made again and again.
struct CheckIn {
    // The ticket.
    uint256 ticketId;
    // First second of the message (unix seconds).
    uint64 validFrom;
    // Last second of the message (unix seconds).
    uint64 validUntil;
}

/// @notice A QR code that was scanned while the door had no connection.
struct Scan {
    // The message.
    CheckIn checkIn;
    // Its signature.
    bytes signature;
    // When it was scanned (unix seconds).
    uint64 time;
    // Where.
    uint32 gate;
}

/// @notice The first valid scan of a ticket.
struct Redemption {
    // When (unix seconds); zero when there was none.
    uint64 time;
    // Where.
    uint32 gate;
    // Who scanned.
    address verifier;
}

/// @notice What is wrong with a scan.
enum Refusal {
    // Nothing.
    None,
    // The ticket was redeemed before.
    AlreadyRedeemed,
    // The message is not valid at the time of the scan, or for too long.
    OutsideWindow,
    // Neither the ticket's holder nor the holder's key signed the message.
    WrongSigner
}
