// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Alias} from "./Alias.sol";
import {ExitTree} from "./ExitTree.sol";
import {Frontier} from "./Frontier.sol";
import {LayerBonds} from "./LayerBonds.sol";
import {LayerPayments} from "./LayerPayments.sol";
import {Bond, Config, Deposit, KIND_ETH, Phase} from "./Types.sol";
import {AlreadyRefunded, BadDeposit, BadPhase, NothingToRefund, TooEarly, TransferFailed} from "./Errors.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @notice The last way out: nobody settled in time, so every deposit goes back to where it came from.
abstract contract LayerRefunds is LayerBonds, LayerPayments {
    using Frontier for bytes32[32];

    /// @notice Deposits go back from now on, and nothing can be settled any more. What the layer had of the
    /// operator's bond is shared among the deposits of ETH, by their size; without any the organiser gets it.
    event RefundEntered(uint64 deposits, uint256 pool);
    /// @notice A deposit went back.
    event Refunded(uint64 indexed index, address indexed to, uint8 kind, address token, uint256 id, uint256 value);

    /// @notice Starts refunds, from T1 + T2 after the end on. Anyone may call.
    function enterRefund(Config calldata c) external {
        _requireConfig(c);
        _requireUnsettled();
        uint256 from = uint256(c.endsAt) + c.settleDelay + c.rescueDelay;
        if (block.timestamp < from) revert TooEarly(uint64(from));

        _refunding = true;
        _refundRoot = _deposits.root(_depositCount, Frontier.DEPTH);
        uint256 pool = _left(c, _bond);
        if (_bond != Bond.None) _bond = Bond.Gone;
        emit RefundEntered(_depositCount, pool);
        if (_depositedWei == 0) {
            if (pool != 0) _return(c.organiser, pool);
        } else {
            _refundPool = uint128(pool);
        }
    }

    /// @notice Gives deposit `d` back to the account on the L1 that made it. Anyone may call.
    /// @param proof Its 32 siblings in the deposit tree, from the bottom up.
    function refund(Deposit calldata d, bytes32[] calldata proof) external {
        if (!_refunding) revert BadPhase(_phase());
        if (!ExitTree.verify(_refundRoot, Frontier.DEPTH, d.index, keccak256(abi.encode(d)), proof)) {
            revert BadDeposit(d.index);
        }
        _markRefunded(d.index);
        address to = Alias.origin(d.from);
        uint256 value = d.value;
        if (d.kind == KIND_ETH) {
            if (value == 0) revert NothingToRefund(d.index);
            value += value * _refundPool / _depositedWei;
            SafeTransferLib.forceSafeTransferETH(to, value);
        } else if (!_payToken(d.kind, d.token, to, d.id, value, gasleft())) {
            revert TransferFailed(d.index);
        }
        emit Refunded(d.index, to, d.kind, d.token, d.id, value);
    }

    function _markRefunded(uint64 index) private {
        uint256 word = _refunded[index >> 8];
        uint256 bit = uint256(1) << (index & 0xff);
        if (word & bit != 0) revert AlreadyRefunded(index);
        _refunded[index >> 8] = word | bit;
    }
}
