// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {LayerState} from "./LayerState.sol";
import {Signed} from "./Signed.sol";
import {Bond, Config, Phase} from "./Types.sol";
import {BadBond, BadPhase, NoBond, NoConflict, NotDisposable, NotSequencer, TooEarly, TooLate} from "./Errors.sol";

/// @notice What the operator is paid and what it puts at stake.
abstract contract LayerBonds is LayerState {
    /// @notice The operator accepted the layer and got the organiser's fee.
    event Accepted(address indexed operator, uint256 bond, uint256 fee);
    /// @notice The operator did not accept in time; the organiser has the fee again.
    event Reclaimed(address indexed organiser, uint256 fee);
    /// @notice The sequencer signed two different blocks of one number.
    event Slashed(address indexed by, uint64 number, uint256 reward);
    /// @notice What was left of a bond left the layer.
    event BondReturned(address indexed to, uint256 value);

    /// @notice Accepts the layer with its bond, and takes the fee. Only the operator may, until `acceptBy`.
    function accept(Config calldata c) external payable {
        _requireConfig(c);
        _requireCaller(c.operator);
        if (_phase() != Phase.Offered) revert BadPhase(_phase());
        if (block.timestamp > c.offer.acceptBy) revert TooLate(c.offer.acceptBy);
        if (msg.value != c.offer.bond) revert BadBond(msg.value, c.offer.bond);
        _accepted = true;
        if (c.offer.bond != 0) _bond = Bond.Held;
        SafeTransferLib.forceSafeTransferETH(c.operator, c.offer.fee);
        emit Accepted(c.operator, c.offer.bond, c.offer.fee);
    }

    /// @notice Gives the fee back to the organiser when the operator has not accepted in time. Anyone may call.
    function reclaim(Config calldata c) external {
        _requireConfig(c);
        if (_phase() != Phase.Offered) revert BadPhase(_phase());
        if (block.timestamp <= c.offer.acceptBy) revert TooEarly(c.offer.acceptBy + 1);
        // Before acceptance nothing else can come in, but what is forced on every contract.
        uint256 value = address(this).balance;
        SafeTransferLib.forceSafeTransferETH(c.organiser, value);
        emit Reclaimed(c.organiser, value);
    }

    /// @notice Proves that the sequencer signed two different blocks of one number. Half of the operator's bond goes
    /// to the caller; the other half stays for those who deposited, see `enterRefund` and `withdrawBond`.
    function slashEquivocation(
        Config calldata c,
        uint64 number,
        bytes32 hashA,
        bytes calldata signatureA,
        bytes32 hashB,
        bytes calldata signatureB
    ) external {
        _requireConfig(c);
        if (_bond != Bond.Held) revert NoBond(_bond);
        if (hashA == hashB) revert NoConflict(hashA);
        if (!Signed.isBy(c.sequencer, Signed.blockSeal(number, hashA), signatureA)) revert NotSequencer(hashA);
        if (!Signed.isBy(c.sequencer, Signed.blockSeal(number, hashB), signatureB)) revert NotSequencer(hashB);
        _bond = Bond.Slashed;
        uint256 reward = c.offer.bond / 2;
        SafeTransferLib.forceSafeTransferETH(msg.sender, reward);
        emit Slashed(msg.sender, number, reward);
    }

    /// @notice Lets bonds go when nothing depends on them any more: the layer is final, and every leaf is on the
    /// L1. The operator's goes to the operator, what was slashed of it to the organiser, a stranger's to the
    /// stranger who settled. Anyone may call.
    function withdrawBond(Config calldata c) external {
        _requireConfig(c);
        if (_phase() != Phase.Final || _publishedCount != _leafCount) revert NotDisposable(_phase(), _publishedCount);
        (Bond held, address stranger) = (_bond, _rescuer);
        if (held != Bond.Held && held != Bond.Slashed && stranger == address(0)) revert NoBond(held);
        if (held != Bond.None) _bond = Bond.Gone;
        if (stranger != address(0)) _rescuer = address(0);

        if (held == Bond.Held) _return(c.operator, c.offer.bond);
        if (held == Bond.Slashed) _return(c.organiser, _left(c, held));
        if (stranger != address(0)) _return(stranger, c.quorum.rescueBond);
    }

    /// @notice What the layer holds of the operator's bond, in wei.
    function _left(Config calldata c, Bond held) internal pure returns (uint256) {
        if (held == Bond.Held) return c.offer.bond;
        return held == Bond.Slashed ? c.offer.bond - c.offer.bond / 2 : 0;
    }

    function _return(address to, uint256 value) internal {
        SafeTransferLib.forceSafeTransferETH(to, value);
        emit BondReturned(to, value);
    }
}
