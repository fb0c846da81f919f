// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Plain1155} from "./Plain1155.sol";
import {Twin} from "./Twin.sol";

/// @notice The twin of an ERC-1155 contract.
contract FlashTwin1155 is Twin, Plain1155 {
    /// @notice Mints `amount` of `id` for `to`. Only the layer may.
    function mint(address to, uint256 id, uint256 amount) external onlyLayer {
        _mintPlainly(to, id, amount);
    }

    /// @notice The layer's base URI, the contract's address there, "/" and the id; empty without a base.
    function uri(uint256 id) public view override returns (string memory) {
        return _uriOf(id);
    }
}
