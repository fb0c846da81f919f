// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LayerBatches} from "./LayerBatches.sol";
import {LayerOrphans} from "./LayerOrphans.sol";
import {LayerSettlement} from "./LayerSettlement.sol";
import {LayerViews} from "./LayerViews.sol";
import {Twins} from "./Types.sol";

/// @notice The second half of `FlashLayer`'s code, for what happens seldom: batches, settlement, what the final state
/// proves, and what there is to see.
/// @dev Runs in a layer by DELEGATECALL from `FlashLayer`. On its own it is no layer: no config has its hash.
contract FlashSettlement is LayerBatches, LayerSettlement, LayerOrphans, LayerViews {
    /// @notice Fixes the code behind the twins.
    constructor(Twins memory twins) LayerSettlement(twins) {}
}
