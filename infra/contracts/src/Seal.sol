// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The two hashes on which the layer's sealer and the L1 must agree.
library Seal {
    /// @notice Address of the sealer on every layer.
    address internal constant SEALER = 0x4d61796600000000000000000000000000000001;

    /// @notice Storage slot of the seal.
    uint256 internal constant SLOT = 0;

    /// @notice What the sealer stores and the L1 proves.
    function hash(
        bytes32 exitRoot,
        uint32 leafCount,
        uint8 depth,
        uint64 depositCount,
        uint256 ethTotal,
        bytes32 assetsHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(exitRoot, leafCount, depth, depositCount, ethTotal, assetsHash));
    }

    /// @notice Folds asset number `index` into the rolling hash of the asset list, which starts at zero.
    function fold(bytes32 assetsHash, uint32 index, uint8 kind, address l2, string memory name, string memory symbol)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(assetsHash, index, kind, l2, keccak256(bytes(name)), keccak256(bytes(symbol)))
        );
    }
}
