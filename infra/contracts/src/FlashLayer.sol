// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LayerClaims} from "./LayerClaims.sol";
import {LayerDeposits} from "./LayerDeposits.sol";
import {LayerRefunds} from "./LayerRefunds.sol";
import {Phase} from "./Types.sol";
import {BadPhase, PlainTransfer} from "./Errors.sol";

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
        if (_isCode()) revert BadPhase(Phase.None);
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
}
