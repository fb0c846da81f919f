// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EventBase} from "./EventBase.sol";
import {vm} from "../Vm.sol";
import {CheckIn, Scan, TierSettings} from "../../src/event/EventTypes.sol";

/// @notice What whole transactions of an event cost, for new holders.
contract TicketGasTest is EventBase {
    function setUp() public override {
        super.setUp();
        // As many bytes as addresses have.
        (alice, bob) = (vm.addr(98), vm.addr(99));
    }

    function test_gas_mint() public {
        mintTo(bob);
        mintTo(alice);
        vm.snapshotGasLastCall("mintTo, new holder");
        mintTo(alice);
        vm.snapshotGasLastCall("mintTo, known holder");
        vm.prank(minter);
        ticket.mint(holder, 1, 10);
        vm.snapshotGasLastCall("mint, 10 for a new holder");
        vm.prank(minter);
        ticket.burn(1);
        vm.snapshotGasLastCall("burn");
    }

    function test_gas_buy() public {
        mintTo(bob);
        vm.prank(alice);
        ticket.buy(0, 1);
        vm.snapshotGasLastCall("buy, no limits");
        TierSettings memory tier = listedTier();
        tier.allowRoot = 0;
        vm.prank(owner);
        ticket.setTier(1, tier);
        vm.prank(minter);
        ticket.mint(holder, 1, 1);
        vm.deal(bob, PRICE);
        vm.prank(bob);
        ticket.buy{value: PRICE}(1, 1);
        vm.snapshotGasLastCall("buy, price and limit per wallet, known holder");
    }

    function test_gas_redeem() public {
        uint256 first = mintTo(holder);
        uint256 second = mintTo(holder);
        CheckIn memory c = freshCheckIn(first);
        bytes memory signature = sign(holderKey, c);
        vm.prank(verifier);
        ticket.redeem(c, signature, GATE);
        vm.snapshotGasLastCall("redeem");
        c = freshCheckIn(second);
        Scan[] memory scans = new Scan[](1);
        scans[0] = Scan(c, sign(holderKey, c), uint64(block.timestamp), GATE);
        vm.prank(verifier);
        ticket.report(scans);
        vm.snapshotGasLastCall("report, one scan");
    }
}
