// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ExitTree} from "./ExitTree.sol";

/// @notice An append-only Merkle tree of up to 2^32 - 1 leaves that keeps one node per level.
/// @dev `nodes[h]` is the newest complete left subtree of height h. An append writes exactly one slot.
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
