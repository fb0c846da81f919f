// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWrapped} from "./IL2Bridge.sol";
import {Predeploys} from "./Predeploys.sol";
import {NotBridge} from "./Errors.sol";

/// @notice What all wrapped tokens have in common. They stand on the layer at the address of the L1 token, from the
/// genesis on, which writes the first slots; L2Bridge mints them for deposits; nothing burns them, since they leave with
/// the exits.
abstract contract Wrapped is IWrapped {
    /// @dev Slot 0.
    string private _name;
    /// @dev Slot 1.
    string private _symbol;

    modifier onlyBridge() {
        if (msg.sender != Predeploys.BRIDGE) revert NotBridge(msg.sender);
        _;
    }

    /// @notice Name of the token on the L1.
    function name() public view virtual returns (string memory) {
        return _name;
    }

    /// @notice Symbol of the token on the L1.
    function symbol() public view virtual returns (string memory) {
        return _symbol;
    }
}
