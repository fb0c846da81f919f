// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// @notice An ERC-1155 contract whose mint asks nobody.
abstract contract Plain1155 is ERC1155("") {
    /// @notice Mints `amount` of `id` for `to`.
    /// @dev No callback: a claim, or a deposit, must not depend on what the recipient's code does.
    function _mintPlainly(address to, uint256 id, uint256 amount) internal {
        uint256[] memory ids = new uint256[](1);
        uint256[] memory amounts = new uint256[](1);
        (ids[0], amounts[0]) = (id, amount);
        _update(address(0), to, ids, amounts);
    }
}
