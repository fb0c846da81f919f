// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {Seal} from "./Seal.sol";

/// @notice Reads the seal out of a layer's state root by Merkle-Patricia proofs.
library SealProof {
    using RLP for *;

    /// @dev Place of the storage root in an account's [nonce, balance, storage root, code hash].
    uint256 private constant STORAGE_ROOT = 2;

    /// @notice The sealer's slot 0 in the state with this root. Reverts when the proofs do not lead there.
    function read(bytes32 stateRoot, bytes[] calldata accountProof, bytes[] calldata storageProof)
        internal
        pure
        returns (bytes32)
    {
        bytes memory account = TrieProof.traverse(stateRoot, _key(bytes.concat(bytes20(Seal.SEALER))), accountProof);
        Memory.Slice[] memory fields = account.decodeList();
        bytes32 storageRoot = fields[STORAGE_ROOT].readBytes32();
        bytes memory word = TrieProof.traverse(storageRoot, _key(abi.encode(Seal.SLOT)), storageProof);
        return word.decodeBytes32();
    }

    /// @notice Where `preimage` stands in a secure trie.
    function _key(bytes memory preimage) private pure returns (bytes memory) {
        return bytes.concat(keccak256(preimage));
    }
}
