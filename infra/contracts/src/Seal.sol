// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Predeploys} from "./Predeploys.sol";
import {Asset} from "./Types.sol";

/// @notice The two hashes on which the layer's sealer and the L1 must agree.
library Seal {
    /// @notice Address of the sealer on every layer.
    address internal constant SEALER = Predeploys.SEALER;

    /// @notice Storage slot of the seal.
    uint256 internal constant SLOT = 0;

    /// @notice What the sealer stores and the L1 proves.
    function hash(
        bytes32 exitRoot,
        uint32 leafCount,
        uint8 depth,
        uint64 depositCount,
        bytes32 assetsHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(exitRoot, leafCount, depth, depositCount, assetsHash));
    }

    /// @notice Folds asset number `index` into the rolling hash of the asset list, which starts at zero.
    function fold(bytes32 assetsHash, uint32 index, Asset memory a) internal pure returns (bytes32) {
        bytes32 name = keccak256(bytes(a.name));
        bytes32 symbol = keccak256(bytes(a.symbol));
        return keccak256(abi.encode(assetsHash, index, a.kind, a.l2, a.decimals, name, symbol, a.total));
    }
}
