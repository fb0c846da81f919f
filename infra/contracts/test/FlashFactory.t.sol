// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";
import {FlashFactory} from "../src/FlashFactory.sol";
import {FlashLayer} from "../src/FlashLayer.sol";
import {FlashSettlement} from "../src/FlashSettlement.sol";
import {ISettlementVerifier} from "../src/ISettlementVerifier.sol";
import {Bridged, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

contract FlashFactoryTest is Base {
    function test_open_deploysWherePredicted() public {
        address predicted = factory.predict(organiser, config, "another");
        bytes32 hash = keccak256(abi.encode(config));
        vm.expectEmit(true, true, true, true, address(factory));
        emit FlashFactory.FlashOpened(2, predicted, organiser, hash, config);
        vm.prank(organiser);
        FlashLayer opened = FlashLayer(payable(factory.open(config, "another")));
        vm.assertEq(address(opened), predicted);
        vm.assertEq(FlashSettlement(address(opened)).configHash(), hash);
        vm.assertEq(uint256(FlashSettlement(address(opened)).phase()), uint256(Phase.Open));
        vm.assertEq(factory.layerCount(), 2);
    }

    function test_open_sameSaltAndConfig_reverts() public {
        vm.prank(organiser);
        vm.expectRevert();
        factory.open(config, "salt");
    }

    function test_open_saltsArePersonal() public view {
        vm.assertTrue(factory.predict(organiser, config, "x") != factory.predict(alice, config, "x"));
    }

    function test_open_otherOrganiser_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotOrganiser.selector, alice, organiser));
        factory.open(config, "x");
    }

    function test_open_noOperator_reverts() public {
        config.operator = address(0);
        openReverts(abi.encodeWithSelector(E.ZeroOperator.selector));
    }

    function test_open_badChainId_reverts() public {
        uint64 max = factory.MAX_CHAIN_ID();
        config.chainId = 0;
        openReverts(abi.encodeWithSelector(E.BadChainId.selector, 0, max));
        config.chainId = max + 1;
        openReverts(abi.encodeWithSelector(E.BadChainId.selector, max + 1, max));
    }

    function test_open_endInThePast_reverts() public {
        config.endsAt = uint64(block.timestamp);
        config.depositCutoff = 0;
        openReverts(abi.encodeWithSelector(E.BadTimes.selector, 0, block.timestamp, block.timestamp));
    }

    function test_open_depositsOutliveTheLayer_reverts() public {
        config.depositCutoff = config.endsAt + 1;
        openReverts(abi.encodeWithSelector(E.BadTimes.selector, config.endsAt + 1, config.endsAt, block.timestamp));
    }

    function test_open_longWindow_reverts() public {
        config.window = 30 days + 1;
        openReverts(abi.encodeWithSelector(E.WindowTooLong.selector, 30 days + 1, 30 days));
    }

    function test_open_unknownMode_reverts() public {
        config.mode = 4;
        openReverts(abi.encodeWithSelector(E.UnsupportedMode.selector, 4));
    }

    function test_open_noGenesis_reverts() public {
        config.genesisStateRoot = 0;
        openReverts(abi.encodeWithSelector(E.ZeroGenesis.selector));
    }

    function test_open_longUri_reverts() public {
        config.twinBaseUri = string(new bytes(129));
        openReverts(abi.encodeWithSelector(E.UriTooLong.selector, 129, 128));
    }

    function test_open_noSequencer_reverts() public {
        config.sequencer = address(0);
        openReverts(abi.encodeWithSelector(E.ZeroSequencer.selector));
    }

    function test_open_startAfterEnd_reverts() public {
        config.startsAt = config.endsAt;
        openReverts(abi.encodeWithSelector(E.BadStart.selector, config.endsAt, config.endsAt));
    }

    function test_open_badDelays_revert() public {
        uint32 long = 30 days + 1;
        config.settleDelay = 10 minutes - 1;
        openReverts(abi.encodeWithSelector(E.BadDelay.selector, 10 minutes - 1, 10 minutes, 30 days));
        config.settleDelay = long;
        openReverts(abi.encodeWithSelector(E.BadDelay.selector, long, 10 minutes, 30 days));
        (config.settleDelay, config.rescueDelay) = (1 days, long);
        openReverts(abi.encodeWithSelector(E.BadDelay.selector, long, 10 minutes, 30 days));
        (config.rescueDelay, config.maxDepositDelay) = (1 days, 0);
        openReverts(abi.encodeWithSelector(E.BadDelay.selector, 0, 10 minutes, 30 days));
    }

    /// Two hours, one day, and the rest: a second more than blobs are kept for.
    function test_open_outlivesItsBlobs_reverts() public {
        config.da = 1;
        config.rescueDelay = 16 days - 2 hours + 1;
        openReverts(abi.encodeWithSelector(E.RetentionTooLong.selector, 17 days + 1, 17 days));
        config.da = 2;
        open("calldata stays");
        (config.da, config.rescueDelay) = (1, 16 days - 2 hours);
        open("in time");
    }

    function test_open_unknownDa_reverts() public {
        config.da = 3;
        openReverts(abi.encodeWithSelector(E.UnsupportedDa.selector, 3));
    }

    function test_open_verifier_reverts() public {
        config.verifier = ISettlementVerifier(address(9));
        openReverts(abi.encodeWithSelector(E.UnsupportedVerifier.selector, address(9)));
    }

    function test_open_badFee_reverts() public {
        (config.offer.fee, config.offer.acceptBy) = (2, config.depositCutoff);
        openReverts(abi.encodeWithSelector(E.BadFee.selector, 0, 2));
    }

    function test_open_bondWithoutAcceptance_reverts() public {
        config.offer.bond = 1;
        openReverts(abi.encodeWithSelector(E.BadAcceptBy.selector, 0, config.depositCutoff));
        config.offer.acceptBy = uint64(block.timestamp);
        openReverts(abi.encodeWithSelector(E.BadAcceptBy.selector, block.timestamp, config.depositCutoff));
        config.offer.acceptBy = config.depositCutoff + 1;
        openReverts(abi.encodeWithSelector(E.BadAcceptBy.selector, config.depositCutoff + 1, config.depositCutoff));
    }

    function test_open_attestorsInModeA_reverts() public {
        config.quorum.attestors.push(alice);
        openReverts(abi.encodeWithSelector(E.BadAttestors.selector, 0, 1));
        config.quorum.attestors.pop();
        config.quorum.threshold = 1;
        openReverts(abi.encodeWithSelector(E.BadAttestors.selector, 1, 0));
    }

    function test_open_unreachableThreshold_reverts() public {
        config.mode = 2;
        openReverts(abi.encodeWithSelector(E.BadAttestors.selector, 0, 0));
        config.quorum.attestors.push(alice);
        openReverts(abi.encodeWithSelector(E.BadAttestors.selector, 0, 1));
        config.quorum.threshold = 2;
        openReverts(abi.encodeWithSelector(E.BadAttestors.selector, 2, 1));
    }

    function test_open_attestorsNotAscending_reverts() public {
        (config.mode, config.quorum.threshold) = (2, 1);
        config.quorum.attestors.push(address(0));
        openReverts(abi.encodeWithSelector(E.AttestorsNotAscending.selector, 0));
        config.quorum.attestors[0] = alice;
        config.quorum.attestors.push(alice);
        openReverts(abi.encodeWithSelector(E.AttestorsNotAscending.selector, 1));
    }

    function test_open_manyAttestors_reverts() public {
        (config.mode, config.quorum.threshold) = (2, 1);
        for (uint160 i = 1; i <= 33; ++i) {
            config.quorum.attestors.push(address(i));
        }
        openReverts(abi.encodeWithSelector(E.TooManyAttestors.selector, 33, 32));
    }

    function test_open_badBridged_reverts() public {
        address token = address(factory);
        config.bridged.push(Bridged(3, token, 1));
        openReverts(abi.encodeWithSelector(E.BadBridged.selector, 0, 3, token));
        config.bridged[0] = Bridged(1, alice, 1);
        openReverts(abi.encodeWithSelector(E.BadBridged.selector, 0, 1, alice));
        config.bridged[0] = Bridged(1, token, 1);
        config.bridged.push(Bridged(2, token, 1));
        openReverts(abi.encodeWithSelector(E.BadBridged.selector, 1, 2, token));
    }

    function test_open_manyBridged_reverts() public {
        for (uint256 i; i < 33; ++i) {
            config.bridged.push(Bridged(1, alice, 1));
        }
        openReverts(abi.encodeWithSelector(E.TooManyBridged.selector, 33, 32));
    }

    function test_factory_keepsNoEth() public {
        (config.offer.fee, config.offer.acceptBy) = (1 ether, config.depositCutoff);
        FlashLayer opened = open("with fee");
        vm.assertEq(address(opened).balance, 1 ether);
        vm.assertEq(address(factory).balance, 0);
    }

    function test_implementation_isNoLayer() public {
        FlashLayer implementation = FlashLayer(payable(factory.layerImplementation()));
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.None));
        FlashSettlement(address(implementation)).phase();
        vm.expectPartialRevert(E.BadConfig.selector);
        implementation.closeDeposits(config);
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.None));
        implementation.depositETH(alice, 30_000, "");
        FlashSettlement second = FlashSettlement(implementation.settlement());
        vm.assertEq(uint256(second.phase()), uint256(Phase.None));
        vm.expectPartialRevert(E.BadConfig.selector);
        second.veto(config, new bytes[](0));
    }

    function openReverts(bytes memory reason) private {
        vm.prank(organiser);
        vm.expectRevert(reason);
        factory.open(config, "x");
    }
}
