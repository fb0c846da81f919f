// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LayerPayments} from "./LayerPayments.sol";
import {StateProof} from "./StateProof.sol";
import {Config, Exit} from "./Types.sol";
import {NotOrphan, TooEarly, TransferFailed} from "./Errors.sol";

/// @notice What the settled state root proves beyond the exits.
abstract contract LayerOrphans is LayerPayments {
    /// @notice Seconds after `finalAt` after which orphans go to the config's `orphanRecipient`.
    uint64 internal constant ORPHAN_DELAY = 180 days;

    /// @notice An exit of a contract of the layer that has no counterpart on the L1 was paid to someone else.
    event OrphanClaimed(uint256 indexed index, address indexed contract_, address indexed to);

    /// @notice Whether `slot` of `account` had this content when the layer ended. Only after the window, and never
    /// for zero: what is absent cannot be proved.
    function verifyFinalSlot(
        address account,
        bytes32 slot,
        bytes32 value,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external view returns (bool) {
        _requireFinal();
        return StateProof.slotOf(_stateRoot, account, slot, accountProof, storageProof) == value;
    }

    /// @notice Pays an exit to `orphanRecipient` because its recipient is a contract of the layer that nobody can
    /// bring to the L1: 180 days after `finalAt`, when the recipient had code on the layer, has none here, and the
    /// exit is unpaid. Accounts with a key cannot be orphans, also when they have delegated to code (EIP-7702).
    /// @param code The recipient's code on the layer.
    /// @param accountProof Trie proof of the recipient's account in the settled state.
    function claimOrphan(
        Config calldata c,
        uint256 index,
        Exit calldata e,
        bytes32[] calldata proof,
        bytes calldata code,
        bytes[] calldata accountProof
    ) external {
        _requireConfig(c);
        _requireFinal();
        if (block.timestamp < _finalAt + ORPHAN_DELAY) revert TooEarly(_finalAt + ORPHAN_DELAY);
        _requireLeaf(index, e, proof);
        _requireOrphan(c, e.recipient, code, accountProof);
        _mark(index);
        if (!_pay(e.asset, c.orphanRecipient, e.id, e.value, gasleft())) revert TransferFailed(index);
        emit OrphanClaimed(index, e.recipient, c.orphanRecipient);
        emit Claimed(index, c.orphanRecipient, e.asset, e.id, e.value);
    }

    function _requireOrphan(Config calldata c, address recipient, bytes calldata code, bytes[] calldata accountProof)
        private
        view
    {
        bool hasCode = code.length != 0 && bytes3(code) != 0xef0100;
        bool isOrphan = hasCode && recipient.code.length == 0 && c.orphanRecipient != address(0);
        if (!isOrphan) revert NotOrphan(recipient);
        if (StateProof.codeHashOf(_stateRoot, recipient, accountProof) != keccak256(code)) revert NotOrphan(recipient);
    }
}
