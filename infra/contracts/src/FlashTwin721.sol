// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "solady/tokens/ERC721.sol";
import {Twin} from "./Twin.sol";

/// @notice The twin of an ERC-721 collection.
contract FlashTwin721 is Twin, ERC721 {
    /// @notice Mints token `id` for `to`. Only the layer may, and only once per id.
    /// @dev No callback: a claim must not depend on what the recipient's code does.
    function mint(address to, uint256 id) external onlyLayer {
        _mint(to, id);
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
        if (!_exists(id)) revert TokenDoesNotExist();
        return _uriOf(id);
    }
}
