// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice What a contract on the layer may answer when it owns something at the end.
interface IExitRecipient {
    /// @notice Who gets on the L1 what the asked contract owns here.
    /// @param asset Index in the layer's asset list; 0 is ETH.
    /// @param id Token id for ERC-721 and ERC-1155, else zero.
    /// @param value Amount; one for ERC-721.
    function exitRecipient(uint32 asset, uint256 id, uint256 value) external view returns (address);
}
