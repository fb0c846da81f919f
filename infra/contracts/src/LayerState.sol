// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LayerArgs} from "./LayerArgs.sol";
import {Bond, Config, Phase} from "./Types.sol";
import {BadConfig, BadPhase, NotAllowed} from "./Errors.sol";

/// @notice What a layer stores on the L1, and the questions that all its parts ask of it.
/// @dev `FlashLayer` and `FlashSettlement` are one contract in two codes, for the limit of EIP-170: the first
/// hands what it does not know to the second by DELEGATECALL. This is the layout that they share.
abstract contract LayerState {
    // ---- slot 0: written by deposits ----

    /// @notice Number of deposits so far; the next one gets this index.
    uint64 internal _depositCount;
    /// @notice Sum of all deposits of ETH, in wei.
    uint128 internal _depositedWei;
    /// @notice Whether deposits were ended by call; the cut-off ends them too.
    bool internal _depositsClosed;
    /// @notice Whether the operator has accepted the layer. A layer without fee and bond needs no acceptance.
    bool internal _accepted;
    /// @notice Whether the last settlement was vetoed and no other one followed.
    bool internal _rejected;
    /// @notice Whether deposits go back because nobody settled in time.
    bool internal _refunding;
    /// @notice Where the operator's bond is.
    Bond internal _bond;

    // ---- slots 1 to 4: written by settle ----

    /// @notice Root of the exit tree.
    bytes32 internal _exitRoot;
    /// @notice State root of the layer's last block.
    bytes32 internal _stateRoot;
    /// @notice When claims start (unix seconds); zero before settlement.
    uint64 internal _finalAt;
    /// @notice Number of the layer's last block.
    uint64 internal _lastBlock;
    /// @notice Number of exits.
    uint32 internal _leafCount;
    /// @notice Number of exits whose leaves are in L1 calldata, from index 0 on.
    uint32 internal _publishedCount;
    /// @notice Number of exits that `push` has been through, from index 0 on.
    uint32 internal _pushedCount;
    /// @notice Number of assets; ETH is the first.
    uint16 internal _assetCount;
    /// @notice Height of the exit tree.
    uint8 internal _depth;
    /// @notice keccak256 of the settled output.
    bytes32 internal _outputHash;

    // ---- slots 5 to 8: written by batches ----

    /// @notice What all posted batches fold to.
    bytes32 internal _batchAcc;
    /// @notice Number of deposits that the posted batches have taken in.
    uint64 internal _consumedDeposits;
    /// @notice Number of the last block that was posted.
    uint64 internal _postedBlock;
    /// @notice Number of deposits when the last batch was posted.
    uint64 internal _seenDeposits;
    /// @notice When the last batch was posted (unix seconds).
    uint64 internal _seenAt;
    /// @notice Root of the deposit tree when the last batch was posted.
    bytes32 internal _seenRoot;
    /// @notice Number of batches.
    uint32 internal _batchCount;

    // ---- from here on: written on the ways out ----

    /// @notice The stranger who settled, while the layer holds its bond; else zero.
    address internal _rescuer;
    /// @notice Refunds: the operator's bond, shared among the deposits of ETH, in wei.
    uint128 internal _refundPool;
    /// @notice Refunds: root of the deposit tree.
    bytes32 internal _refundRoot;

    /// @dev Deposit tree, newest complete left subtree per level.
    bytes32[32] internal _deposits;
    /// @dev One bit per exit.
    mapping(uint256 word => uint256 bits) internal _claimed;
    /// @dev One bit per deposit.
    mapping(uint256 word => uint256 bits) internal _refunded;
    /// @dev L1 token and kind per asset index: kind << 160 | token.
    mapping(uint256 asset => uint256 token) internal _assets;
    /// @dev What was deposited of a token, keyed by kind << 160 | token.
    mapping(uint256 token => uint256 amount) internal _escrow;

    /// @dev The token whose deposit is under way: it may not call back into another one.
    address internal transient _taking;

    /// @dev The code itself, which is not a layer.
    address private immutable _self = address(this);

    /// @notice Where this layer stands.
    function _phase() internal view returns (Phase) {
        if (_isCode()) return Phase.None;
        if (_finalAt != 0) return block.timestamp < _finalAt ? Phase.Settled : Phase.Final;
        if (_refunding) return Phase.Refund;
        if (_rejected) return Phase.Rejected;
        if (_accepted) return Phase.Open;
        (,, bool offered) = LayerArgs.terms();
        return offered ? Phase.Offered : Phase.Open;
    }

    /// @notice Whether this is the code behind the layers, and not a layer.
    function _isCode() internal view returns (bool) {
        return address(this) == _self;
    }

    /// @notice Checks that `c` is this layer's config.
    function _requireConfig(Config calldata c) internal view {
        bytes32 got = keccak256(abi.encode(c));
        bytes32 expected = LayerArgs.configHash();
        if (got != expected) revert BadConfig(got, expected);
    }

    /// @notice Checks that nothing is settled yet, or not any more, and that no deposit goes back.
    function _requireUnsettled() internal view {
        Phase have = _phase();
        if (have != Phase.Open && have != Phase.Rejected) revert BadPhase(have);
    }

    /// @notice Checks that the caller is `expected`.
    function _requireCaller(address expected) internal view {
        if (msg.sender != expected) revert NotAllowed(msg.sender);
    }

    /// @notice Key of a token in `_escrow` and its form in `_assets`.
    function _key(uint8 kind, address token) internal pure returns (uint256) {
        return uint256(kind) << 160 | uint160(token);
    }
}
