// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";
import {Alias} from "../src/Alias.sol";
import {LayerDeposits} from "../src/LayerDeposits.sol";
import "../src/Errors.sol" as E;

contract DepositsTest is Base {
    function test_deposit_emitsAndCounts() public {
        vm.deal(alice, 3 ether);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, alice, bob, 0, address(0), 0, 3 ether, 21_016 + 16, hex"0102");
        vm.prank(alice, alice);
        layer.depositETH{value: 3 ether}(bob, 21_032, hex"0102");
        vm.assertEq(settlement().depositCount(), 1);
        vm.assertEq(settlement().depositedWei(), 3 ether);
        vm.assertEq(address(layer).balance, 3 ether);
    }

    function test_deposit_byContract_isAliased() public {
        address aliased = address(uint160(address(this)) + Alias.OFFSET);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, aliased, bob, 0, address(0), 0, 0, 30_000, "");
        vm.prank(address(this), alice);
        layer.depositETH(bob, 30_000, "");
    }

    function test_deposit_littleGas_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.BadGasLimit.selector, 21_031, 21_032, 1 << 24));
        layer.depositETH(bob, 21_031, hex"0102");
    }

    function test_deposit_muchGas_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.BadGasLimit.selector, (1 << 24) + 1, 21_000, 1 << 24));
        layer.depositETH(bob, (1 << 24) + 1, "");
    }

    function test_deposit_longData_reverts() public {
        layer.depositETH(bob, 1_000_000, new bytes(8192));
        vm.expectRevert(abi.encodeWithSelector(E.DataTooLong.selector, 8193, 8192));
        layer.depositETH(bob, 1_000_000, new bytes(8193));
    }

    function test_deposit_overCap_reverts() public {
        deposit(alice, 100 ether);
        vm.deal(address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(E.CapExceeded.selector, 100 ether + 1, 100 ether));
        layer.depositETH{value: 1}(bob, 30_000, "");
    }

    function test_deposit_atCutoff_reverts() public {
        vm.warp(config.depositCutoff - 1);
        deposit(alice, 1);
        vm.warp(config.depositCutoff);
        vm.expectRevert(abi.encodeWithSelector(E.DepositsEnded.selector));
        layer.depositETH(bob, 30_000, "");
    }

    function test_deposit_afterClose_reverts() public {
        closeDeposits();
        vm.expectRevert(abi.encodeWithSelector(E.DepositsEnded.selector));
        layer.depositETH(bob, 30_000, "");
    }

    function test_plainTransfer_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.PlainTransfer.selector));
        (bool sent,) = address(layer).call{value: 0}("");
        vm.assertTrue(sent);
    }

    function test_unknownCall_reverts() public {
        vm.deal(address(this), 1);
        (bool sent,) = address(layer).call{value: 1}(hex"01020304");
        vm.assertFalse(sent);
    }

    function test_close_otherConfig_reverts() public {
        bytes32 expected = settlement().configHash();
        config.tvlCapWei = type(uint128).max;
        vm.expectRevert(abi.encodeWithSelector(E.BadConfig.selector, keccak256(abi.encode(config)), expected));
        vm.prank(organiser);
        layer.closeDeposits(config);
    }

    function test_close_byStranger_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, alice));
        layer.closeDeposits(config);
    }

    function test_close_byOrganiser_emits() public {
        deposit(alice, 1);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.DepositsClosed(1);
        vm.prank(organiser);
        layer.closeDeposits(config);
        vm.assertTrue(settlement().depositsClosed());
    }

    function test_close_twice_reverts() public {
        closeDeposits();
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(E.DepositsEnded.selector));
        layer.closeDeposits(config);
    }
}
