// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The tokens of the L1 that have a wrapped form on this layer.
interface IL2Bridge {
    /// @notice Kind of the L1 token at this address: KIND_ERC20, KIND_ERC721, KIND_ERC1155, or zero when it is none.
    function kindOf(address token) external view returns (uint8);

    /// @notice All L1 tokens, in the order of the layer's config.
    function tokens() external view returns (address[] memory);
}

/// @notice What all wrapped tokens answer.
interface IWrapped {
    /// @notice Sum of all amounts; the number of tokens for ERC-721.
    function totalSupply() external view returns (uint256);
}
