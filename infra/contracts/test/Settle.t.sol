// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {LayerSettlement} from "../src/LayerSettlement.sol";
import {FlashTwin721} from "../src/FlashTwin721.sol";
import {Asset, Exit, Output, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

contract SettleTest is Base {
    function test_settle_storesTheOutput() public {
        deposit(alice, 1 ether);
        config.window = 0;
        closeDeposits();
        Exit[] memory exits = someExits(9);
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputOf(exits));
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerSettlement.Settled(keccak256(abi.encode(o)), o, operator, uint64(block.timestamp));
        vm.prank(operator);
        settlement().settle(config, o, assetList(), a, s, new bytes[](0));
        vm.assertEq(settlement().exitRoot(), Naive.root(Naive.hashes(exits)));
        vm.assertEq(settlement().stateRoot(), o.stateRoot);
        vm.assertEq(settlement().leafCount(), 9);
        vm.assertEq(settlement().depth(), 4);
        vm.assertEq(settlement().lastBlock(), 77);
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Final));
    }

    function test_settle_deploysTwins() public {
        deposit(alice, 1 ether);
        settle(someExits(3));
        FlashTwin721 twin = FlashTwin721(settlement().tokenOf(1));
        vm.assertEq(twin.name(), "Ticket");
        vm.assertEq(twin.symbol(), "TIX");
        vm.assertEq(twin.l2Token(), address(0x7070));
        vm.assertEq(twin.layer(), address(layer));
        vm.assertEq(twin.asset(), 1);
        FlashTwin721 plain = FlashTwin721(settlement().tokenOf(2));
        vm.assertEq(plain.name(), "");
        vm.assertEq(plain.symbol(), "");
        (uint8 kind, address token) = settlement().asset(0);
        vm.assertEq(kind, 0);
        vm.assertEq(token, address(0));
        (kind, token) = settlement().asset(2);
        vm.assertEq(kind, 4);
        vm.assertEq(token, address(plain));
    }

    function test_asset_unknown_reverts() public {
        settle(new Exit[](0));
        vm.expectRevert(abi.encodeWithSelector(E.UnknownAsset.selector, 3));
        settlement().asset(3);
    }

    function test_settle_window_delaysClaims() public {
        config.window = 1 hours;
        layer = open("windowed");
        settle(new Exit[](0));
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Settled));
        vm.assertFalse(settlement().isDisposable());
        vm.warp(block.timestamp + 1 hours);
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Final));
        vm.assertTrue(settlement().isDisposable());
    }

    function test_settle_byStranger_reverts() public {
        closeDeposits();
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputOf(someExits(3)));
        vm.prank(organiser);
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, organiser));
        settlement().settle(config, o, assetList(), a, s, new bytes[](0));
    }

    function test_settle_twice_reverts() public {
        settle(new Exit[](0));
        settleReverts(outputOf(new Exit[](0)), abi.encodeWithSelector(E.BadPhase.selector, Phase.Final));
    }

    function test_settle_whileDepositsOpen_reverts() public {
        Output memory o = outputOf(new Exit[](0));
        settleReverts(o, abi.encodeWithSelector(E.DepositsOpen.selector, config.depositCutoff));
        vm.warp(config.depositCutoff);
        settleOutput(o);
    }

    function test_settle_missedDeposit_reverts() public {
        deposit(alice, 1 ether);
        closeDeposits();
        Output memory o = outputOf(someExits(3));
        o.depositCount = 0;
        settleReverts(o, abi.encodeWithSelector(E.DepositsMissed.selector, 0, 1));
    }

    function test_settle_insolvent_reverts() public {
        deposit(alice, 1 gwei);
        closeDeposits();
        Exit[] memory exits = new Exit[](1);
        exits[0] = Exit(0, alice, 0, 1 gwei + 1);
        settleReverts(outputOf(exits), abi.encodeWithSelector(E.Insolvent.selector, 0, 1 gwei + 1, 1 gwei));
    }

    function test_settle_wrongDepth_reverts() public {
        deposit(alice, 1 ether);
        closeDeposits();
        Output memory o = outputOf(someExits(9));
        o.depth = 5;
        settleReverts(o, abi.encodeWithSelector(E.BadDepth.selector, 5, 4));
    }

    function test_settle_otherAssets_reverts() public {
        closeDeposits();
        Output memory o = outputOf(new Exit[](0));
        bytes32 got = o.assetsHash;
        o.assetsHash = keccak256("other");
        settleReverts(o, abi.encodeWithSelector(E.BadAssets.selector, got, o.assetsHash));
    }

    function test_settle_unknownKind_reverts() public {
        closeDeposits();
        Asset[] memory assets = assetList();
        assets[2].kind = 9;
        Output memory o = outputOf(new Exit[](0));
        o.assetsHash = assetsHash(assets);
        (Output memory done, bytes[] memory a, bytes[] memory s) = seal(o);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadKind.selector, 2, 9));
        settlement().settle(config, done, assets, a, s, new bytes[](0));
    }

    function test_settle_otherSeal_reverts() public {
        closeDeposits();
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputOf(new Exit[](0)));
        o.exitRoot = keccak256("other");
        vm.prank(operator);
        vm.expectPartialRevert(E.BadSeal.selector);
        settlement().settle(config, o, assetList(), a, s, new bytes[](0));
    }

    function test_settle_otherStateRoot_reverts() public {
        closeDeposits();
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputOf(new Exit[](0)));
        o.stateRoot = keccak256("other");
        vm.prank(operator);
        vm.expectRevert(E.BadTrieProof.selector);
        settlement().settle(config, o, assetList(), a, s, new bytes[](0));
    }

    function test_settle_noProof_reverts() public {
        closeDeposits();
        (Output memory o,, bytes[] memory s) = seal(outputOf(new Exit[](0)));
        vm.prank(operator);
        vm.expectRevert(E.BadTrieProof.selector);
        settlement().settle(config, o, assetList(), new bytes[](0), s, new bytes[](0));
    }

    function settleReverts(Output memory o, bytes memory reason) private {
        (Output memory done, bytes[] memory a, bytes[] memory s) = seal(o);
        vm.prank(operator);
        vm.expectRevert(reason);
        settlement().settle(config, done, assetList(), a, s, new bytes[](0));
    }
}
