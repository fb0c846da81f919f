// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Reads a word of the arguments of the clone that runs. `argsOnClone` of solady's `LibClone` makes a copy in
/// memory, which costs every deposit and every mint some 200 gas more.
library CloneArgs {
    /// @dev The arguments follow the code that all clones have.
    uint256 private constant START = 0x2d;

    /// @notice The 32 bytes from `offset` on; zero where the arguments have ended.
    function word(uint256 offset) internal view returns (uint256 value) {
        assembly ("memory-safe") {
            extcodecopy(address(), 0x00, add(START, offset), 0x20)
            value := mload(0x00)
        }
    }
}
