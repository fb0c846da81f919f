// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";
import {BadForwarder, Forwarder, SealerBase} from "./SealerBase.sol";
import {ExitSealer} from "../src/ExitSealer.sol";
import {Seal} from "../src/Seal.sol";
import {Utf8} from "../src/Utf8.sol";
import {Asset} from "../src/Types.sol";
import "../src/Errors.sol" as E;

contract ExitSealerTest is SealerBase {
    // ------------------------------------------------------------------------------------------ rights

    function test_everything_byOthers_reverts() public {
        bytes memory reason = abi.encodeWithSelector(E.NotSystem.selector, address(this));
        vm.expectRevert(reason);
        SEALER.freeze();
        vm.expectRevert(reason);
        SEALER.sweepETH(new address[](0));
        vm.expectRevert(reason);
        SEALER.addAsset20(address(1));
        vm.expectRevert(reason);
        SEALER.addAsset721(address(1));
        vm.expectRevert(reason);
        SEALER.addAssetBulk721(address(1));
        vm.expectRevert(reason);
        SEALER.addAsset1155(address(1));
        vm.expectRevert(reason);
        SEALER.sweep20(1, new address[](0));
        vm.expectRevert(reason);
        SEALER.sweep721(1, new uint256[](0));
        vm.expectRevert(reason);
        SEALER.sweep1155(1, new uint256[](0), new address[](0));
        vm.expectRevert(reason);
        SEALER.closeAsset(1);
        vm.expectRevert(reason);
        SEALER.seal();
    }

    function test_freeze_twice_reverts() public {
        freeze();
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyFrozen.selector));
        SEALER.freeze();
    }

    function test_sweeps_beforeFreeze_revert() public {
        bytes memory reason = abi.encodeWithSelector(E.NotFrozen.selector);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweepETH(new address[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.seal();
    }

    function test_sweeps_afterSeal_revert() public {
        freeze();
        seal();
        bytes memory reason = abi.encodeWithSelector(E.AlreadySealed.selector);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweepETH(new address[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.seal();
    }

    // --------------------------------------------------------------------------------------------- ETH

    function test_sweepETH_makesALeafPerBalance() public {
        freeze();
        fund(address(0), 5);
        fund(address(0x20), 7);
        fund(address(0x30), 11);
        sweepETH(address(0), address(0x20));
        sweepETH(address(0x25), address(0x30));
        vm.assertEq(SEALER.assets()[0].total, 23);
        expect(0, address(0), 5);
        expect(0, address(0x20), 7);
        expect(0, address(0x30), 11);
        minted(23);
        seal();
        checkSeal(23);
    }

    function test_sweepETH_notAscending_reverts() public {
        freeze();
        fund(address(0x20), 7);
        sweepETH(address(0x10), address(0x20));
        bytes memory reason = abi.encodeWithSelector(E.NotAscending.selector, 0x20, 0x20);
        address[] memory again = new address[](1);
        again[0] = address(0x20);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweepETH(again);
    }

    function test_seal_missingHolder_reverts() public {
        freeze();
        fund(address(0x20), 7);
        minted(8);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.Unbalanced.selector, 0, 0, 8));
        SEALER.seal();
    }

    function test_seal_countsBurnedEth() public {
        freeze();
        fund(address(0x20), 7);
        minted(10);
        vm.store(Seal.SEALER, bytes32(uint256(2)), bytes32(uint256(3)));
        sweepETH(address(0x10), address(0x20));
        expect(0, address(0x20), 7);
        seal();
        checkSeal(7);
    }

    function test_sweepETH_anySplit_givesTheSameRoot(uint256 count, uint256 cut) public {
        count = 1 + count % 40;
        cut %= count + 1;
        freeze();
        uint256 total;
        address[] memory first = new address[](cut);
        address[] memory second = new address[](count - cut);
        for (uint256 i; i < count; ++i) {
            address holder = address(uint160(0x1000 + 3 * i));
            fund(holder, i + 1);
            total += i + 1;
            expect(0, holder, i + 1);
            if (i < cut) first[i] = holder;
            else second[i - cut] = holder;
        }
        sweep(first);
        sweep(second);
        minted(total);
        seal();
        checkSeal(total);
    }

    // -------------------------------------------------------------------------------------- recipients

    function test_contract_namesItsRecipient() public {
        freeze();
        Forwarder forwarder = new Forwarder(address(0xF00D));
        vm.assertEq(exitOf(address(forwarder)), address(0xF00D));
    }

    function test_contract_thatSaysNothing_isTheRecipient() public {
        freeze();
        address ticket = address(ticketOf(""));
        vm.assertEq(exitOf(ticket), ticket);
    }

    function test_contract_thatNamesZero_isTheRecipient() public {
        freeze();
        address forwarder = address(new Forwarder(address(0)));
        vm.assertEq(exitOf(forwarder), forwarder);
    }

    function test_contract_thatNamesNoAddress_isTheRecipient() public {
        freeze();
        address bad = address(new BadForwarder(false));
        vm.assertEq(exitOf(bad), bad);
    }

    function test_contract_thatSpins_isTheRecipient() public {
        freeze();
        address bad = address(new BadForwarder(true));
        vm.assertEq(exitOf(bad), bad);
    }

    function test_sweepETH_withLittleGas_reverts() public {
        freeze();
        Forwarder forwarder = new Forwarder(address(0xF00D));
        fund(address(forwarder), 1);
        address[] memory holders = new address[](1);
        holders[0] = address(forwarder);
        vm.prank(SYSTEM);
        vm.expectPartialRevert(E.GasTooLow.selector);
        SEALER.sweepETH{gas: 60_000}(holders);
    }

    function test_texts_thatAreNoText_areEmpty() public {
        freeze();
        checkText("", "");
        checkText(abi.encode(uint256(1)), "");
        checkText(abi.encode(bytes32("MKR"), bytes32(0)), "");
        checkText(abi.encode(uint256(32), uint256(64), bytes32("cut off")), "");
        checkText(abi.encode(string(new bytes(65))), "");
        checkText(abi.encode(uint256(32), type(uint256).max, bytes32(0)), "");
        checkText(abi.encode(unicode"Café 🎟"), unicode"Café 🎟");
        checkText(abi.encode("0123456789012345678901234567890123456789012345678901234567890123"), "0123456789012345678901234567890123456789012345678901234567890123");
        checkText(abi.encode("line\nbreak"), "");
        checkText(abi.encode(bytes(hex"c3")), "");
    }

    function test_utf8_refusesWhatIsMalformed() public pure {
        bytes[12] memory bad = [
            bytes(hex"80"), hex"c080", hex"c1bf", hex"c285", hex"e09fbf", hex"eda080", hex"ed9f", hex"f08fbfbf",
            hex"f4908080", hex"f5808080", hex"e28228", hex"7f"
        ];
        for (uint256 i; i < bad.length; ++i) {
            vm.assertFalse(Utf8.isPrintable(bad[i]));
        }
        bytes[6] memory good =
            [bytes(""), "plain ~", hex"c2a0", hex"ed9fbf", hex"f48fbfbf", unicode"ünï ✓ 票 🎫"];
        for (uint256 i; i < good.length; ++i) {
            vm.assertTrue(Utf8.isPrintable(good[i]));
        }
    }

    function test_emptyLayer_seals() public {
        freeze();
        seal();
        vm.assertEq(SEALER.exitRoot(), bytes32(0));
        vm.assertEq(SEALER.leafCount(), 0);
        checkSeal(0);
    }

    function test_seal_namesEveryFieldInItsLog() public {
        freeze();
        vm.store(Seal.SEALER, bytes32(uint256(3)), bytes32(uint256(9)));
        vm.expectEmit(true, true, true, true, Seal.SEALER);
        bytes32 assets = Seal.fold(0, 0, Asset(0, address(0), 18, "", "", 0));
        emit ExitSealer.Sealed(Seal.hash(0, 0, 0, 9, assets), 0, 0, 0, 9, assets);
        seal();
    }
}
