// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IExitRecipient} from "../IExitRecipient.sol";
import {IERC5192} from "./IERC5192.sol";
import {TicketCheckIn} from "./TicketCheckIn.sol";
import {TicketMetadata} from "./TicketMetadata.sol";
import {TicketTiers} from "./TicketTiers.sol";
import {EventSettings} from "./EventTypes.sol";
import {Soulbound, ZeroAddress} from "./EventErrors.sol";

/// @notice The tickets of one event: an ERC-721 collection with tiers, a sale, a reveal and a door.
/// @dev Exits like any other collection. Nothing of the layer's is asked or trusted here.
contract EventTicket is TicketTiers, TicketMetadata, TicketCheckIn, IERC5192, IExitRecipient {
    /// @notice Whether tickets cannot be transferred. They exit all the same: an exit is no transfer.
    bool public immutable soulbound;

    /// @notice Gets the proceeds.
    address public immutable payout;

    /// @notice Opens the event.
    constructor(EventSettings memory s)
        ERC721(s.name, s.symbol)
        EIP712("Mayfly ticket", "1")
        TicketMetadata(s)
        TicketCheckIn(s.checkInWindow)
    {
        if (s.owner == address(0)) revert ZeroAddress("owner");
        if (s.payout == address(0)) revert ZeroAddress("payout");
        (soulbound, payout) = (s.soulbound, s.payout);
        _initializeOwner(s.owner);
        if (s.minter != address(0)) _grantRoles(s.minter, MINTER);
        for (uint256 tier; tier < s.tiers.length; ++tier) {
            _setTier(tier, s.tiers[tier]);
        }
    }

    /// @notice Sends the proceeds to their owner. Anyone may call.
    function withdraw() external {
        Address.sendValue(payable(payout), address(this).balance);
    }

    /// @notice Who gets on the L1 what this contract has at the end of the layer.
    function exitRecipient(uint32, uint256, uint256) external view returns (address) {
        return payout;
    }

    /// @notice Whether the ticket cannot be transferred (ERC-5192).
    function locked(uint256 id) external view returns (bool) {
        _requireOwned(id);
        return soulbound;
    }

    /// @notice ERC-721 with metadata, ERC-2981, ERC-4906 and ERC-5192.
    function supportsInterface(bytes4 id) public view override(ERC721, TicketMetadata) returns (bool) {
        return id == type(IERC5192).interfaceId || super.supportsInterface(id);
    }

    /// @notice The URI of a ticket, see `TicketMetadata`.
    function tokenURI(uint256 id) public view override(ERC721, TicketMetadata) returns (string memory) {
        return super.tokenURI(id);
    }

    function _baseURI() internal view override(ERC721, TicketMetadata) returns (string memory) {
        return super._baseURI();
    }

    function _update(address to, uint256 id, address auth) internal override returns (address from) {
        from = super._update(to, id, auth);
        if (!soulbound) return from;
        if (from == address(0)) emit Locked(id);
        else if (to != address(0)) revert Soulbound(id);
    }
}
