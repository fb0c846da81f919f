// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";
import {ExitTree} from "../src/ExitTree.sol";
import {Frontier} from "../src/Frontier.sol";
import {PackedLeaves} from "../src/PackedLeaves.sol";
import {Seal} from "../src/Seal.sol";
import {StateProof} from "../src/StateProof.sol";
import {Asset, Exit} from "../src/Types.sol";

/// @notice Checks the contracts against the vectors that the Rust mirror writes.
contract GoldenTest is Base {
    using Frontier for bytes32[32];

    string private json;
    bytes32[32] private nodes;

    function setUp() public override {
        json = vm.readFile("../../node-core/src/exit/golden/vectors.json");
    }

    function test_trees_haveTheRootsOfTheMirror() public {
        for (uint256 t; t < 7; ++t) {
            string memory tree = key(".trees", t);
            bytes32[] memory hashes = words(tree, ".hashes");
            bytes32[32] storage frontier = nodes;
            for (uint256 i; i < hashes.length; ++i) {
                string memory leaf = key(string.concat(tree, ".leaves"), i);
                vm.assertEq(this.leafHash(i, exitAt(leaf)), hashes[i]);
                frontier.append(i, hashes[i]);
            }
            vm.assertEq(ExitTree.depthOf(hashes.length), number(tree, ".depth"));
            vm.assertEq(frontier.root(hashes.length, number(tree, ".depth")), word(tree, ".root"), tree);
        }
    }

    function test_proofs_ofTheMirrorVerify() public view {
        for (uint256 t = 1; t < 7; ++t) {
            string memory tree = key(".trees", t);
            bytes32[] memory hashes = words(tree, ".hashes");
            for (uint256 i; i < hashes.length; ++i) {
                bytes32[] memory proof = words(key(string.concat(tree, ".proofs"), i), "");
                vm.assertTrue(this.verify(word(tree, ".root"), number(tree, ".depth"), i, hashes[i], proof), tree);
            }
        }
    }

    function test_ranges_ofTheMirrorHaveTheRoot() public view {
        for (uint256 t = 3; t < 7; ++t) {
            string memory tree = key(".trees", t);
            for (uint256 r; r < 4; ++r) {
                string memory range = key(string.concat(tree, ".ranges"), r);
                bytes memory packed = vm.parseJsonBytes(json, string.concat(range, ".packed"));
                uint256 start = number(range, ".start");
                bytes32[] memory hashes = this.hashPacked(packed, start);
                vm.assertEq(hashes.length, number(range, ".count"));
                (bytes32 root, bool ok) =
                    this.rangeRoot(hashes, start, number(tree, ".depth"), words(range, ".siblings"));
                vm.assertTrue(ok);
                vm.assertEq(root, word(tree, ".root"), range);
            }
        }
    }

    function test_deposits_haveTheRootsOfTheMirror() public {
        bytes32[] memory hashes = words(".deposits", ".hashes");
        bytes32[] memory roots = words(".deposits", ".rootAfter");
        bytes32[32] storage frontier = nodes;
        vm.assertEq(frontier.root(0, 32), roots[0]);
        for (uint256 i; i < hashes.length; ++i) {
            vm.assertEq(depositHash(key(".deposits.leaves", i)), hashes[i]);
            frontier.append(i, hashes[i]);
            vm.assertEq(frontier.root(i + 1, 32), roots[i + 1]);
        }
        bytes32[] memory proof = words(".deposits", ".proofOf5");
        vm.assertTrue(this.verify(roots[hashes.length], 32, 5, hashes[5], proof));
    }

    function test_seal_isReadFromAStateOfManyAccounts() public view {
        bytes32 got = this.readSeal(
            word(".seal", ".stateRoot"),
            vm.parseJsonBytesArray(json, ".seal.accountProof"),
            vm.parseJsonBytesArray(json, ".seal.storageProof")
        );
        vm.assertEq(got, word(".seal", ".sealHash"));
    }

    function test_seal_hashesAsInTheMirror() public view {
        Asset[] memory assets = new Asset[](3);
        for (uint256 i; i < 3; ++i) {
            string memory where = key(".seal.assets", i);
            assets[i] = Asset(
                uint8(number(where, ".kind")),
                vm.parseJsonAddress(json, string.concat(where, ".l2")),
                uint8(number(where, ".decimals")),
                vm.parseJsonString(json, string.concat(where, ".name")),
                vm.parseJsonString(json, string.concat(where, ".symbol")),
                number(where, ".total")
            );
        }
        bytes32 hash = assetsHash(assets);
        vm.assertEq(hash, word(".seal.output", ".assetsHash"));
        bytes32 sealHash = Seal.hash(
            word(".seal.output", ".exitRoot"),
            uint32(number(".seal.output", ".leafCount")),
            uint8(number(".seal.output", ".depth")),
            uint64(number(".seal.output", ".depositCount")),
            hash
        );
        vm.assertEq(sealHash, word(".seal", ".sealHash"));
    }

    // ---- the libraries, with arguments in calldata

    function leafHash(uint256 index, Exit calldata e) external pure returns (bytes32) {
        return ExitTree.leaf(index, e.asset, e.recipient, e.id, e.value);
    }

    function verify(bytes32 root, uint256 depth, uint256 index, bytes32 hash, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return ExitTree.verify(root, depth, index, hash, proof);
    }

    function rangeRoot(bytes32[] memory leaves, uint256 start, uint256 depth, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32, bool)
    {
        return ExitTree.rangeRoot(leaves, start, depth, siblings);
    }

    function hashPacked(bytes calldata packed, uint256 start) external pure returns (bytes32[] memory) {
        return PackedLeaves.hashes(packed, start);
    }

    function readSeal(bytes32 root, bytes[] calldata accountProof, bytes[] calldata storageProof)
        external
        pure
        returns (bytes32)
    {
        return StateProof.slotOf(root, Seal.SEALER, bytes32(Seal.SLOT), accountProof, storageProof);
    }

    // ---- reading

    function depositHash(string memory where) private view returns (bytes32) {
        bytes memory head = abi.encode(
            number(where, ".index"),
            number(where, ".l1Block"),
            number(where, ".l1TimeS"),
            number(where, ".kind"),
            vm.parseJsonAddress(json, string.concat(where, ".from")),
            vm.parseJsonAddress(json, string.concat(where, ".to")),
            vm.parseJsonAddress(json, string.concat(where, ".token"))
        );
        bytes memory data = vm.parseJsonBytes(json, string.concat(where, ".data"));
        return keccak256(
            bytes.concat(head, abi.encode(number(where, ".id"), number(where, ".value"), number(where, ".gasLimit"), keccak256(data)))
        );
    }

    function exitAt(string memory where) private view returns (Exit memory) {
        address recipient = vm.parseJsonAddress(json, string.concat(where, ".recipient"));
        return Exit(uint32(number(where, ".asset")), recipient, number(where, ".id"), number(where, ".value"));
    }

    function key(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }

    function number(string memory where, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(where, field));
    }

    function word(string memory where, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(where, field));
    }

    function words(string memory where, string memory field) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, string.concat(where, field));
    }
}
