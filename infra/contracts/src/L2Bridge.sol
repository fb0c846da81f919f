// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IL2Bridge} from "./IL2Bridge.sol";
import {Predeploys} from "./Predeploys.sol";
import {KIND_ERC1155, KIND_ERC20, KIND_ERC721} from "./Types.sol";
import {WrappedERC1155} from "./WrappedERC1155.sol";
import {WrappedERC20} from "./WrappedERC20.sol";
import {WrappedERC721} from "./WrappedERC721.sol";
import {NotSystem, WrongKind} from "./Errors.sol";

/// @notice Mints on the layer what was deposited on the L1. Predeployed on every layer at Predeploys.BRIDGE; the genesis
/// writes its two slots from the layer's config, and nothing changes them.
contract L2Bridge is IL2Bridge {
    /// @dev Slot 0.
    address[] private _tokens;

    /// @notice Slot 1. Kind of the L1 token at this address: KIND_ERC20, KIND_ERC721, KIND_ERC1155, or zero when it is
    /// none.
    mapping(address token => uint8 kind) public kindOf;

    /// @notice Deposit `index` of the L1 is on the layer.
    event DepositFinalized(
        uint64 indexed index,
        address indexed token,
        address indexed to,
        uint8 kind,
        address from,
        uint256 id,
        uint256 value
    );

    /// @notice Mints deposit `index` for `to`, or for `from` when it names nobody. Only the layer itself calls this, once
    /// for each deposit of a token, in their order.
    function finalizeDeposit(
        uint64 index,
        uint8 kind,
        address token,
        address from,
        address to,
        uint256 id,
        uint256 value
    ) external {
        if (msg.sender != Predeploys.SYSTEM) revert NotSystem(msg.sender);
        // Kind zero is no token.
        if (kind == 0 || kindOf[token] != kind) revert WrongKind(token, kindOf[token]);
        if (to == address(0)) to = from;
        if (kind == KIND_ERC20) WrappedERC20(token).mint(to, value);
        else if (kind == KIND_ERC721) WrappedERC721(token).mint(to, id);
        else if (kind == KIND_ERC1155) WrappedERC1155(token).mint(to, id, value);
        emit DepositFinalized(index, token, to, kind, from, id, value);
    }

    /// @notice All L1 tokens, in the order of the layer's config.
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }
}
