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

    /// @notice Allowance for balances and supplies: some 80 cold slots.
    uint256 internal constant AMOUNT_GAS = 200_000;

    /// @notice Allowance for `name` and `symbol`.
    uint256 internal constant TEXT_GAS = 100_000;

    /// @notice Allowance for `supportsInterface` (EIP-165) and `decimals`.
    uint256 internal constant TRAIT_GAS = 30_000;

    /// @dev Kept back for what follows the question.
    uint256 private constant RESERVE = 10_000;

    // ERC-721's.
    bytes4 private constant OWNER_OF = 0x6352211e;
    // ERC-20's.
    bytes4 private constant BALANCE_OF = 0x70a08231;
    bytes4 private constant TOTAL_SUPPLY = 0x18160ddd;
    bytes4 private constant DECIMALS = 0x313ce567;
    // ERC-1155's, and that of its widespread extension.
    bytes4 private constant BALANCE_OF_ID = 0x00fdd58e;
    bytes4 private constant TOTAL_SUPPLY_OF_ID = 0xbd85b039;
    bytes4 private constant SUPPORTS_INTERFACE = 0x01ffc9a7;
    /// @dev Interface id of ERC-721's enumerable extension, the one that says what `totalSupply` of a collection is.
    bytes4 private constant ENUMERABLE = 0x780e9d63;

    /// @notice Owner of token `id`, or zero when `token` does not name one.
    function ownerOf(address token, uint256 id) internal view returns (address) {
        (, uint256 answer) = _ask(token, OWNER_GAS, OWNER_OF, id, 0, 0x24);
        return answer >> 160 == 0 ? address(uint160(answer)) : address(0);
    }

    /// @notice What `holder` has of `token`; zero when it does not answer.
    function balanceOf(address token, address holder) internal view returns (uint256 balance) {
        (, balance) = _ask(token, AMOUNT_GAS, BALANCE_OF, uint160(holder), 0, 0x24);
    }

    /// @notice What `holder` has of token `id`; zero when `token` does not answer.
    function balanceOf(address token, address holder, uint256 id) internal view returns (uint256 balance) {
        (, balance) = _ask(token, AMOUNT_GAS, BALANCE_OF_ID, uint160(holder), id, 0x44);
    }

    /// @notice Supply of `token`, and whether it answers at all.
    function totalSupply(address token) internal view returns (bool answered, uint256 supply) {
        return _ask(token, AMOUNT_GAS, TOTAL_SUPPLY, 0, 0, 0x04);
    }

    /// @notice Supply of token `id`, and whether `token` answers at all.
    function totalSupply(address token, uint256 id) internal view returns (bool answered, uint256 supply) {
        return _ask(token, AMOUNT_GAS, TOTAL_SUPPLY_OF_ID, id, 0, 0x24);
    }

    /// @notice Digits after the point of an amount; zero when `token` answers nothing that fits.
    function decimals(address token) internal view returns (uint8) {
        (, uint256 answer) = _ask(token, TRAIT_GAS, DECIMALS, 0, 0, 0x04);
        return answer > type(uint8).max ? 0 : uint8(answer);
    }

    /// @notice Whether the collection says that its `totalSupply` is the number of its tokens.
    function isEnumerable(address token) internal view returns (bool) {
        (, uint256 answer) = _ask(token, TRAIT_GAS, SUPPORTS_INTERFACE, uint256(bytes32(ENUMERABLE)), 0, 0x24);
        return answer == 1;
    }

    /// @notice Who gets an exit of `holder`: the holder, unless it is a contract that names someone else by
    /// answering `exitRecipient` with an address that is not zero.
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

    /// @notice The first word of the answer to `selector` with the arguments `a` and `b`, of which `size` bytes are
    /// sent, selector included. No answer is (false, 0).
    function _ask(address token, uint256 allowance, bytes4 selector, uint256 a, uint256 b, uint256 size)
        private
        view
        returns (bool answered, uint256 word)
    {
        _requireGas(allowance);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x04), a)
            mstore(add(free, 0x24), b)
            answered := staticcall(allowance, token, free, size, 0x00, 0x20)
            answered := and(answered, gt(returndatasize(), 0x1f))
            word := mul(answered, mload(0x00))
        }
    }

    function _requireGas(uint256 allowance) private view {
        // A call gets at most 63/64 of what is left (EIP-150).
        uint256 needed = allowance + allowance / 32 + RESERVE;
        if (gasleft() < needed) revert GasTooLow(gasleft(), needed);
    }
}
