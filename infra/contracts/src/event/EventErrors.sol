// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Redemption} from "./EventTypes.sol";

/// @notice A field of the settings must name somebody.
error ZeroAddress(string field);
/// @notice Tiers are numbered from 0 to `max` - 1.
error UnknownTier(uint256 tier, uint256 max);
/// @notice More tickets of the tier are out than its cap would be.
error CapTooLow(uint256 cap, uint256 out);

// ---- sale ----

/// @notice No ticket was asked for.
error NoQuantity();
/// @notice The tier has fewer tickets left.
error SoldOut(uint256 tier, uint256 asked, uint256 left);
/// @notice The wallet may buy fewer tickets of the tier.
error WalletCapExceeded(uint256 tier, uint256 asked, uint256 left);
/// @notice The tier is sold from `opensAt` until before `closesAt`.
error SaleClosed(uint256 tier, uint256 opensAt, uint256 closesAt);
/// @notice The payment is not the price.
error WrongPayment(uint256 got, uint256 expected);
/// @notice The allow-list of the tier has no such entry. A tier without a list is bought with `buy`.
error NotOnList(address wallet, uint256 tier, uint256 allowed);
/// @notice The tier has an allow-list: it is bought with `buyListed`.
error ListOnly(uint256 tier);

// ---- check-in ----

/// @notice The ticket was redeemed before: then, there, by that verifier.
error AlreadyRedeemed(uint256 ticketId, Redemption first);
/// @notice The message is not valid at the time of the scan, or for longer than `maxSeconds`.
error OutsideWindow(uint256 validFrom, uint256 validUntil, uint256 time, uint256 maxSeconds);
/// @notice Neither the holder nor the holder's key signed the message.
error WrongSigner(uint256 ticketId, address holder);
/// @notice A scan that is reported must be in the past.
error ScanInFuture(uint256 time, uint256 nowAt);

// ---- tokens ----

/// @notice Tickets of this event cannot be transferred.
error Soulbound(uint256 ticketId);
/// @notice The tickets' URIs are revealed already.
error AlreadyRevealed();
/// @notice This is not the base that was promised.
error WrongReveal(bytes32 got, bytes32 expected);
