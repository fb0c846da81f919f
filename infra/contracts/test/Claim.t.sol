// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {FlashLayer} from "../src/FlashLayer.sol";
import {LayerClaims} from "../src/LayerClaims.sol";
import {LayerPayments} from "../src/LayerPayments.sol";
import {FlashTwin721} from "../src/FlashTwin721.sol";
import {Exit, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice Refuses ETH in every way a contract can.
contract Refuser {
    receive() external payable {
        while (true) {}
    }
}

/// @notice Tries to be paid again while it is being paid.
contract Reenterer {
    FlashLayer private immutable _layer;
    bytes private _packed;
    bytes32[] private _siblings;
    uint256 public seen;

    constructor(FlashLayer layer, bytes memory packed, bytes32[] memory siblings) {
        (_layer, _packed, _siblings) = (layer, packed, siblings);
    }

    receive() external payable {
        seen += 1 + _layer.claimRange(0, _packed, _siblings);
    }
}

contract ClaimTest is Base {
    Exit[] private exits;

    function setUp() public override {
        super.setUp();
        deposit(alice, 10 ether);
        Exit[] memory made = someExits(11);
        for (uint256 i; i < made.length; ++i) {
            exits.push(made[i]);
        }
    }

    // ---------------------------------------------------------------------------------------- claim

    function test_claim_paysEth() public {
        settle(exits);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerPayments.Claimed(2, exits[2].recipient, 0, 0, exits[2].value);
        vm.prank(bob);
        layer.claim(2, exits[2], proofOf(exits, 2));
        vm.assertEq(exits[2].recipient.balance, exits[2].value);
        vm.assertTrue(settlement().isClaimed(2));
        vm.assertFalse(settlement().isClaimed(1));
        vm.assertEq(settlement().claimedCount(), 1);
    }

    function test_claim_mintsTheTwin() public {
        settle(exits);
        layer.claim(10, exits[10], proofOf(exits, 10));
        FlashTwin721 twin = FlashTwin721(settlement().tokenOf(2));
        vm.assertEq(twin.ownerOf(exits[10].id), exits[10].recipient);
        vm.assertEq(
            twin.tokenURI(exits[10].id),
            "https://example.org/t/0x0000000000000000000000000000000000007171/1010"
        );
    }

    function test_claim_twice_reverts() public {
        settle(exits);
        layer.claim(0, exits[0], proofOf(exits, 0));
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyClaimed.selector, 0));
        layer.claim(0, exits[0], proofOf(exits, 0));
    }

    function test_claim_beforeSettlement_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Open));
        layer.claim(0, exits[0], proofOf(exits, 0));
    }

    function test_claim_inWindow_reverts() public {
        config.window = 1 hours;
        layer = open("windowed");
        deposit(alice, 10 ether);
        settle(exits);
        vm.expectRevert(abi.encodeWithSelector(E.TooEarly.selector, block.timestamp + 1 hours));
        layer.claim(0, exits[0], proofOf(exits, 0));
        vm.warp(block.timestamp + 1 hours);
        layer.claim(0, exits[0], proofOf(exits, 0));
    }

    function test_claim_outsideTheTree_reverts() public {
        settle(exits);
        vm.expectRevert(abi.encodeWithSelector(E.OutOfRange.selector, 12, 11));
        layer.claim(11, exits[0], proofOf(exits, 0));
    }

    function test_claim_badProof_reverts(uint256 index, uint256 change, uint256 noise) public {
        settle(exits);
        index = pick(index, 0, exits.length - 1);
        Exit memory e = exits[index];
        bytes32[] memory proof = proofOf(exits, index);
        change = pick(change, 0, 6);
        if (change == 6) e.id ^= pick(noise, 1, type(uint256).max);
        if (change == 0) e.value ^= pick(noise, 1, type(uint256).max);
        if (change == 1) e.recipient = address(uint160(e.recipient) ^ uint160(pick(noise, 1, type(uint160).max)));
        if (change == 2) e.asset ^= uint32(pick(noise, 1, type(uint32).max));
        if (change == 3) proof[noise % proof.length] ^= bytes32(pick(noise, 1, type(uint256).max));
        if (change == 4) index = (index + 1) % exits.length;
        if (change == 5) proof = noise % 2 == 0 ? longer(proof) : shorter(proof);
        vm.expectRevert(abi.encodeWithSelector(E.BadProof.selector));
        layer.claim(index, e, proof);
    }

    /// A proof one level up would make the 64 bytes of two children stand for a leaf: leaves have 92 bytes.
    function test_claim_innerNode_reverts() public {
        settle(exits);
        bytes32[] memory hashes = Naive.hashes(exits);
        bytes32 word = hashes[0];
        Exit memory e = Exit(uint32(uint256(word) >> 192), address(uint160(uint256(word) >> 32)), uint256(hashes[1]), 0);
        vm.expectRevert(abi.encodeWithSelector(E.BadProof.selector));
        layer.claim(0, e, shorter(proofOf(exits, 0)));
    }

    function test_claim_recipientThatRefuses_isPaid() public {
        address refuser = address(new Refuser());
        exits[0].recipient = refuser;
        settle(exits);
        layer.claim(0, exits[0], proofOf(exits, 0));
        vm.assertEq(refuser.balance, exits[0].value);
    }

    // ----------------------------------------------------------------------------------- claimRange

    function test_claimRange_paysAll() public {
        settle(exits);
        vm.assertEq(push(0, 11), 11);
        vm.assertEq(settlement().claimedCount(), 11);
        for (uint256 i; i < exits.length; ++i) {
            if (exits[i].asset == 0) vm.assertEq(exits[i].recipient.balance, exits[i].value);
            else vm.assertEq(FlashTwin721(settlement().tokenOf(exits[i].asset)).ownerOf(exits[i].id), exits[i].recipient);
        }
    }

    function test_claimRange_skipsClaimed() public {
        settle(exits);
        layer.claim(4, exits[4], proofOf(exits, 4));
        vm.assertEq(push(3, 9), 5);
        vm.assertEq(push(3, 9), 0);
        vm.assertEq(settlement().claimedCount(), 6);
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyClaimed.selector, 3));
        layer.claim(3, exits[3], proofOf(exits, 3));
    }

    function test_claimRange_overWordBounds() public {
        Exit[] memory many = new Exit[](600);
        for (uint256 i; i < many.length; ++i) {
            many[i] = Exit(1, bob, i, 1);
        }
        settle(many);
        bytes32[] memory siblings = Naive.rangeProof(Naive.hashes(many), 250, 520);
        bytes memory packed = sequential(1, 250, 270, bob);
        vm.assertEq(layer.claimRange(250, packed, siblings), 270);
        vm.assertEq(FlashTwin721(settlement().tokenOf(1)).balanceOf(bob), 270);
        for (uint256 i; i < many.length; ++i) {
            vm.assertEq(settlement().isClaimed(i), i >= 250 && i < 520);
        }
    }

    function test_claimRange_reentered_paysOnce() public {
        // The recipient's address does not depend on what it is told, so it can be in the tree.
        vm.deal(address(this), 1 ether);
        address where = address(0xFEED);
        exits[1].recipient = where;
        settle(exits);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 4);
        Reenterer reenterer = new Reenterer(layer, packed, siblings);
        vm.etch(where, address(reenterer).code);
        copyStorage(address(reenterer), where);
        vm.assertEq(layer.claimRange(0, packed, siblings), 4);
        vm.assertEq(where.balance, exits[1].value);
        vm.assertEq(settlement().claimedCount(), 4);
    }

    function test_claimRange_badProof_reverts(uint256 start, uint256 end, uint256 change, uint256 noise) public {
        settle(exits);
        end = pick(end, 1, exits.length);
        start = pick(start, 0, end - 1);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, start, end);
        change = pick(change, 0, 4);
        if (change == 0) siblings = longer(siblings);
        if (change == 1) {
            if (siblings.length == 0) return;
            siblings = shorter(siblings);
        }
        if (change == 2) start = start == 0 ? 1 : start - 1;
        if (change == 3) packed = Naive.pack(exits, start, end - 1);
        if (change == 4) {
            if (siblings.length == 0) return;
            siblings[noise % siblings.length] = bytes32(noise);
        }
        vm.expectRevert();
        layer.claimRange(start, packed, siblings);
    }

    function test_claimRange_empty_reverts() public {
        settle(exits);
        vm.expectRevert(abi.encodeWithSelector(E.BadProof.selector));
        layer.claimRange(0, "", new bytes32[](0));
    }

    function test_claimRange_outsideTheTree_reverts() public {
        settle(exits);
        bytes memory packed = Naive.pack(exits, 9, 11);
        vm.expectRevert(abi.encodeWithSelector(E.OutOfRange.selector, 12, 11));
        layer.claimRange(10, packed, new bytes32[](4));
        vm.expectRevert(abi.encodeWithSelector(E.OutOfRange.selector, type(uint256).max, 11));
        layer.claimRange(type(uint256).max, packed, new bytes32[](4));
    }

    /// A tree that an operator made up can name an id twice. The second mint fails; other exits are not held up.
    function test_claim_idTwice_reverts() public {
        exits[9] = exits[10];
        settle(exits);
        layer.claim(10, exits[10], proofOf(exits, 10));
        vm.expectRevert(abi.encodeWithSelector(E.TransferFailed.selector, 9));
        layer.claim(9, exits[9], proofOf(exits, 9));
        layer.claim(8, exits[8], proofOf(exits, 8));
    }

    // -------------------------------------------------------------------------------- publishLeaves

    function test_publish_inChunks_makesDisposable() public {
        settle(exits);
        vm.assertFalse(settlement().isDisposable());
        publish(0, 4);
        publish(4, 5);
        vm.assertFalse(settlement().isDisposable());
        publish(5, 11);
        vm.assertEq(settlement().publishedCount(), 11);
        vm.assertTrue(settlement().isDisposable());
    }

    function test_publish_emits() public {
        settle(exits);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 7);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerClaims.LeavesPublished(0, 7);
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(0, packed, siblings);
    }

    function test_publish_gap_reverts() public {
        settle(exits);
        publish(0, 4);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 5, 7);
        vm.expectRevert(abi.encodeWithSelector(E.NotNext.selector, 5, 4));
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(5, packed, siblings);
    }

    function test_publish_otherLeaves_reverts() public {
        settle(exits);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 4);
        packed[10] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(E.BadProof.selector));
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(0, packed, siblings);
    }

    /// Who looks for the leaves looks into the transaction.
    function test_publish_throughContract_reverts() public {
        settle(exits);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 4);
        vm.prank(bob, alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotTopLevel.selector));
        layer.publishLeaves(0, packed, siblings);
        vm.etch(bob, abi.encodePacked(hex"ef0100", address(this)));
        vm.prank(bob, bob);
        vm.expectRevert(abi.encodeWithSelector(E.NotTopLevel.selector));
        layer.publishLeaves(0, packed, siblings);
    }

    function test_publish_beforeSettlement_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Open));
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(0, "", new bytes32[](0));
    }

    function test_oneExit_needsNoSiblings() public {
        Exit[] memory one = new Exit[](1);
        one[0] = Exit(0, bob, 0, 1 ether);
        settle(one);
        layer.claim(0, one[0], new bytes32[](0));
        vm.assertEq(bob.balance, 1 ether);
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(0, Naive.pack(one, 0, 1), new bytes32[](0));
        vm.assertTrue(settlement().isDisposable());
    }

    // ------------------------------------------------------------------------------------------------

    function push(uint256 start, uint256 end) private returns (uint256) {
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, start, end);
        return layer.claimRange(start, packed, siblings);
    }

    function publish(uint256 start, uint256 end) private {
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, start, end);
        vm.prank(address(0xA1), address(0xA1));
        layer.publishLeaves(start, packed, siblings);
    }

    function sequential(uint32 asset, uint256 firstId, uint16 count, address to) private pure returns (bytes memory p) {
        p = abi.encodePacked(uint8(1), asset, count, firstId);
        for (uint256 i; i < count; ++i) {
            p = bytes.concat(p, bytes20(to));
        }
    }

    function longer(bytes32[] memory list) private pure returns (bytes32[] memory out) {
        out = new bytes32[](list.length + 1);
        for (uint256 i; i < list.length; ++i) {
            out[i] = list[i];
        }
    }

    function shorter(bytes32[] memory list) private pure returns (bytes32[] memory out) {
        out = new bytes32[](list.length - 1);
        for (uint256 i; i < out.length; ++i) {
            out[i] = list[i];
        }
    }

    /// The first slots, and the places that they point to.
    function copyStorage(address from, address to) private {
        bytes32 packedAt = keccak256(abi.encode(0));
        bytes32 siblingsAt = keccak256(abi.encode(1));
        for (uint256 i; i < 12; ++i) {
            bytes32[3] memory slots = [bytes32(i), bytes32(uint256(packedAt) + i), bytes32(uint256(siblingsAt) + i)];
            for (uint256 j; j < 3; ++j) {
                vm.store(to, slots[j], vm.load(from, slots[j]));
            }
        }
    }
}
