// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Attested} from "./Attested.sol";
import {MockCoin, MockMulti, MockNft} from "./Mocks.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {LayerRefunds} from "../src/LayerRefunds.sol";
import {Bond, Bridged, Deposit, Exit, Output, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice Nobody settled: everybody gets everything back.
contract RefundsTest is Attested {
    MockCoin private coin;
    MockNft private nft;
    MockMulti private multi;
    Deposit[] private deposits;

    function setUp() public override {
        super.setUp();
        (coin, nft, multi) = (new MockCoin(), new MockNft(), new MockMulti());
        bridge([Bridged(1, address(coin), 100), Bridged(2, address(nft), 2), Bridged(6, address(multi), 50)]);
        layer = open("refunds");
    }

    function test_refund_ofEveryKind() public {
        depositAll();
        expire();
        settlementEnds();
        for (uint256 i; i < deposits.length; ++i) {
            refund(i);
            vm.assertTrue(settlement().isRefunded(i));
        }
        vm.assertEq(alice.balance, 3 ether);
        vm.assertEq(bob.balance, 1 ether);
        vm.assertEq(coin.balanceOf(alice), 60);
        vm.assertEq(nft.ownerOf(7), alice);
        vm.assertEq(multi.balanceOf(alice, 5), 20);
        vm.assertEq(address(layer).balance, 0);
    }

    function test_refund_emits() public {
        takeEth(alice, 3 ether);
        expire();
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerRefunds.RefundEntered(1, 0);
        layer.enterRefund(config);
        bytes32[] memory proof = proofOfDeposit(0);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerRefunds.Refunded(0, alice, 0, address(0), 0, 3 ether);
        layer.refund(deposits[0], proof);
    }

    function test_refund_twice_reverts() public {
        depositAll();
        expire();
        settlementEnds();
        refund(0);
        refundReverts(0, abi.encodeWithSelector(E.AlreadyRefunded.selector, 0));
    }

    function test_refund_beforeEntering_reverts() public {
        takeEth(alice, 1 ether);
        expire();
        refundReverts(0, abi.encodeWithSelector(E.BadPhase.selector, Phase.Open));
    }

    function test_refund_changedDeposit_reverts() public {
        depositAll();
        expire();
        settlementEnds();
        bytes32[] memory proof = proofOfDeposit(0);
        Deposit memory d = deposits[0];
        d.value += 1;
        vm.expectRevert(abi.encodeWithSelector(E.BadDeposit.selector, 0));
        layer.refund(d, proof);
        d = deposits[0];
        d.from = bob;
        vm.expectRevert(abi.encodeWithSelector(E.BadDeposit.selector, 0));
        layer.refund(d, proof);
        d = deposits[0];
        d.index = 1;
        vm.expectRevert(abi.encodeWithSelector(E.BadDeposit.selector, 1));
        layer.refund(d, proof);
    }

    function test_refund_ofForcedTransaction_reverts() public {
        takeEth(alice, 0);
        expire();
        settlementEnds();
        refundReverts(0, abi.encodeWithSelector(E.NothingToRefund.selector, 0));
    }

    /// The layer knows a contract by another address; the deposit goes back to the contract itself.
    function test_refund_toContract_goesToTheContract() public {
        vm.deal(address(this), 2 ether);
        Deposit memory d = depositOf(0, address(this), 2 ether);
        d.from = address(uint160(address(this)) + uint160(0x1111000000000000000000000000000000001111));
        deposits.push(d);
        vm.prank(address(this), alice);
        layer.depositETH{value: 2 ether}(address(this), 100_000, "");
        expire();
        settlementEnds();
        uint256 before = address(this).balance;
        refund(0);
        vm.assertEq(address(this).balance, before + 2 ether);
    }

    function test_refund_tokenThatRefuses_staysAndOthersGo() public {
        depositAll();
        expire();
        settlementEnds();
        coin.refuse();
        refundReverts(2, abi.encodeWithSelector(E.TransferFailed.selector, 2));
        vm.assertFalse(settlement().isRefunded(2));
        refund(3);
        vm.assertEq(nft.ownerOf(7), alice);
    }

    // -------------------------------------------------------------------------------------- phases

    function test_enterRefund_early_reverts() public {
        uint256 from = config.endsAt + config.settleDelay + config.rescueDelay;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(E.TooEarly.selector, from));
        layer.enterRefund(config);
    }

    function test_enterRefund_afterSettlement_reverts() public {
        settle(new Exit[](0));
        expire();
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Final));
        layer.enterRefund(config);
    }

    function test_enterRefund_twice_reverts() public {
        expire();
        settlementEnds();
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Refund));
        layer.enterRefund(config);
    }

    function test_enterRefund_afterVeto() public {
        config.window = 1 hours;
        openAttested(1, 1);
        closeDeposits();
        Output memory o = outputOf(new Exit[](0));
        settleAs(operator, 0, o, signatures("Settlement", hashOf(o), 0, 1));
        settlement().veto(config, signatures("Veto", settlement().outputHash(), 0, 1));
        expire();
        settlementEnds();
    }

    function test_settle_afterEnterRefund_reverts() public {
        closeDeposits();
        expire();
        settlementEnds();
        (Output memory o, bytes[] memory a, bytes[] memory s) = seal(outputOf(new Exit[](0)));
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.BadPhase.selector, Phase.Refund));
        settlement().settle(config, o, assetList(), a, s, new bytes[](0));
    }

    // ---------------------------------------------------------------------------------------- bond

    /// The bond of an operator that did not settle is shared by what each deposit of ETH brought.
    function test_refund_sharesTheBond() public {
        openBonded();
        takeEth(alice, 3 ether);
        takeEth(bob, 1 ether);
        expire();
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerRefunds.RefundEntered(2, 2 ether);
        layer.enterRefund(config);
        refund(0);
        refund(1);
        vm.assertEq(alice.balance, 4.5 ether);
        vm.assertEq(bob.balance, 1.5 ether);
        vm.assertEq(address(layer).balance, 0);
        vm.assertEq(uint256(settlement().bond()), uint256(Bond.Gone));
    }

    function test_enterRefund_withoutEth_givesTheBondToTheOrganiser() public {
        openBonded();
        expire();
        settlementEnds();
        vm.assertEq(organiser.balance, 2 ether);
        vm.assertEq(address(layer).balance, 0);
    }

    // ------------------------------------------------------------------------------------------------

    receive() external payable {}

    function openBonded() private {
        (config.offer.bond, config.offer.acceptBy) = (2 ether, config.depositCutoff);
        layer = open("bonded");
        vm.deal(operator, 2 ether);
        vm.prank(operator);
        layer.accept{value: 2 ether}(config);
    }

    function expire() private {
        vm.warp(config.endsAt + config.settleDelay + config.rescueDelay);
    }

    function settlementEnds() private {
        layer.enterRefund(config);
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Refund));
    }

    function depositAll() private {
        takeEth(alice, 3 ether);
        takeEth(bob, 1 ether);
        coin.mint(alice, 60);
        nft.mint(alice, 7);
        multi.mint(alice, 5, 20);
        vm.startPrank(alice, alice);
        coin.approve(address(layer), 60);
        nft.setApprovalForAll(address(layer), true);
        multi.setApprovalForAll(address(layer), true);
        layer.depositERC20(config, address(coin), bob, 60);
        layer.depositERC721(config, address(nft), bob, 7);
        layer.depositERC1155(config, address(multi), bob, 5, 20);
        vm.stopPrank();
        pushToken(1, address(coin), 0, 60);
        pushToken(2, address(nft), 7, 1);
        pushToken(6, address(multi), 5, 20);
    }

    function pushToken(uint8 kind, address token, uint256 id, uint256 value) private {
        Deposit memory d = depositOf(uint64(deposits.length), alice, value);
        (d.kind, d.to, d.token, d.id, d.gasLimit) = (kind, bob, token, id, 1_000_000);
        deposits.push(d);
    }

    function takeEth(address from, uint256 value) private {
        deposits.push(depositOf(uint64(deposits.length), from, value));
        deposit(from, value);
    }

    function proofOfDeposit(uint256 index) private view returns (bytes32[] memory) {
        bytes32[] memory hashes = new bytes32[](deposits.length);
        for (uint256 i; i < hashes.length; ++i) {
            hashes[i] = keccak256(abi.encode(deposits[i]));
        }
        return Naive.depositProof(hashes, index);
    }

    function refund(uint256 index) private {
        layer.refund(deposits[index], proofOfDeposit(index));
    }

    function refundReverts(uint256 index, bytes memory reason) private {
        bytes32[] memory proof = proofOfDeposit(index);
        vm.expectRevert(reason);
        layer.refund(deposits[index], proof);
    }
}
