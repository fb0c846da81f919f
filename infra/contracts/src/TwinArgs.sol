// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibClone} from "solady/utils/LibClone.sol";
import {CloneArgs} from "./CloneArgs.sol";
import {Asset} from "./Types.sol";
import {TextTooLong} from "./Errors.sol";

/// @notice What a twin knows about itself; it stands in the code of its clone.
/// @dev
///     layer: 20 | asset: 4 | l2 token: 20 | decimals: 1 | name length: 1 | symbol length: 1
///     name | symbol | base URI
library TwinArgs {
    uint256 private constant ASSET_AT = 20;
    uint256 private constant L2_AT = 24;
    uint256 private constant DECIMALS_AT = 44;
    uint256 private constant LENGTHS_AT = 45;
    uint256 private constant TEXTS_AT = 47;

    /// @notice Longest name or symbol, in bytes: what the sealer lets through.
    uint256 internal constant MAX_TEXT = 64;

    /// @notice The arguments of one twin.
    function encode(address layer_, uint32 index, Asset calldata a, string calldata baseUri_)
        internal
        pure
        returns (bytes memory)
    {
        bytes memory head = abi.encodePacked(layer_, index, a.l2, a.decimals, _length(a.name), _length(a.symbol));
        return abi.encodePacked(head, a.name, a.symbol, baseUri_);
    }

    /// @notice The layer that mints this twin.
    function layer() internal view returns (address) {
        return address(uint160(CloneArgs.word(0) >> 96));
    }

    /// @notice Index of the token in the layer's asset list.
    function asset() internal view returns (uint32) {
        return uint32(bytes4(_slice(ASSET_AT, L2_AT)));
    }

    /// @notice The token on the layer.
    function l2() internal view returns (address) {
        return address(bytes20(_slice(L2_AT, DECIMALS_AT)));
    }

    /// @notice Digits after the point of an amount.
    function decimals() internal view returns (uint8) {
        return uint8(bytes1(_slice(DECIMALS_AT, LENGTHS_AT)));
    }

    /// @notice The token's name.
    function name() internal view returns (string memory) {
        (uint256 nameEnd,) = _ends();
        return string(_slice(TEXTS_AT, nameEnd));
    }

    /// @notice The token's symbol.
    function symbol() internal view returns (string memory) {
        (uint256 nameEnd, uint256 symbolEnd) = _ends();
        return string(_slice(nameEnd, symbolEnd));
    }

    /// @notice Base of all token URIs.
    function baseUri() internal view returns (string memory) {
        (, uint256 symbolEnd) = _ends();
        return string(LibClone.argsOnClone(address(this), symbolEnd));
    }

    function _ends() private view returns (uint256 nameEnd, uint256 symbolEnd) {
        bytes memory lengths = _slice(LENGTHS_AT, TEXTS_AT);
        nameEnd = TEXTS_AT + uint8(lengths[0]);
        symbolEnd = nameEnd + uint8(lengths[1]);
    }

    function _slice(uint256 from, uint256 to) private view returns (bytes memory) {
        return LibClone.argsOnClone(address(this), from, to);
    }

    function _length(string calldata text) private pure returns (uint8) {
        uint256 length = bytes(text).length;
        if (length > MAX_TEXT) revert TextTooLong(length, MAX_TEXT);
        return uint8(length);
    }
}
