// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Attested} from "./Attested.sol";
import {vm} from "./Vm.sol";
import {LayerBonds} from "../src/LayerBonds.sol";
import {Bond, Exit, Output, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice What the operator is paid, puts at stake, and loses.
contract BondsTest is Attested {
    uint256 private constant SEQUENCER_KEY = 0x5E90;

    function setUp() public override {
        super.setUp();
        sequencer = vm.addr(SEQUENCER_KEY);
        config.sequencer = sequencer;
        (config.offer.fee, config.offer.bond) = (1 ether, 4 ether);
        config.offer.acceptBy = config.depositCutoff;
        layer = open("offered");
        vm.deal(operator, 4 ether);
    }

    // -------------------------------------------------------------------------------------- accept

    function test_accept_takesBondAndPaysFee() public {
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Offered));
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerBonds.Accepted(operator, 4 ether, 1 ether);
        accept();
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Open));
        vm.assertEq(uint256(settlement().bond()), uint256(Bond.Held));
        vm.assertEq(operator.balance, 1 ether);
        vm.assertEq(address(layer).balance, 4 ether);
    }

    function test_accept_byStranger_reverts() public {
        vm.deal(alice, 4 ether);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, alice));
        layer.accept{value: 4 ether}(config);
    }

    function test_accept_otherBond_reverts() public {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadBond.selector, 3 ether, 4 ether));
        layer.accept{value: 3 ether}(config);
    }

    function test_accept_late_reverts() public {
        vm.warp(config.offer.acceptBy + 1);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.TooLate.selector, config.offer.acceptBy));
        layer.accept{value: 4 ether}(config);
    }

    function test_accept_twice_reverts() public {
        accept();
        vm.deal(operator, 4 ether);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Open));
        layer.accept{value: 4 ether}(config);
    }

    function test_deposit_beforeAcceptance_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Offered));
        layer.depositETH(alice, 100_000, "");
        accept();
        layer.depositETH(alice, 100_000, "");
    }

    function test_settle_beforeAcceptance_reverts() public {
        closeDeposits();
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputOf(new Exit[](0)));
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Offered));
        settlement().settle(config, o, assetList(), a, s, new bytes[](0));
    }

    function test_reclaim_givesTheFeeBack() public {
        vm.warp(config.offer.acceptBy + 1);
        layer.reclaim(config);
        vm.assertEq(organiser.balance, 1 ether);
        vm.assertEq(address(layer).balance, 0);
    }

    function test_reclaim_early_reverts() public {
        vm.warp(config.offer.acceptBy);
        vm.expectRevert(abi.encodeWithSelector(E.TooEarly.selector, config.offer.acceptBy + 1));
        layer.reclaim(config);
    }

    function test_reclaim_afterAcceptance_reverts() public {
        accept();
        vm.warp(config.offer.acceptBy + 1);
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Open));
        layer.reclaim(config);
    }

    // ------------------------------------------------------------------------------------ withdraw

    function test_withdrawBond_afterPublication() public {
        accept();
        settleThree();
        withdrawReverts(abi.encodeWithSelector(E.NotDisposable.selector, Phase.Final, 0));
        publishThree();
        layer.withdrawBond(config);
        vm.assertEq(operator.balance, 5 ether);
        withdrawReverts(abi.encodeWithSelector(E.NoBond.selector, Bond.Gone));
    }

    function test_withdrawBond_inWindow_reverts() public {
        config.window = 1 hours;
        layer = open("windowed");
        accept();
        settle(new Exit[](0));
        withdrawReverts(abi.encodeWithSelector(E.NotDisposable.selector, Phase.Settled, 0));
    }

    function test_withdrawBond_beforeSettlement_reverts() public {
        accept();
        withdrawReverts(abi.encodeWithSelector(E.NotDisposable.selector, Phase.Open, 0));
    }

    function test_withdrawBond_givesTheRescuersBack() public {
        config.quorum.rescueBond = 1 ether;
        (config.offer.fee, config.offer.bond, config.offer.acceptBy) = (0, 0, 0);
        openAttested(1, 1);
        closeDeposits();
        Output memory o = outputOf(new Exit[](0));
        vm.warp(config.endsAt + config.settleDelay);
        settleAs(alice, 1 ether, o, signatures("Settlement", hashOf(o), 0, 1));
        layer.withdrawBond(config);
        vm.assertEq(alice.balance, 1 ether);
        withdrawReverts(abi.encodeWithSelector(E.NoBond.selector, Bond.None));
    }

    /// The bond is no escrow: exits are paid from deposits alone.
    function test_settle_cannotSpendTheBond() public {
        accept();
        deposit(alice, 1 ether);
        closeDeposits();
        Exit[] memory exits = new Exit[](1);
        exits[0] = Exit(0, alice, 0, 1 ether + 1);
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputOf(exits));
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.Insolvent.selector, 0, 1 ether + 1, 1 ether));
        settlement().settle(config, o, assetList(), a, s, new bytes[](0));
    }

    // --------------------------------------------------------------------------------------- slash

    function test_slash_paysHalfAndKeepsHalf() public {
        accept();
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerBonds.Slashed(bob, 7, 2 ether);
        slash(7, "a", "b");
        vm.assertEq(bob.balance, 2 ether);
        vm.assertEq(uint256(settlement().bond()), uint256(Bond.Slashed));
        vm.expectRevert(abi.encodeWithSelector(E.NoBond.selector, Bond.Slashed));
        slash(7, "a", "c");
    }

    function test_slash_thenSettle_leavesTheRestToTheOrganiser() public {
        accept();
        slash(7, "a", "b");
        settleThree();
        publishThree();
        layer.withdrawBond(config);
        vm.assertEq(organiser.balance, 2 ether);
        vm.assertEq(operator.balance, 1 ether);
    }

    function test_slash_thenRefund_sharesTheRest() public {
        accept();
        deposit(alice, 1 ether);
        slash(7, "a", "b");
        vm.warp(config.endsAt + config.settleDelay + config.rescueDelay);
        layer.enterRefund(config);
        vm.assertEq(settlement().refundPool(), 2 ether);
    }

    function test_slash_oneBlock_reverts() public {
        accept();
        vm.expectRevert(abi.encodeWithSelector(E.NoConflict.selector, bytes32("a")));
        slash(7, "a", "a");
    }

    function test_slash_otherNumbers_reverts() public {
        accept();
        bytes memory a = signature(SEQUENCER_KEY, sealDigest(7, "a"));
        bytes memory b = signature(SEQUENCER_KEY, sealDigest(8, "b"));
        vm.expectRevert(abi.encodeWithSelector(E.NotSequencer.selector, bytes32("b")));
        layer.slashEquivocation(config, 7, "a", a, "b", b);
    }

    function test_slash_otherSigner_reverts(uint256 key) public {
        accept();
        key = pick(key, 1, 1 << 200);
        vm.assume(key != SEQUENCER_KEY);
        bytes memory a = signature(key, sealDigest(7, "a"));
        bytes memory b = signature(SEQUENCER_KEY, sealDigest(7, "b"));
        vm.expectRevert(abi.encodeWithSelector(E.NotSequencer.selector, bytes32("a")));
        layer.slashEquivocation(config, 7, "a", a, "b", b);
    }

    function test_slash_withoutBond_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.NoBond.selector, Bond.None));
        slash(7, "a", "b");
    }

    // ------------------------------------------------------------------------------------------------

    function accept() private {
        vm.prank(operator);
        layer.accept{value: 4 ether}(config);
    }

    function settleThree() private {
        deposit(alice, 1 ether);
        settle(someExits(3));
    }

    function publishThree() private {
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(someExits(3), 0, 3);
        vm.prank(alice, alice);
        layer.publishLeaves(0, packed, siblings);
    }

    function withdrawReverts(bytes memory reason) private {
        vm.expectRevert(reason);
        layer.withdrawBond(config);
    }

    function sealDigest(uint64 number, bytes32 hash) private view returns (bytes32) {
        bytes32 what = keccak256(abi.encode(keccak256("BlockSeal(uint64 number,bytes32 hash)"), number, hash));
        return keccak256(bytes.concat(hex"1901", domain(), what));
    }

    function slash(uint64 number, bytes32 hashA, bytes32 hashB) private {
        bytes memory a = signature(SEQUENCER_KEY, sealDigest(number, hashA));
        bytes memory b = signature(SEQUENCER_KEY, sealDigest(number, hashB));
        vm.prank(bob);
        layer.slashEquivocation(config, number, hashA, a, hashB, b);
    }
}
