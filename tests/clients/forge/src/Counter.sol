// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice Counts, tells of it, and takes ETH.
contract Counter {
    /// @notice The count rose.
    /// @param by Who raised it.
    /// @param number What it is now.
    event Raised(address indexed by, uint256 number);

    /// @notice The count never falls.
    /// @param have What it is.
    /// @param want What it should be.
    error Falls(uint256 have, uint256 want);

    /// @notice The count.
    uint256 public number;

    /// @param first The first count.
    constructor(uint256 first) payable {
        number = first;
    }

    receive() external payable {}

    /// @notice Raises the count by one.
    function raise() external {
        raiseTo(number + 1);
    }

    /// @notice Raises the count.
    /// @param want What it will be.
    function raiseTo(uint256 want) public {
        if (want < number) revert Falls(number, want);
        number = want;
        emit Raised(msg.sender, want);
    }
}

/// @notice Makes counters.
contract Factory {
    /// @notice The last one that was made.
    Counter public last;

    /// @notice Makes one.
    /// @param first Its first count.
    function make(uint256 first) external {
        last = new Counter(first);
    }
}

/// @notice Adds. A contract that calls it is linked with it.
library Sums {
    /// @notice The sum of the numbers up to `most`.
    /// @param most The last one.
    function upTo(uint256 most) external pure returns (uint256) {
        return most * (most + 1) / 2;
    }
}

/// @notice A contract that has to be linked.
contract Linked {
    /// @notice The sum of the numbers up to `most`.
    /// @param most The last one.
    function sum(uint256 most) external pure returns (uint256) {
        return Sums.upTo(most);
    }
}
