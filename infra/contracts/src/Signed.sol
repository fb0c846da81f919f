// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "solady/utils/ECDSA.sol";
import {BadQuorum, NotAttestor, SignersNotAscending} from "./Errors.sol";

/// @notice What attestors, organisers, sequencers and claim codes sign, as EIP-712 has it.
/// @dev The domain is the contract's own address, so that no signature counts for another layer.
library Signed {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant SETTLEMENT = keccak256("Settlement(bytes32 output)");
    bytes32 private constant VETO = keccak256("Veto(bytes32 output)");
    bytes32 private constant RELEASE = keccak256("Release(address to)");
    bytes32 private constant BLOCK_SEAL = keccak256("BlockSeal(uint64 number,bytes32 hash)");

    /// @notice Digest of the word for a settlement.
    function settlement(bytes32 output) internal view returns (bytes32) {
        return _digest(keccak256(abi.encode(SETTLEMENT, output)));
    }

    /// @notice Digest of the word against a settlement.
    function veto(bytes32 output) internal view returns (bytes32) {
        return _digest(keccak256(abi.encode(VETO, output)));
    }

    /// @notice Digest of a block's seal.
    function blockSeal(uint64 number, bytes32 hash) internal view returns (bytes32) {
        return _digest(keccak256(abi.encode(BLOCK_SEAL, number, hash)));
    }

    /// @notice Digest of a claim code's word for a recipient.
    function release(address to) internal view returns (bytes32) {
        return _digest(keccak256(abi.encode(RELEASE, to)));
    }

    /// @notice Whether `account` signed `digest`.
    function isBy(address account, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        return account != address(0) && ECDSA.tryRecoverCalldata(digest, signature) == account;
    }

    /// @notice Checks that at least `quorum` of the `attestors` signed `digest`, in ascending order of signers.
    function requireQuorum(bytes32 digest, address[] calldata attestors, uint256 quorum, bytes[] calldata signatures)
        internal
        view
    {
        if (signatures.length < quorum) revert BadQuorum(signatures.length, quorum);
        address last;
        uint256 place;
        for (uint256 i; i < signatures.length; ++i) {
            address signer = ECDSA.tryRecoverCalldata(digest, signatures[i]);
            // Strictly ascending, so that none counts twice; and no failed recovery, which gives zero.
            if (signer <= last) revert SignersNotAscending(i);
            last = signer;
            // Attestors ascend too: one walk over both lists.
            while (place < attestors.length && attestors[place] < signer) ++place;
            if (place == attestors.length || attestors[place] != signer) revert NotAttestor(signer);
        }
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256("Mayfly"), keccak256("1"), block.chainid, address(this))
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
