// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Config,
    DA_BLOBS,
    DA_CALLDATA,
    KIND_ERC1155,
    KIND_ERC20,
    KIND_ERC721,
    MODE_ATTESTED,
    MODE_OPERATOR
} from "./Types.sol";
import {
    AttestorsNotAscending,
    BadAcceptBy,
    BadAttestors,
    BadBridged,
    BadChainId,
    BadDelay,
    BadFee,
    BadStart,
    BadTimes,
    NotOrganiser,
    RetentionTooLong,
    TooManyAttestors,
    TooManyBridged,
    UnsupportedDa,
    UnsupportedMode,
    UnsupportedVerifier,
    UriTooLong,
    WindowTooLong,
    ZeroGenesis,
    ZeroOperator,
    ZeroSequencer
} from "./Errors.sol";

/// @notice Refuses configs with which a layer could not live or end.
library Rules {
    /// @notice 2^52 - 20: the largest chain id that wallets accept.
    uint64 internal constant MAX_CHAIN_ID = 4503599627370476;

    /// @notice Longest claim window, in seconds.
    uint32 internal constant MAX_WINDOW = 30 days;

    /// @notice Bounds of T1, T2 and of the time in which a deposit must be taken in, in seconds.
    uint32 internal constant MIN_DELAY = 10 minutes;
    uint32 internal constant MAX_DELAY = 30 days;

    /// @notice Longest life of a layer whose blocks are in blobs, from its first block to its last possible claim
    /// window: consensus clients keep blobs for 4,096 epochs (18.2 days, EIP-4844), less a day to fetch them.
    uint256 internal constant MAX_RETENTION = 17 days;

    /// @notice Longest base of the twins' token URIs, in bytes: it is part of every twin's code.
    uint256 internal constant MAX_URI = 128;

    /// @notice Most attestors: their signatures must fit into the one transaction that settles.
    uint256 internal constant MAX_ATTESTORS = 32;

    /// @notice Most bridged tokens: every call that takes the config carries them.
    uint256 internal constant MAX_BRIDGED = 32;

    /// @notice Checks every field of `c`, and who opens with how much ETH.
    function check(Config calldata c, address opener, uint256 value) internal view {
        if (c.organiser != opener) revert NotOrganiser(opener, c.organiser);
        if (c.operator == address(0)) revert ZeroOperator();
        if (c.sequencer == address(0)) revert ZeroSequencer();
        if (c.chainId == 0 || c.chainId > MAX_CHAIN_ID) revert BadChainId(c.chainId, MAX_CHAIN_ID);
        if (c.genesisBlockHash == 0 || c.genesisStateRoot == 0) revert ZeroGenesis();
        if (bytes(c.twinBaseUri).length > MAX_URI) revert UriTooLong(bytes(c.twinBaseUri).length, MAX_URI);
        _checkTimes(c);
        _checkStakes(c, value);
        _checkMode(c);
        _checkBridged(c);
    }

    function _checkTimes(Config calldata c) private view {
        if (c.endsAt <= block.timestamp || c.depositCutoff > c.endsAt) {
            revert BadTimes(c.depositCutoff, c.endsAt, block.timestamp);
        }
        if (c.startsAt >= c.endsAt) revert BadStart(c.startsAt, c.endsAt);
        if (c.window > MAX_WINDOW) revert WindowTooLong(c.window, MAX_WINDOW);
        _checkDelay(c.settleDelay);
        _checkDelay(c.rescueDelay);
        _checkDelay(c.maxDepositDelay);
        if (c.da > DA_CALLDATA) revert UnsupportedDa(c.da);
        uint256 life = uint256(c.endsAt) - c.startsAt + c.settleDelay + c.rescueDelay + c.window;
        if (c.da == DA_BLOBS && life > MAX_RETENTION) revert RetentionTooLong(life, MAX_RETENTION);
    }

    function _checkDelay(uint32 delay) private pure {
        if (delay < MIN_DELAY || delay > MAX_DELAY) revert BadDelay(delay, MIN_DELAY, MAX_DELAY);
    }

    /// @dev What is at stake must be put up before deposits end.
    function _checkStakes(Config calldata c, uint256 value) private view {
        if (value != c.offer.fee) revert BadFee(value, c.offer.fee);
        bool unused = c.offer.acceptBy == 0 && c.offer.fee == 0 && c.offer.bond == 0;
        bool inTime = c.offer.acceptBy > block.timestamp && c.offer.acceptBy <= c.depositCutoff;
        if (!unused && !inTime) revert BadAcceptBy(c.offer.acceptBy, c.depositCutoff);
    }

    function _checkMode(Config calldata c) private pure {
        if (address(c.verifier) != address(0)) revert UnsupportedVerifier(address(c.verifier));
        uint256 count = c.quorum.attestors.length;
        if (count > MAX_ATTESTORS) revert TooManyAttestors(count, MAX_ATTESTORS);
        if (c.mode == MODE_OPERATOR) {
            if (count != 0 || c.quorum.threshold != 0) revert BadAttestors(c.quorum.threshold, count);
        } else if (c.mode == MODE_ATTESTED) {
            if (c.quorum.threshold == 0 || c.quorum.threshold > count) revert BadAttestors(c.quorum.threshold, count);
        } else {
            revert UnsupportedMode(c.mode);
        }
        address last;
        for (uint256 i; i < count; ++i) {
            if (c.quorum.attestors[i] <= last) revert AttestorsNotAscending(i);
            last = c.quorum.attestors[i];
        }
    }

    function _checkBridged(Config calldata c) private view {
        uint256 count = c.bridged.length;
        if (count > MAX_BRIDGED) revert TooManyBridged(count, MAX_BRIDGED);
        address last;
        for (uint256 i; i < count; ++i) {
            (uint8 kind, address token) = (c.bridged[i].kind, c.bridged[i].token);
            bool known = kind == KIND_ERC20 || kind == KIND_ERC721 || kind == KIND_ERC1155;
            if (!known || token <= last || token.code.length == 0) revert BadBridged(i, kind, token);
            last = token;
        }
    }
}
