// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Checks text that strangers wrote and that programs will have to read.
library Utf8 {
    /// @notice Whether `text` is well-formed UTF-8 (Unicode 16, table 3-7) without control characters.
    function isPrintable(bytes memory text) internal pure returns (bool) {
        uint256 offset;
        while (offset < text.length) {
            uint256 size = _size(text, offset);
            if (size == 0 || offset + size > text.length) return false;
            for (uint256 i = 1; i < size; ++i) {
                if (uint8(text[offset + i]) >> 6 != 2) return false;
            }
            offset += size;
        }
        return true;
    }

    /// @notice Bytes of the character that starts at `offset`, or 0 when none can. Looks offset its first two bytes.
    function _size(bytes memory text, uint256 offset) private pure returns (uint256) {
        uint8 first = uint8(text[offset]);
        if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
        if (offset + 1 == text.length) return 0;
        uint8 second = uint8(text[offset + 1]);
        if (first >= 0xc2 && first <= 0xdf) {
            // U+0080 to U+009F are control characters too.
            return first == 0xc2 && second < 0xa0 ? 0 : 2;
        }
        if (first >= 0xe0 && first <= 0xef) {
            // No overlong forms below 0xa0, no surrogates from 0xed 0xa0 on.
            return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ? 0 : 3;
        }
        if (first >= 0xf0 && first <= 0xf4) {
            // No overlong forms below 0x90, nothing above U+10FFFF.
            return (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ? 0 : 4;
        }
        return 0;
    }
}
