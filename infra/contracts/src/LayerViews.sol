// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibBit} from "solady/utils/LibBit.sol";
import {Frontier} from "./Frontier.sol";
import {LayerArgs} from "./LayerArgs.sol";
import {LayerState} from "./LayerState.sol";
import {Bond, Phase} from "./Types.sol";
import {UnknownAsset} from "./Errors.sol";

/// @notice What there is to see of a layer.
abstract contract LayerViews is LayerState {
    using Frontier for bytes32[32];

    /// @notice Where this layer stands.
    function phase() external view returns (Phase) {
        return _phase();
    }

    /// @notice Hash of this layer's config.
    function configHash() external view returns (bytes32) {
        return LayerArgs.configHash();
    }

    /// @notice Root of the 32-level deposit tree, and the number of deposits in it.
    function depositRoot() external view returns (bytes32 root, uint64 count) {
        count = _depositCount;
        root = _deposits.root(count, Frontier.DEPTH);
    }

    /// @notice What was deposited of a token: an amount, for ERC-721 a number of tokens.
    function escrowOf(uint8 kind, address token) external view returns (uint256) {
        return _escrow[_key(kind, token)];
    }

    /// @notice Kind and L1 token of an asset; ETH has no token.
    function asset(uint32 index) public view returns (uint8 kind, address token) {
        if (index >= _assetCount) revert UnknownAsset(index);
        uint256 entry = _assets[index];
        return (uint8(entry >> 160), address(uint160(entry)));
    }

    /// @notice L1 token of an asset, zero for ETH.
    function tokenOf(uint32 index) external view returns (address token) {
        (, token) = asset(index);
    }

    /// @notice Whether exit `index` was paid.
    function isClaimed(uint256 index) external view returns (bool) {
        return (_claimed[index >> 8] >> (index & 0xff)) & 1 == 1;
    }

    /// @notice Number of exits that were paid. Reads one slot per 256 exits: for calls, not for contracts.
    function claimedCount() external view returns (uint256 count) {
        uint256 words = (uint256(_leafCount) + 255) >> 8;
        for (uint256 word; word < words; ++word) {
            count += LibBit.popCount(_claimed[word]);
        }
    }

    /// @notice Whether deposit `index` went back.
    function isRefunded(uint256 index) external view returns (bool) {
        return (_refunded[index >> 8] >> (index & 0xff)) & 1 == 1;
    }

    /// @notice Whether nothing is lost when the layer's own data is deleted: final, and every leaf on the L1.
    function isDisposable() external view returns (bool) {
        return _phase() == Phase.Final && _publishedCount == _leafCount;
    }

    /// @notice Number of deposits so far; the next one gets this index.
    function depositCount() external view returns (uint64) {
        return _depositCount;
    }

    /// @notice Sum of all deposits of ETH, in wei.
    function depositedWei() external view returns (uint128) {
        return _depositedWei;
    }

    /// @notice Whether deposits were ended by call; the cut-off ends them too.
    function depositsClosed() external view returns (bool) {
        return _depositsClosed;
    }

    /// @notice Whether the operator has accepted the layer. A layer without fee and bond needs no acceptance.
    function accepted() external view returns (bool) {
        return _accepted;
    }

    /// @notice Whether the last settlement was vetoed and no other one followed.
    function rejected() external view returns (bool) {
        return _rejected;
    }

    /// @notice Whether deposits go back because nobody settled in time.
    function refunding() external view returns (bool) {
        return _refunding;
    }

    /// @notice Where the operator's bond is.
    function bond() external view returns (Bond) {
        return _bond;
    }

    /// @notice Root of the exit tree.
    function exitRoot() external view returns (bytes32) {
        return _exitRoot;
    }

    /// @notice State root of the layer's last block.
    function stateRoot() external view returns (bytes32) {
        return _stateRoot;
    }

    /// @notice When claims start (unix seconds); zero before settlement.
    function finalAt() external view returns (uint64) {
        return _finalAt;
    }

    /// @notice Number of the layer's last block.
    function lastBlock() external view returns (uint64) {
        return _lastBlock;
    }

    /// @notice Number of exits.
    function leafCount() external view returns (uint32) {
        return _leafCount;
    }

    /// @notice Number of exits whose leaves are in L1 calldata, from index 0 on.
    function publishedCount() external view returns (uint32) {
        return _publishedCount;
    }

    /// @notice Number of exits that `push` has been through, from index 0 on.
    function pushedCount() external view returns (uint32) {
        return _pushedCount;
    }

    /// @notice Number of assets; ETH is the first.
    function assetCount() external view returns (uint16) {
        return _assetCount;
    }

    /// @notice Height of the exit tree.
    function depth() external view returns (uint8) {
        return _depth;
    }

    /// @notice keccak256 of the settled output.
    function outputHash() external view returns (bytes32) {
        return _outputHash;
    }

    /// @notice What all posted batches fold to.
    function batchAcc() external view returns (bytes32) {
        return _batchAcc;
    }

    /// @notice Number of deposits that the posted batches have taken in.
    function consumedDeposits() external view returns (uint64) {
        return _consumedDeposits;
    }

    /// @notice Number of the last block that was posted.
    function postedBlock() external view returns (uint64) {
        return _postedBlock;
    }

    /// @notice Number of deposits when the last batch was posted.
    function seenDeposits() external view returns (uint64) {
        return _seenDeposits;
    }

    /// @notice When the last batch was posted (unix seconds).
    function seenAt() external view returns (uint64) {
        return _seenAt;
    }

    /// @notice Root of the deposit tree when the last batch was posted.
    function seenRoot() external view returns (bytes32) {
        return _seenRoot;
    }

    /// @notice Number of batches.
    function batchCount() external view returns (uint32) {
        return _batchCount;
    }

    /// @notice The stranger who settled, while the layer holds its bond; else zero.
    function rescuer() external view returns (address) {
        return _rescuer;
    }

    /// @notice Refunds: the operator's bond, shared among the deposits of ETH, in wei.
    function refundPool() external view returns (uint128) {
        return _refundPool;
    }

    /// @notice Refunds: root of the deposit tree.
    function refundRoot() external view returns (bytes32) {
        return _refundRoot;
    }
}
