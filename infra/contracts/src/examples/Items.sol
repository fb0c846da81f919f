// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// @notice The plainest ERC-1155 contract there is: its minter mints.
contract Items is ERC1155 {
    /// @notice The only account that mints.
    address public immutable minter;

    /// @notice Somebody else tried to mint.
    error NotMinter(address caller);

    /// @notice Names the minter, and the URI of all ids.
    constructor(address minter_, string memory uri_) ERC1155(uri_) {
        minter = minter_;
    }

    /// @notice Mints `amount` of `id` for `to`.
    function mint(address to, uint256 id, uint256 amount) external {
        if (msg.sender != minter) revert NotMinter(msg.sender);
        _mint(to, id, amount, "");
    }
}
