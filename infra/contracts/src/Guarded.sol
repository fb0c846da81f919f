// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExitRecipient} from "./IExitRecipient.sol";
import {Utf8} from "./Utf8.sol";
import {GasTooLow} from "./Errors.sol";

/// @notice Questions to contracts that nobody vouches for: read-only, with a gas allowance, with capped answers.
/// @dev An answer must not depend on how much gas the caller happened to have, so each question first makes
/// sure that the whole allowance can be handed over.
library Guarded {
    /// @notice Allowance for `exitRecipient`.
    uint256 internal constant RECIPIENT_GAS = 50_000;

    /// @notice Allowance for `ownerOf`: some 400 cold slots, for collections that look for the owner backwards.
    uint256 internal constant OWNER_GAS = 1_000_000;

    /// @notice Allowance for `name` and `symbol`.
    uint256 internal constant TEXT_GAS = 100_000;

    /// @dev Kept back for what follows the question.
    uint256 private constant RESERVE = 10_000;

    /// @notice Owner of token `id`, or zero when `token` does not name one.
    function ownerOf(address token, uint256 id) internal view returns (address owner) {
        _requireGas(OWNER_GAS);
        uint256 allowance = OWNER_GAS;
        assembly ("memory-safe") {
            mstore(0x00, 0x6352211e00000000000000000000000000000000000000000000000000000000)
            mstore(0x04, id)
            if staticcall(allowance, token, 0x00, 0x24, 0x00, 0x20) {
                if and(gt(returndatasize(), 0x1f), iszero(shr(160, mload(0x00)))) { owner := mload(0x00) }
            }
        }
    }

    /// @notice Who gets an exit of `holder`: the holder, unless it is a contract that names someone else by
    /// answering `exitRecipient(uint32 asset, uint256 id, uint256 value)` with an address that is not zero.
    function exitRecipient(address holder, uint32 asset, uint256 id, uint256 value)
        internal
        view
        returns (address recipient)
    {
        recipient = holder;
        if (holder.code.length == 0) return recipient;
        _requireGas(RECIPIENT_GAS);
        uint256 allowance = RECIPIENT_GAS;
        bytes memory question = abi.encodeCall(IExitRecipient.exitRecipient, (asset, id, value));
        assembly ("memory-safe") {
            if staticcall(allowance, holder, add(question, 0x20), mload(question), 0x00, 0x20) {
                let answer := mload(0x00)
                if and(gt(returndatasize(), 0x1f), and(iszero(shr(160, answer)), iszero(iszero(answer)))) {
                    recipient := answer
                }
            }
        }
    }

    /// @notice The string that `token` answers to `selector`, or nothing when it does not answer with
    /// well-formed UTF-8 of at most `max` bytes.
    function text(address token, bytes4 selector, uint256 max) internal view returns (string memory answer) {
        _requireGas(TEXT_GAS);
        uint256 allowance = TEXT_GAS;
        bytes memory found;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            let ok := staticcall(allowance, token, 0x00, 0x04, 0x00, 0x40)
            // offset: 32 | length: 32 | bytes, padded to whole words
            ok := and(ok, and(gt(returndatasize(), 0x3f), eq(mload(0x00), 0x20)))
            let length := mul(ok, mload(0x20))
            ok := and(ok, iszero(gt(length, max)))
            ok := and(ok, iszero(lt(sub(returndatasize(), mul(ok, 0x40)), length)))
            if ok {
                found := mload(0x40)
                mstore(0x40, add(found, and(add(length, 0x3f), not(0x1f))))
                mstore(found, length)
                returndatacopy(add(found, 0x20), 0x40, length)
            }
        }
        if (Utf8.isPrintable(found)) answer = string(found);
    }

    function _requireGas(uint256 allowance) private view {
        // A call gets at most 63/64 of what is left (EIP-150).
        uint256 needed = allowance + allowance / 32 + RESERVE;
        if (gasleft() < needed) revert GasTooLow(gasleft(), needed);
    }
}
