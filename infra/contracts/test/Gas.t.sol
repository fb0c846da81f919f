// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Attested} from "./Attested.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {ExitSealer} from "../src/ExitSealer.sol";
import {FlashLayer} from "../src/FlashLayer.sol";
import {Predeploys} from "../src/Predeploys.sol";
import {Seal} from "../src/Seal.sol";
import {Asset, Exit, Output} from "../src/Types.sol";
import {Coin} from "../src/examples/Coin.sol";
import {Ticket} from "../src/examples/Ticket.sol";

/// @notice Measures whole transactions (`isolate`) and writes `snapshots/GasTest.json`.
contract GasTest is Attested {
    uint8 private constant DEPTH = 20;
    uint256 private constant COUNT = 1 << DEPTH;
    uint256 private constant START = 524_288;

    address private constant SYSTEM = 0x4D61796600000000000000000000000000000000;

    function test_gas_open() public {
        vm.prank(organiser);
        factory.open(config, "measured");
        vm.snapshotGasLastCall("open, without the factory's first write");
    }

    function test_gas_deposits() public {
        vm.deal(alice, 1 ether);
        vm.startPrank(alice, alice);
        layer.depositETH{value: 1}(alice, 100_000, "");
        vm.snapshotGasLastCall("deposit, first");
        uint256 sum;
        for (uint256 i; i < 255; ++i) {
            layer.depositETH{value: 1}(alice, 100_000, "");
            sum += vm.snapshotGasLastCall("deposit, 256th");
        }
        vm.snapshotValue("deposit, mean of the next 255", sum / 255);
        vm.stopPrank();
    }

    /// The proof is one of a state of 200 accounts and 40 slots; each doubling of both adds about half a level.
    function test_gas_settle() public {
        string memory json = vm.readFile("../../node-core/src/exit/golden/vectors.json");
        deposit(alice, 3 ether);
        deposit(alice, 1 ether);
        closeDeposits();
        Output memory o;
        o.exitRoot = vm.parseJsonBytes32(json, ".seal.output.exitRoot");
        o.stateRoot = vm.parseJsonBytes32(json, ".seal.stateRoot");
        o.assetsHash = vm.parseJsonBytes32(json, ".seal.output.assetsHash");
        (o.leafCount, o.depth, o.depositCount) = (13, 4, 2);
        Asset[] memory assets = new Asset[](3);
        assets[0] = Asset(0, address(0), 18, "", "", 3 ether);
        assets[1] = Asset(4, 0x1111111111111111111111111111111111111111, 0, unicode"Café du Monde", unicode"CAFÉ", 10);
        assets[2] = Asset(4, 0x2222222222222222222222222222222222222222, 0, "", "", 0);
        bytes[] memory accountProof = vm.parseJsonBytesArray(json, ".seal.accountProof");
        bytes[] memory storageProof = vm.parseJsonBytesArray(json, ".seal.storageProof");
        vm.prank(operator);
        settlement().settle(config, o, assets, accountProof, storageProof, new bytes[](0));
        vm.snapshotGasLastCall("settle, two twins");
    }

    /// A state of a million accounts: four levels that are full, one that is not, and the leaf. The sealer has some
    /// fifty slots.
    function test_gas_settleInABigState() public {
        deposit(alice, 3 ether);
        closeDeposits();
        (Output memory o, bytes[] memory accountProof, bytes[] memory storageProof) =
            bigState(outputOf(new Exit[](0)));
        vm.prank(operator);
        settlement().settle(config, o, assetList(), accountProof, storageProof, new bytes[](0));
        vm.snapshotGasLastCall("settle, two twins, a million accounts");
    }

    function test_gas_settleAttested() public {
        openAttested(3, 5);
        closeDeposits();
        Asset[] memory assets = new Asset[](1);
        assets[0] = Asset(0, address(0), 18, "", "", 0);
        Output memory o = outputOf(new Exit[](0));
        o.assetsHash = assetsHash(assets);
        bytes[] memory accountProof;
        bytes[] memory storageProof;
        (o, accountProof, storageProof) = bigState(o);
        bytes[] memory signed = signatures("Settlement", keccak256(abi.encode(o)), 0, 3);
        vm.prank(operator);
        settlement().settle(config, o, assets, accountProof, storageProof, signed);
        vm.snapshotGasLastCall("settle, no twins, 3 of 5 attestors, a million accounts");
    }

    function bigState(Output memory o)
        private
        pure
        returns (Output memory, bytes[] memory accountProof, bytes[] memory storageProof)
    {
        uint8[] memory widths = new uint8[](5);
        (widths[0], widths[1], widths[2], widths[3], widths[4]) = (16, 16, 16, 16, 11);
        bytes32 hash = Seal.hash(o.exitRoot, o.leafCount, o.depth, o.depositCount, o.assetsHash);
        uint8[] memory small = new uint8[](2);
        (small[0], small[1]) = (16, 4);
        bytes32 storageRoot;
        (storageRoot, storageProof) = Naive.deepTrie(abi.encode(uint256(0)), RLP.encode(hash), small);
        (o.stateRoot, accountProof) =
            Naive.deepTrie(abi.encodePacked(Seal.SEALER), Naive.account(storageRoot), widths);
        return (o, accountProof, storageProof);
    }

    function test_gas_claimEth() public {
        (Exit[] memory exits, bytes32[] memory path) = deepTree(2, 0);
        vm.deal(exits[0].recipient, 1);
        layer.claim(START, exits[0], withNeighbour(exits[1], 1, path));
        vm.snapshotGasLastCall("claim ETH, fresh bitmap word");
        vm.deal(exits[1].recipient, 1);
        layer.claim(START + 1, exits[1], withNeighbour(exits[0], 0, path));
        vm.snapshotGasLastCall("claim ETH, used bitmap word");
    }

    function test_gas_claimTwin() public {
        (Exit[] memory exits, bytes32[] memory path) = deepTree(2, 1);
        layer.claim(START, exits[0], withNeighbour(exits[1], 1, path));
        vm.snapshotGasLastCall("claim twin, fresh bitmap word");
        layer.claim(START + 1, exits[1], withNeighbour(exits[0], 0, path));
        vm.snapshotGasLastCall("claim twin, used bitmap word");
    }

    function test_gas_claimRange() public {
        (Exit[] memory exits, bytes32[] memory path) = deepTree(128, 1);
        layer.claimRange(START, sequential(exits), path);
        perLeaf("claimRange, 128 twins", exits.length);
    }

    function test_gas_publish() public {
        (Exit[] memory exits, bytes32[] memory path) = deepTree(1024, 1);
        vm.store(address(layer), bytes32(uint256(3)), withPublished(START));
        vm.assertEq(settlement().publishedCount(), START);
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(START, sequential(exits), path);
        perLeaf("publishLeaves, 1024 ids", exits.length);
    }

    function test_gas_publishExplicit() public {
        (Exit[] memory exits, bytes32[] memory path) = deepTree(1024, 0);
        vm.store(address(layer), bytes32(uint256(3)), withPublished(START));
        bytes memory packed = abi.encodePacked(uint8(2), uint32(0), uint16(1024));
        for (uint256 i; i < exits.length; ++i) {
            bytes memory value = Naive.minimal(exits[i].value);
            packed = bytes.concat(packed, bytes20(exits[i].recipient), bytes1(uint8(value.length)), value);
        }
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(START, packed, path);
        perLeaf("publishLeaves, 1024 amounts", exits.length);
    }

    function test_gas_sealer() public {
        vm.etch(Seal.SEALER, vm.getDeployedCode("artifacts/ExitSealer.json"));
        vm.etch(Predeploys.BRIDGE, vm.getDeployedCode("artifacts/L2Bridge.json"));
        ExitSealer sealer = ExitSealer(Seal.SEALER);
        Ticket ticket = Ticket(vm.deployCode("artifacts/Ticket.json", abi.encode("T", "T", 0, address(this), 10_000)));
        uint256[] memory ids = new uint256[](512);
        for (uint256 i; i < ids.length; ++i) {
            ids[i] = ticket.mintTo(address(uint160(0xABCDEF000 + i)));
        }
        vm.startPrank(SYSTEM, SYSTEM);
        sealer.freeze();
        uint32 asset = sealer.addAsset721(address(ticket));
        sealer.sweep721(asset, ids);
        perLeaf("sweep721, 512 tickets", ids.length);
        sealer.closeAsset(asset);
        address[] memory holders = new address[](512);
        for (uint256 i; i < holders.length; ++i) {
            holders[i] = address(uint160(0xABCDEF000 + i));
            vm.deal(holders[i], i + 1);
        }
        sealer.sweepETH(holders);
        perLeaf("sweepETH, 512 holders", holders.length);
        uint32 coin = sealer.addAsset20(coinOf(holders));
        sealer.sweep20(coin, holders);
        perLeaf("sweep20, 512 holders", holders.length);
    }

    // ------------------------------------------------------------------------------------------------

    /// Settles a layer of 2^20 exits, of which `count` (a power of two) are known, and returns the siblings
    /// of their subtree.
    function deepTree(uint256 count, uint32 asset) private returns (Exit[] memory exits, bytes32[] memory path) {
        exits = new Exit[](count);
        for (uint256 i; i < count; ++i) {
            address to = address(uint160(uint256(keccak256(abi.encode(i)))));
            exits[i] = asset == 0 ? Exit(0, to, 0, 1 gwei + i) : Exit(asset, to, 9000 + i, 1);
        }
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            hashes[i] = Naive.leaf(START + i, exits[i]);
        }
        uint8 height = Naive.depth(count);
        path = new bytes32[](DEPTH - height);
        bytes32 root = Naive.node(hashes, height, 0);
        for (uint256 i; i < path.length; ++i) {
            path[i] = keccak256(abi.encode("sibling", i));
            bool left = ((START >> (height + i)) & 1) == 0;
            root = keccak256(left ? bytes.concat(root, path[i]) : bytes.concat(path[i], root));
        }
        settleRoot(root);
    }

    function settleRoot(bytes32 root) private {
        deposit(alice, 1 ether);
        closeDeposits();
        Output memory o = outputOf(new Exit[](0));
        (o.exitRoot, o.leafCount, o.depth) = (root, uint32(COUNT), DEPTH);
        settleOutput(o);
    }

    function withNeighbour(Exit memory e, uint256 offset, bytes32[] memory path)
        private
        pure
        returns (bytes32[] memory proof)
    {
        proof = new bytes32[](path.length + 1);
        proof[0] = Naive.leaf(START + offset, e);
        for (uint256 i; i < path.length; ++i) {
            proof[i + 1] = path[i];
        }
    }

    function sequential(Exit[] memory exits) private pure returns (bytes memory packed) {
        packed = abi.encodePacked(uint8(1), exits[0].asset, uint16(exits.length), exits[0].id);
        for (uint256 i; i < exits.length; ++i) {
            packed = bytes.concat(packed, bytes20(exits[i].recipient));
        }
    }

    /// Slot 3 of the layer: finalAt | lastBlock | leafCount | publishedCount | depth, from the right.
    function withPublished(uint256 published) private view returns (bytes32) {
        return vm.load(address(layer), bytes32(uint256(3))) | bytes32(published << 160);
    }

    function coinOf(address[] memory holders) private returns (address) {
        vm.stopPrank();
        Coin coin = Coin(vm.deployCode("artifacts/Coin.json", abi.encode("Coin", "COIN", 1 ether)));
        for (uint256 i; i < holders.length; ++i) {
            coin.transfer(holders[i], i + 1);
        }
        vm.startPrank(SYSTEM, SYSTEM);
        return address(coin);
    }

    function perLeaf(string memory name, uint256 count) private {
        vm.snapshotValue(string.concat(name, ", each"), vm.snapshotGasLastCall(name) / count);
    }
}
