// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Ownable} from "solady/auth/Ownable.sol";
import {EventBase} from "./EventBase.sol";
import {vm} from "../Vm.sol";
import {TicketMetadata} from "../../src/event/TicketMetadata.sol";
import "../../src/event/EventErrors.sol" as E;

contract TicketMetadataTest is EventBase {
    function test_tokenURI_isHiddenUntilTheReveal() public {
        mintTo(alice);
        vm.assertEq(ticket.tokenURI(1), "ipfs://hidden");
        vm.expectEmit(true, true, true, true, address(ticket));
        emit IERC4906.BatchMetadataUpdate(0, type(uint256).max);
        vm.prank(owner);
        ticket.reveal("ipfs://tickets/");
        vm.assertEq(ticket.tokenURI(1), "ipfs://tickets/1");
    }

    function test_tokenURI_unknownTicket_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        ticket.tokenURI(1);
    }

    function test_reveal_otherBase_reverts() public {
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(E.WrongReveal.selector, keccak256("ipfs://other/"), keccak256("ipfs://tickets/"))
        );
        ticket.reveal("ipfs://other/");
    }

    function test_reveal_withoutPromise_takesAnything() public {
        settings.revealHash = 0;
        ticket = deploy();
        mintTo(alice);
        vm.prank(owner);
        ticket.reveal("ipfs://other/");
        vm.assertEq(ticket.tokenURI(1), "ipfs://other/1");
    }

    function test_reveal_twice_reverts() public {
        vm.startPrank(owner, owner);
        ticket.reveal("ipfs://tickets/");
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyRevealed.selector));
        ticket.reveal("ipfs://tickets/");
    }

    function test_reveal_ofWhatWasNeverHidden_reverts() public {
        settings.baseUri = "ipfs://open/";
        ticket = deploy();
        mintTo(alice);
        vm.assertEq(ticket.tokenURI(1), "ipfs://open/1");
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyRevealed.selector));
        ticket.reveal("ipfs://tickets/");
    }

    function test_metadata_byStranger_reverts() public {
        bytes memory unauthorized = abi.encodeWithSelector(Ownable.Unauthorized.selector);
        vm.startPrank(minter, minter);
        vm.expectRevert(unauthorized);
        ticket.reveal("ipfs://tickets/");
        vm.expectRevert(unauthorized);
        ticket.refreshMetadata(1, 2);
        vm.expectRevert(unauthorized);
        ticket.setContractURI("ipfs://other");
        vm.expectRevert(unauthorized);
        ticket.setRoyalty(minter, 1);
    }

    function test_refreshMetadata_tells() public {
        vm.expectEmit(true, true, true, true, address(ticket));
        emit IERC4906.BatchMetadataUpdate(3, 9);
        vm.prank(owner);
        ticket.refreshMetadata(3, 9);
    }

    function test_contractURI_changes() public {
        vm.assertEq(ticket.contractURI(), "ipfs://event");
        vm.expectEmit(true, true, true, true, address(ticket));
        emit TicketMetadata.ContractURIUpdated();
        vm.prank(owner);
        ticket.setContractURI("ipfs://moved");
        vm.assertEq(ticket.contractURI(), "ipfs://moved");
    }

    function test_royaltyInfo_isWhatWasSet() public {
        (address to, uint256 amount) = ticket.royaltyInfo(1, 10_000);
        vm.assertTrue(to == payout && amount == 500);
        vm.prank(owner);
        ticket.setRoyalty(alice, 25);
        (to, amount) = ticket.royaltyInfo(1, 10_000);
        vm.assertTrue(to == alice && amount == 25);
    }

    function test_royaltyInfo_ofNobody_isNothing() public {
        settings.royaltyReceiver = address(0);
        ticket = deploy();
        (, uint256 amount) = ticket.royaltyInfo(1, 10_000);
        vm.assertEq(amount, 0);
    }

    /// ERC-165, ERC-721, its metadata, ERC-2981, ERC-4906, ERC-5192; and nothing else.
    function test_supportsInterface_namesThem() public view {
        bytes4[6] memory ids = [bytes4(0x01ffc9a7), 0x80ac58cd, 0x5b5e139f, 0x2a55205a, 0x49064906, 0xb45a3c0e];
        for (uint256 i; i < ids.length; ++i) {
            vm.assertTrue(ticket.supportsInterface(ids[i]));
        }
        vm.assertFalse(ticket.supportsInterface(0xffffffff));
        vm.assertFalse(ticket.supportsInterface(0x780e9d63));
    }
}
