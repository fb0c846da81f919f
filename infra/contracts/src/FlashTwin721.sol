// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "solady/tokens/ERC721.sol";
import {LibString} from "solady/utils/LibString.sol";
import {TwinArgs} from "./TwinArgs.sol";
import {NotLayer} from "./Errors.sol";

/// @notice The L1 home of a collection that was born on a flash layer. Minted by claims, never burned.
contract FlashTwin721 is ERC721 {
    /// @notice Mints token `id` for `to`. Only the layer may, and only once per id.
    /// @dev No callback: a claim must not depend on what the recipient's code does.
    function mint(address to, uint256 id) external {
        if (msg.sender != TwinArgs.layer()) revert NotLayer(msg.sender);
        _mint(to, id);
    }

    /// @notice The layer that mints this twin.
    function layer() external view returns (address) {
        return TwinArgs.layer();
    }

    /// @notice Index of the collection in the layer's asset list.
    function asset() external view returns (uint32) {
        return TwinArgs.asset();
    }

    /// @notice Address of the collection on the layer.
    function l2Token() external view returns (address) {
        return TwinArgs.l2();
    }

    /// @notice Name of the collection, as it was on the layer.
    function name() public view override returns (string memory) {
        return TwinArgs.name();
    }

    /// @notice Symbol of the collection, as it was on the layer.
    function symbol() public view override returns (string memory) {
        return TwinArgs.symbol();
    }

    /// @notice The layer's base URI, the collection's address there, "/" and the id; empty without a base.
    function tokenURI(uint256 id) public view override returns (string memory) {
        if (!_exists(id)) revert TokenDoesNotExist();
        string memory base = TwinArgs.baseUri();
        if (bytes(base).length == 0) return "";
        return string.concat(base, LibString.toHexString(TwinArgs.l2()), "/", LibString.toString(id));
    }
}
