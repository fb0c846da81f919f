// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "solady/tokens/ERC721.sol";
import {LibString} from "solady/utils/LibString.sol";
import {Wrapped} from "./Wrapped.sol";

/// @notice An ERC-721 collection of the L1 on the layer.
contract WrappedERC721 is Wrapped, ERC721 {
    /// @dev Slot 2.
    string private _baseUri;
    /// @notice Number of tokens.
    uint256 public totalSupply;

    /// @notice Mints token `id` for `to`. Only the bridge may.
    /// @dev No callback: a deposit must not depend on what the recipient's code does.
    function mint(address to, uint256 id) external onlyBridge {
        ++totalSupply;
        _mint(to, id);
    }

    /// @notice Name of the collection on the L1.
    function name() public view override(Wrapped, ERC721) returns (string memory) {
        return Wrapped.name();
    }

    /// @notice Symbol of the collection on the L1.
    function symbol() public view override(Wrapped, ERC721) returns (string memory) {
        return Wrapped.symbol();
    }

    /// @notice The base URI and the id; empty without a base.
    function tokenURI(uint256 id) public view override returns (string memory) {
        if (!_exists(id)) revert TokenDoesNotExist();
        return bytes(_baseUri).length == 0 ? "" : string.concat(_baseUri, LibString.toString(id));
    }
}
