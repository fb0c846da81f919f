// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {TicketRoles} from "./TicketRoles.sol";
import {Tier, TierSettings} from "./EventTypes.sol";
import {
    CapTooLow,
    ListOnly,
    NoQuantity,
    NotOnList,
    SaleClosed,
    SoldOut,
    UnknownTier,
    WalletCapExceeded,
    WrongPayment
} from "./EventErrors.sol";

/// @notice How tickets come to be, and go: tiers, their caps, their sale.
/// @dev Ticket n of tier t, both counted as people do from tier 0 and ticket 1, has the id t * TIER_SPAN + n: an event of
/// one tier has the ids 1, 2, 3. A mint writes the tier's slot, the owner and the balance, and no slot of ours per ticket.
abstract contract TicketTiers is ERC721, TicketRoles {
    /// @notice Most tiers.
    uint256 public constant MAX_TIERS = 16;

    /// @notice Ids that one tier has: more than `Tier.minted` can count.
    uint256 public constant TIER_SPAN = 10_000_000_000;

    /// @dev Bits that a wallet's count has in `_bought`: as many as `TierSettings.walletCap`.
    uint256 private constant COUNT_BITS = 16;

    Tier[MAX_TIERS] private _tiers;

    /// @dev What a wallet bought of each tier that limits it, tier 0 in the lowest bits.
    mapping(address wallet => uint256 counts) private _bought;

    /// @notice A tier is sold like this from now on.
    event TierSet(uint256 indexed tier, TierSettings settings);

    // -------------------------------------------------------------------------------------- minter

    /// @notice Mints one ticket of tier 0 that was paid elsewhere. Only a minter may.
    function mintTo(address to) external returns (uint256 id) {
        return mint(to, 0, 1);
    }

    /// @notice Mints tickets that were paid elsewhere, whatever the hour and whoever has how many: the shop has decided
    /// that. Only a minter may.
    /// @dev No callback: an order that was paid must not depend on what the recipient's code does.
    /// @return firstId The tickets' ids go up by one from here.
    function mint(address to, uint256 tier, uint256 quantity) public onlyRoles(MINTER) returns (uint256 firstId) {
        return _issue(to, _tierOf(tier), tier, quantity);
    }

    /// @notice Burns a ticket that was paid back; its place can be sold again, its id is never used again. Only a minter
    /// may.
    function burn(uint256 id) external onlyRoles(MINTER) {
        _burn(id);
        ++_tiers[id / TIER_SPAN].burned;
    }

    // --------------------------------------------------------------------------------------- buyers

    /// @notice Sells tickets of a tier to the caller.
    function buy(uint256 tier, uint256 quantity) external payable returns (uint256 firstId) {
        Tier storage t = _tierOf(tier);
        if (t.allowRoot != 0) revert ListOnly(tier);
        uint256 walletCap = t.walletCap;
        return _sell(t, tier, quantity, walletCap == 0 ? type(uint256).max : walletCap);
    }

    /// @notice Sells tickets of a tier to the caller, who is on its allow-list.
    /// @param allowed How many tickets the list allows the caller in all; a smaller `walletCap` counts.
    /// @param proof Siblings from the leaf up, each pair sorted. The leaf is hashed twice:
    /// keccak256(keccak256(abi.encode(caller, tier, allowed))).
    function buyListed(uint256 tier, uint256 quantity, uint256 allowed, bytes32[] calldata proof)
        external
        payable
        returns (uint256 firstId)
    {
        Tier storage t = _tierOf(tier);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(msg.sender, tier, allowed))));
        bytes32 root = t.allowRoot;
        if (root == 0 || !MerkleProof.verifyCalldata(proof, root, leaf)) revert NotOnList(msg.sender, tier, allowed);
        uint256 walletCap = t.walletCap;
        return _sell(t, tier, quantity, walletCap == 0 || allowed < walletCap ? allowed : walletCap);
    }

    // ---------------------------------------------------------------------------------------- owner

    /// @notice Changes how a tier is sold, or adds it. Only the owner may.
    function setTier(uint256 tier, TierSettings calldata settings) external onlyOwner {
        _setTier(tier, settings);
    }

    function _setTier(uint256 tier, TierSettings memory settings) internal {
        Tier storage t = _tierOf(tier);
        uint256 out = t.minted - t.burned;
        if (settings.cap < out) revert CapTooLow(settings.cap, out);
        (t.cap, t.walletCap, t.priceWei) = (settings.cap, settings.walletCap, settings.priceWei);
        (t.opensAt, t.closesAt, t.allowRoot) = (settings.opensAt, settings.closesAt, settings.allowRoot);
        emit TierSet(tier, settings);
    }

    // ---------------------------------------------------------------------------------------- views

    /// @notice How a tier is sold, and how many tickets of it were minted and burned.
    function tierAt(uint256 tier) external view returns (Tier memory) {
        return _tierOf(tier);
    }

    /// @notice How many tickets of a tier a wallet bought, while the tier had a limit per wallet.
    function boughtBy(address wallet, uint256 tier) external view returns (uint256) {
        _tierOf(tier);
        return _count(_bought[wallet], tier);
    }

    /// @notice Number of tickets that are out.
    function totalSupply() external view returns (uint256 supply) {
        for (uint256 tier; tier < MAX_TIERS; ++tier) {
            supply += _tiers[tier].minted - _tiers[tier].burned;
        }
    }

    // -------------------------------------------------------------------------------------- private

    function _sell(Tier storage t, uint256 tier, uint256 quantity, uint256 limit) private returns (uint256) {
        if (block.timestamp < t.opensAt || block.timestamp >= t.closesAt) {
            revert SaleClosed(tier, t.opensAt, t.closesAt);
        }
        uint256 expected = quantity * t.priceWei;
        if (msg.value != expected) revert WrongPayment(msg.value, expected);
        if (limit != type(uint256).max) _countBought(tier, quantity, limit);
        return _issue(msg.sender, t, tier, quantity);
    }

    function _countBought(uint256 tier, uint256 quantity, uint256 limit) private {
        if (limit > type(uint16).max) limit = type(uint16).max;
        uint256 counts = _bought[msg.sender];
        uint256 count = _count(counts, tier);
        uint256 left = count < limit ? limit - count : 0;
        if (quantity > left) revert WalletCapExceeded(tier, quantity, left);
        // No carry into the next tier's count: the sum is at most the limit, which has as many bits.
        _bought[msg.sender] = counts + (quantity << (tier * COUNT_BITS));
    }

    function _issue(address to, Tier storage t, uint256 tier, uint256 quantity) private returns (uint256 firstId) {
        if (quantity == 0) revert NoQuantity();
        uint256 minted = t.minted;
        uint256 left = t.cap - (minted - t.burned);
        if (quantity > left) revert SoldOut(tier, quantity, left);
        firstId = tier * TIER_SPAN + minted + 1;
        t.minted = SafeCast.toUint32(minted + quantity);
        for (uint256 i; i < quantity; ++i) {
            _mint(to, firstId + i);
        }
    }

    function _count(uint256 counts, uint256 tier) private pure returns (uint256) {
        return uint16(counts >> (tier * COUNT_BITS));
    }

    function _tierOf(uint256 tier) private view returns (Tier storage) {
        if (tier >= MAX_TIERS) revert UnknownTier(tier, MAX_TIERS);
        return _tiers[tier];
    }
}
