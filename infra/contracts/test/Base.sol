// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {FlashFactory} from "../src/FlashFactory.sol";
import {FlashLayer} from "../src/FlashLayer.sol";
import {FlashSettlement} from "../src/FlashSettlement.sol";
import {Seal} from "../src/Seal.sol";
import {
    Asset,
    Bridged,
    Config,
    Deposit,
    Exit,
    KIND_ETH,
    KIND_TWIN721,
    MODE_OPERATOR,
    Output,
    Twins
} from "../src/Types.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// @notice A factory, one open layer, and the ways to bring it to its end.
abstract contract Base {
    address internal organiser = address(0xA11CE);
    address internal operator = address(0x0B0E);
    address internal sequencer = address(0x5E9);
    address internal alice = address(0xA1);
    address internal bob = address(0xB0B);

    FlashFactory internal factory;
    FlashLayer internal layer;
    Config internal config;
    uint256[8] private totals;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        factory = deployFactory();
        setConfig();
        layer = open();
    }

    /// Everything that is checked in, and not with `new`, which would compile the contracts again into every test.
    function deployFactory() internal returns (FlashFactory) {
        Twins memory twins = Twins({
            twin20: vm.deployCode("artifacts/FlashTwin20.json"),
            twin721: vm.deployCode("artifacts/FlashTwin721.json"),
            bulk721: vm.deployCode("artifacts/FlashBulk721.json"),
            twin1155: vm.deployCode("artifacts/FlashTwin1155.json")
        });
        address second = vm.deployCode("artifacts/FlashSettlement.json", abi.encode(twins));
        address implementation = vm.deployCode("artifacts/FlashLayer.json", abi.encode(second));
        return FlashFactory(vm.deployCode("artifacts/FlashFactory.json", abi.encode(implementation)));
    }

    /// Mode A without batches, fee or bond, for two hours from now on.
    function setConfig() private {
        Config storage c = config;
        c.organiser = organiser;
        c.operator = operator;
        c.sequencer = sequencer;
        c.chainId = 0xF1A500000001;
        c.startsAt = uint64(block.timestamp);
        c.depositCutoff = uint64(block.timestamp + 1 hours);
        c.endsAt = uint64(block.timestamp + 2 hours);
        c.settleDelay = 1 days;
        c.rescueDelay = 7 days;
        c.maxDepositDelay = 20 minutes;
        c.mode = MODE_OPERATOR;
        c.tvlCapWei = 100 ether;
        c.genesisBlockHash = keccak256("genesis");
        c.genesisStateRoot = keccak256("state");
        c.twinBaseUri = "https://example.org/t/";
    }

    /// Names the tokens that the next layer takes, in the order that the factory wants.
    function bridge(Bridged[3] memory tokens) internal {
        delete config.bridged;
        for (uint256 n; n < tokens.length; ++n) {
            uint256 next;
            while (tokens[next].token == address(0)) ++next;
            for (uint256 i; i < tokens.length; ++i) {
                if (tokens[i].token != address(0) && tokens[i].token < tokens[next].token) next = i;
            }
            config.bridged.push(tokens[next]);
            tokens[next].token = address(0);
        }
    }

    /// A number from `min` to `max` for a fuzzer's number.
    function pick(uint256 noise, uint256 min, uint256 max) internal pure returns (uint256) {
        if (min == 0 && max == type(uint256).max) return noise;
        return min + noise % (max - min + 1);
    }

    function open() internal returns (FlashLayer) {
        return open("salt");
    }

    /// Opens the layer of `config`, and sends its fee.
    function open(bytes32 salt) internal returns (FlashLayer) {
        vm.deal(organiser, organiser.balance + config.offer.fee);
        vm.prank(organiser);
        return FlashLayer(payable(factory.open{value: config.offer.fee}(config, salt)));
    }

    /// The layer as what the second half of its code is.
    function settlement() internal view returns (FlashSettlement) {
        return FlashSettlement(address(layer));
    }

    function deposit(address from, uint256 value) internal {
        vm.deal(from, value);
        vm.prank(from, from);
        layer.depositETH{value: value}(from, 100_000, "");
    }

    /// What `deposit` appends now.
    function depositOf(uint64 index, address from, uint256 value) internal view returns (Deposit memory) {
        return Deposit({
            index: index,
            l1Block: uint64(block.number),
            l1Time: uint64(block.timestamp),
            kind: KIND_ETH,
            from: from,
            to: from,
            token: address(0),
            id: 0,
            value: value,
            gasLimit: 100_000,
            dataHash: keccak256("")
        });
    }

    function assetList() internal view returns (Asset[] memory assets) {
        assets = new Asset[](3);
        assets[0] = Asset(KIND_ETH, address(0), 18, "", "", totals[0]);
        assets[1] = Asset(KIND_TWIN721, address(0x7070), 0, "Ticket", "TIX", totals[1]);
        assets[2] = Asset(KIND_TWIN721, address(0x7171), 0, "", "", totals[2]);
    }

    /// The output with these exits; `assetList` has their totals from here on.
    function outputOf(Exit[] memory exits) internal returns (Output memory o) {
        (, uint64 deposits) = settlement().depositRoot();
        o.lastBlock = 77;
        o.lastBlockHash = keccak256("last");
        o.leafCount = uint32(exits.length);
        o.depth = Naive.depth(exits.length);
        o.exitRoot = Naive.root(Naive.hashes(exits));
        o.depositCount = deposits;
        o.batchAcc = settlement().batchAcc();
        delete totals;
        for (uint256 i; i < exits.length; ++i) {
            totals[exits[i].asset] += exits[i].value;
        }
        o.assetsHash = assetsHash(assetList());
    }

    function assetsHash(Asset[] memory assets) internal pure returns (bytes32 hash) {
        for (uint32 i; i < assets.length; ++i) {
            hash = Seal.fold(hash, i, assets[i]);
        }
    }

    /// Puts the seal of `o` into a state of one account and one slot, and `o.stateRoot` in front of it.
    function seal(Output memory o)
        internal
        pure
        returns (Output memory sealed_, bytes[] memory accountProof, bytes[] memory storageProof)
    {
        bytes32 hash = Seal.hash(o.exitRoot, o.leafCount, o.depth, o.depositCount, o.assetsHash);
        bytes32 storageRoot;
        (storageRoot, storageProof) = Naive.trie(abi.encode(uint256(0)), RLP.encode(hash));
        (o.stateRoot, accountProof) =
            Naive.trie(abi.encodePacked(Seal.SEALER), Naive.account(storageRoot));
        sealed_ = o;
    }

    function closeDeposits() internal {
        vm.prank(operator);
        layer.closeDeposits(config);
    }

    /// Closes and settles the layer with these exits.
    function settle(Exit[] memory exits) internal {
        if (!settlement().depositsClosed()) closeDeposits();
        settleOutput(outputOf(exits));
    }

    function settleOutput(Output memory o) internal {
        (Output memory done, bytes[] memory accountProof, bytes[] memory storageProof) = seal(o);
        vm.prank(operator);
        settlement().settle(config, done, assetList(), accountProof, storageProof, new bytes[](0));
    }

    /// `count` exits of varying kinds: ETH at first, then ids of the two collections.
    function someExits(uint256 count) internal pure returns (Exit[] memory exits) {
        exits = new Exit[](count);
        for (uint256 i; i < count; ++i) {
            uint32 asset = uint32(i * 3 / count);
            address to = address(uint160(0x10000 + uint160(i)));
            exits[i] = asset == 0 ? Exit(0, to, 0, 1 gwei + i) : Exit(asset, to, 1000 + i, 1);
        }
    }

    function proofOf(Exit[] memory exits, uint256 index) internal pure returns (bytes32[] memory) {
        return Naive.rangeProof(Naive.hashes(exits), index, index + 1);
    }

    function rangeOf(Exit[] memory exits, uint256 start, uint256 end)
        internal
        pure
        returns (bytes memory packed, bytes32[] memory siblings)
    {
        packed = Naive.pack(exits, start, end);
        siblings = Naive.rangeProof(Naive.hashes(exits), start, end);
    }
}
