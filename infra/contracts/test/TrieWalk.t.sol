// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {TrieWalk} from "../src/TrieWalk.sol";

/// @notice `TrieWalk` finds what OpenZeppelin's `TrieProof` finds, and nothing else.
contract TrieWalkTest {
    using RLP for *;

    /// What a trie of one known way is made of.
    struct Way {
        bytes32 key;
        bytes value;
        bytes32 root;
        bytes[] proof;
    }

    function testFuzz_find_whereTheEntryIs(uint256 seed, bytes32 key, bytes memory value) public view {
        vm.assume(value.length != 0 && value.length < 300);
        Way memory way = build(seed, key, value, false);
        vm.assertEq(this.walk(way.root, way.key, way.proof), value);
        vm.assertEq(this.openZeppelin(way.root, way.key, way.proof), value);
    }

    /// A byte of a node is another one, and what names the node knows: only what the nodes say decides.
    function testFuzz_find_nodesThatAreNone(uint256 seed, bytes32 key, bytes memory value) public view {
        vm.assume(value.length < 300);
        agree(build(seed, key, value, true));
    }

    function testFuzz_find_otherKey(uint256 seed, bytes32 key, uint256 bit) public view {
        Way memory way = build(seed, key, "value", false);
        way.key = bytes32(uint256(key) ^ uint256(1) << bit % 256);
        (bool found,) = tryWalk(way);
        vm.assertFalse(found);
        agree(way);
    }

    function testFuzz_find_proofThatWasChanged(uint256 seed, bytes32 key, uint256 place) public view {
        Way memory way = build(seed, key, "a value of more than thirty-two bytes", false);
        bytes memory node = way.proof[place % way.proof.length];
        node[(place >> 128) % node.length] ^= bytes1(uint8(1 + (place >> 64) % 255));
        (bool found,) = tryWalk(way);
        vm.assertFalse(found);
        agree(way);
    }

    function testFuzz_find_proofThatIsLongerOrShorter(uint256 seed, bytes32 key) public view {
        Way memory way = build(seed, key, "a value of more than thirty-two bytes", false);
        bytes[] memory whole = way.proof;
        way.proof = resized(whole, whole.length - 1);
        (bool found,) = tryWalk(way);
        vm.assertFalse(found);
        agree(way);
        way.proof = resized(whole, whole.length + 1);
        (found,) = tryWalk(way);
        vm.assertFalse(found);
        agree(way);
    }

    // ------------------------------------------------------------------------------------------------

    function walk(bytes32 root, bytes32 key, bytes[] calldata proof) external pure returns (bytes memory) {
        return TrieWalk.find(root, key, proof);
    }

    function openZeppelin(bytes32 root, bytes32 key, bytes[] calldata proof) external pure returns (bytes memory) {
        return TrieProof.traverse(root, abi.encodePacked(key), proof);
    }

    function tryWalk(Way memory way) private view returns (bool found, bytes memory value) {
        try this.walk(way.root, way.key, way.proof) returns (bytes memory got) {
            (found, value) = (true, got);
        } catch {}
    }

    function agree(Way memory way) private view {
        (bool found, bytes memory value) = tryWalk(way);
        try this.openZeppelin(way.root, way.key, way.proof) returns (bytes memory expected) {
            vm.assertTrue(found, "OpenZeppelin finds it");
            vm.assertEq(value, expected);
        } catch {
            vm.assertFalse(found, "OpenZeppelin does not find it");
        }
    }

    /// Builds a trie from the leaf up, of branches and extensions as `seed` says. Nodes of less than 32 bytes stand in
    /// the one above, and sometimes in the proof as well. Nodes of a broken one have a wrong byte here and there.
    function build(uint256 seed, bytes32 key, bytes memory value, bool broken) private pure returns (Way memory) {
        bytes[] memory nodes = new bytes[](70);
        uint256 count;
        uint256 depth = seed % 3 == 0 ? 40 + seed % 25 : seed % 9;
        bytes memory node = pair(path(key, depth, 64 - depth, true), value.encode());
        while (true) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (broken && seed & 3 == 0) node[(seed >> 8) % node.length] = bytes1(uint8(seed >> 16));
            if (depth == 0 || node.length >= 32 || seed & 4 == 0) nodes[count++] = node;
            if (depth == 0) break;
            (node, depth) = above(seed, key, node, depth);
        }
        bytes[] memory proof = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            proof[i] = nodes[count - 1 - i];
        }
        return Way(key, value, keccak256(node), proof);
    }

    /// The node above one that `depth` nibbles lead to, and how many lead to that.
    function above(uint256 seed, bytes32 key, bytes memory node, uint256 depth)
        private
        pure
        returns (bytes memory, uint256)
    {
        bytes memory child = node.length < 32 ? node : keccak256(node).encode();
        uint256 nibbles = 1 + (seed >> 32) % 30;
        if (seed & 8 == 0 && nibbles < depth) {
            depth -= nibbles;
            return (pair(path(key, depth, nibbles, false), child), depth);
        }
        --depth;
        return (branch(Naive.nibble(key, depth), child, (seed >> 64) % 16), depth);
    }

    /// Compact encoding of `count` nibbles of the key, from the one after `depth` on.
    function path(bytes32 key, uint256 depth, uint256 count, bool isLeaf) private pure returns (bytes memory compact) {
        uint256 flag = (isLeaf ? 2 : 0) + count % 2;
        uint256 end = depth + count;
        compact = abi.encodePacked(uint8(flag << 4 | (count % 2 == 1 ? Naive.nibble(key, depth++) : 0)));
        for (; depth < end; depth += 2) {
            compact = bytes.concat(compact, bytes1(uint8(Naive.nibble(key, depth) << 4 | Naive.nibble(key, depth + 1))));
        }
    }

    function pair(bytes memory compact, bytes memory second) private pure returns (bytes memory) {
        bytes[] memory fields = new bytes[](2);
        (fields[0], fields[1]) = (compact.encode(), second);
        return fields.encode();
    }

    function branch(uint256 place, bytes memory child, uint256 others) private pure returns (bytes memory) {
        bytes[] memory fields = new bytes[](17);
        for (uint256 i; i < 17; ++i) {
            bool isThere = i < 16 && (i + 16 - place) % 16 <= others;
            fields[i] = isThere ? keccak256(abi.encode(i)).encode() : bytes("").encode();
        }
        fields[place] = child;
        return fields.encode();
    }

    function resized(bytes[] memory proof, uint256 length) private pure returns (bytes[] memory out) {
        out = new bytes[](length);
        for (uint256 i; i < length; ++i) {
            out[i] = proof[i < proof.length ? i : proof.length - 1];
        }
    }
}
