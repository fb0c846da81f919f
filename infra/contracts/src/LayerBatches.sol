// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ExitTree} from "./ExitTree.sol";
import {Frontier} from "./Frontier.sol";
import {LayerState} from "./LayerState.sol";
import {BatchHead, Config, DA_BLOBS, DA_LEAVES, Deposit, MODE_ATTESTED} from "./Types.sol";
import {
    BadConsumed,
    BadDeposit,
    BadPayload,
    BatchesOff,
    DepositOverdue,
    NotAllowed,
    NotTopLevel,
    PostedAlready,
    TooEarly,
    TooLate,
    WrongBlobs
} from "./Errors.sol";

/// @notice How the layer's blocks get onto the L1, from which anybody can build the layer again.
abstract contract LayerBatches is LayerState {
    using Frontier for bytes32[32];

    /// @notice A run of blocks was posted: in the blobs of this transaction, or in its calldata if it has none.
    event Batch(uint32 indexed n, bytes32 acc, BatchHead head, bytes32[] blobHashes);

    /// @notice Posts the blocks after the last posted one. The operator does; from T1 on also the organiser (mode
    /// A) and any attestor (mode B), for a rescue.
    /// @param payload The blocks, when they are published in calldata; else empty.
    /// @param oldest The oldest deposit that is not taken in, with `proof`: the 32 siblings in the tree of the first
    /// `seenDeposits` deposits if it is one of them, else in the newest tree. Not looked at when every deposit is
    /// taken in, nor when it is newer than the last batch and that is not older than `maxDepositDelay`.
    function postBatch(
        Config calldata c,
        BatchHead calldata head,
        bytes calldata payload,
        Deposit calldata oldest,
        bytes32[] calldata proof
    ) external {
        _requireConfig(c);
        _requireUnsettled();
        _requirePoster(c);
        if (head.lastBlock <= _postedBlock) revert PostedAlready(head.lastBlock, _postedBlock);
        _requireConsumed(c, head.consumedDeposits, oldest, proof);
        (bytes32 data, bytes32[] memory blobHashes) = _dataOf(c, head, payload);

        bytes32 acc = keccak256(abi.encode(_batchAcc, head, data));
        _batchAcc = acc;
        _postedBlock = head.lastBlock;
        uint32 n = _batchCount;
        _batchCount = n + 1;
        emit Batch(n, acc, head, blobHashes);
    }

    function _requirePoster(Config calldata c) private view {
        if (block.timestamp < c.startsAt) revert TooEarly(c.startsAt);
        uint256 rescueAt = uint256(c.endsAt) + c.settleDelay;
        if (block.timestamp >= rescueAt + c.rescueDelay) revert TooLate(rescueAt + c.rescueDelay);
        if (msg.sender == c.operator) return;
        if (block.timestamp < rescueAt || !_mayRescue(c)) revert NotAllowed(msg.sender);
    }

    function _mayRescue(Config calldata c) private view returns (bool) {
        if (c.mode != MODE_ATTESTED) return msg.sender == c.organiser;
        for (uint256 i; i < c.quorum.attestors.length; ++i) {
            if (msg.sender == c.quorum.attestors[i]) return true;
        }
        return false;
    }

    /// @dev Forced inclusion: nothing is accepted while a deposit waits for longer than the config allows.
    function _requireConsumed(Config calldata c, uint64 consumed, Deposit calldata oldest, bytes32[] calldata proof)
        private
    {
        uint64 count = _depositCount;
        if (consumed < _consumedDeposits || consumed > count) revert BadConsumed(consumed, _consumedDeposits, count);
        bytes32 root = _deposits.root(count, Frontier.DEPTH);
        if (consumed < count) _requireRecent(c, consumed, oldest, proof, root);
        _consumedDeposits = consumed;
        _seenDeposits = count;
        _seenAt = uint64(block.timestamp);
        _seenRoot = root;
    }

    /// @dev The root changes with every deposit, and a proof must not become worthless on its way here. So a
    /// deposit that was there at the last batch is proved in the tree of that time, and one that was not is at
    /// most as old as that batch.
    function _requireRecent(
        Config calldata c,
        uint64 consumed,
        Deposit calldata oldest,
        bytes32[] calldata proof,
        bytes32 root
    ) private view {
        bool seen = consumed < _seenDeposits;
        if (!seen && block.timestamp <= uint256(_seenAt) + c.maxDepositDelay) return;
        bytes32 leaf = keccak256(abi.encode(oldest));
        if (!ExitTree.verify(seen ? _seenRoot : root, Frontier.DEPTH, consumed, leaf, proof)) revert BadDeposit(consumed);
        if (block.timestamp > uint256(oldest.l1Time) + c.maxDepositDelay) revert DepositOverdue(consumed);
    }

    /// @notice Hash of what this transaction publishes: of the blobs' versioned hashes, or of the payload.
    function _dataOf(Config calldata c, BatchHead calldata head, bytes calldata payload)
        private
        view
        returns (bytes32 data, bytes32[] memory blobHashes)
    {
        if (c.da == DA_LEAVES) revert BatchesOff();
        if (c.da == DA_BLOBS) {
            if (payload.length != 0) revert BadPayload(payload.length);
            blobHashes = _blobHashes(head.blobs);
            return (keccak256(abi.encodePacked(blobHashes)), blobHashes);
        }
        if (payload.length == 0) revert BadPayload(0);
        if (head.blobs != 0) revert WrongBlobs(head.blobs);
        // Else it is not the transaction's own calldata, where everybody looks for it.
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotTopLevel();
        return (keccak256(payload), blobHashes);
    }

    /// @dev All blobs of the transaction: one that is not counted would be paid for and forgotten.
    function _blobHashes(uint256 count) private view returns (bytes32[] memory hashes) {
        if (count == 0 || blobhash(count) != 0) revert WrongBlobs(count);
        hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            hashes[i] = blobhash(i);
            if (hashes[i] == 0) revert WrongBlobs(count);
        }
    }
}
