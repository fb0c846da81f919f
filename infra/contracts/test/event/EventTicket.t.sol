// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {EventBase} from "./EventBase.sol";
import {vm} from "../Vm.sol";
import {ExitSealer} from "../../src/ExitSealer.sol";
import {Predeploys} from "../../src/Predeploys.sol";
import {IERC5192} from "../../src/event/IERC5192.sol";
import "../../src/event/EventErrors.sol" as E;

contract EventTicketTest is EventBase {
    /// EIP-170 and EIP-3860.
    function test_code_fits() public view {
        string memory artifact = vm.readFile("artifacts/EventTicket.json");
        vm.assertTrue(vm.parseJsonBytes(artifact, ".deployedBytecode").length <= 24_576);
        vm.assertTrue(vm.parseJsonBytes(artifact, ".bytecode").length <= 49_152);
    }

    function test_constructor_withoutOwner_reverts() public {
        settings.owner = address(0);
        vm.assertEq(refusalOf(), abi.encodeWithSelector(E.ZeroAddress.selector, "owner"));
    }

    function test_constructor_withoutPayout_reverts() public {
        settings.payout = address(0);
        vm.assertEq(refusalOf(), abi.encodeWithSelector(E.ZeroAddress.selector, "payout"));
    }

    function test_constructor_withoutMinter_hasNone() public {
        settings.minter = address(0);
        ticket = deploy();
        vm.assertEq(ticket.rolesOf(address(0)), 0);
    }

    /// What the constructor reverts with.
    function refusalOf() private returns (bytes memory reason) {
        bytes memory code = vm.parseJsonBytes(vm.readFile("artifacts/EventTicket.json"), ".bytecode");
        code = bytes.concat(code, abi.encode(settings));
        address made;
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0, returndatasize())
            mstore(0x40, add(add(reason, 0x40), returndatasize()))
        }
        vm.assertEq(made, address(0));
    }

    function test_withdraw_paysThePayout() public {
        vm.deal(address(ticket), 3 ether);
        vm.prank(bob);
        ticket.withdraw();
        vm.assertEq(payout.balance, 3 ether);
        vm.assertEq(ticket.exitRecipient(0, 0, 1), payout);
    }

    // ------------------------------------------------------------------------------------ soulbound

    function test_transfer_soulbound_reverts() public {
        settings.soulbound = true;
        ticket = deploy();
        vm.expectEmit(true, true, true, true, address(ticket));
        emit IERC5192.Locked(1);
        uint256 id = mintTo(alice);
        vm.assertTrue(ticket.locked(id));
        vm.startPrank(alice, alice);
        vm.expectRevert(abi.encodeWithSelector(E.Soulbound.selector, id));
        ticket.transferFrom(alice, bob, id);
        vm.expectRevert(abi.encodeWithSelector(E.Soulbound.selector, id));
        ticket.safeTransferFrom(alice, bob, id);
        vm.stopPrank();
        vm.prank(minter);
        ticket.burn(id);
        vm.assertEq(ticket.balanceOf(alice), 0);
    }

    function test_locked_isFalseForWhatMoves() public {
        uint256 id = mintTo(alice);
        vm.assertFalse(ticket.locked(id));
        vm.prank(alice);
        ticket.transferFrom(alice, bob, id);
        vm.assertEq(ticket.ownerOf(id), bob);
    }

    function test_locked_unknownTicket_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        ticket.locked(1);
    }

    // ----------------------------------------------------------------------------------------- exit

    /// Soulbound tickets of two tiers, one burned, one redeemed: those that are there exit, whatever was done with them.
    function test_exit_soulboundTicketsOfAllTiers() public {
        settings.soulbound = true;
        ticket = deploy();
        vm.startPrank(minter, minter);
        ticket.mint(alice, 0, 2);
        ticket.mint(bob, 1, 2);
        ticket.burn(1);
        vm.stopPrank();

        vm.etch(Predeploys.SEALER, vm.getDeployedCode("artifacts/ExitSealer.json"));
        vm.etch(Predeploys.BRIDGE, vm.getDeployedCode("artifacts/L2Bridge.json"));
        ExitSealer sealer = ExitSealer(Predeploys.SEALER);
        vm.startPrank(Predeploys.SYSTEM, Predeploys.SYSTEM);
        sealer.freeze();
        uint32 asset = sealer.addAsset721(address(ticket));
        uint256[] memory ids = new uint256[](4);
        (ids[0], ids[1], ids[2], ids[3]) = (1, 2, SPAN + 1, SPAN + 2);
        sealer.sweep721(asset, ids);
        vm.assertTrue(sealer.closeAsset(asset));
        sealer.seal();
        vm.assertEq(sealer.leafCount(), 3);
        vm.assertEq(sealer.assets()[asset].total, 3);
        vm.assertEq(sealer.assets()[asset].name, "Night");
    }
}
