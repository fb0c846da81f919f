// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieWalk} from "./TrieWalk.sol";

/// @notice Reads accounts and their storage out of a state root by Merkle-Patricia proofs, as from eth_getProof.
/// @dev Reverts when a proof does not lead to an entry: what is absent, or zero, cannot be read.
library StateProof {
    using RLP for *;

    /// @dev Places in an account's [nonce, balance, storage root, code hash].
    uint256 private constant STORAGE_ROOT = 2;
    uint256 private constant CODE_HASH = 3;

    /// @notice Content of `slot` of `account` in the state with this root.
    function slotOf(
        bytes32 stateRoot,
        address account,
        bytes32 slot,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) internal pure returns (bytes32) {
        bytes32 storageRoot = _field(stateRoot, account, accountProof, STORAGE_ROOT);
        return TrieWalk.find(storageRoot, keccak256(abi.encode(slot)), storageProof).decodeBytes32();
    }

    /// @notice Hash of the code of `account` in the state with this root.
    function codeHashOf(bytes32 stateRoot, address account, bytes[] calldata accountProof)
        internal
        pure
        returns (bytes32)
    {
        return _field(stateRoot, account, accountProof, CODE_HASH);
    }

    function _field(bytes32 stateRoot, address account, bytes[] calldata proof, uint256 place)
        private
        pure
        returns (bytes32)
    {
        bytes memory fields = TrieWalk.find(stateRoot, keccak256(abi.encodePacked(account)), proof);
        return fields.decodeList()[place].readBytes32();
    }
}
