// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibClone} from "solady/utils/LibClone.sol";
import {FlashLayer} from "./FlashLayer.sol";
import {Config, MODE_OPERATOR} from "./Types.sol";
import {
    BadChainId,
    BadTimes,
    NotOrganiser,
    UnsupportedMode,
    UriTooLong,
    WindowTooLong,
    ZeroGenesis,
    ZeroOperator
} from "./Errors.sol";

/// @notice Opens flash layers. Has no owner and no settings; a new version is a new factory.
contract FlashFactory {
    /// @notice 2^52 - 20: the largest chain id that wallets accept.
    uint64 public constant MAX_CHAIN_ID = 4503599627370476;

    /// @notice Longest claim window, in seconds.
    uint32 public constant MAX_WINDOW = 30 days;

    /// @notice Longest base of the twins' token URIs, in bytes: it is part of every twin's code.
    uint256 public constant MAX_URI = 128;

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

    /// @notice Opens the layer of `c` at the address that `predict` names. The caller is the organiser.
    function open(Config calldata c, bytes32 salt) external returns (address layer) {
        _check(c);
        uint256 id = ++layerCount;
        bytes32 configHash = keccak256(abi.encode(c));
        layer = LibClone.cloneDeterministic(layerImplementation, abi.encode(configHash), _salt(c.organiser, salt));
        emit FlashOpened(id, layer, c.organiser, configHash, c);
    }

    /// @notice Address of the layer that `organiser` would open with `c` and `salt`.
    function predict(address organiser, Config calldata c, bytes32 salt) external view returns (address) {
        return LibClone.predictDeterministicAddress(
            layerImplementation, abi.encode(keccak256(abi.encode(c))), _salt(organiser, salt), address(this)
        );
    }

    /// @notice Makes salts personal, so that nobody can occupy another organiser's address.
    function _salt(address organiser, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(organiser, salt));
    }

    /// @notice Refuses configs with which a layer could not live or end.
    function _check(Config calldata c) private view {
        if (c.organiser != msg.sender) revert NotOrganiser(msg.sender, c.organiser);
        if (c.operator == address(0)) revert ZeroOperator();
        if (c.chainId == 0 || c.chainId > MAX_CHAIN_ID) revert BadChainId(c.chainId, MAX_CHAIN_ID);
        if (c.endsAt <= block.timestamp || c.depositCutoff > c.endsAt) {
            revert BadTimes(c.depositCutoff, c.endsAt, block.timestamp);
        }
        if (c.window > MAX_WINDOW) revert WindowTooLong(c.window, MAX_WINDOW);
        if (c.mode != MODE_OPERATOR) revert UnsupportedMode(c.mode);
        if (c.genesisBlockHash == 0 || c.genesisStateRoot == 0) revert ZeroGenesis();
        uint256 uriLength = bytes(c.twinBaseUri).length;
        if (uriLength > MAX_URI) revert UriTooLong(uriLength, MAX_URI);
    }
}
