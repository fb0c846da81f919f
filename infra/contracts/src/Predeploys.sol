// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Addresses that mean the same on every layer.
library Predeploys {
    /// @notice Sends the transactions of the layer itself. Nobody has its key.
    address internal constant SYSTEM = 0x4D61796600000000000000000000000000000000;

    /// @notice ExitSealer.
    address internal constant SEALER = 0x4d61796600000000000000000000000000000001;

    /// @notice L2Bridge.
    address internal constant BRIDGE = 0x4d61796600000000000000000000000000000002;

    /// @notice L1Info.
    address internal constant L1_INFO = 0x4D61796600000000000000000000000000000003;
}
