// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Plain1155} from "./Plain1155.sol";
import {Wrapped} from "./Wrapped.sol";

/// @notice An ERC-1155 contract of the L1 on the layer.
/// @dev The genesis writes the URI of all ids, with `{id}` in it (EIP-1155), into slot 4, which is OpenZeppelin's.
contract WrappedERC1155 is Wrapped, Plain1155 {
    /// @notice Sum of all amounts of all ids.
    uint256 public totalSupply;

    /// @notice Mints `amount` of `id` for `to`. Only the bridge may.
    function mint(address to, uint256 id, uint256 amount) external onlyBridge {
        totalSupply += amount;
        _mintPlainly(to, id, amount);
    }
}
