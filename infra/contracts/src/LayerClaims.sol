// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibBit} from "solady/utils/LibBit.sol";
import {ExitTree} from "./ExitTree.sol";
import {LayerPayments} from "./LayerPayments.sol";
import {PackedLeaves} from "./PackedLeaves.sol";
import {Exit} from "./Types.sol";
import {BadPhase, BadProof, NotNext, NotTopLevel, OutOfRange, TransferFailed} from "./Errors.sol";

/// @notice How exits are paid and published.
/// @dev Every mark is set before the payment that it stands for, so that code that a payment calls finds it set.
abstract contract LayerClaims is LayerPayments {
    /// @notice An exit in a range could not be paid; it can still be claimed.
    event ClaimFailed(uint256 indexed index, address indexed recipient, uint32 asset);
    /// @notice The leaves [start, start + count) are in this transaction's calldata, checked against the root.
    event LeavesPublished(uint256 start, uint256 count);

    /// @notice Pays exit `index` to its recipient. Anyone may call.
    /// @param proof The `depth` siblings of the leaf, from the bottom up.
    function claim(uint256 index, Exit calldata e, bytes32[] calldata proof) external {
        _requireFinal();
        _requireLeaf(index, e, proof);
        _mark(index);
        if (!_pay(e.asset, e.recipient, e.id, e.value, gasleft())) revert TransferFailed(index);
        emit Claimed(index, e.recipient, e.asset, e.id, e.value);
    }

    /// @notice Pays all unpaid exits among the packed leaves, which stand from `start` on. Anyone may call. An exit
    /// that cannot be paid does not hold up the others.
    /// @return paid How many were paid now.
    function claimRange(uint256 start, bytes calldata packed, bytes32[] calldata siblings)
        external
        returns (uint256 paid)
    {
        _requireFinal();
        uint256 count = _requireRange(start, packed, siblings);
        paid = _payFresh(start, packed, _markRange(start, count));
    }

    /// @notice Pays the exits that follow the last pushed one, like `claimRange`. Anyone may call.
    function push(bytes calldata packed, bytes32[] calldata siblings) external returns (uint256 paid) {
        _requireFinal();
        uint256 start = pushedCount;
        uint256 count = _requireRange(start, packed, siblings);
        // Within the 32 bits of leafCount, see _requireRange.
        pushedCount = uint32(start + count);
        paid = _payFresh(start, packed, _markRange(start, count));
    }

    /// @notice Puts the next leaves into L1 calldata, where everyone finds them for ever. Any plain account may call.
    function publishLeaves(uint256 start, bytes calldata packed, bytes32[] calldata siblings) external {
        if (finalAt == 0) revert BadPhase(phase());
        if (start != publishedCount) revert NotNext(start, publishedCount);
        // Else the leaves may come from anywhere but the transaction's calldata.
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotTopLevel();
        uint256 count = _requireRange(start, packed, siblings);

        // Within the 32 bits of leafCount, see _requireRange.
        publishedCount = uint32(start + count);
        emit LeavesPublished(start, count);
    }

    /// @notice Whether exit `index` was paid.
    function isClaimed(uint256 index) external view returns (bool) {
        return (_claimed[index >> 8] >> (index & 0xff)) & 1 == 1;
    }

    /// @notice Number of exits that were paid. Reads one slot per 256 exits: for calls, not for contracts.
    function claimedCount() external view returns (uint256 count) {
        uint256 words = (uint256(leafCount) + 255) >> 8;
        for (uint256 word; word < words; ++word) {
            count += LibBit.popCount(_claimed[word]);
        }
    }

    // -------------------------------------------------------------------------------------- checks

    /// @notice Checks packed leaves against the exit root and returns how many there are.
    function _requireRange(uint256 start, bytes calldata packed, bytes32[] calldata siblings)
        private
        view
        returns (uint256 count)
    {
        if (start > leafCount) revert OutOfRange(start, leafCount);
        bytes32[] memory leaves = PackedLeaves.hashes(packed, start);
        count = leaves.length;
        if (start + count > leafCount) revert OutOfRange(start + count, leafCount);
        (bytes32 root, bool ok) = ExitTree.rangeRoot(leaves, start, depth, siblings);
        if (!ok || root != exitRoot) revert BadProof();
    }

    // ------------------------------------------------------------------------------------- effects

    /// @notice Marks [start, start + count) as claimed. The result is shaped like the bitmap, from the word of
    /// `start` on: a bit says that the exit was unpaid until now.
    function _markRange(uint256 start, uint256 count) private returns (uint256[] memory fresh) {
        uint256 firstWord = start >> 8;
        uint256 lastWord = (start + count - 1) >> 8;
        fresh = new uint256[](lastWord - firstWord + 1);
        for (uint256 word = firstWord; word <= lastWord; ++word) {
            uint256 mask = type(uint256).max;
            if (word == firstWord) mask <<= start & 0xff;
            if (word == lastWord) mask &= type(uint256).max >> (255 - ((start + count - 1) & 0xff));
            uint256 before = _claimed[word];
            fresh[word - firstWord] = mask & ~before;
            _claimed[word] = before | mask;
        }
    }

    function _payFresh(uint256 start, bytes calldata packed, uint256[] memory fresh) private returns (uint256 paid) {
        uint256 firstWord = start >> 8;
        uint256 index = start;
        uint256 offset;
        while (offset < packed.length) {
            PackedLeaves.Segment memory s;
            (s, offset) = PackedLeaves.segment(packed, offset);
            for (uint256 i; i < s.count; ++i) {
                Exit memory e;
                e.asset = s.asset;
                (e.recipient, e.id, e.value, offset) = PackedLeaves.item(packed, s, i, offset);
                bool isFresh = (fresh[(index >> 8) - firstWord] >> (index & 0xff)) & 1 == 1;
                if (isFresh && _payOne(index, e)) ++paid;
                ++index;
            }
        }
    }

    /// @notice Pays one exit of a range; when that fails, its mark goes.
    function _payOne(uint256 index, Exit memory e) private returns (bool paid) {
        paid = _pay(e.asset, e.recipient, e.id, e.value, e.asset == 0 ? 0 : _allowance());
        if (paid) {
            emit Claimed(index, e.recipient, e.asset, e.id, e.value);
        } else {
            _claimed[index >> 8] &= ~(uint256(1) << (index & 0xff));
            emit ClaimFailed(index, e.recipient, e.asset);
        }
    }
}
