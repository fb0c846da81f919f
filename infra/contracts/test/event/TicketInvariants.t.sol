// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EventBase} from "./EventBase.sol";
import {vm} from "../Vm.sol";
import {EventTicket} from "../../src/event/EventTicket.sol";
import {CheckIn, Redemption, Scan, Tier} from "../../src/event/EventTypes.sol";

/// @notice Buys, mints, burns, transfers and redeems in any order, and keeps its own books.
contract TicketHandler is EventBase {
    uint256 public constant PEOPLE = 4;

    uint256[] public ids;
    mapping(uint256 id => bool) public burned;
    mapping(uint256 id => Redemption) public redeemed;
    mapping(address who => mapping(uint256 tier => uint256)) public boughtBy;
    mapping(uint256 tier => uint256) public out;

    function setUp() public override {
        super.setUp();
        settings.tiers[0].walletCap = 2;
        settings.tiers[1].allowRoot = 0;
        ticket = deploy();
        vm.prank(owner);
        ticket.grantRoles(verifier, 2);
        for (uint256 i; i < PEOPLE; ++i) {
            vm.deal(who(i), 1000 ether);
        }
    }

    function target() external view returns (EventTicket) {
        return ticket;
    }

    function count() external view returns (uint256) {
        return ids.length;
    }

    function who(uint256 i) public pure returns (address) {
        return vm.addr(1 + i % PEOPLE);
    }

    function mint(uint256 to, uint256 tier, uint256 quantity) external {
        (tier, quantity) = (tier % 2, quantity % 4);
        bool fits = quantity != 0 && out[tier] + quantity <= capOf(tier);
        vm.prank(minter);
        try ticket.mint(who(to), tier, quantity) returns (uint256 first) {
            vm.assertTrue(fits, "minted above the cap");
            note(tier, first, quantity);
        } catch {
            vm.assertFalse(fits, "not minted");
        }
    }

    function buy(uint256 by, uint256 tier, uint256 quantity) external {
        (tier, quantity) = (tier % 2, quantity % 4);
        uint256 had = boughtBy[who(by)][tier];
        bool fits = quantity != 0 && out[tier] + quantity <= capOf(tier) && had + quantity <= walletCapOf(tier);
        vm.prank(who(by));
        try ticket.buy{value: quantity * (tier == 0 ? 0 : PRICE)}(tier, quantity) returns (uint256 first) {
            vm.assertTrue(fits, "sold above a cap");
            boughtBy[who(by)][tier] += quantity;
            note(tier, first, quantity);
        } catch {
            vm.assertFalse(fits, "not sold");
        }
    }

    function burn(uint256 which) external {
        if (ids.length == 0) return;
        uint256 id = ids[which % ids.length];
        vm.prank(minter);
        try ticket.burn(id) {
            vm.assertFalse(burned[id], "burned twice");
            burned[id] = true;
            --out[id / SPAN];
        } catch {
            vm.assertTrue(burned[id], "not burned");
        }
    }

    function transfer(uint256 which, uint256 to) external {
        if (ids.length == 0) return;
        uint256 id = ids[which % ids.length];
        if (burned[id]) return;
        address from = ticket.ownerOf(id);
        vm.prank(from);
        ticket.transferFrom(from, who(to), id);
    }

    function redeem(uint256 which, uint256 key, uint32 gate) external {
        if (ids.length == 0) return;
        uint256 id = ids[which % ids.length];
        CheckIn memory c = freshCheckIn(id);
        bool right = !burned[id] && ticket.ownerOf(id) == who(key) && redeemed[id].time == 0;
        bytes memory signature = sign(1 + key % PEOPLE, c);
        vm.prank(verifier);
        try ticket.redeem(c, signature, gate) {
            vm.assertTrue(right, "redeemed by the wrong one, or twice");
            redeemed[id] = Redemption(uint64(block.timestamp), gate, verifier);
        } catch {
            vm.assertFalse(right, "not redeemed");
        }
    }

    function report(uint256 which, uint256 key, uint32 gate) external {
        if (ids.length == 0) return;
        uint256 id = ids[which % ids.length];
        CheckIn memory c = freshCheckIn(id);
        bool right = !burned[id] && ticket.ownerOf(id) == who(key) && redeemed[id].time == 0;
        Scan[] memory scans = new Scan[](2);
        scans[0] = Scan(c, sign(1 + key % PEOPLE, c), uint64(block.timestamp), gate);
        scans[1] = scans[0];
        vm.prank(verifier);
        vm.assertEq(ticket.report(scans), right ? 1 : 0, "reported scans");
        if (right) redeemed[id] = Redemption(uint64(block.timestamp), gate, verifier);
    }

    function wait(uint256 seconds_) external {
        vm.warp(block.timestamp + seconds_ % 60);
    }

    function note(uint256 tier, uint256 first, uint256 quantity) private {
        out[tier] += quantity;
        for (uint256 i; i < quantity; ++i) {
            ids.push(first + i);
        }
    }

    function capOf(uint256 tier) public pure returns (uint256) {
        return tier == 0 ? CAP : LISTED_CAP;
    }

    function walletCapOf(uint256 tier) public pure returns (uint256) {
        return tier == 0 ? 2 : WALLET_CAP;
    }
}

contract TicketInvariantsTest {
    TicketHandler private handler;
    EventTicket private ticket;

    function setUp() public {
        handler = new TicketHandler();
        handler.setUp();
        ticket = handler.target();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() public view returns (FuzzSelector[] memory excluded) {
        excluded = new FuzzSelector[](1);
        excluded[0].addr = address(handler);
        excluded[0].selectors = new bytes4[](1);
        excluded[0].selectors[0] = TicketHandler.setUp.selector;
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// No tier has more tickets out than its cap, and no wallet has bought more than its own.
    function invariant_capsAreNeverExceeded() public view {
        for (uint256 tier; tier < 2; ++tier) {
            Tier memory t = ticket.tierAt(tier);
            vm.assertTrue(t.minted - t.burned <= handler.capOf(tier));
            for (uint256 i; i < handler.PEOPLE(); ++i) {
                uint256 bought = ticket.boughtBy(handler.who(i), tier);
                vm.assertEq(bought, handler.boughtBy(handler.who(i), tier));
                vm.assertTrue(bought <= handler.walletCapOf(tier));
            }
        }
    }

    /// Supply, tiers, balances and owners count the same tickets.
    function invariant_supplyAddsUp() public view {
        uint256 out = handler.out(0) + handler.out(1);
        vm.assertEq(ticket.totalSupply(), out);
        uint256 held;
        for (uint256 i; i < handler.PEOPLE(); ++i) {
            held += ticket.balanceOf(handler.who(i));
        }
        vm.assertEq(held, out);
        uint256 there;
        for (uint256 i; i < handler.count(); ++i) {
            if (!handler.burned(handler.ids(i)) && ticket.ownerOf(handler.ids(i)) != address(0)) ++there;
        }
        vm.assertEq(there, out);
    }

    /// The first redemption of a ticket is the only one, and stays.
    function invariant_firstRedemptionStays() public view {
        for (uint256 i; i < handler.count(); ++i) {
            uint256 id = handler.ids(i);
            (uint64 time, uint32 gate, address verifier) = handler.redeemed(id);
            Redemption memory first = ticket.redemptionOf(id);
            vm.assertTrue(first.time == time && first.gate == gate && first.verifier == verifier);
        }
    }
}
