// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {IWrapped} from "./IL2Bridge.sol";
import {Wrapped} from "./Wrapped.sol";

/// @notice An ERC-20 token of the L1 on the layer, with EIP-2612 permits.
contract WrappedERC20 is Wrapped, ERC20 {
    /// @dev Slot 2.
    uint8 private _decimals;

    /// @notice Mints `amount` for `to`. Only the bridge may.
    function mint(address to, uint256 amount) external onlyBridge {
        _mint(to, amount);
    }

    /// @notice Name of the token on the L1.
    function name() public view override(Wrapped, ERC20) returns (string memory) {
        return Wrapped.name();
    }

    /// @notice Symbol of the token on the L1.
    function symbol() public view override(Wrapped, ERC20) returns (string memory) {
        return Wrapped.symbol();
    }

    /// @notice Digits after the point of an amount.
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// @notice Sum of all amounts.
    function totalSupply() public view override(IWrapped, ERC20) returns (uint256) {
        return ERC20.totalSupply();
    }

    /// @dev An allowance is what its owner gave, Permit2 has none by birth.
    function _givePermit2InfiniteAllowance() internal pure override returns (bool) {
        return false;
    }
}
