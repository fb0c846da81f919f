// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibString} from "solady/utils/LibString.sol";
import {TwinArgs} from "./TwinArgs.sol";
import {NotLayer} from "./Errors.sol";

/// @notice What all twins have in common: they are the L1 home of a token that was born on a flash layer, are minted by
/// claims, and never burned.
abstract contract Twin {
    modifier onlyLayer() {
        if (msg.sender != TwinArgs.layer()) revert NotLayer(msg.sender);
        _;
    }

    /// @notice The layer that mints this twin.
    function layer() external view returns (address) {
        return TwinArgs.layer();
    }

    /// @notice Index of the token in the layer's asset list.
    function asset() external view returns (uint32) {
        return TwinArgs.asset();
    }

    /// @notice Address of the token on the layer.
    function l2Token() external view returns (address) {
        return TwinArgs.l2();
    }

    /// @notice Name of the token, as it was on the layer.
    function name() public view virtual returns (string memory) {
        return TwinArgs.name();
    }

    /// @notice Symbol of the token, as it was on the layer.
    function symbol() public view virtual returns (string memory) {
        return TwinArgs.symbol();
    }

    /// @notice The layer's base URI, the token's address there, "/" and the id; empty without a base.
    function _uriOf(uint256 id) internal view returns (string memory) {
        string memory base = TwinArgs.baseUri();
        if (bytes(base).length == 0) return "";
        return string.concat(base, LibString.toHexString(TwinArgs.l2()), "/", LibString.toString(id));
    }
}
