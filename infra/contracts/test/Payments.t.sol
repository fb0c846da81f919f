// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Base} from "./Base.sol";
import {MockCoin, MockMulti, MockNft} from "./Mocks.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {LayerClaims} from "../src/LayerClaims.sol";
import {LayerOrphans} from "../src/LayerOrphans.sol";
import {Seal} from "../src/Seal.sol";
import {Asset, Bridged, Exit, Output} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice Exits of tokens that the layer's contract holds.
contract PaymentsTest is Base {
    MockCoin private coin;
    MockNft private nft;
    MockMulti private multi;
    Exit[] private exits;
    Asset[] private list;

    function setUp() public override {
        super.setUp();
        (coin, nft, multi) = (new MockCoin(), new MockNft(), new MockMulti());
        bridge([Bridged(1, address(coin), 100), Bridged(2, address(nft), 2), Bridged(6, address(multi), 50)]);
        config.orphanRecipient = address(0x0DD);
        layer = open("payments");
        coin.mint(alice, 60);
        nft.mint(alice, 7);
        multi.mint(alice, 5, 20);
        deposit(alice, 1 ether);
        vm.startPrank(alice, alice);
        coin.approve(address(layer), 60);
        nft.setApprovalForAll(address(layer), true);
        multi.setApprovalForAll(address(layer), true);
        layer.depositERC20(config, address(coin), bob, 60);
        layer.depositERC721(config, address(nft), bob, 7);
        layer.depositERC1155(config, address(multi), bob, 5, 20);
        vm.stopPrank();

        exits.push(Exit(0, bob, 0, 1 ether));
        exits.push(Exit(1, bob, 0, 40));
        exits.push(Exit(1, alice, 0, 20));
        exits.push(Exit(2, bob, 7, 1));
        exits.push(Exit(3, bob, 5, 15));
        exits.push(Exit(3, alice, 5, 5));
        list.push(Asset(0, address(0), 18, "", "", 1 ether));
        list.push(Asset(1, address(coin), 18, "Coin", "COIN", 60));
        list.push(Asset(2, address(nft), 0, "Nft", "NFT", 1));
        list.push(Asset(6, address(multi), 0, "", "", 20));
    }

    // -------------------------------------------------------------------------------------- settle

    function test_settle_givesHeldTokensTheirAddress() public {
        finish();
        (uint8 kind, address token) = settlement().asset(1);
        vm.assertEq(kind, 1);
        vm.assertEq(token, address(coin));
        (kind, token) = settlement().asset(3);
        vm.assertEq(kind, 6);
        vm.assertEq(token, address(multi));
    }

    function test_settle_insolventToken_reverts() public {
        for (uint32 i = 1; i < 4; ++i) {
            uint256 held = list[i].total;
            list[i].total = held + 1;
            finishReverts(abi.encodeWithSelector(E.Insolvent.selector, i, held + 1, held));
            list[i].total = held;
        }
    }

    /// A transfer of n coins looks like the transfer of token n.
    function test_settle_coinAsCollection_reverts() public {
        list[1].kind = 2;
        finishReverts(abi.encodeWithSelector(E.Insolvent.selector, 1, 60, 0));
    }

    function test_settle_tokenTwice_reverts() public {
        list.push(list[1]);
        finishReverts(abi.encodeWithSelector(E.AssetTwice.selector, 4));
    }

    function test_settle_secondEth_reverts() public {
        list.push(list[0]);
        finishReverts(abi.encodeWithSelector(E.BadKind.selector, 4, 0));
    }

    // --------------------------------------------------------------------------------------- claim

    function test_claim_paysEveryKind() public {
        finish();
        for (uint256 i; i < exits.length; ++i) {
            layer.claim(i, exits[i], proofOf(exits, i));
        }
        vm.assertEq(bob.balance, 1 ether);
        vm.assertEq(coin.balanceOf(bob), 40);
        vm.assertEq(coin.balanceOf(alice), 20);
        vm.assertEq(nft.ownerOf(7), bob);
        vm.assertEq(multi.balanceOf(bob, 5), 15);
        vm.assertEq(multi.balanceOf(alice, 5), 5);
        vm.assertEq(coin.balanceOf(address(layer)), 0);
    }

    function test_claim_tokenThatRefuses_reverts() public {
        finish();
        coin.refuse();
        bytes32[] memory proof = proofOf(exits, 1);
        vm.expectRevert(abi.encodeWithSelector(E.TransferFailed.selector, 1));
        layer.claim(1, exits[1], proof);
        vm.assertFalse(settlement().isClaimed(1));
    }

    function test_claim_ofMissingAsset_reverts() public {
        exits[1].asset = 4;
        finish();
        bytes32[] memory proof = proofOf(exits, 1);
        vm.expectRevert(abi.encodeWithSelector(E.TransferFailed.selector, 1));
        layer.claim(1, exits[1], proof);
    }

    function test_claimRange_paysEveryKind() public {
        finish();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 6);
        vm.assertEq(layer.claimRange(0, packed, siblings), 6);
        vm.assertEq(multi.balanceOf(bob, 5), 15);
    }

    function test_claimRange_tokenThatRefuses_staysAndOthersGo() public {
        finish();
        coin.refuse();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 6);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerClaims.ClaimFailed(1, bob, 1);
        vm.assertEq(layer.claimRange(0, packed, siblings), 4);
        vm.assertFalse(settlement().isClaimed(1));
        vm.assertFalse(settlement().isClaimed(2));
        vm.assertTrue(settlement().isClaimed(3));
        vm.assertEq(nft.ownerOf(7), bob);
    }

    /// A token that eats all gas eats its allowance.
    function test_claimRange_tokenThatHangs_staysAndOthersGo() public {
        finish();
        coin.breakDown(true);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 6);
        vm.assertEq(layer.claimRange{gas: 3_000_000}(0, packed, siblings), 4);
        coin.breakDown(false);
        layer.claim(1, exits[1], proofOf(exits, 1));
        vm.assertEq(coin.balanceOf(bob), 40);
    }

    /// Whether a payment fails must not depend on how much gas the caller sent.
    function test_claimRange_littleGas_reverts() public {
        finish();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 6);
        vm.expectPartialRevert(E.GasTooLow.selector);
        layer.claimRange{gas: 600_000}(0, packed, siblings);
    }

    /// A contract that takes no ERC-1155 tokens holds up nobody but itself.
    function test_claimRange_recipientThatRefuses_staysAndOthersGo() public {
        exits[4].recipient = address(new PlainContract());
        finish();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 6);
        vm.assertEq(layer.claimRange(0, packed, siblings), 5);
        vm.assertFalse(settlement().isClaimed(4));
    }

    /// While a recipient is asked whether it takes its tokens, everything in its range is marked as paid.
    function test_claimRange_reentered_paysOnce() public {
        Reclaimer reclaimer = new Reclaimer();
        exits[4].recipient = address(reclaimer);
        exits[5].recipient = address(reclaimer);
        finish();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 6);
        reclaimer.prepare(address(layer), abi.encodeCall(layer.claim, (5, exits[5], proofOf(exits, 5))));
        vm.assertEq(layer.claimRange(0, packed, siblings), 6);
        vm.assertEq(bytes32(reclaimer.answer()), bytes32(E.AlreadyClaimed.selector));
        vm.assertEq(multi.balanceOf(address(reclaimer), 5), 20);
    }

    // ---------------------------------------------------------------------------------------- push

    function test_push_movesTheCursor() public {
        finish();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 2);
        vm.assertEq(layer.push(packed, siblings), 2);
        vm.assertEq(settlement().pushedCount(), 2);
        layer.claim(3, exits[3], proofOf(exits, 3));
        (packed, siblings) = rangeOf(exits, 2, 6);
        vm.assertEq(layer.push(packed, siblings), 3);
        vm.assertEq(settlement().pushedCount(), 6);
        vm.assertEq(settlement().claimedCount(), 6);
    }

    function test_push_otherPlace_reverts() public {
        finish();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 2, 6);
        vm.expectRevert(abi.encodeWithSelector(E.BadProof.selector));
        layer.push(packed, siblings);
    }

    function test_claim_afterPush_reverts() public {
        finish();
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 6);
        layer.push(packed, siblings);
        bytes32[] memory proof = proofOf(exits, 3);
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyClaimed.selector, 3));
        layer.claim(3, exits[3], proof);
    }

    // ------------------------------------------------------------------------------------- orphans

    function test_claimOrphan_paysTheOrphanRecipient() public {
        (bytes memory code, bytes[] memory proof) = finishWithCode(hex"6001");
        vm.warp(settlement().finalAt() + 180 days);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerOrphans.OrphanClaimed(0, bob, config.orphanRecipient);
        settlement().claimOrphan(config, 0, exits[0], proofOf(exits, 0), code, proof);
        vm.assertEq(config.orphanRecipient.balance, 1 ether);
        vm.assertTrue(settlement().isClaimed(0));
    }

    function test_claimOrphan_early_reverts() public {
        (bytes memory code, bytes[] memory proof) = finishWithCode(hex"6001");
        vm.warp(settlement().finalAt() + 180 days - 1);
        orphanReverts(code, proof, abi.encodeWithSelector(E.TooEarly.selector, settlement().finalAt() + 180 days));
    }

    function test_claimOrphan_ofPlainAccount_reverts() public {
        (, bytes[] memory proof) = finishWithCode("");
        vm.warp(settlement().finalAt() + 180 days);
        orphanReverts("", proof, abi.encodeWithSelector(E.NotOrphan.selector, bob));
        orphanReverts(hex"6001", proof, abi.encodeWithSelector(E.NotOrphan.selector, bob));
    }

    /// Whoever has the key of a delegated account has it on the L1, too.
    function test_claimOrphan_ofDelegatedAccount_reverts() public {
        (bytes memory code, bytes[] memory proof) = finishWithCode(abi.encodePacked(hex"ef0100", alice));
        vm.warp(settlement().finalAt() + 180 days);
        orphanReverts(code, proof, abi.encodeWithSelector(E.NotOrphan.selector, bob));
    }

    function test_claimOrphan_ofContractOnTheL1_reverts() public {
        (bytes memory code, bytes[] memory proof) = finishWithCode(hex"6001");
        vm.warp(settlement().finalAt() + 180 days);
        vm.etch(bob, hex"00");
        orphanReverts(code, proof, abi.encodeWithSelector(E.NotOrphan.selector, bob));
    }

    function test_claimOrphan_withoutOrphanRecipient_reverts() public {
        config.orphanRecipient = address(0);
        layer = open("nobody for orphans");
        (list[1].total, list[2].total, list[3].total) = (0, 0, 0);
        deposit(alice, 1 ether);
        (bytes memory code, bytes[] memory proof) = finishWithCode(hex"6001");
        vm.warp(settlement().finalAt() + 180 days);
        orphanReverts(code, proof, abi.encodeWithSelector(E.NotOrphan.selector, bob));
    }

    function test_claimOrphan_twice_reverts() public {
        (bytes memory code, bytes[] memory proof) = finishWithCode(hex"6001");
        vm.warp(settlement().finalAt() + 180 days);
        settlement().claimOrphan(config, 0, exits[0], proofOf(exits, 0), code, proof);
        orphanReverts(code, proof, abi.encodeWithSelector(E.AlreadyClaimed.selector, 0));
    }

    // ------------------------------------------------------------------------------ verifyFinalSlot

    function test_verifyFinalSlot_readsTheFinalState() public {
        (bytes[] memory a, bytes[] memory s) = finish();
        bytes32 slot = bytes32(Seal.SLOT);
        bytes32 value = sealOf(outputOf(exits));
        vm.assertTrue(settlement().verifyFinalSlot(Seal.SEALER, slot, value, a, s));
        vm.assertFalse(settlement().verifyFinalSlot(Seal.SEALER, slot, keccak256("other"), a, s));
        vm.expectRevert();
        settlement().verifyFinalSlot(Seal.SEALER, bytes32(uint256(1)), value, a, s);
    }

    function test_verifyFinalSlot_inWindow_reverts() public {
        vm.expectPartialRevert(E.BadPhase.selector);
        settlement().verifyFinalSlot(Seal.SEALER, 0, 0, new bytes[](0), new bytes[](0));
    }

    // ------------------------------------------------------------------------------------------------

    function outputWithList() private returns (Output memory o) {
        o = outputOf(exits);
        o.assetsHash = assetsHash(list);
    }

    function sealOf(Output memory o) private view returns (bytes32) {
        return Seal.hash(o.exitRoot, o.leafCount, o.depth, o.depositCount, assetsHash(list));
    }

    function finish() private returns (bytes[] memory a, bytes[] memory s) {
        closeDeposits();
        Output memory o;
        (o, a, s) = seal(outputWithList());
        vm.prank(operator);
        settlement().settle(config, o, list, a, s, new bytes[](0));
    }

    function finishReverts(bytes memory reason) private {
        if (!settlement().depositsClosed()) closeDeposits();
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputWithList());
        vm.prank(operator);
        vm.expectRevert(reason);
        settlement().settle(config, o, list, a, s, new bytes[](0));
    }

    /// Settles a state in which bob has this code, and returns it with the proof of his account.
    function finishWithCode(bytes memory code) private returns (bytes memory, bytes[] memory proof) {
        closeDeposits();
        Output memory o = outputWithList();
        (bytes32 storageRoot, bytes[] memory s) = Naive.trie(abi.encode(uint256(0)), RLP.encode(sealOf(o)));
        bytes[] memory a;
        (o.stateRoot, a, proof) = Naive.trieOfTwo(
            abi.encodePacked(Seal.SEALER),
            Naive.account(storageRoot),
            abi.encodePacked(bob),
            Naive.accountWithCode(code)
        );
        vm.prank(operator);
        settlement().settle(config, o, list, a, s, new bytes[](0));
        return (code, proof);
    }

    function orphanReverts(bytes memory code, bytes[] memory proof, bytes memory reason) private {
        bytes32[] memory path = proofOf(exits, 0);
        vm.expectRevert(reason);
        settlement().claimOrphan(config, 0, exits[0], path, code, proof);
    }
}

/// @notice A contract that answers nothing.
contract PlainContract {}

/// @notice Takes ERC-1155 tokens, and while it is asked makes one prepared call.
contract Reclaimer {
    address private _target;
    bytes private _call;
    bytes4 public answer;

    function prepare(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function onERC1155Received(address, address, uint256, uint256, bytes calldata) external returns (bytes4) {
        (bool ok, bytes memory data) = _target.call(_call);
        if (!ok) answer = bytes4(data);
        return this.onERC1155Received.selector;
    }
}
