// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {Twin} from "./Twin.sol";
import {TwinArgs} from "./TwinArgs.sol";

/// @notice The twin of an ERC-20 token, with EIP-2612 permits.
contract FlashTwin20 is Twin, ERC20 {
    /// @notice Mints `amount` for `to`. Only the layer may.
    function mint(address to, uint256 amount) external onlyLayer {
        _mint(to, amount);
    }

    /// @notice Name of the token, as it was on the layer.
    function name() public view override(Twin, ERC20) returns (string memory) {
        return Twin.name();
    }

    /// @notice Symbol of the token, as it was on the layer.
    function symbol() public view override(Twin, ERC20) returns (string memory) {
        return Twin.symbol();
    }

    /// @notice Digits after the point of an amount, as they were on the layer.
    function decimals() public view override returns (uint8) {
        return TwinArgs.decimals();
    }

    /// @dev An allowance is what its owner gave, Permit2 has none by birth.
    function _givePermit2InfiniteAllowance() internal pure override returns (bool) {
        return false;
    }
}
