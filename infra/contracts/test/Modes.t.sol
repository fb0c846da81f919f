// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Attested} from "./Attested.sol";
import {vm} from "./Vm.sol";
import {LayerSettlement} from "../src/LayerSettlement.sol";
import {Exit, Output, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice Who may settle, with whose word, and how it is taken back.
contract ModesTest is Attested {
    // -------------------------------------------------------------------------------------- quorum

    function test_settle_withQuorum() public {
        openAttested(3, 5);
        Output memory o = ready();
        settleAs(operator, 0, o, signatures("Settlement", hashOf(o), 1, 4));
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Final));
        vm.assertEq(settlement().outputHash(), hashOf(o));
    }

    function test_settle_fewSignatures_reverts() public {
        openAttested(3, 5);
        Output memory o = ready();
        bytes[] memory signed = signatures("Settlement", hashOf(o), 1, 3);
        settleReverts(operator, 0, o, signed, abi.encodeWithSelector(E.BadQuorum.selector, 2, 3));
    }

    function test_settle_oneSignerTwice_reverts() public {
        openAttested(3, 5);
        Output memory o = ready();
        bytes[] memory signed = signatures("Settlement", hashOf(o), 1, 4);
        signed[1] = signed[0];
        settleReverts(operator, 0, o, signed, abi.encodeWithSelector(E.SignersNotAscending.selector, 1));
    }

    function test_settle_signersOutOfOrder_reverts() public {
        openAttested(2, 5);
        Output memory o = ready();
        bytes[] memory signed = signatures("Settlement", hashOf(o), 1, 3);
        (signed[0], signed[1]) = (signed[1], signed[0]);
        settleReverts(operator, 0, o, signed, abi.encodeWithSelector(E.SignersNotAscending.selector, 1));
    }

    function test_settle_unreadableSignature_reverts() public {
        openAttested(1, 2);
        Output memory o = ready();
        bytes[] memory signed = signatures("Settlement", hashOf(o), 0, 1);
        signed[0] = new bytes(65);
        settleReverts(operator, 0, o, signed, abi.encodeWithSelector(E.SignersNotAscending.selector, 0));
    }

    function test_settle_byOther_reverts(uint256 key) public {
        openAttested(1, 3);
        key = pick(key, 4, 1 << 128);
        Output memory o = ready();
        bytes[] memory signed = new bytes[](1);
        signed[0] = signature(key, digestOf("Settlement", hashOf(o)));
        settleReverts(operator, 0, o, signed, abi.encodeWithSelector(E.NotAttestor.selector, vm.addr(key)));
    }

    /// Signatures of other words, of other outputs, and for other layers recover to accounts that are no attestors.
    function test_settle_otherWord_reverts() public {
        openAttested(1, 1);
        Output memory o = ready();
        otherWord(o, digestOf("Veto", hashOf(o)));
        otherWord(o, digestOf("Settlement", keccak256("other")));
        bytes32 elsewhere = keccak256(bytes.concat(hex"1901", keccak256("other domain"), hashOf(o)));
        otherWord(o, elsewhere);
    }

    function otherWord(Output memory o, bytes32 digest) private {
        bytes[] memory signed = new bytes[](1);
        signed[0] = signature(keys[0], digest);
        (Output memory done, bytes[] memory a, bytes[] memory s) = seal(o);
        vm.prank(operator);
        vm.expectPartialRevert(E.NotAttestor.selector);
        settlement().settle(config, done, assetList(), a, s, signed);
    }

    // -------------------------------------------------------------------------------------- rescue

    function test_settle_byStranger_beforeT1_reverts() public {
        openAttested(1, 1);
        Output memory o = ready();
        vm.warp(config.endsAt + config.settleDelay - 1);
        bytes[] memory signed = signatures("Settlement", hashOf(o), 0, 1);
        settleReverts(alice, 0, o, signed, abi.encodeWithSelector(E.NotAllowed.selector, alice));
    }

    function test_rescue_inModeB_needsQuorumAndBond() public {
        config.quorum.rescueBond = 1 ether;
        openAttested(2, 3);
        Output memory o = ready();
        vm.warp(config.endsAt + config.settleDelay);
        bytes[] memory signed = signatures("Settlement", hashOf(o), 0, 2);
        settleReverts(alice, 0, o, signed, abi.encodeWithSelector(E.BadBond.selector, 0, 1 ether));
        bytes[] memory one = signatures("Settlement", hashOf(o), 0, 1);
        settleReverts(alice, 1 ether, o, one, abi.encodeWithSelector(E.BadQuorum.selector, 1, 2));
        settleAs(alice, 1 ether, o, signed);
        vm.assertEq(settlement().rescuer(), alice);
        vm.assertEq(address(layer).balance, 1 ether);
    }

    function test_settle_byOperator_withBond_reverts() public {
        config.quorum.rescueBond = 1 ether;
        openAttested(1, 1);
        Output memory o = ready();
        bytes[] memory signed = signatures("Settlement", hashOf(o), 0, 1);
        settleReverts(operator, 1 ether, o, signed, abi.encodeWithSelector(E.BadBond.selector, 1 ether, 0));
    }

    function test_rescue_inModeA_byOrganiser() public {
        Output memory o = ready();
        vm.warp(config.endsAt + config.settleDelay - 1);
        settleReverts(organiser, 0, o, none(), abi.encodeWithSelector(E.NotAllowed.selector, organiser));
        vm.warp(config.endsAt + config.settleDelay);
        settleAs(organiser, 0, o, none());
    }

    function test_rescue_inModeA_needsTheOrganisersWord() public {
        uint256 key = 77;
        config.organiser = organiser = vm.addr(key);
        layer = open("organiser with a key");
        Output memory o = ready();
        vm.warp(config.endsAt + config.settleDelay);
        settleReverts(alice, 0, o, none(), abi.encodeWithSelector(E.NotAllowed.selector, alice));
        bytes[] memory signed = new bytes[](1);
        signed[0] = signature(78, digestOf("Settlement", hashOf(o)));
        settleReverts(alice, 0, o, signed, abi.encodeWithSelector(E.NotAllowed.selector, alice));
        signed[0] = signature(key, digestOf("Settlement", hashOf(o)));
        settleAs(alice, 0, o, signed);
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Final));
        vm.assertEq(settlement().rescuer(), address(0));
    }

    function test_settle_afterT2_reverts() public {
        Output memory o = ready();
        uint256 late = config.endsAt + config.settleDelay + config.rescueDelay;
        vm.warp(late);
        settleReverts(operator, 0, o, none(), abi.encodeWithSelector(E.TooLate.selector, late));
    }

    // ---------------------------------------------------------------------------------------- veto

    function test_veto_rejects_andAnotherSettlementFollows() public {
        config.window = 1 hours;
        openAttested(2, 3);
        deposit(alice, 1 ether);
        closeDeposits();
        Exit[] memory wrong = someExits(3);
        settleSigned(outputOf(wrong));
        address twin = settlement().tokenOf(1);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(wrong, 0, 3);
        vm.prank(alice, alice);
        layer.publishLeaves(0, packed, siblings);

        bytes32 output = settlement().outputHash();
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerSettlement.Rejected(output);
        settlement().veto(config, signatures("Veto", output, 0, 2));
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Rejected));
        vm.assertEq(settlement().exitRoot(), 0);
        vm.assertEq(settlement().leafCount(), 0);
        vm.assertEq(settlement().publishedCount(), 0);
        vm.expectRevert(abi.encodeWithSelector(E.UnknownAsset.selector, 1));
        settlement().tokenOf(1);

        Exit[] memory right = someExits(5);
        settleSigned(outputOf(right));
        vm.warp(block.timestamp + 1 hours);
        layer.claim(4, right[4], proofOf(right, 4));
        vm.assertEq(settlement().tokenOf(1), twin);
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Final));
    }

    function test_veto_ofTooFew_reverts() public {
        settledInWindow(2, 3);
        bytes[] memory signed = signatures("Veto", settlement().outputHash(), 0, 1);
        vetoReverts(signed, abi.encodeWithSelector(E.BadQuorum.selector, 1, 2));
    }

    /// All of all must vouch, so one can veto.
    function test_veto_byOne_whenAllMustSign() public {
        settledInWindow(3, 3);
        settlement().veto(config, signatures("Veto", settlement().outputHash(), 2, 3));
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Rejected));
    }

    function test_veto_withSettlementSignatures_reverts() public {
        settledInWindow(2, 3);
        bytes[] memory signed = signatures("Settlement", settlement().outputHash(), 0, 2);
        vm.expectPartialRevert(E.NotAttestor.selector);
        settlement().veto(config, signed);
    }

    function test_veto_afterWindow_reverts() public {
        settledInWindow(2, 3);
        vm.warp(settlement().finalAt());
        vetoReverts(
            signatures("Veto", settlement().outputHash(), 0, 2), abi.encodeWithSelector(E.BadPhase.selector, Phase.Final)
        );
    }

    function test_veto_inModeA_reverts() public {
        config.window = 1 hours;
        layer = open("windowed");
        settle(new Exit[](0));
        vetoReverts(none(), abi.encodeWithSelector(E.UnsupportedMode.selector, 1));
    }

    function test_veto_givesTheRescuersBondBack() public {
        (config.window, config.quorum.rescueBond) = (1 hours, 1 ether);
        openAttested(2, 3);
        Output memory o = ready();
        vm.warp(config.endsAt + config.settleDelay);
        settleAs(alice, 1 ether, o, signatures("Settlement", hashOf(o), 0, 2));
        vm.assertEq(alice.balance, 0);
        settlement().veto(config, signatures("Veto", settlement().outputHash(), 1, 3));
        vm.assertEq(alice.balance, 1 ether);
        vm.assertEq(settlement().rescuer(), address(0));
    }

    // ------------------------------------------------------------------------------------------------

    function settledInWindow(uint8 threshold, uint256 count) private {
        config.window = 1 hours;
        openAttested(threshold, count);
        closeDeposits();
        settleSigned(outputOf(new Exit[](0)));
    }

    function settleSigned(Output memory o) private {
        settleAs(operator, 0, o, signatures("Settlement", hashOf(o), 0, config.quorum.threshold));
    }

    /// Deposits are closed, and this is what the layer ended with.
    function ready() private returns (Output memory) {
        closeDeposits();
        return outputOf(new Exit[](0));
    }

    function none() private pure returns (bytes[] memory) {
        return new bytes[](0);
    }

    function settleReverts(address proposer, uint256 value, Output memory o, bytes[] memory signed, bytes memory reason)
        private
    {
        (Output memory done, bytes[] memory a, bytes[] memory s) = seal(o);
        if (value != 0) vm.deal(proposer, value);
        vm.prank(proposer);
        vm.expectRevert(reason);
        settlement().settle{value: value}(config, done, assetList(), a, s, signed);
    }

    function vetoReverts(bytes[] memory signed, bytes memory reason) private {
        vm.expectRevert(reason);
        settlement().veto(config, signed);
    }
}
