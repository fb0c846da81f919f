// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Ownable} from "solady/auth/Ownable.sol";
import {EventBase} from "./EventBase.sol";
import {vm} from "../Vm.sol";
import {TicketCheckIn} from "../../src/event/TicketCheckIn.sol";
import {CheckIn, Redemption, Refusal, Scan} from "../../src/event/EventTypes.sol";
import "../../src/event/EventErrors.sol" as E;

/// @notice A wallet that is a contract: it agrees to one hash.
contract Wallet {
    bytes32 private immutable _agreed;

    constructor(bytes32 agreed) {
        _agreed = agreed;
    }

    function isValidSignature(bytes32, bytes calldata signature) external view returns (bytes4) {
        return keccak256(signature) == _agreed ? this.isValidSignature.selector : bytes4(0);
    }
}

contract TicketCheckInTest is EventBase {
    uint256 private id;

    function setUp() public override {
        super.setUp();
        id = mintTo(holder);
    }

    function test_redeem_ticketOfHolder() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(holderKey, c);
        vm.warp(NOW + 5);
        vm.expectEmit(true, true, true, true, address(ticket));
        emit TicketCheckIn.Redeemed(id, GATE, verifier, uint64(NOW + 5));
        vm.prank(verifier);
        ticket.redeem(c, signature, GATE);
        Redemption memory first = ticket.redemptionOf(id);
        vm.assertTrue(first.time == NOW + 5 && first.gate == GATE && first.verifier == verifier);
    }

    /// The refusal names when, where and by whom, whatever is shown the second time.
    function test_redeem_twice_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(holderKey, c);
        vm.startPrank(verifier, verifier);
        ticket.redeem(c, signature, GATE);
        bytes memory refusal =
            abi.encodeWithSelector(E.AlreadyRedeemed.selector, id, Redemption(uint64(NOW), GATE, verifier));
        vm.expectRevert(refusal);
        ticket.redeem(c, signature, GATE);
        vm.warp(NOW + 1 days);
        vm.expectRevert(refusal);
        ticket.redeem(c, "", 8);
    }

    /// A ticket that was sold on after it was used is no new ticket.
    function test_redeem_byNextHolder_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(holderKey, c);
        vm.prank(verifier);
        ticket.redeem(c, signature, GATE);
        address next = vm.addr(77);
        vm.prank(holder);
        ticket.transferFrom(holder, next, id);
        signature = sign(77, c);
        vm.prank(verifier);
        vm.expectRevert(
            abi.encodeWithSelector(E.AlreadyRedeemed.selector, id, Redemption(uint64(NOW), GATE, verifier))
        );
        ticket.redeem(c, signature, GATE);
    }

    function test_redeem_byStranger_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(holderKey, c);
        vm.prank(minter);
        vm.expectRevert(abi.encodeWithSelector(Ownable.Unauthorized.selector));
        ticket.redeem(c, signature, GATE);
    }

    function test_redeem_unknownTicket_reverts() public {
        CheckIn memory c = freshCheckIn(99);
        bytes memory signature = sign(holderKey, c);
        vm.prank(verifier);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 99));
        ticket.redeem(c, signature, GATE);
    }

    function test_redeem_outsideTheWindow_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(holderKey, c);
        vm.startPrank(verifier, verifier);
        for (uint256 i; i < 2; ++i) {
            uint256 time = i == 0 ? NOW - 1 : NOW + WINDOW + 1;
            vm.warp(time);
            vm.expectRevert(abi.encodeWithSelector(E.OutsideWindow.selector, NOW, NOW + WINDOW, time, WINDOW));
            ticket.redeem(c, signature, GATE);
        }
        vm.warp(NOW + WINDOW);
        ticket.redeem(c, signature, GATE);
    }

    /// A screenshot must not be worth more than a moment.
    function test_redeem_longWindow_reverts() public {
        CheckIn memory c = CheckIn(id, uint64(NOW), uint64(NOW + WINDOW + 1));
        bytes memory signature = sign(holderKey, c);
        vm.prank(verifier);
        vm.expectRevert(abi.encodeWithSelector(E.OutsideWindow.selector, NOW, NOW + WINDOW + 1, NOW, WINDOW));
        ticket.redeem(c, signature, GATE);
    }

    /// Whatever is not exactly what the holder signed, or not by the holder, is refused.
    function test_redeem_badSignature_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        CheckIn memory other = CheckIn(id, c.validFrom, c.validUntil - 1);
        bytes memory good = sign(holderKey, c);
        bytes[6] memory bad = [
            sign(0xBAD, c),
            sign(holderKey, other),
            signFor(holderKey, c, address(ticket), 1),
            signFor(holderKey, c, address(0x7070), block.chainid),
            bytes.concat(good, hex"00"),
            bytes("")
        ];
        // Naming a key says nothing about the tickets of others.
        vm.prank(vm.addr(0xBAD));
        ticket.setCheckInKey(vm.addr(0xBAD));
        vm.startPrank(verifier, verifier);
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(E.WrongSigner.selector, id, holder));
            ticket.redeem(c, bad[i], GATE);
        }
    }

    /// What an old holder signed before the sale is worth nothing after it.
    function test_redeem_byFormerHolder_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(holderKey, c);
        vm.prank(holder);
        ticket.transferFrom(holder, alice, id);
        vm.prank(verifier);
        vm.expectRevert(abi.encodeWithSelector(E.WrongSigner.selector, id, alice));
        ticket.redeem(c, signature, GATE);
    }

    // ----------------------------------------------------------------------------------------- keys

    function test_redeem_byKeyOfHolder() public {
        vm.expectEmit(true, true, true, true, address(ticket));
        emit TicketCheckIn.CheckInKeySet(holder, vm.addr(55));
        vm.prank(holder);
        ticket.setCheckInKey(vm.addr(55));
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(55, c);
        vm.prank(verifier);
        ticket.redeem(c, signature, GATE);
        vm.assertEq(ticket.redemptionOf(id).gate, GATE);
    }

    /// The key goes with the holder, not with the ticket.
    function test_redeem_byKeyOfFormerHolder_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(55, c);
        vm.startPrank(holder, holder);
        ticket.setCheckInKey(vm.addr(55));
        ticket.transferFrom(holder, alice, id);
        vm.stopPrank();
        vm.prank(verifier);
        vm.expectRevert(abi.encodeWithSelector(E.WrongSigner.selector, id, alice));
        ticket.redeem(c, signature, GATE);
    }

    function test_redeem_byKeyThatWasTakenBack_reverts() public {
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(55, c);
        vm.startPrank(holder, holder);
        ticket.setCheckInKey(vm.addr(55));
        ticket.setCheckInKey(address(0));
        vm.stopPrank();
        vm.prank(verifier);
        vm.expectRevert(abi.encodeWithSelector(E.WrongSigner.selector, id, holder));
        ticket.redeem(c, signature, GATE);
    }

    function test_redeem_byContractWallet() public {
        address wallet = address(new Wallet(keccak256("agreed")));
        uint256 its = mintTo(wallet);
        CheckIn memory c = freshCheckIn(its);
        vm.startPrank(verifier, verifier);
        vm.expectRevert(abi.encodeWithSelector(E.WrongSigner.selector, its, wallet));
        ticket.redeem(c, "refused", GATE);
        ticket.redeem(c, "agreed", GATE);
        vm.assertEq(ticket.redemptionOf(its).gate, GATE);
    }

    /// An account that has delegated (EIP-7702) to code that knows no signatures still has its key.
    function test_redeem_byDelegatedAccount() public {
        vm.etch(holder, hex"00");
        CheckIn memory c = freshCheckIn(id);
        bytes memory signature = sign(holderKey, c);
        vm.prank(verifier);
        ticket.redeem(c, signature, GATE);
        vm.assertEq(ticket.redemptionOf(id).gate, GATE);
    }

    // --------------------------------------------------------------------------------------- report

    /// Each is judged at its own time; what is refused is told, with the reason, and the rest goes on.
    function test_report_judgesEachScanAtItsTime() public {
        uint256 second = mintTo(holder);
        uint256 third = mintTo(holder);
        Scan[] memory scans = new Scan[](5);
        scans[0] = scanOf(id, holderKey, NOW + 10);
        scans[1] = scanOf(id, holderKey, NOW + 20);
        scans[2] = scanOf(second, 0xBAD, NOW + 30);
        scans[3] = scanOf(second, holderKey, NOW + WINDOW + 1);
        scans[4] = scanOf(third, holderKey, NOW + 40);
        vm.warp(NOW + 1 days);
        vm.expectEmit(true, true, true, true, address(ticket));
        emit TicketCheckIn.Redeemed(id, GATE, verifier, uint64(NOW + 10));
        expectRefused(id, NOW + 20, Refusal.AlreadyRedeemed);
        expectRefused(second, NOW + 30, Refusal.WrongSigner);
        expectRefused(second, NOW + WINDOW + 1, Refusal.OutsideWindow);
        vm.prank(verifier);
        vm.assertEq(ticket.report(scans), 2);
        vm.assertEq(ticket.redemptionOf(id).time, NOW + 10);
        vm.assertEq(ticket.redemptionOf(second).time, 0);
        vm.assertEq(ticket.redemptionOf(third).time, NOW + 40);
    }

    function test_report_ofBurnedTicket_isRefused() public {
        vm.prank(minter);
        ticket.burn(id);
        Scan[] memory scans = new Scan[](1);
        scans[0] = scanOf(id, holderKey, NOW);
        expectRefused(id, NOW, Refusal.WrongSigner);
        vm.prank(verifier);
        vm.assertEq(ticket.report(scans), 0);
    }

    function test_report_ofTheFuture_reverts() public {
        Scan[] memory scans = new Scan[](1);
        scans[0] = scanOf(id, holderKey, NOW + 1);
        vm.prank(verifier);
        vm.expectRevert(abi.encodeWithSelector(E.ScanInFuture.selector, NOW + 1, NOW));
        ticket.report(scans);
    }

    function test_report_byStranger_reverts() public {
        vm.prank(holder);
        vm.expectRevert(abi.encodeWithSelector(Ownable.Unauthorized.selector));
        ticket.report(new Scan[](0));
    }

    function scanOf(uint256 which, uint256 key, uint256 time) private view returns (Scan memory) {
        CheckIn memory c = freshCheckIn(which);
        return Scan(c, sign(key, c), uint64(time), GATE);
    }

    function expectRefused(uint256 which, uint256 time, Refusal why) private {
        vm.expectEmit(true, true, true, true, address(ticket));
        emit TicketCheckIn.ScanRefused(which, GATE, verifier, uint64(time), why);
    }
}
