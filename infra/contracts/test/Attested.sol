// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";
import {Output} from "../src/Types.sol";

/// @notice A layer in mode B, with keys for its attestors, and the words that they sign.
abstract contract Attested is Base {
    /// Keys of the attestors, in ascending order of their addresses.
    uint256[] internal keys;

    /// Opens a layer that `threshold` of `count` attestors vouch for.
    function openAttested(uint8 threshold, uint256 count) internal {
        (config.mode, config.quorum.threshold) = (2, threshold);
        makeKeys(count);
        delete config.quorum.attestors;
        for (uint256 i; i < count; ++i) {
            config.quorum.attestors.push(vm.addr(keys[i]));
        }
        layer = open("attested");
    }

    function makeKeys(uint256 count) private {
        for (uint256 i = 1; i <= count; ++i) {
            keys.push(i);
        }
        for (uint256 i; i < count; ++i) {
            for (uint256 j = i + 1; j < count; ++j) {
                if (vm.addr(keys[j]) < vm.addr(keys[i])) (keys[i], keys[j]) = (keys[j], keys[i]);
            }
        }
    }

    /// Written from EIP-712, not from `Signed`.
    function digestOf(string memory kind, bytes32 word) internal view returns (bytes32) {
        bytes32 what = keccak256(abi.encode(keccak256(bytes(string.concat(kind, "(bytes32 output)"))), word));
        return keccak256(bytes.concat(hex"1901", domain(), what));
    }

    function domain() internal view returns (bytes32) {
        bytes32 kind =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(kind, keccak256("Mayfly"), keccak256("1"), block.chainid, address(layer)));
    }

    function signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// Signatures of the attestors [from, to) under `kind` of this output.
    function signatures(string memory kind, bytes32 output, uint256 from, uint256 to)
        internal
        view
        returns (bytes[] memory list)
    {
        list = new bytes[](to - from);
        for (uint256 i = from; i < to; ++i) {
            list[i - from] = signature(keys[i], digestOf(kind, output));
        }
    }

    /// Settles as `proposer`, with this much ETH and these signatures.
    function settleAs(address proposer, uint256 value, Output memory o, bytes[] memory signed) internal {
        (Output memory done, bytes[] memory a, bytes[] memory s) = seal(o);
        if (value != 0) vm.deal(proposer, value);
        vm.prank(proposer);
        settlement().settle{value: value}(config, done, assetList(), a, s, signed);
    }

    /// Hash of `o` as it is settled.
    function hashOf(Output memory o) internal pure returns (bytes32) {
        (Output memory done,,) = seal(o);
        return keccak256(abi.encode(done));
    }
}
