// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibClone} from "solady/utils/LibClone.sol";
import {LayerArgs} from "./LayerArgs.sol";
import {Rules} from "./Rules.sol";
import {Config} from "./Types.sol";

/// @notice Opens flash layers. Has no owner and no settings, and keeps no ETH; a new version is a new factory.
contract FlashFactory {
    /// @notice 2^52 - 20: the largest chain id that wallets accept.
    uint64 public constant MAX_CHAIN_ID = Rules.MAX_CHAIN_ID;

    /// @notice The code behind every layer.
    address public immutable layerImplementation;

    /// @notice Number of layers opened so far; also the id of the newest one.
    uint256 public layerCount;

    /// @notice A layer was opened.
    event FlashOpened(
        uint256 indexed id, address indexed layer, address indexed organiser, bytes32 configHash, Config config
    );

    /// @notice Fixes the code behind every layer.
    constructor(address layerImplementation_) {
        layerImplementation = layerImplementation_;
    }

    /// @notice Opens the layer of `c` at the address that `predict` names. The caller is the organiser and sends
    /// the operator's fee, which waits in the layer for `FlashLayer.accept` or `FlashLayer.reclaim`.
    function open(Config calldata c, bytes32 salt) external payable returns (address layer) {
        Rules.check(c, msg.sender, msg.value);
        uint256 id = ++layerCount;
        bytes memory args = LayerArgs.encode(c);
        layer = LibClone.cloneDeterministic(msg.value, layerImplementation, args, _salt(c.organiser, salt));
        emit FlashOpened(id, layer, c.organiser, keccak256(abi.encode(c)), c);
    }

    /// @notice Address of the layer that `organiser` would open with `c` and `salt`.
    function predict(address organiser, Config calldata c, bytes32 salt) external view returns (address) {
        return LibClone.predictDeterministicAddress(
            layerImplementation, LayerArgs.encode(c), _salt(organiser, salt), address(this)
        );
    }

    /// @notice Makes salts personal, so that nobody can occupy another organiser's address.
    function _salt(address organiser, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(organiser, salt));
    }
}
