// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";
import {ExitTree} from "../src/ExitTree.sol";

/// @notice The assembly of `ExitTree.verify` beside the loop that says what it means.
contract ExitTreeTest {
    function test_verify_isTheNaiveFold(uint256 index, uint256 depth, bytes32 hash, bytes32[32] memory siblings)
        public
        view
    {
        depth %= 33;
        index %= uint256(1) << depth;
        bytes32[] memory proof = new bytes32[](depth);
        bytes32 root = hash;
        for (uint256 i; i < depth; ++i) {
            proof[i] = siblings[i];
            bool isLeft = (index >> i) % 2 == 0;
            root = keccak256(isLeft ? bytes.concat(root, proof[i]) : bytes.concat(proof[i], root));
        }
        vm.assertTrue(this.verify(root, depth, index, hash, proof));
        vm.assertFalse(this.verify(root, depth, index + (uint256(1) << depth), hash, proof));
        vm.assertFalse(this.verify(root, depth + 1, index, hash, proof));
        vm.assertFalse(this.verify(keccak256(bytes.concat(root)), depth, index, hash, proof));
        if (depth == 0) return;
        vm.assertFalse(this.verify(root, depth - 1, index >> 1, hash, proof));
        if (proof[0] != hash) vm.assertFalse(this.verify(root, depth, index ^ 1, hash, proof));
    }

    function verify(bytes32 root, uint256 depth, uint256 index, bytes32 hash, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return ExitTree.verify(root, depth, index, hash, proof);
    }
}
