// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

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
    /// @notice The tokens [firstId, firstId + count) of a bulk twin went to their owners, but for those paid before.
    event Pushed(uint32 indexed asset, uint256 firstId, uint256 count);
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
        paid = _payFresh(start, packed, _markRange(start, count), false);
    }

    /// @notice Pays the exits that follow the last pushed one, like `claimRange`. Anyone may call.
    function push(bytes calldata packed, bytes32[] calldata siblings) external returns (uint256 paid) {
        _requireFinal();
        uint256 start = _pushedCount;
        uint256 count = _requireRange(start, packed, siblings);
        // Within the 32 bits of leafCount, see _requireRange.
        _pushedCount = uint32(start + count);
        paid = _payFresh(start, packed, _markRange(start, count), true);
    }

    /// @notice Puts the next leaves into L1 calldata, where everyone finds them for ever. Any plain account may call.
    function publishLeaves(uint256 start, bytes calldata packed, bytes32[] calldata siblings) external {
        if (_finalAt == 0) revert BadPhase(_phase());
        if (start != _publishedCount) revert NotNext(start, _publishedCount);
        // Else the leaves may come from anywhere but the transaction's calldata.
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotTopLevel();
        uint256 count = _requireRange(start, packed, siblings);

        // Within the 32 bits of leafCount, see _requireRange.
        _publishedCount = uint32(start + count);
        emit LeavesPublished(start, count);
    }

    // -------------------------------------------------------------------------------------- checks

    /// @notice Checks packed leaves against the exit root and returns how many there are.
    function _requireRange(uint256 start, bytes calldata packed, bytes32[] calldata siblings)
        private
        view
        returns (uint256 count)
    {
        if (start > _leafCount) revert OutOfRange(start, _leafCount);
        bytes32[] memory leaves = PackedLeaves.hashes(packed, start);
        count = leaves.length;
        if (start + count > _leafCount) revert OutOfRange(start + count, _leafCount);
        (bytes32 root, bool ok) = ExitTree.rangeRoot(leaves, start, _depth, siblings);
        if (!ok || root != _exitRoot) revert BadProof();
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

    /// @notice Pays what is fresh among the leaves from `start` on.
    /// @param isPush Whether the leaves come in their order, so that bulk twins can take runs of them.
    function _payFresh(uint256 start, bytes calldata packed, uint256[] memory fresh, bool isPush)
        private
        returns (uint256 paid)
    {
        uint256 base = start & ~uint256(0xff);
        uint256 index = start;
        uint256 offset;
        Exit memory e;
        while (offset < packed.length) {
            PackedLeaves.Segment memory s;
            (s, offset) = PackedLeaves.segment(packed, offset);
            bool isRun = isPush && s.form == PackedLeaves.SEQUENTIAL && _isBulk(s.asset);
            if (isRun) {
                uint256 end = offset + 20 * s.count;
                (bool done, uint256 count) = _mintRun(s, packed[offset:end], fresh, index - base);
                if (done) {
                    (paid, index, offset) = (paid + count, index + s.count, end);
                    continue;
                }
            }
            e.asset = s.asset;
            for (uint256 i; i < s.count; ++i) {
                (e.recipient, e.id, e.value, offset) = PackedLeaves.item(packed, s, i, offset);
                if (_isFresh(fresh, index - base) && _payOne(index, e)) ++paid;
                ++index;
            }
        }
    }

    function _isFresh(uint256[] memory fresh, uint256 place) private pure returns (bool) {
        return (fresh[place >> 8] >> (place & 0xff)) & 1 == 1;
    }

    /// @notice Mints a run of tokens in a bulk twin at once; owners of tokens that were paid before become zero. When
    /// the twin refuses, nothing is done, and the caller tries one by one.
    function _mintRun(PackedLeaves.Segment memory s, bytes calldata recipients, uint256[] memory fresh, uint256 place)
        private
        returns (bool done, uint256 count)
    {
        bytes memory owners = recipients;
        for (uint256 i; i < s.count; ++i) {
            if (_isFresh(fresh, place + i)) {
                ++count;
                continue;
            }
            assembly ("memory-safe") {
                // The 20 bytes of owner i, and what follows as it was.
                let at := add(add(owners, 0x20), mul(20, i))
                mstore(at, shr(160, shl(160, mload(at))))
            }
        }
        done = count == 0 || _mintBulk(s.asset, s.id, owners);
        if (done) emit Pushed(s.asset, s.id, s.count);
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
