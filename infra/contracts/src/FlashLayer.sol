// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LayerClaims} from "./LayerClaims.sol";
import {LayerDeposits} from "./LayerDeposits.sol";
import {LayerRefunds} from "./LayerRefunds.sol";
import {Phase} from "./Types.sol";
import {PlainTransfer, UnknownAsset} from "./Errors.sol";

/// @notice The L1 side of one flash layer: takes deposits, is settled once, pays every exit once.
/// @dev Lives behind an immutable clone whose arguments are in `LayerArgs`. No owner, no pause, no upgrade.
/// Functions that need the config take it and check the hash. What happens often is here; the rest is in
/// `FlashSettlement`, whose address is fixed in this code.
contract FlashLayer is LayerDeposits, LayerClaims, LayerRefunds {
    /// @notice The second half of the code.
    address public immutable settlement;

    /// @notice Fixes the second half of the code.
    constructor(address settlement_) {
        settlement = settlement_;
    }

    /// @notice Refuses ETH that is no deposit: nobody would own it.
    receive() external payable {
        revert PlainTransfer();
    }

    /// @notice Everything that `FlashSettlement` has runs in this layer.
    fallback() external payable {
        address code = settlement;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let ok := delegatecall(gas(), code, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(ok) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }

    /// @notice Kind and L1 token of an asset; ETH has no token.
    function asset(uint32 index) public view returns (uint8 kind, address token) {
        if (index >= assetCount) revert UnknownAsset(index);
        uint256 entry = _assets[index];
        return (uint8(entry >> 160), address(uint160(entry)));
    }

    /// @notice L1 token of an asset, zero for ETH.
    function tokenOf(uint32 index) external view returns (address token) {
        (, token) = asset(index);
    }

    /// @notice Whether nothing is lost when the layer's own data is deleted: final, and every leaf on the L1.
    function isDisposable() external view returns (bool) {
        return phase() == Phase.Final && publishedCount == leafCount;
    }
}
