// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {Alias} from "./Alias.sol";
import {Frontier} from "./Frontier.sol";
import {LayerArgs} from "./LayerArgs.sol";
import {LayerState} from "./LayerState.sol";
import {Config, KIND_ERC1155, KIND_ERC20, KIND_ERC721, KIND_ETH, Phase} from "./Types.sol";
import {
    BadGasLimit,
    BadPhase,
    CapExceeded,
    DataTooLong,
    DepositsEnded,
    NotAllowed,
    NotBridged,
    NothingReceived,
    Reentered,
    TreeFull,
    UnexpectedToken
} from "./Errors.sol";

/// @notice How assets and forced transactions get onto the layer.
abstract contract LayerDeposits is LayerState {
    using Frontier for bytes32[32];

    /// @notice Most bytes of data in one deposit.
    uint256 internal constant MAX_DEPOSIT_DATA = 8192;

    /// @notice Most gas that one deposit may ask for: the most that a transaction may use (EIP-7825).
    uint64 internal constant MAX_DEPOSIT_GAS = 1 << 24;

    /// @notice Gas of a token deposit's transaction on the layer.
    uint64 internal constant TOKEN_DEPOSIT_GAS = 1_000_000;

    /// @notice A deposit was taken. ETH: the layer credits `value` to `from`, then calls `to` with it and `data`.
    /// A token: the layer mints it for `to`.
    event Deposited(
        uint64 indexed index,
        address indexed from,
        address indexed to,
        uint8 kind,
        address token,
        uint256 id,
        uint256 value,
        uint64 gasLimit,
        bytes data
    );
    /// @notice Deposits were ended early.
    event DepositsClosed(uint64 count);

    // ------------------------------------------------------------------------------------------ ETH

    /// @notice Deposits the sent ETH: the layer credits it to the caller, then calls `to` with it and `data`.
    /// A call that fails there leaves the credit. With no ETH this forces a transaction.
    /// @dev Contracts are aliased, see `Alias`. `to` zero is a call to address zero, not a creation.
    function depositETH(address to, uint64 gasLimit, bytes calldata data) external payable {
        uint128 cap = _requireTaking();
        if (data.length > MAX_DEPOSIT_DATA) revert DataTooLong(data.length, MAX_DEPOSIT_DATA);
        uint256 minimum = 21_000 + 16 * data.length;
        if (gasLimit < minimum || gasLimit > MAX_DEPOSIT_GAS) revert BadGasLimit(gasLimit, minimum, MAX_DEPOSIT_GAS);
        uint256 total = uint256(_depositedWei) + msg.value;
        if (total > cap) revert CapExceeded(total, cap);

        uint64 index = _depositCount;
        // Below the cap, which has 128 bits.
        (_depositCount, _depositedWei) = (index + 1, uint128(total));
        _append(index, KIND_ETH, to, address(0), 0, msg.value, gasLimit, data);
    }

    // --------------------------------------------------------------------------------------- tokens

    /// @notice Deposits `amount` of an ERC-20 token that the caller has approved. What arrives counts, which is
    /// less for tokens that charge for transfers.
    function depositERC20(Config calldata c, address token, address to, uint256 amount) external {
        uint256 cap = _startTaking(c, KIND_ERC20, token);
        uint256 before = SafeTransferLib.balanceOf(token, address(this));
        SafeTransferLib.safeTransferFrom(token, msg.sender, address(this), amount);
        uint256 received = SafeTransferLib.balanceOf(token, address(this)) - before;
        _finishTaking(KIND_ERC20, token, to, 0, received, cap);
    }

    /// @notice Deposits an ERC-721 token that the caller has approved.
    function depositERC721(Config calldata c, address token, address to, uint256 id) external {
        uint256 cap = _startTaking(c, KIND_ERC721, token);
        IERC721(token).transferFrom(msg.sender, address(this), id);
        uint256 received = IERC721(token).ownerOf(id) == address(this) ? 1 : 0;
        _finishTaking(KIND_ERC721, token, to, id, received, cap);
    }

    /// @notice Deposits `amount` of one id of an ERC-1155 token that the caller has approved. What arrives counts.
    function depositERC1155(Config calldata c, address token, address to, uint256 id, uint256 amount) external {
        uint256 cap = _startTaking(c, KIND_ERC1155, token);
        uint256 before = IERC1155(token).balanceOf(address(this), id);
        IERC1155(token).safeTransferFrom(msg.sender, address(this), id, amount, "");
        uint256 received = IERC1155(token).balanceOf(address(this), id) - before;
        _finishTaking(KIND_ERC1155, token, to, id, received, cap);
    }

    /// @notice Takes ERC-1155 tokens from `depositERC1155` only: any others would be lost here.
    function onERC1155Received(address by, address, uint256, uint256, bytes calldata) external view returns (bytes4) {
        if (msg.sender != _taking || by != address(this)) revert UnexpectedToken(msg.sender);
        return this.onERC1155Received.selector;
    }

    // ------------------------------------------------------------------------------------ everything

    /// @notice Ends deposits now. Only the organiser and the operator may.
    function closeDeposits(Config calldata c) external {
        _requireConfig(c);
        if (msg.sender != c.organiser && msg.sender != c.operator) revert NotAllowed(msg.sender);
        if (_depositsClosed) revert DepositsEnded();
        _depositsClosed = true;
        emit DepositsClosed(_depositCount);
    }

    /// @notice Checks that a deposit may come in now, and returns the cap of ETH.
    function _requireTaking() private view returns (uint128 cap) {
        if (_isCode()) revert BadPhase(Phase.None);
        uint64 cutoff;
        bool offered;
        (cap, cutoff, offered) = LayerArgs.terms();
        if (_depositsClosed || block.timestamp >= cutoff) revert DepositsEnded();
        if (offered && !_accepted) revert BadPhase(Phase.Offered);
    }

    /// @notice Opens the deposit of a token: until `_finishTaking` no other one can begin, so that what arrives
    /// belongs to this one alone, whatever code the token calls.
    function _startTaking(Config calldata c, uint8 kind, address token) private returns (uint256 cap) {
        _requireConfig(c);
        _requireTaking();
        cap = _capOf(c, kind, token);
        if (_taking != address(0)) revert Reentered();
        _taking = token;
    }

    function _finishTaking(uint8 kind, address token, address to, uint256 id, uint256 received, uint256 cap) private {
        _taking = address(0);
        if (received == 0) revert NothingReceived(token);
        uint256 total = _escrow[_key(kind, token)] + received;
        if (total > cap) revert CapExceeded(total, cap);
        _escrow[_key(kind, token)] = total;
        uint64 index = _depositCount;
        _depositCount = index + 1;
        _append(index, kind, to, token, id, received, TOKEN_DEPOSIT_GAS, msg.data[:0]);
    }

    function _capOf(Config calldata c, uint8 kind, address token) private pure returns (uint256) {
        for (uint256 i; i < c.bridged.length; ++i) {
            if (c.bridged[i].token == token && c.bridged[i].kind == kind) return c.bridged[i].cap;
        }
        revert NotBridged(kind, token);
    }

    /// @notice Appends deposit `index`; the caller has counted it.
    function _append(
        uint64 index,
        uint8 kind,
        address to,
        address token,
        uint256 id,
        uint256 value,
        uint64 gasLimit,
        bytes calldata data
    ) private {
        if (index >= Frontier.CAPACITY) revert TreeFull();
        address from = Alias.caller();
        // As a Deposit is encoded.
        bytes32 leaf = keccak256(
            abi.encode(
                index, block.number, block.timestamp, kind, from, to, token, id, value, gasLimit, keccak256(data)
            )
        );
        _deposits.append(index, leaf);
        emit Deposited(index, from, to, kind, token, id, value, gasLimit, data);
    }
}
