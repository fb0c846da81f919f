// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {Twin} from "./Twin.sol";
import {BadOwners, NotAscending} from "./Errors.sol";

/// @notice The twin of an ERC-721 collection that is pushed to its holders: first owners stand in chunks of code, a
/// sixth of the gas of a mint. A token gets storage of its own when it first moves, or when it is claimed singly.
/// @dev `balanceOf` reads all chunks, 34 k gas for each 1,024 tokens: meant for calls, not for transactions.
contract FlashBulk721 is Twin, ERC721("", "") {
    /// @notice Most owners in one chunk: 20 KiB of the 24 KiB that code may have (EIP-170).
    uint256 public constant CHUNK = 1024;

    /// @dev Owners of the tokens from `firstId` on, 20 bytes each.
    struct Chunk {
        address pointer;
        uint96 count;
        uint256 firstId;
    }

    Chunk[] private _chunks;

    /// @notice Mints token `id` for `to`. Only the layer may, and only once per id.
    /// @dev No callback: a claim must not depend on what the recipient's code does.
    function mint(address to, uint256 id) external onlyLayer {
        _mint(to, id);
    }

    /// @notice Mints the tokens from `firstId` on for `owners`, 20 bytes each. Only the layer may. Zero stands for a
    /// token that was claimed already. Ids ascend over all calls.
    /// @dev The layer knows what was claimed; to look again would cost a third more.
    function mintBulk(uint256 firstId, bytes calldata owners) external onlyLayer {
        uint256 count = owners.length / 20;
        if (count == 0 || owners.length % 20 != 0 || firstId > type(uint256).max - count) revert BadOwners();
        _requireNext(firstId);
        for (uint256 start; start < count; start += CHUNK) {
            uint256 end = start + CHUNK < count ? start + CHUNK : count;
            _mintChunk(firstId + start, owners[20 * start:20 * end]);
        }
    }

    /// @notice Number of tokens that `owner` has.
    function balanceOf(address owner) public view override returns (uint256 balance) {
        // Of tokens in chunks storage knows the moves only: it may be below zero.
        balance = super.balanceOf(owner);
        for (uint256 i; i < _chunks.length; ++i) {
            unchecked {
                balance += _countIn(SSTORE2.read(_chunks[i].pointer), owner);
            }
        }
    }

    /// @notice Name of the collection, as it was on the layer.
    function name() public view override(Twin, ERC721) returns (string memory) {
        return Twin.name();
    }

    /// @notice Symbol of the collection, as it was on the layer.
    function symbol() public view override(Twin, ERC721) returns (string memory) {
        return Twin.symbol();
    }

    /// @notice The layer's base URI, the collection's address there, "/" and the id; empty without a base.
    function tokenURI(uint256 id) public view override returns (string memory) {
        _requireOwned(id);
        return _uriOf(id);
    }

    function _ownerOf(uint256 id) internal view override returns (address owner) {
        owner = super._ownerOf(id);
        if (owner == address(0)) owner = _firstOwner(id);
    }

    /// @notice Who got `id` in a chunk, or zero.
    function _firstOwner(uint256 id) private view returns (address) {
        uint256 low;
        uint256 high = _chunks.length;
        // The last chunk that starts at or before the id.
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_chunks[middle].firstId <= id) low = middle + 1;
            else high = middle;
        }
        if (low == 0) return address(0);
        Chunk storage c = _chunks[low - 1];
        uint256 place = id - c.firstId;
        if (place >= c.count) return address(0);
        return address(bytes20(SSTORE2.read(c.pointer, 20 * place, 20 * place + 20)));
    }

    function _mintChunk(uint256 firstId, bytes calldata owners) private {
        bytes32 transfer = Transfer.selector;
        assembly ("memory-safe") {
            let id := firstId
            let end := add(owners.offset, owners.length)
            for { let from := owners.offset } lt(from, end) { from := add(from, 20) } {
                let owner := shr(96, calldataload(from))
                if owner { log4(0x00, 0x00, transfer, 0, owner, id) }
                id := add(id, 1)
            }
        }
        _chunks.push(Chunk(SSTORE2.write(owners), uint96(owners.length / 20), firstId));
    }

    function _requireNext(uint256 firstId) private view {
        uint256 count = _chunks.length;
        if (count == 0) return;
        Chunk storage last = _chunks[count - 1];
        uint256 end = last.firstId + last.count;
        if (firstId < end) revert NotAscending(firstId, end - 1);
    }

    function _countIn(bytes memory owners, address owner) private pure returns (uint256 count) {
        assembly ("memory-safe") {
            let end := add(owners, mload(owners))
            // The word that ends with the last byte of each owner.
            for { let at := add(owners, 0x14) } iszero(gt(at, end)) { at := add(at, 0x14) } {
                count := add(count, eq(owner, and(mload(at), shr(96, not(0)))))
            }
        }
    }
}
