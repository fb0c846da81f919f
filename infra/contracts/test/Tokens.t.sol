// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "solady/tokens/ERC721.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";
import {FlashTwin721} from "../src/FlashTwin721.sol";
import {Ticket} from "../src/examples/Ticket.sol";
import {Exit} from "../src/Types.sol";
import "../src/Errors.sol" as E;

contract FlashTwin721Test is Base {
    FlashTwin721 private twin;

    function setUp() public override {
        super.setUp();
        settle(new Exit[](0));
        twin = FlashTwin721(settlement().tokenOf(1));
    }

    function test_mint_byStranger_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.NotLayer.selector, address(this)));
        twin.mint(alice, 1);
    }

    function test_mint_twice_reverts() public {
        vm.prank(address(layer));
        twin.mint(alice, 1);
        vm.prank(address(layer));
        vm.expectRevert(abi.encodeWithSelector(ERC721.TokenAlreadyExists.selector));
        twin.mint(bob, 1);
    }

    function test_token_movesAsAnyOther() public {
        vm.prank(address(layer));
        twin.mint(alice, 1);
        vm.prank(alice);
        twin.transferFrom(alice, bob, 1);
        vm.assertEq(twin.ownerOf(1), bob);
        vm.assertTrue(twin.supportsInterface(0x80ac58cd));
    }

    function test_tokenURI_unknownToken_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(ERC721.TokenDoesNotExist.selector));
        twin.tokenURI(1);
    }

    function test_tokenURI_withoutBase_isEmpty() public {
        config.twinBaseUri = "";
        layer = open("no uris");
        settle(new Exit[](0));
        twin = FlashTwin721(settlement().tokenOf(1));
        vm.prank(address(layer));
        twin.mint(alice, 1);
        vm.assertEq(twin.tokenURI(1), "");
        vm.assertEq(twin.name(), "Ticket");
    }

    function test_implementation_mintsNothing() public {
        FlashTwin721 behind = FlashTwin721(settlement().twin721());
        vm.expectPartialRevert(E.NotLayer.selector);
        behind.mint(alice, 1);
    }
}

contract TicketTest {
    Ticket private ticket;
    address private shop = address(0x5809);

    receive() external payable {}

    function setUp() public {
        ticket = Ticket(vm.deployCode("artifacts/Ticket.json", abi.encode("Event", "EVT", 1 ether, shop, 2)));
    }

    function test_buy_givesTheNextId() public {
        vm.assertEq(ticket.buy{value: 1 ether}(), 1);
        vm.assertEq(ticket.buy{value: 1 ether}(), 2);
        vm.assertEq(ticket.ownerOf(2), address(this));
        vm.assertEq(ticket.totalSupply(), 2);
    }

    function test_buy_wrongPrice_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Ticket.WrongPayment.selector, 1, 1 ether));
        ticket.buy{value: 1}();
    }

    function test_buy_soldOut_reverts() public {
        ticket.buy{value: 1 ether}();
        ticket.buy{value: 1 ether}();
        vm.expectRevert(abi.encodeWithSelector(Ticket.SoldOut.selector, 2));
        ticket.buy{value: 1 ether}();
    }

    function test_mintTo_byShop_mints() public {
        vm.prank(shop);
        vm.assertEq(ticket.mintTo(address(9)), 1);
        vm.assertEq(ticket.ownerOf(1), address(9));
    }

    function test_mintTo_byOthers_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Ticket.NotMinter.selector, address(this)));
        ticket.mintTo(address(9));
    }

    function test_withdraw_paysTheOwner() public {
        ticket.buy{value: 1 ether}();
        uint256 before = address(this).balance;
        vm.prank(address(9));
        ticket.withdraw();
        vm.assertEq(address(this).balance, before + 1 ether);
    }
}
