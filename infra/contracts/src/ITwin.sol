// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice What a layer does with its twins, but for those of ERC-1155 contracts.
interface ITwin {
    /// @notice Mints token `what`, or for an ERC-20 that amount, for `to`, without asking it.
    function mint(address to, uint256 what) external;
}

/// @notice What a layer does with the twin of an ERC-1155 contract.
interface ITwin1155 {
    /// @notice Mints `amount` of `id` for `to`, without asking it.
    function mint(address to, uint256 id, uint256 amount) external;
}

/// @notice What a layer does with a bulk twin, beside `ITwin.mint`.
interface ITwinBulk {
    /// @notice Mints the tokens from `firstId` on for owners of 20 bytes each; zero stands for a token that is not
    /// minted. Ids ascend over all calls.
    function mintBulk(uint256 firstId, bytes calldata owners) external;
}
