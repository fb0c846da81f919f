// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ExitTree} from "./ExitTree.sol";
import {BadPacking} from "./Errors.sol";

/// @notice Leaves as they travel in calldata: segments of one asset each, in index order.
/// @dev
///     segment   form: 1 | asset: 4 | count: 2, then
///     form 1    first id: 32 | count x (recipient: 20)              ids go up by one
///     form 2    count x (recipient: 20 | len: 1 | value: len)       minimal big-endian, zero is len 0
///
/// All big-endian, nothing between or after segments, count at least 1, ids below 2^256.
library PackedLeaves {
    /// @notice Sequential ids: 20 bytes per leaf.
    uint256 internal constant SEQUENTIAL = 1;
    /// @notice Explicit values.
    uint256 internal constant EXPLICIT = 2;

    /// @notice One segment's header, and where its first item stands.
    struct Segment {
        uint256 form;
        uint32 asset;
        uint256 count;
        uint256 firstId;
    }

    /// @notice Reads the segment header at `offset`; `next` is where its first item stands.
    function segment(bytes calldata packed, uint256 offset) internal pure returns (Segment memory s, uint256 next) {
        uint256 head = _load(packed, offset);
        next = offset + 7;
        s.form = head >> 248;
        s.asset = uint32(head >> 216);
        s.count = uint16(head >> 200);
        if (s.count == 0 || next > packed.length) revert BadPacking(offset);
        if (s.form == SEQUENTIAL) {
            s.firstId = _load(packed, next);
            next += 32;
            if (next + 20 * s.count > packed.length) revert BadPacking(offset);
            unchecked {
                if (s.firstId + (s.count - 1) < s.firstId) revert BadPacking(offset);
            }
        } else if (s.form != EXPLICIT) {
            revert BadPacking(offset);
        }
    }

    /// @notice Reads item number `i` of `s` at `offset`; `next` is where the one after it stands.
    function item(bytes calldata packed, Segment memory s, uint256 i, uint256 offset)
        internal
        pure
        returns (address recipient, uint256 value, uint256 next)
    {
        unchecked {
            recipient = address(uint160(_load(packed, offset) >> 96));
            // `segment` has checked the bounds of form 1 and that its ids do not overflow.
            if (s.form == SEQUENTIAL) return (recipient, s.firstId + i, offset + 20);
            uint256 head = _load(packed, offset + 20);
            uint256 length = head >> 248;
            next = offset + 21 + length;
            if (length > 32 || next > packed.length) revert BadPacking(offset);
            // Minimal: no leading zero byte.
            if (length != 0 && (head >> 240) & 0xff == 0) revert BadPacking(offset);
            value = length == 0 ? 0 : _load(packed, offset + 21) >> (256 - 8 * length);
        }
    }

    /// @notice Leaf hashes of everything in `packed`, the first one as leaf number `start`.
    /// @dev Builds the array at the free memory pointer, since its length is only known at the end.
    function hashes(bytes calldata packed, uint256 start) internal pure returns (bytes32[] memory leaves) {
        uint256 offset;
        uint256 slot;
        uint256 index = start;
        Segment memory s;
        // Room for the most leaves that this many bytes can hold: 20 bytes each.
        uint256 room = packed.length / 20;
        assembly ("memory-safe") {
            leaves := mload(0x40)
            slot := add(leaves, 0x20)
            mstore(0x40, add(slot, shl(5, room)))
        }
        while (offset < packed.length) {
            (s, offset) = segment(packed, offset);
            for (uint256 i; i < s.count; ++i) {
                address recipient;
                uint256 value;
                (recipient, value, offset) = item(packed, s, i, offset);
                bytes32 hash = ExitTree.leaf(index, s.asset, recipient, value);
                assembly ("memory-safe") {
                    mstore(slot, hash)
                    slot := add(slot, 0x20)
                    index := add(index, 1)
                }
            }
        }
        assembly ("memory-safe") {
            mstore(leaves, sub(index, start))
        }
    }

    /// @notice The 32 bytes at `offset`; bytes after the end of the calldata read as zero.
    function _load(bytes calldata packed, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(packed.offset, offset))
        }
    }
}
