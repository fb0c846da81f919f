// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ExitTree} from "./ExitTree.sol";

/// @notice An append-only Merkle tree of up to 2^32 - 1 leaves that keeps one node per level.
/// @dev `nodes[h]` is the newest complete left subtree of height h; it matters when bit h of the number of leaves is
/// set. An append in storage writes exactly one slot. Many appends are made in memory, between `load` and `save`.
library Frontier {
    /// @notice The most leaves that a tree can take.
    uint256 internal constant CAPACITY = type(uint32).max;

    /// @notice Height of the deposit tree.
    uint256 internal constant DEPTH = 32;

    /// @notice Adds `leaf` as number `index`; the caller counts.
    function append(bytes32[32] storage nodes, uint256 index, bytes32 leaf) internal {
        uint256 height;
        while (index & 1 == 1) {
            leaf = ExitTree.node(nodes[height], leaf);
            index >>= 1;
            ++height;
        }
        nodes[height] = leaf;
    }

    /// @notice Adds `leaf` as number `index` to nodes in memory.
    function push(bytes32[32] memory nodes, uint256 index, bytes32 leaf) internal pure {
        assembly ("memory-safe") {
            let place := nodes
            for {} and(index, 1) { index := shr(1, index) } {
                mstore(0x00, mload(place))
                mstore(0x20, leaf)
                leaf := keccak256(0x00, 0x40)
                place := add(place, 0x20)
            }
            mstore(place, leaf)
        }
    }

    /// @notice The nodes of a tree of `count` leaves.
    function load(bytes32[32] storage nodes, uint256 count) internal view returns (bytes32[32] memory loaded) {
        for (uint256 height; count >> height != 0; ++height) {
            if ((count >> height) & 1 == 1) loaded[height] = nodes[height];
        }
    }

    /// @notice Writes the nodes of a tree of `count` leaves.
    function save(bytes32[32] storage nodes, bytes32[32] memory loaded, uint256 count) internal {
        for (uint256 height; count >> height != 0; ++height) {
            if ((count >> height) & 1 == 1) nodes[height] = loaded[height];
        }
    }

    /// @notice Root of the tree of height `depth` over the first `count` leaves, padded with zero leaves.
    function root(bytes32[32] storage nodes, uint256 count, uint256 depth) internal view returns (bytes32 hash) {
        if (count == uint256(1) << depth) return nodes[depth];
        bytes32 zero;
        for (uint256 height; height < depth; ++height) {
            hash = (count >> height) & 1 == 1 ? ExitTree.node(nodes[height], hash) : ExitTree.node(hash, zero);
            zero = ExitTree.node(zero, zero);
        }
    }
}
