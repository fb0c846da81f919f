// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {ERC2981} from "@openzeppelin/contracts/token/common/ERC2981.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {TicketRoles} from "./TicketRoles.sol";
import {EventSettings} from "./EventTypes.sol";
import {AlreadyRevealed, WrongReveal} from "./EventErrors.sol";

/// @notice What tickets look like, before and after the reveal, and what resales owe.
abstract contract TicketMetadata is ERC721, ERC2981, IERC4906, TicketRoles {
    /// @dev What ERC-4906 has as its id: it has no functions of its own.
    bytes4 private constant ERC4906_ID = 0x49064906;

    /// @notice keccak256 of the base of URIs that the organiser promised to reveal; zero when nothing was promised.
    bytes32 public immutable revealHash;

    /// @notice Metadata of the collection (ERC-7572).
    string public contractURI;

    string private _hiddenUri;
    string private _baseUri;

    /// @notice The metadata of the collection changed (ERC-7572).
    event ContractURIUpdated();

    constructor(EventSettings memory s) {
        revealHash = s.revealHash;
        contractURI = s.contractUri;
        _hiddenUri = s.hiddenUri;
        _baseUri = s.baseUri;
        if (s.royaltyReceiver != address(0)) _setDefaultRoyalty(s.royaltyReceiver, s.royaltyBps);
    }

    /// @notice The revealed base and the id, and what all tickets have in common until then.
    function tokenURI(uint256 id) public view virtual override returns (string memory) {
        _requireOwned(id);
        return bytes(_baseUri).length == 0 ? _hiddenUri : super.tokenURI(id);
    }

    /// @notice Reveals the base of the tickets' URIs, once. Only the owner may.
    function reveal(string calldata baseUri) external onlyOwner {
        if (bytes(_baseUri).length != 0) revert AlreadyRevealed();
        bytes32 got = keccak256(bytes(baseUri));
        if (revealHash != 0 && got != revealHash) revert WrongReveal(got, revealHash);
        _baseUri = baseUri;
        emit BatchMetadataUpdate(0, type(uint256).max);
    }

    /// @notice Tells marketplaces to read the metadata of these ids again. Only the owner may.
    function refreshMetadata(uint256 fromId, uint256 toId) external onlyOwner {
        emit BatchMetadataUpdate(fromId, toId);
    }

    /// @notice Names other metadata of the collection. Only the owner may.
    function setContractURI(string calldata uri) external onlyOwner {
        contractURI = uri;
        emit ContractURIUpdated();
    }

    /// @notice Sets who gets how much of a resale, in hundredths of a per cent. Only the owner may.
    function setRoyalty(address receiver, uint96 bps) external onlyOwner {
        _setDefaultRoyalty(receiver, bps);
    }

    /// @notice ERC-721 with metadata, ERC-2981 and ERC-4906.
    function supportsInterface(bytes4 id) public view virtual override(ERC721, ERC2981, IERC165) returns (bool) {
        return id == ERC4906_ID || super.supportsInterface(id);
    }

    function _baseURI() internal view virtual override returns (string memory) {
        return _baseUri;
    }
}
