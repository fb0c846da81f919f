// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {ExitTree} from "./ExitTree.sol";
import {ITwin, ITwin1155, ITwinBulk} from "./ITwin.sol";
import {LayerState} from "./LayerState.sol";
import {Exit, KIND_BULK721, KIND_ERC1155, KIND_ERC20, KIND_ERC721, KIND_TWIN20} from "./Types.sol";
import {AlreadyClaimed, BadPhase, BadProof, GasTooLow, OutOfRange, TooEarly} from "./Errors.sol";

/// @notice How an exit is checked, and how assets leave the layer's contract.
abstract contract LayerPayments is LayerState {
    /// @notice An exit was paid.
    event Claimed(uint256 indexed index, address indexed recipient, uint32 asset, uint256 id, uint256 value);
    /// @notice Gas that one payment among many may use, so that no token and no recipient can stop the others.
    uint256 internal constant PAYMENT_GAS = 500_000;

    /// @dev Kept back for what follows the payment.
    uint256 private constant RESERVE = 30_000;

    /// @notice Checks that claims have started.
    function _requireFinal() internal view {
        uint64 claimsFrom = _finalAt;
        if (claimsFrom == 0) revert BadPhase(_phase());
        if (block.timestamp < claimsFrom) revert TooEarly(claimsFrom);
    }

    /// @notice Checks that `e` is exit `index`.
    function _requireLeaf(uint256 index, Exit calldata e, bytes32[] calldata proof) internal view {
        if (index >= _leafCount) revert OutOfRange(index + 1, _leafCount);
        bytes32 leaf = ExitTree.leaf(index, e.asset, e.recipient, e.id, e.value);
        if (!ExitTree.verify(_exitRoot, _depth, index, leaf, proof)) revert BadProof();
    }

    /// @notice Marks exit `index` as paid.
    function _mark(uint256 index) internal {
        uint256 place = index >> 8;
        uint256 word = _claimed[place];
        uint256 bit = uint256(1) << (index & 0xff);
        if (word & bit != 0) revert AlreadyClaimed(index);
        _claimed[place] = word | bit;
    }

    /// @notice The gas for one payment among many.
    /// @dev It must be there in full: whether a payment fails must not depend on the gas at hand.
    function _allowance() internal view returns (uint256) {
        // A call gets at most 63/64 of what is left (EIP-150).
        uint256 needed = PAYMENT_GAS + PAYMENT_GAS / 32 + RESERVE;
        if (gasleft() < needed) revert GasTooLow(gasleft(), needed);
        return PAYMENT_GAS;
    }

    /// @notice Hands `value`, or token `id`, of an asset to `to`. A recipient cannot refuse ETH, which is forced,
    /// and is not asked about tokens, but for ERC-1155 from the escrow.
    /// @return Whether that worked. Nothing but the payment itself can fail.
    function _pay(uint32 asset, address to, uint256 id, uint256 value, uint256 allowance) internal returns (bool) {
        if (asset == 0) {
            SafeTransferLib.forceSafeTransferETH(to, value);
            return true;
        }
        uint256 entry = _assets[asset];
        if (entry == 0) return false;
        return _payToken(uint8(entry >> 160), address(uint160(entry)), to, id, value, allowance);
    }

    /// @notice Hands out a token of this kind: from the escrow, or minted.
    function _payToken(uint8 kind, address token, address to, uint256 id, uint256 value, uint256 allowance)
        internal
        returns (bool)
    {
        bytes memory data;
        if (kind >= KIND_TWIN20 && kind <= KIND_BULK721) {
            data = abi.encodeCall(ITwin.mint, (to, kind == KIND_TWIN20 ? value : id));
        } else if (kind == KIND_ERC20) {
            data = abi.encodeCall(IERC20.transfer, (to, value));
        } else if (kind == KIND_ERC721) {
            data = abi.encodeCall(IERC721.transferFrom, (address(this), to, id));
        } else if (kind == KIND_ERC1155) {
            data = abi.encodeCall(IERC1155.safeTransferFrom, (address(this), to, id, value, ""));
        } else {
            data = abi.encodeCall(ITwin1155.mint, (to, id, value));
        }
        return _call(token, data, allowance);
    }

    /// @notice Whether an asset is one whose twin takes many tokens at once.
    function _isBulk(uint32 asset) internal view returns (bool) {
        return _assets[asset] >> 160 == KIND_BULK721;
    }

    /// @notice Mints the tokens from `firstId` on in a bulk twin, for owners of 20 bytes each.
    function _mintBulk(uint32 asset, uint256 firstId, bytes memory owners) internal returns (bool) {
        bytes memory data = abi.encodeCall(ITwinBulk.mintBulk, (firstId, owners));
        return _call(address(uint160(_assets[asset])), data, gasleft());
    }

    /// @notice Calls a token. It has failed when it reverts, or answers, but not with true.
    function _call(address token, bytes memory data, uint256 allowance) private returns (bool ok) {
        assembly ("memory-safe") {
            ok := call(allowance, token, 0, add(data, 0x20), mload(data), 0x00, 0x20)
            if returndatasize() { ok := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))) }
        }
    }
}
