// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Predeploys} from "./Predeploys.sol";
import {NotAscending, NotSystem} from "./Errors.sol";

/// @notice The L1 block up to which the layer has taken in deposits. Predeployed on every layer at Predeploys.L1_INFO.
contract L1Info {
    /// @notice Number of the L1 block; zero before the first.
    uint64 public number;
    /// @notice Its time, Unix seconds.
    uint64 public timestamp;
    /// @notice Its hash.
    bytes32 public hash;

    /// @notice Moves on to a later L1 block. Only the layer itself calls this, before the transactions of a block.
    function set(uint64 number_, uint64 timestamp_, bytes32 hash_) external {
        if (msg.sender != Predeploys.SYSTEM) revert NotSystem(msg.sender);
        if (number_ <= number) revert NotAscending(number_, number);
        (number, timestamp, hash) = (number_, timestamp_, hash_);
    }
}
