// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {LayerBatches} from "../src/LayerBatches.sol";
import {BatchHead, Deposit, Exit, Output, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

contract BatchesTest is Base {
    Deposit[] private deposits;
    bytes private blocks = "blocks";

    function setUp() public override {
        super.setUp();
        config.da = 2;
        layer = open("calldata");
    }

    // ------------------------------------------------------------------------------------ calldata

    function test_postBatch_foldsTheCalldata() public {
        BatchHead memory head = headOf(5, 0);
        bytes32 acc = keccak256(abi.encode(bytes32(0), head, keccak256(blocks)));
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerBatches.Batch(0, acc, head, new bytes32[](0));
        post(head);
        vm.assertEq(settlement().batchAcc(), acc);
        BatchHead memory next = headOf(6, 0);
        post(next);
        vm.assertEq(settlement().batchAcc(), keccak256(abi.encode(acc, next, keccak256(blocks))));
        vm.assertEq(settlement().batchCount(), 2);
        vm.assertEq(settlement().postedBlock(), 6);
    }

    function test_settle_afterOtherBatches_reverts() public {
        post(headOf(5, 0));
        closeDeposits();
        Output memory o = outputOf(new Exit[](0));
        bytes32 posted = o.batchAcc;
        o.batchAcc = 0;
        (Output memory done, bytes[] memory a, bytes[] memory s) = seal(o);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadBatches.selector, 0, posted));
        settlement().settle(config, done, assetList(), a, s, new bytes[](0));
        o.batchAcc = posted;
        settleOutput(o);
    }

    function test_postBatch_noPayload_reverts() public {
        blocks = "";
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.BadPayload.selector, 0));
    }

    function test_postBatch_blobsOnCalldataLayer_reverts() public {
        BatchHead memory head = headOf(5, 0);
        head.blobs = 1;
        postReverts(head, abi.encodeWithSelector(E.WrongBlobs.selector, 1));
    }

    /// Who looks for the blocks looks into the transaction.
    function test_postBatch_throughContract_reverts() public {
        vm.prank(operator, alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotTopLevel.selector));
        settlement().postBatch(config, headOf(5, 0), blocks, none(), new bytes32[](0));
        vm.etch(operator, abi.encodePacked(hex"ef0100", address(this)));
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.NotTopLevel.selector));
    }

    function test_postBatch_oldBlocks_reverts() public {
        post(headOf(5, 0));
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.PostedAlready.selector, 5, 5));
    }

    function test_postBatch_withoutDa_reverts() public {
        config.da = 0;
        layer = open("no batches");
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.BatchesOff.selector));
    }

    // --------------------------------------------------------------------------------------- blobs

    /// forge-config: default.isolate = false
    function test_postBatch_foldsTheBlobs() public {
        openBlobs();
        bytes32[] memory hashes = new bytes32[](2);
        (hashes[0], hashes[1]) = (bytes32(uint256(1) << 248), bytes32((uint256(1) << 248) + 7));
        vm.blobhashes(hashes);
        BatchHead memory head = headOf(5, 0);
        head.blobs = 2;
        bytes32 acc = keccak256(abi.encode(bytes32(0), head, keccak256(bytes.concat(hashes[0], hashes[1]))));
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerBatches.Batch(0, acc, head, hashes);
        vm.prank(operator);
        settlement().postBatch(config, head, "", none(), new bytes32[](0));
        vm.assertEq(settlement().batchAcc(), acc);
    }

    /// forge-config: default.isolate = false
    function test_postBatch_otherNumberOfBlobs_reverts() public {
        openBlobs();
        bytes32[] memory hashes = new bytes32[](2);
        (hashes[0], hashes[1]) = (bytes32(uint256(1) << 248), bytes32((uint256(1) << 248) + 7));
        BatchHead memory head = headOf(5, 0);
        uint8[3] memory wrong = [0, 1, 3];
        for (uint256 i; i < 3; ++i) {
            head.blobs = wrong[i];
            vm.blobhashes(hashes);
            vm.prank(operator);
            vm.expectRevert(abi.encodeWithSelector(E.WrongBlobs.selector, wrong[i]));
            settlement().postBatch(config, head, "", none(), new bytes32[](0));
        }
    }

    function test_postBatch_payloadBesideBlobs_reverts() public {
        openBlobs();
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.BadPayload.selector, blocks.length));
    }

    // ----------------------------------------------------------------------------------------- who

    function test_postBatch_byStranger_reverts() public {
        vm.prank(organiser, organiser);
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, organiser));
        settlement().postBatch(config, headOf(5, 0), blocks, none(), new bytes32[](0));
    }

    function test_postBatch_beforeStart_reverts() public {
        config.startsAt = uint64(block.timestamp + 1);
        layer = open("later");
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.TooEarly.selector, config.startsAt));
    }

    function test_postBatch_forRescue_byOrganiser() public {
        vm.warp(config.endsAt + config.settleDelay);
        vm.prank(alice, alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, alice));
        settlement().postBatch(config, headOf(5, 0), blocks, none(), new bytes32[](0));
        vm.prank(organiser, organiser);
        settlement().postBatch(config, headOf(5, 0), blocks, none(), new bytes32[](0));
    }

    function test_postBatch_forRescue_byAttestor() public {
        (config.mode, config.quorum.threshold) = (2, 1);
        config.quorum.attestors.push(alice);
        layer = open("attested");
        vm.warp(config.endsAt + config.settleDelay);
        vm.prank(organiser, organiser);
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, organiser));
        settlement().postBatch(config, headOf(5, 0), blocks, none(), new bytes32[](0));
        vm.prank(alice, alice);
        settlement().postBatch(config, headOf(5, 0), blocks, none(), new bytes32[](0));
    }

    function test_postBatch_afterT2_reverts() public {
        uint256 late = config.endsAt + config.settleDelay + config.rescueDelay;
        vm.warp(late);
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.TooLate.selector, late));
    }

    function test_postBatch_afterSettlement_reverts() public {
        settle(new Exit[](0));
        postReverts(headOf(5, 0), abi.encodeWithSelector(E.BadPhase.selector, Phase.Final));
    }

    // ---------------------------------------------------------------------------- forced inclusion

    function test_postBatch_consumesInOrder() public {
        take(3);
        post(headOf(5, 3));
        vm.assertEq(settlement().consumedDeposits(), 3);
        postReverts(headOf(6, 2), abi.encodeWithSelector(E.BadConsumed.selector, 2, 3, 3));
        postReverts(headOf(6, 4), abi.encodeWithSelector(E.BadConsumed.selector, 4, 3, 3));
    }

    /// Deposits that came after the last batch need no proof while that batch is recent.
    function test_postBatch_newDeposits_canWait() public {
        post(headOf(5, 0));
        take(2);
        vm.warp(block.timestamp + 20 minutes);
        post(headOf(6, 1));
    }

    function test_postBatch_withoutProof_reverts() public {
        take(2);
        postReverts(headOf(5, 1), abi.encodeWithSelector(E.BadDeposit.selector, 1));
    }

    function test_postBatch_youngDeposit_canWait() public {
        take(1);
        vm.warp(block.timestamp + 10 minutes);
        take(2);
        vm.warp(block.timestamp + 20 minutes);
        postProved(headOf(5, 1), 3);
        vm.assertEq(settlement().consumedDeposits(), 1);
    }

    function test_postBatch_oldDeposit_reverts() public {
        take(2);
        vm.warp(block.timestamp + 20 minutes + 1);
        (bytes32[] memory proof, Deposit memory d) = provedIn(1, 2);
        vm.prank(operator, operator);
        vm.expectRevert(abi.encodeWithSelector(E.DepositOverdue.selector, 1));
        settlement().postBatch(config, headOf(5, 1), blocks, d, proof);
        post(headOf(5, 2));
    }

    /// A younger deposit's proof does not stand for the oldest one.
    function test_postBatch_proofOfAnother_reverts() public {
        take(1);
        vm.warp(block.timestamp + 1 hours - 1);
        take(1);
        (bytes32[] memory proof, Deposit memory d) = provedIn(1, 2);
        vm.prank(operator, operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadDeposit.selector, 0));
        settlement().postBatch(config, headOf(5, 0), blocks, d, proof);
    }

    /// A proof must not become worthless because somebody deposits meanwhile.
    function test_postBatch_seenDeposit_isProvedInTheOldTree() public {
        take(2);
        postProved(headOf(5, 0), 2);
        take(5);
        postProved(headOf(6, 1), 2);
        vm.assertEq(settlement().seenDeposits(), 7);
        take(1);
        (bytes32[] memory proof, Deposit memory d) = provedIn(2, 8);
        vm.prank(operator, operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadDeposit.selector, 2));
        settlement().postBatch(config, headOf(7, 2), blocks, d, proof);
    }

    function test_postBatch_newDeposits_afterLongSilence_needProof() public {
        post(headOf(5, 0));
        vm.warp(block.timestamp + 1 minutes);
        take(1);
        vm.warp(block.timestamp + 20 minutes);
        postReverts(headOf(6, 0), abi.encodeWithSelector(E.BadDeposit.selector, 0));
        postProved(headOf(6, 0), 1);
        vm.warp(block.timestamp + 1);
        (bytes32[] memory proof, Deposit memory d) = provedIn(0, 1);
        vm.prank(operator, operator);
        vm.expectRevert(abi.encodeWithSelector(E.DepositOverdue.selector, 0));
        settlement().postBatch(config, headOf(7, 0), blocks, d, proof);
    }

    // ------------------------------------------------------------------------------------------------

    function openBlobs() private {
        config.da = 1;
        layer = open("blobs");
    }

    function headOf(uint64 lastBlock, uint64 consumed) private pure returns (BatchHead memory) {
        return BatchHead(lastBlock, keccak256("hash"), keccak256("state"), consumed, 0);
    }

    function none() private pure returns (Deposit memory d) {}

    function post(BatchHead memory head) private {
        vm.prank(operator, operator);
        settlement().postBatch(config, head, blocks, none(), new bytes32[](0));
    }

    function postProved(BatchHead memory head, uint256 count) private {
        (bytes32[] memory proof, Deposit memory d) = provedIn(head.consumedDeposits, count);
        vm.prank(operator, operator);
        settlement().postBatch(config, head, blocks, d, proof);
    }

    function postReverts(BatchHead memory head, bytes memory reason) private {
        vm.prank(operator, operator);
        vm.expectRevert(reason);
        settlement().postBatch(config, head, blocks, none(), new bytes32[](0));
    }

    function take(uint256 count) private {
        for (uint256 i; i < count; ++i) {
            deposits.push(depositOf(uint64(deposits.length), alice, 1));
            deposit(alice, 1);
        }
    }

    function provedIn(uint256 index, uint256 count) private view returns (bytes32[] memory, Deposit memory) {
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            hashes[i] = keccak256(abi.encode(deposits[i]));
        }
        return (Naive.depositProof(hashes, index), deposits[index]);
    }
}
