// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {FlashLayer} from "../src/FlashLayer.sol";
import {FlashTwin721} from "../src/FlashTwin721.sol";
import {Exit, Phase} from "../src/Types.sol";

/// @notice Claims, pushes and publishes in any order, and keeps its own books.
contract Claimer {
    FlashLayer private immutable _layer;
    Exit[] public exits;
    mapping(uint256 index => bool) public paid;
    uint256 public paidCount;
    uint256 public paidWei;
    uint256 public published;

    constructor(FlashLayer layer, Exit[] memory all) {
        _layer = layer;
        for (uint256 i; i < all.length; ++i) {
            exits.push(all[i]);
        }
    }

    function claim(uint256 index) external {
        index %= exits.length;
        bytes32[] memory hashes = Naive.hashes(exits);
        try _layer.claim(index, exits[index], Naive.rangeProof(hashes, index, index + 1)) {
            vm.assertFalse(paid[index]);
            book(index);
        } catch {
            vm.assertTrue(paid[index], "an unpaid exit could not be claimed");
        }
    }

    function push(uint256 start, uint256 end) external {
        (start, end) = range(start, end);
        bytes32[] memory siblings = Naive.rangeProof(Naive.hashes(exits), start, end);
        uint256 got = _layer.claimRange(start, Naive.pack(exits, start, end), siblings);
        uint256 want;
        for (uint256 i = start; i < end; ++i) {
            if (paid[i]) continue;
            book(i);
            ++want;
        }
        vm.assertEq(got, want);
    }

    function publish(uint256 count) external {
        if (published == exits.length) return;
        count = 1 + count % (exits.length - published);
        uint256 end = published + count;
        bytes32[] memory siblings = Naive.rangeProof(Naive.hashes(exits), published, end);
        vm.prank(address(0xA1), address(0xA1));
        _layer.publishLeaves(published, Naive.pack(exits, published, end), siblings);
        published = end;
    }

    function range(uint256 start, uint256 end) private view returns (uint256, uint256) {
        end = 1 + end % exits.length;
        return (start % end, end);
    }

    function book(uint256 index) private {
        paid[index] = true;
        ++paidCount;
        if (exits[index].asset == 0) paidWei += exits[index].value;
    }
}

contract InvariantsTest is Base {
    uint256 private constant COUNT = 21;
    uint256 private constant ESCROW = 2 ether;

    Claimer private claimer;

    function setUp() public override {
        super.setUp();
        deposit(alice, ESCROW);
        Exit[] memory exits = someExits(COUNT);
        settle(exits);
        claimer = new Claimer(layer, exits);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(claimer);
    }

    /// What came in is what went out and what is left.
    function invariant_escrowIsConserved() public view {
        vm.assertEq(address(layer).balance, ESCROW - claimer.paidWei());
    }

    /// Nobody has more than the exits say, and whoever was paid has it.
    function invariant_eachExitPaysAtMostOnce() public view {
        vm.assertEq(settlement().claimedCount(), claimer.paidCount());
        for (uint256 i; i < COUNT; ++i) {
            vm.assertEq(settlement().isClaimed(i), claimer.paid(i));
            (uint32 asset, address recipient,, uint256 value) = claimer.exits(i);
            uint256 has = asset == 0 ? recipient.balance : FlashTwin721(settlement().tokenOf(asset)).balanceOf(recipient);
            vm.assertEq(has, claimer.paid(i) ? value : 0);
        }
    }

    /// The data of the layer may go exactly when every leaf is on the L1.
    function invariant_disposableWhenPublished() public view {
        vm.assertEq(settlement().publishedCount(), claimer.published());
        vm.assertEq(settlement().isDisposable(), claimer.published() == COUNT);
    }

    /// Nothing after settlement moves the root.
    function invariant_settlementIsFinal() public view {
        vm.assertEq(settlement().exitRoot(), Naive.root(Naive.hashes(someExits(COUNT))));
        vm.assertEq(uint256(settlement().phase()), uint256(Phase.Final));
    }
}
