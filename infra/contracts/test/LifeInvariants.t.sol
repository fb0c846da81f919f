// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Life} from "./Life.sol";
import {vm} from "./Vm.sol";
import {FlashSettlement} from "../src/FlashSettlement.sol";
import {Bond, Phase} from "../src/Types.sol";

/// @notice What holds whatever anybody does to a layer.
contract LifeInvariantsTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Life private life;
    FlashSettlement private layer;

    function setUp() public {
        life = new Life();
        life.setUp();
        layer = FlashSettlement(address(life.target()));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(life);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[16] memory all = [
            Life.takeTime.selector,
            Life.takeAges.selector,
            Life.depositEth.selector,
            Life.depositCoin.selector,
            Life.endDeposits.selector,
            Life.post.selector,
            Life.settleByOperator.selector,
            Life.settleByStranger.selector,
            Life.vetoIt.selector,
            Life.claim.selector,
            Life.pushNext.selector,
            Life.publish.selector,
            Life.giveUp.selector,
            Life.refund.selector,
            Life.slash.selector,
            Life.withdraw.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0].addr = address(life);
        targets[0].selectors = new bytes4[](all.length);
        for (uint256 i; i < all.length; ++i) {
            targets[0].selectors[i] = all[i];
        }
    }

    /// The actions do what they are named after: else the invariants would hold for a layer that nothing happens to.
    function test_life_canBeClaimed() public {
        life.depositEth(0.5 ether);
        life.depositCoin(30);
        life.post(1);
        life.endDeposits();
        life.settleByOperator(0);
        vm.assertEq(life.settlements(), 0);
        life.settleByOperator(1);
        life.vetoIt();
        life.settleByOperator(1);
        vm.assertEq(life.settlements(), 2);
        life.takeTime(1 hours);
        life.claim(1);
        life.pushNext(1);
        life.publish(1);
        life.withdraw();
        vm.assertEq(life.claims(), 2);
        vm.assertEq(address(layer).balance, 0);
        invariant_assetsAreConserved();
    }

    function test_life_canBeRefunded() public {
        life.depositEth(0.5 ether);
        life.depositCoin(30);
        life.slash(1, false);
        life.takeAges(3);
        life.takeAges(3);
        life.takeAges(3);
        life.giveUp();
        life.refund(0);
        life.refund(1);
        vm.assertTrue(life.isSlashed());
        vm.assertEq(life.refunds(), 2);
        vm.assertEq(address(layer).balance, 0);
        invariant_assetsAreConserved();
    }

    function test_life_canBeRescued() public {
        life.depositEth(0.5 ether);
        life.takeAges(1);
        life.takeAges(1);
        life.settleByStranger(1);
        vm.assertEq(life.settlements(), 1);
    }

    /// What came in is what went out and what is left, of every asset.
    function invariant_assetsAreConserved() public view {
        vm.assertEq(address(layer).balance, life.weiIn() - life.weiOut());
        vm.assertEq(life.coin().balanceOf(address(layer)), life.coinsIn() - life.coinsOut());
    }

    /// Each exit is paid, and each deposit goes back, at most once; and never both ways.
    function invariant_oneWayOut_once() public view {
        vm.assertEq(layer.claimedCount(), life.claims());
        for (uint256 i; i < life.exitCount(); ++i) {
            vm.assertTrue(life.paid(i) <= 1);
        }
        vm.assertTrue(life.claims() == 0 || life.refunds() == 0);
        vm.assertTrue(!layer.refunding() || layer.finalAt() == 0);
    }

    /// The exit root is that of the settlement that stands, and zero when none does.
    function invariant_rootIsTheSettledOne() public view {
        Phase phase = layer.phase();
        bool isSettled = phase == Phase.Settled || phase == Phase.Final;
        vm.assertEq(layer.exitRoot(), isSettled ? life.finalRoot() : bytes32(0));
    }

    /// Nobody's help is needed for an end.
    function invariant_endIsReachable() public {
        life.endWithoutHelp();
    }

    /// The bond is where the books say, until it is over.
    function invariant_bondStays() public view {
        bool isOver = layer.refunding() || (layer.phase() == Phase.Final && layer.publishedCount() == layer.leafCount());
        Bond bond = layer.bond();
        vm.assertTrue(bond != Bond.Gone || isOver);
        if (bond == Bond.Held) vm.assertTrue(address(layer).balance >= life.BOND());
        if (bond == Bond.Slashed) vm.assertTrue(life.isSlashed());
    }

    /// What happens to one layer changes no other one.
    function invariant_layersAreIsolated() public view {
        FlashSettlement other = FlashSettlement(address(life.other()));
        vm.assertEq(address(other).balance, 1 ether);
        vm.assertEq(uint256(other.phase()), uint256(Phase.Open));
        vm.assertEq(other.depositCount(), 1);
    }
}
