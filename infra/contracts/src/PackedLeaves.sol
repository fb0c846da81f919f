// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BadPacking} from "./Errors.sol";

/// @notice Leaves as they travel in calldata: segments of one asset each, in index order.
/// @dev
///     segment   form: 1 | asset: 4 | count: 2, then
///     form 1    first id: 32 | count x (recipient: 20)              ids go up by one, each value is one
///     form 2    count x (recipient: 20 | len: 1 | value: len)       each id is zero
///     form 3    id: 32 | count x (recipient: 20 | len: 1 | value: len)
///     form 4    count x (recipient: 20 | len: 1 | id: len)          each value is one
///
/// All big-endian, nothing between or after segments, count at least 1, ids below 2^256. What has a length is
/// minimal: zero has length 0.
library PackedLeaves {
    /// @notice Tokens with ids that follow each other: 20 bytes per leaf.
    uint256 internal constant SEQUENTIAL = 1;
    /// @notice Amounts of an asset without ids.
    uint256 internal constant AMOUNTS = 2;
    /// @notice Amounts of one id.
    uint256 internal constant AMOUNTS_OF_ID = 3;
    /// @notice Tokens with any ids.
    uint256 internal constant IDS = 4;

    /// @notice One segment's header, and where its first item stands.
    struct Segment {
        uint256 form;
        uint32 asset;
        uint256 count;
        // The first id of form 1, the only one of form 3, else zero.
        uint256 id;
    }

    /// @notice Reads the segment header at `offset`; `next` is where its first item stands.
    function segment(bytes calldata packed, uint256 offset) internal pure returns (Segment memory s, uint256 next) {
        uint256 head = _load(packed, offset);
        next = offset + 7;
        s.form = head >> 248;
        s.asset = uint32(head >> 216);
        s.count = uint16(head >> 200);
        bool hasId = s.form == SEQUENTIAL || s.form == AMOUNTS_OF_ID;
        if (!hasId && s.form != AMOUNTS && s.form != IDS) revert BadPacking(offset);
        if (hasId) {
            s.id = _load(packed, next);
            next += 32;
        }
        if (s.count == 0 || next > packed.length) revert BadPacking(offset);
        if (s.form == SEQUENTIAL) {
            if (next + 20 * s.count > packed.length) revert BadPacking(offset);
            unchecked {
                if (s.id + (s.count - 1) < s.id) revert BadPacking(offset);
            }
        }
    }

    /// @notice Reads item number `i` of `s` at `offset`; `next` is where the one after it stands.
    function item(bytes calldata packed, Segment memory s, uint256 i, uint256 offset)
        internal
        pure
        returns (address recipient, uint256 id, uint256 value, uint256 next)
    {
        unchecked {
            recipient = address(uint160(_load(packed, offset) >> 96));
            // `segment` has checked the bounds of form 1 and that its ids do not overflow.
            if (s.form == SEQUENTIAL) return (recipient, s.id + i, 1, offset + 20);
            uint256 head = _load(packed, offset + 20);
            uint256 length = head >> 248;
            next = offset + 21 + length;
            if (length > 32 || next > packed.length) revert BadPacking(offset);
            // Minimal: no leading zero byte.
            if (length != 0 && (head >> 240) & 0xff == 0) revert BadPacking(offset);
            uint256 number = length == 0 ? 0 : _load(packed, offset + 21) >> (256 - 8 * length);
            (id, value) = s.form == IDS ? (number, 1) : (s.id, number);
        }
    }

    /// @notice Leaf hashes of everything in `packed`, the first one as leaf number `start`.
    /// @dev Builds the array at the free memory pointer, since its length is only known at the end. Publishing a leaf
    /// costs its calldata (EIP-7623) as long as this and the folding stay below 480 gas, hence the assembly.
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
            offset = s.form == SEQUENTIAL
                ? _hashRun(packed, s, offset, index, slot)
                : _hashItems(packed, s, offset, index, slot);
            index += s.count;
            slot += 32 * s.count;
        }
        assembly ("memory-safe") {
            mstore(leaves, sub(index, start))
        }
    }

    /// @notice Writes the leaf hashes of a segment of form 1 from memory `slot` on; returns where the segment ends.
    function _hashRun(bytes calldata packed, Segment memory s, uint256 offset, uint256 index, uint256 slot)
        private
        pure
        returns (uint256 next)
    {
        (uint256 asset, uint256 count, uint256 id) = (s.asset, s.count, s.id);
        next = offset + 20 * count;
        assembly ("memory-safe") {
            // The 92 bytes of a leaf, see ExitTree.leaf.
            let free := mload(0x40)
            let head := or(shl(224, index), shl(192, asset))
            let from := add(packed.offset, offset)
            for { let end := add(slot, shl(5, count)) } lt(slot, end) { slot := add(slot, 0x20) } {
                mstore(free, or(head, shl(32, shr(96, calldataload(from)))))
                mstore(add(free, 0x1c), id)
                mstore(add(free, 0x3c), 1)
                mstore(slot, keccak256(free, 0x5c))
                head := add(head, shl(224, 1))
                id := add(id, 1)
                from := add(from, 20)
            }
        }
    }

    /// @notice Writes the leaf hashes of a segment of any other form from memory `slot` on; returns where it ends.
    function _hashItems(bytes calldata packed, Segment memory s, uint256 offset, uint256 index, uint256 slot)
        private
        pure
        returns (uint256 next)
    {
        (uint256 head, uint256 count, uint256 id) = ((index << 224) | (uint256(s.asset) << 192), s.count, s.id);
        bool isIds = s.form == IDS;
        bool bad;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let from := add(packed.offset, offset)
            let last := add(packed.offset, packed.length)
            for { let end := add(slot, shl(5, count)) } lt(slot, end) { slot := add(slot, 0x20) } {
                let word := calldataload(from)
                let length := byte(20, word)
                let to := add(add(from, 21), length)
                // Too long, cut off, or with a leading zero: where there are no digits, the byte is not looked at.
                if or(or(gt(length, 32), gt(to, last)), lt(byte(21, word), iszero(iszero(length)))) {
                    bad := 1
                    break
                }
                // A shift by 256 leaves zero.
                let digits := shr(sub(256, shl(3, length)), calldataload(add(from, 21)))
                mstore(free, or(head, shl(32, shr(96, word))))
                switch isIds
                case 0 {
                    mstore(add(free, 0x1c), id)
                    mstore(add(free, 0x3c), digits)
                }
                default {
                    mstore(add(free, 0x1c), digits)
                    mstore(add(free, 0x3c), 1)
                }
                mstore(slot, keccak256(free, 0x5c))
                head := add(head, shl(224, 1))
                from := to
            }
            next := sub(from, packed.offset)
        }
        if (bad) revert BadPacking(next);
    }

    /// @notice The 32 bytes at `offset`; bytes after the end of the calldata read as zero.
    function _load(bytes calldata packed, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(packed.offset, offset))
        }
    }
}
