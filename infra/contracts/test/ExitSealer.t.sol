// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Naive} from "./Naive.sol";
import {vm, Vm} from "./Vm.sol";
import {ExitSealer} from "../src/ExitSealer.sol";
import {Seal} from "../src/Seal.sol";
import {Utf8} from "../src/Utf8.sol";
import {Asset, Exit} from "../src/Types.sol";
import {Ticket} from "../src/examples/Ticket.sol";
import "../src/Errors.sol" as E;

/// @notice A collection that answers what a test wants.
contract OddToken {
    bytes private _answer;
    mapping(uint256 id => address owner) private _owners;

    function answerWith(bytes memory answer) external {
        _answer = answer;
    }

    function give(uint256 id, address to) external {
        _owners[id] = to;
    }

    function ownerOf(uint256 id) external view returns (address) {
        if (id == 666) while (true) {}
        require(id != 13, "unlucky");
        return _owners[id];
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @notice A contract on the layer that says where its exits go.
contract Forwarder {
    address private immutable _to;

    constructor(address to) {
        _to = to;
    }

    function exitRecipient(uint32, uint256, uint256) external view returns (address) {
        return _to;
    }
}

/// @notice Answers `exitRecipient` with something that is no address, or not at all.
contract BadForwarder {
    bool private immutable _spins;

    constructor(bool spins) {
        _spins = spins;
    }

    function exitRecipient(uint32, uint256, uint256) external view returns (uint256) {
        while (_spins) {}
        return type(uint256).max;
    }
}

contract ExitSealerTest {
    ExitSealer private constant SEALER = ExitSealer(Seal.SEALER);
    address private constant SYSTEM = 0x4D61796600000000000000000000000000000000;

    Exit[] private expected;

    function setUp() public {
        vm.etch(Seal.SEALER, vm.getDeployedCode("artifacts/ExitSealer.json"));
    }

    // ------------------------------------------------------------------------------------------ rights

    function test_everything_byOthers_reverts() public {
        bytes memory reason = abi.encodeWithSelector(E.NotSystem.selector, address(this));
        vm.expectRevert(reason);
        SEALER.freeze();
        vm.expectRevert(reason);
        SEALER.sweepETH(new address[](0));
        vm.expectRevert(reason);
        SEALER.addAsset721(address(1));
        vm.expectRevert(reason);
        SEALER.sweep721(1, new uint256[](0));
        vm.expectRevert(reason);
        SEALER.seal();
    }

    function test_freeze_twice_reverts() public {
        freeze();
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyFrozen.selector));
        SEALER.freeze();
    }

    function test_sweeps_beforeFreeze_revert() public {
        bytes memory reason = abi.encodeWithSelector(E.NotFrozen.selector);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweepETH(new address[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.seal();
    }

    function test_sweeps_afterSeal_revert() public {
        freeze();
        seal();
        bytes memory reason = abi.encodeWithSelector(E.AlreadySealed.selector);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweepETH(new address[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.seal();
    }

    // --------------------------------------------------------------------------------------------- ETH

    function test_sweepETH_makesALeafPerBalance() public {
        freeze();
        fund(address(0), 5);
        fund(address(0x20), 7);
        fund(address(0x30), 11);
        sweepETH(address(0), address(0x20));
        sweepETH(address(0x25), address(0x30));
        vm.assertEq(SEALER.assets()[0].total, 23);
        expect(0, address(0), 5);
        expect(0, address(0x20), 7);
        expect(0, address(0x30), 11);
        minted(23);
        seal();
        checkSeal(23);
    }

    function test_sweepETH_notAscending_reverts() public {
        freeze();
        fund(address(0x20), 7);
        sweepETH(address(0x10), address(0x20));
        bytes memory reason = abi.encodeWithSelector(E.NotAscending.selector, 0x20, 0x20);
        address[] memory again = new address[](1);
        again[0] = address(0x20);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweepETH(again);
    }

    function test_seal_missingHolder_reverts() public {
        freeze();
        fund(address(0x20), 7);
        minted(8);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.Unbalanced.selector, 0, 8));
        SEALER.seal();
    }

    function test_seal_countsBurnedEth() public {
        freeze();
        fund(address(0x20), 7);
        minted(10);
        vm.store(Seal.SEALER, bytes32(uint256(2)), bytes32(uint256(3)));
        sweepETH(address(0x10), address(0x20));
        expect(0, address(0x20), 7);
        seal();
        checkSeal(7);
    }

    function test_sweepETH_anySplit_givesTheSameRoot(uint256 count, uint256 cut) public {
        count = 1 + count % 40;
        cut %= count + 1;
        freeze();
        uint256 total;
        address[] memory first = new address[](cut);
        address[] memory second = new address[](count - cut);
        for (uint256 i; i < count; ++i) {
            address holder = address(uint160(0x1000 + 3 * i));
            fund(holder, i + 1);
            total += i + 1;
            expect(0, holder, i + 1);
            if (i < cut) first[i] = holder;
            else second[i - cut] = holder;
        }
        sweep(first);
        sweep(second);
        minted(total);
        seal();
        checkSeal(total);
    }

    // -------------------------------------------------------------------------------------- recipients

    function test_contract_namesItsRecipient() public {
        freeze();
        Forwarder forwarder = new Forwarder(address(0xF00D));
        vm.assertEq(exitOf(address(forwarder)), address(0xF00D));
    }

    function test_contract_thatSaysNothing_isTheRecipient() public {
        freeze();
        address ticket = address(ticketOf(""));
        vm.assertEq(exitOf(ticket), ticket);
    }

    function test_contract_thatNamesZero_isTheRecipient() public {
        freeze();
        address forwarder = address(new Forwarder(address(0)));
        vm.assertEq(exitOf(forwarder), forwarder);
    }

    function test_contract_thatNamesNoAddress_isTheRecipient() public {
        freeze();
        address bad = address(new BadForwarder(false));
        vm.assertEq(exitOf(bad), bad);
    }

    function test_contract_thatSpins_isTheRecipient() public {
        freeze();
        address bad = address(new BadForwarder(true));
        vm.assertEq(exitOf(bad), bad);
    }

    function test_sweepETH_withLittleGas_reverts() public {
        freeze();
        Forwarder forwarder = new Forwarder(address(0xF00D));
        fund(address(forwarder), 1);
        address[] memory holders = new address[](1);
        holders[0] = address(forwarder);
        vm.prank(SYSTEM);
        vm.expectPartialRevert(E.GasTooLow.selector);
        SEALER.sweepETH{gas: 60_000}(holders);
    }

    // ----------------------------------------------------------------------------------------- ERC-721

    function test_ticket_exits() public {
        Ticket ticket = ticketOf("Event");
        ticket.mintTo(address(0xA));
        ticket.mintTo(address(0xB));
        freeze();
        uint32 asset = add(address(ticket));
        vm.assertEq(asset, 1);
        vm.assertEq(SEALER.assetOf(address(ticket)), 1);
        sweep721(asset, 0, 4);
        expect(1, address(0xA), 1);
        expect(1, address(0xB), 2);
        seal();
        checkSeal(0);
        Asset[] memory assets = SEALER.assets();
        vm.assertEq(assets.length, 2);
        vm.assertEq(SEALER.assetCount(), 2);
        vm.assertEq(assets[1].name, "Event");
        vm.assertEq(assets[1].symbol, "EVT");
        vm.assertEq(assets[1].l2, address(ticket));
        vm.assertEq(assets[1].kind, 4);
    }

    function test_sweep721_skipsIdsWithoutOwner() public {
        OddToken token = new OddToken();
        token.give(12, address(0xA));
        token.give(13, address(0xB));
        token.give(666, address(0xC));
        token.give(667, address(0xD));
        freeze();
        uint32 asset = add(address(token));
        sweep721(asset, 10, 15);
        sweep721(asset, 665, 669);
        expect(1, address(0xA), 12);
        expect(1, address(0xD), 667);
        seal();
        checkSeal(0);
    }

    function test_sweep721_largestId_onlyOnce() public {
        OddToken token = new OddToken();
        token.give(type(uint256).max, address(0xA));
        freeze();
        uint32 asset = add(address(token));
        uint256[] memory ids = new uint256[](1);
        ids[0] = type(uint256).max;
        vm.prank(SYSTEM);
        SEALER.sweep721(asset, ids);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotAscending.selector, ids[0], ids[0]));
        SEALER.sweep721(asset, ids);
    }

    function test_sweep721_unknownAsset_reverts() public {
        freeze();
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotCollection.selector, 1));
        SEALER.sweep721(1, new uint256[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotCollection.selector, 0));
        SEALER.sweep721(0, new uint256[](0));
    }

    function test_addAsset_twice_reverts() public {
        freeze();
        add(address(7));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.AssetExists.selector, address(7), 1));
        SEALER.addAsset721(address(7));
    }

    function test_addAsset_65th_reverts() public {
        freeze();
        for (uint160 i = 1; i < 64; ++i) {
            add(address(i + 100));
        }
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.TooManyAssets.selector, 64));
        SEALER.addAsset721(address(99));
    }

    function test_texts_thatAreNoText_areEmpty() public {
        freeze();
        checkText("", "");
        checkText(abi.encode(uint256(1)), "");
        checkText(abi.encode(bytes32("MKR"), bytes32(0)), "");
        checkText(abi.encode(uint256(32), uint256(64), bytes32("cut off")), "");
        checkText(abi.encode(string(new bytes(65))), "");
        checkText(abi.encode(uint256(32), type(uint256).max, bytes32(0)), "");
        checkText(abi.encode(unicode"Café 🎟"), unicode"Café 🎟");
        checkText(abi.encode("0123456789012345678901234567890123456789012345678901234567890123"), "0123456789012345678901234567890123456789012345678901234567890123");
        checkText(abi.encode("line\nbreak"), "");
        checkText(abi.encode(bytes(hex"c3")), "");
    }

    function test_utf8_refusesWhatIsMalformed() public pure {
        bytes[12] memory bad = [
            bytes(hex"80"), hex"c080", hex"c1bf", hex"c285", hex"e09fbf", hex"eda080", hex"ed9f", hex"f08fbfbf",
            hex"f4908080", hex"f5808080", hex"e28228", hex"7f"
        ];
        for (uint256 i; i < bad.length; ++i) {
            vm.assertFalse(Utf8.isPrintable(bad[i]));
        }
        bytes[6] memory good =
            [bytes(""), "plain ~", hex"c2a0", hex"ed9fbf", hex"f48fbfbf", unicode"ünï ✓ 票 🎫"];
        for (uint256 i; i < good.length; ++i) {
            vm.assertTrue(Utf8.isPrintable(good[i]));
        }
    }

    function test_emptyLayer_seals() public {
        freeze();
        seal();
        vm.assertEq(SEALER.exitRoot(), bytes32(0));
        vm.assertEq(SEALER.leafCount(), 0);
        checkSeal(0);
    }

    function test_seal_namesEveryFieldInItsLog() public {
        freeze();
        vm.store(Seal.SEALER, bytes32(uint256(3)), bytes32(uint256(9)));
        vm.expectEmit(true, true, true, true, Seal.SEALER);
        bytes32 assets = Seal.fold(0, 0, Asset(0, address(0), 18, "", "", 0));
        emit ExitSealer.Sealed(Seal.hash(0, 0, 0, 9, assets), 0, 0, 0, 9, assets);
        seal();
    }

    // ------------------------------------------------------------------------------------------------

    function ticketOf(string memory name) private returns (Ticket) {
        return Ticket(vm.deployCode("artifacts/Ticket.json", abi.encode(name, "EVT", 0, address(this), 10)));
    }

    function freeze() private {
        vm.recordLogs();
        vm.prank(SYSTEM);
        SEALER.freeze();
    }

    function seal() private {
        vm.prank(SYSTEM);
        SEALER.seal();
    }

    function sweep(address[] memory holders) private {
        vm.prank(SYSTEM);
        SEALER.sweepETH(holders);
    }

    function sweepETH(address first, address second) private {
        address[] memory holders = new address[](2);
        (holders[0], holders[1]) = (first, second);
        sweep(holders);
    }

    function add(address token) private returns (uint32) {
        vm.prank(SYSTEM);
        return SEALER.addAsset721(token);
    }

    function sweep721(uint32 asset, uint256 first, uint256 end) private {
        uint256[] memory ids = new uint256[](end - first);
        for (uint256 i; i < ids.length; ++i) {
            ids[i] = first + i;
        }
        vm.prank(SYSTEM);
        SEALER.sweep721(asset, ids);
    }

    function fund(address holder, uint256 balance) private {
        vm.deal(holder, balance);
    }

    function minted(uint256 value) private {
        vm.store(Seal.SEALER, bytes32(uint256(1)), bytes32(value));
    }

    /// An amount of ETH, or the id of a token.
    function expect(uint32 asset, address recipient, uint256 value) private {
        expected.push(asset == 0 ? Exit(0, recipient, 0, value) : Exit(asset, recipient, value, 1));
    }

    /// Sweeps one ETH holder and returns the recipient of its leaf.
    function exitOf(address holder) private returns (address recipient) {
        fund(holder, 1);
        address[] memory holders = new address[](1);
        holders[0] = holder;
        sweep(holders);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (, recipient,,) = abi.decode(logs[logs.length - 1].data, (uint32, address, uint256, uint256));
    }

    function checkText(bytes memory answer, string memory name) private {
        OddToken token = new OddToken();
        token.answerWith(answer);
        uint32 asset = add(address(token));
        vm.assertEq(SEALER.assets()[asset].name, name);
        vm.assertEq(SEALER.assets()[asset].symbol, name);
    }

    /// The seal is the hash of what was expected, and so are the logs.
    function checkSeal(uint256 ethTotal) private {
        Exit[] memory exits = expected;
        bytes32 root = Naive.root(Naive.hashes(exits));
        vm.assertEq(SEALER.exitRoot(), root);
        Asset[] memory assets = SEALER.assets();
        vm.assertEq(assets[0].total, ethTotal);
        bytes32 list;
        for (uint32 i; i < assets.length; ++i) {
            list = Seal.fold(list, i, assets[i]);
        }
        vm.assertEq(SEALER.assetsHash(), list);
        bytes32 want = Seal.hash(root, uint32(exits.length), Naive.depth(exits.length), 0, list);
        vm.assertEq(SEALER.sealHash(), want);
        vm.assertEq(vm.load(Seal.SEALER, bytes32(Seal.SLOT)), want);
        checkLogs(exits);
    }

    function checkLogs(Exit[] memory exits) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 seen;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != Seal.SEALER || logs[i].topics[0] != ExitSealer.Exit.selector) continue;
            vm.assertEq(uint256(logs[i].topics[1]), seen);
            vm.assertEq(logs[i].data, abi.encode(exits[seen]));
            ++seen;
        }
        vm.assertEq(seen, exits.length);
    }
}
