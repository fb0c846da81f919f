// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Ownable} from "solady/auth/Ownable.sol";
import {EventBase} from "./EventBase.sol";
import {vm} from "../Vm.sol";
import {Tier, TierSettings} from "../../src/event/EventTypes.sol";
import "../../src/event/EventErrors.sol" as E;

contract TicketTiersTest is EventBase {
    // -------------------------------------------------------------------------------------- minter

    function test_mint_numbersTicketsWithinTheirTier() public {
        vm.assertEq(mintTo(alice), 1);
        vm.assertEq(mintTo(bob), 2);
        vm.prank(minter);
        vm.assertEq(ticket.mint(bob, 1, 3), SPAN + 1);
        vm.assertEq(ticket.ownerOf(SPAN + 3), bob);
        vm.assertEq(ticket.balanceOf(bob), 4);
        vm.assertEq(ticket.totalSupply(), 5);
    }

    function test_mint_byStranger_reverts() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(Ownable.Unauthorized.selector));
        ticket.mint(alice, 0, 1);
    }

    function test_mintTo_byVerifier_reverts() public {
        vm.prank(verifier);
        vm.expectRevert(abi.encodeWithSelector(Ownable.Unauthorized.selector));
        ticket.mintTo(alice);
    }

    function test_mint_revokedMinter_reverts() public {
        vm.prank(owner);
        ticket.revokeRoles(minter, 1);
        vm.prank(minter);
        vm.expectRevert(abi.encodeWithSelector(Ownable.Unauthorized.selector));
        ticket.mintTo(alice);
    }

    function test_mint_aboveCap_reverts() public {
        vm.startPrank(minter, minter);
        ticket.mint(alice, 0, CAP - 1);
        vm.expectRevert(abi.encodeWithSelector(E.SoldOut.selector, 0, 2, 1));
        ticket.mint(alice, 0, 2);
        ticket.mint(alice, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(E.SoldOut.selector, 0, 1, 0));
        ticket.mintTo(alice);
    }

    function test_mint_nothing_reverts() public {
        vm.prank(minter);
        vm.expectRevert(abi.encodeWithSelector(E.NoQuantity.selector));
        ticket.mint(alice, 0, 0);
    }

    function test_mint_unknownTier_reverts() public {
        vm.startPrank(minter, minter);
        vm.expectRevert(abi.encodeWithSelector(E.UnknownTier.selector, 16, 16));
        ticket.mint(alice, 16, 1);
        vm.expectRevert(abi.encodeWithSelector(E.SoldOut.selector, 2, 1, 0));
        ticket.mint(alice, 2, 1);
    }

    /// The shop has its own hours and its own limits.
    function test_mint_afterTheSaleAndAboveTheWalletCap() public {
        vm.warp(NOW + 2 hours);
        vm.prank(minter);
        ticket.mint(alice, 1, WALLET_CAP + 1);
        vm.assertEq(ticket.balanceOf(alice), WALLET_CAP + 1);
        vm.assertEq(ticket.boughtBy(alice, 1), 0);
    }

    // ---------------------------------------------------------------------------------------- burn

    function test_burn_makesRoomAndNeverTheSameIdAgain() public {
        vm.startPrank(minter, minter);
        ticket.mint(alice, 0, CAP);
        ticket.burn(3);
        vm.assertEq(ticket.totalSupply(), CAP - 1);
        vm.assertEq(ticket.mintTo(bob), CAP + 1);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 3));
        ticket.ownerOf(3);
        vm.expectRevert(abi.encodeWithSelector(E.SoldOut.selector, 0, 1, 0));
        ticket.mintTo(bob);
    }

    function test_burn_byHolder_reverts() public {
        mintTo(alice);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(Ownable.Unauthorized.selector));
        ticket.burn(1);
    }

    function test_burn_twice_reverts() public {
        mintTo(alice);
        vm.startPrank(minter, minter);
        ticket.burn(1);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        ticket.burn(1);
        vm.assertEq(ticket.tierAt(0).burned, 1);
    }

    // --------------------------------------------------------------------------------------- buyers

    function test_buy_untilSoldOut() public {
        vm.prank(alice);
        vm.assertEq(ticket.buy(0, CAP), 1);
        vm.assertEq(ticket.balanceOf(alice), CAP);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(E.SoldOut.selector, 0, 1, 0));
        ticket.buy(0, 1);
    }

    function test_buy_outsideTheSale_reverts() public {
        bytes memory closed = abi.encodeWithSelector(E.SaleClosed.selector, 0, NOW - 1 hours, NOW + 1 hours);
        vm.startPrank(alice, alice);
        vm.warp(NOW - 1 hours - 1);
        vm.expectRevert(closed);
        ticket.buy(0, 1);
        vm.warp(NOW - 1 hours);
        ticket.buy(0, 1);
        vm.warp(NOW + 1 hours - 1);
        ticket.buy(0, 1);
        vm.warp(NOW + 1 hours);
        vm.expectRevert(closed);
        ticket.buy(0, 1);
    }

    function test_buy_ofListedTier_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.ListOnly.selector, 1));
        ticket.buy(1, 1);
    }

    function test_buy_wrongPayment_reverts() public {
        setPublic();
        vm.deal(alice, 10 ether);
        vm.startPrank(alice, alice);
        vm.expectRevert(abi.encodeWithSelector(E.WrongPayment.selector, PRICE, 2 * PRICE));
        ticket.buy{value: PRICE}(1, 2);
        ticket.buy{value: 2 * PRICE}(1, 2);
        vm.assertEq(address(ticket).balance, 2 * PRICE);
    }

    function test_buy_aboveWalletCap_reverts() public {
        setPublic();
        vm.deal(alice, 10 ether);
        vm.startPrank(alice, alice);
        ticket.buy{value: 2 * PRICE}(1, 2);
        vm.expectRevert(abi.encodeWithSelector(E.WalletCapExceeded.selector, 1, 2, 1));
        ticket.buy{value: 2 * PRICE}(1, 2);
        ticket.transferFrom(alice, bob, SPAN + 1);
        ticket.buy{value: PRICE}(1, 1);
        vm.expectRevert(abi.encodeWithSelector(E.WalletCapExceeded.selector, 1, 1, 0));
        ticket.buy{value: PRICE}(1, 1);
        vm.assertEq(ticket.boughtBy(alice, 1), WALLET_CAP);
        vm.assertEq(ticket.boughtBy(alice, 0), 0);
        vm.assertEq(ticket.boughtBy(alice, 2), 0);
    }

    function test_buyListed_countsTheSmallerLimit() public {
        vm.deal(alice, 10 ether);
        vm.deal(bob, 10 ether);
        bytes32[] memory proof = proofWith(listLeaf(bob, 1, 10));
        vm.prank(alice);
        vm.assertEq(ticket.buyListed{value: 2 * PRICE}(1, 2, 2, proof), SPAN + 1);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.WalletCapExceeded.selector, 1, 1, 0));
        ticket.buyListed{value: PRICE}(1, 1, 2, proof);
        proof = proofWith(listLeaf(alice, 1, 2));
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(E.WalletCapExceeded.selector, 1, 4, WALLET_CAP));
        ticket.buyListed{value: 4 * PRICE}(1, 4, 10, proof);
    }

    function test_buyListed_otherEntry_reverts() public {
        vm.deal(alice, 10 ether);
        bytes32[] memory proof = proofWith(listLeaf(bob, 1, 10));
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotOnList.selector, alice, 1, 3));
        ticket.buyListed{value: PRICE}(1, 1, 3, proof);
        vm.prank(address(0xBAD));
        vm.expectRevert(abi.encodeWithSelector(E.NotOnList.selector, address(0xBAD), 1, 2));
        ticket.buyListed(1, 1, 2, proof);
        // A list is of one tier.
        TierSettings memory listed = listedTier();
        vm.prank(owner);
        ticket.setTier(2, listed);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotOnList.selector, alice, 2, 2));
        ticket.buyListed{value: PRICE}(2, 1, 2, proof);
    }

    function test_buyListed_withoutList_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotOnList.selector, alice, 0, 2));
        ticket.buyListed(0, 1, 2, new bytes32[](0));
    }

    /// Counts of neighbouring tiers share a word.
    function test_buy_countsEachTierAlone(uint16 one, uint16 two) public {
        TierSettings memory tier = openTier();
        (tier.cap, tier.walletCap) = (type(uint32).max, type(uint16).max);
        vm.startPrank(owner, owner);
        ticket.setTier(14, tier);
        ticket.setTier(15, tier);
        vm.stopPrank();
        (uint256 first, uint256 second) = (1 + one % 40, 1 + two % 40);
        vm.startPrank(alice, alice);
        ticket.buy(15, second);
        ticket.buy(14, first);
        vm.assertEq(ticket.boughtBy(alice, 14), first);
        vm.assertEq(ticket.boughtBy(alice, 15), second);
        vm.expectRevert(abi.encodeWithSelector(E.WalletCapExceeded.selector, 14, 65_536, 65_535 - first));
        ticket.buy(14, 65_536);
    }

    // ---------------------------------------------------------------------------------------- owner

    function test_setTier_byStranger_reverts() public {
        vm.prank(minter);
        vm.expectRevert(abi.encodeWithSelector(Ownable.Unauthorized.selector));
        ticket.setTier(0, openTier());
    }

    function test_setTier_capBelowWhatIsOut_reverts() public {
        TierSettings memory tier = openTier();
        vm.startPrank(minter, minter);
        ticket.mint(alice, 0, 4);
        ticket.burn(1);
        vm.stopPrank();
        vm.startPrank(owner, owner);
        tier.cap = 2;
        vm.expectRevert(abi.encodeWithSelector(E.CapTooLow.selector, 2, 3));
        ticket.setTier(0, tier);
        tier.cap = 3;
        ticket.setTier(0, tier);
        Tier memory now_ = ticket.tierAt(0);
        vm.assertTrue(now_.minted == 4 && now_.burned == 1 && now_.cap == 3);
    }

    function test_setTier_unknownTier_reverts() public {
        TierSettings memory tier = openTier();
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(E.UnknownTier.selector, 16, 16));
        ticket.setTier(16, tier);
    }

    /// Tier 1 without its list.
    function setPublic() private {
        TierSettings memory tier = listedTier();
        tier.allowRoot = 0;
        vm.prank(owner);
        ticket.setTier(1, tier);
    }
}
