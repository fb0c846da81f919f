// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The positional keccak tree over all exits of a layer: leaves, heights, proofs.
/// @dev
///     leaf      keccak256(index: 4 | asset: 4 | recipient: 20 | id: 32 | value: 32), 92 bytes big-endian
///     node      keccak256(left | right), 64 bytes: no leaf can pass for a node
///     padding   leaves at and after leafCount are zero
///     depth     smallest D with 2^D >= leafCount; the root of no leaves is zero
///
/// A proof of the leaves [start, end) is, from level 0 up to level depth - 1:
///
///     | at each level                     | siblings |
///     |-----------------------------------|----------|
///     | start odd                         | node start - 1 |
///     | then: end odd                     | node end       |
///     | then: start = start / 2, end = (end + 1) / 2 | |
///
/// so that the proof of one leaf has exactly `depth` siblings, and the number of siblings follows from
/// (start, end, depth) alone.
library ExitTree {
    /// @notice Hash of one leaf.
    function leaf(uint256 index, uint256 asset, address recipient, uint256 id, uint256 value)
        internal
        pure
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, or(or(shl(224, index), shl(192, asset)), shl(32, and(recipient, shr(96, not(0))))))
            mstore(add(free, 0x1c), id)
            mstore(add(free, 0x3c), value)
            hash := keccak256(free, 0x5c)
        }
    }

    /// @notice Hash of an inner node.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            hash := keccak256(0x00, 0x40)
        }
    }

    /// @notice Height of the tree over `leafCount` leaves.
    function depthOf(uint256 leafCount) internal pure returns (uint256 depth) {
        while ((uint256(1) << depth) < leafCount) ++depth;
    }

    /// @notice Whether `hash` is leaf `index` of the tree with this root and depth.
    function verify(bytes32 root, uint256 depth, uint256 index, bytes32 hash, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (proof.length != depth || index >> depth != 0) return false;
        // The order of two nodes without a branch, and four levels at a time: 100 gas less at each level.
        assembly ("memory-safe") {
            // Place 0x20: the node is the right one of the two.
            function parent(child, place, sibling) -> above {
                mstore(place, child)
                mstore(xor(place, 0x20), calldataload(sibling))
                above := keccak256(0x00, 0x40)
            }
            let sibling := proof.offset
            let end := add(sibling, shl(5, depth))
            // Bit 5 is that of the level.
            index := shl(5, index)
            for { let singles := add(sibling, shl(5, and(depth, 3))) } lt(sibling, singles) {} {
                hash := parent(hash, and(index, 0x20), sibling)
                index := shr(1, index)
                sibling := add(sibling, 0x20)
            }
            for {} lt(sibling, end) {} {
                hash := parent(hash, and(index, 0x20), sibling)
                hash := parent(hash, and(shr(1, index), 0x20), add(sibling, 0x20))
                hash := parent(hash, and(shr(2, index), 0x20), add(sibling, 0x40))
                hash := parent(hash, and(shr(3, index), 0x20), add(sibling, 0x60))
                index := shr(4, index)
                sibling := add(sibling, 0x80)
            }
        }
        return hash == root;
    }

    /// @notice Root of the tree in which `leaves` stand from `start` on, or (0, false) when the number of
    /// siblings is wrong. The caller has checked that start + leaves.length <= 2^depth.
    /// @dev Folds level by level in place: the content of `leaves` is gone afterwards.
    function rangeRoot(bytes32[] memory leaves, uint256 start, uint256 depth, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 root, bool ok)
    {
        if (leaves.length == 0) return (0, false);
        assembly ("memory-safe") {
            let first := add(leaves, 0x20)
            let end := add(first, shl(5, mload(leaves)))
            let sibling := siblings.offset
            for { let level := 0 } lt(level, depth) { level := add(level, 1) } {
                let from := first
                let to := first
                if and(start, 1) {
                    mstore(0x00, calldataload(sibling))
                    mstore(0x20, mload(from))
                    mstore(to, keccak256(0x00, 0x40))
                    sibling := add(sibling, 0x20)
                    from := add(from, 0x20)
                    to := add(to, 0x20)
                }
                for {} lt(add(from, 0x20), end) {} {
                    mstore(to, keccak256(from, 0x40))
                    from := add(from, 0x40)
                    to := add(to, 0x20)
                }
                if lt(from, end) {
                    mstore(0x00, mload(from))
                    mstore(0x20, calldataload(sibling))
                    mstore(to, keccak256(0x00, 0x40))
                    sibling := add(sibling, 0x20)
                    to := add(to, 0x20)
                }
                end := to
                start := shr(1, start)
            }
            root := mload(first)
            // One node is left, and every sibling was used; reading past the end shows here too.
            ok := and(eq(sub(end, first), 0x20), eq(sibling, add(siblings.offset, shl(5, siblings.length))))
        }
    }
}
