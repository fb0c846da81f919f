// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";
import {OddCoin, OddToken, SealerBase} from "./SealerBase.sol";
import {ExitSealer} from "../src/ExitSealer.sol";
import {Predeploys} from "../src/Predeploys.sol";
import {Asset, Exit} from "../src/Types.sol";
import {WrappedERC1155} from "../src/WrappedERC1155.sol";
import {WrappedERC20} from "../src/WrappedERC20.sol";
import {WrappedERC721} from "../src/WrappedERC721.sol";
import {Ticket} from "../src/examples/Ticket.sol";
import "../src/Errors.sol" as E;

contract SealerTokensTest is SealerBase {
    address private constant L1_TOKEN = address(0x10CA1);

    // ----------------------------------------------------------------------------------------- ERC-721

    function test_ticket_exits() public {
        Ticket ticket = ticketOf("Event");
        ticket.mintTo(address(0xA));
        ticket.mintTo(address(0xB));
        freeze();
        uint32 asset = add721(address(ticket));
        vm.assertEq(asset, 1);
        vm.assertEq(SEALER.assetOf(address(ticket)), 1);
        sweep721(asset, 0, 4);
        vm.assertEq(SEALER.openAsset(), 1);
        vm.assertTrue(close(asset));
        expect(1, address(0xA), 1);
        expect(1, address(0xB), 2);
        seal();
        checkSeal(0);
        Asset[] memory assets = SEALER.assets();
        vm.assertEq(assets.length, 2);
        vm.assertEq(SEALER.assetCount(), 2);
        vm.assertEq(assets[1].name, "Event");
        vm.assertEq(assets[1].symbol, "EVT");
        vm.assertEq(assets[1].l2, address(ticket));
        vm.assertEq(assets[1].kind, 4);
        vm.assertEq(assets[1].total, 2);
        vm.assertEq(assets[1].decimals, 0);
    }

    function test_sweep721_skipsIdsWithoutOwner() public {
        OddToken token = new OddToken();
        token.give(12, address(0xA));
        token.give(13, address(0xB));
        token.give(666, address(0xC));
        token.give(667, address(0xD));
        freeze();
        uint32 asset = add721(address(token));
        sweep721(asset, 10, 15);
        sweep721(asset, 665, 669);
        vm.assertTrue(close(asset));
        expect(1, address(0xA), 12);
        expect(1, address(0xD), 667);
        seal();
        checkSeal(0);
    }

    function test_sweep721_largestId_onlyOnce() public {
        OddToken token = new OddToken();
        token.give(type(uint256).max, address(0xA));
        freeze();
        uint32 asset = add721(address(token));
        uint256[] memory ids = new uint256[](1);
        ids[0] = type(uint256).max;
        vm.prank(SYSTEM);
        SEALER.sweep721(asset, ids);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotAscending.selector, ids[0], ids[0]));
        SEALER.sweep721(asset, ids);
    }

    function test_addAsset_twice_reverts() public {
        freeze();
        OddToken token = listed();
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.AssetExists.selector, address(token), 1));
        SEALER.addAsset721(address(token));
    }

    function test_addAsset_65th_reverts() public {
        freeze();
        for (uint256 i = 1; i < 64; ++i) {
            listed();
        }
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.TooManyAssets.selector, 64));
        SEALER.addAsset721(address(99));
    }

    function test_bulkCollection_isOfItsOwnKind() public {
        Ticket ticket = ticketOf("Event");
        ticket.mintTo(address(0xA));
        freeze();
        vm.prank(SYSTEM);
        uint32 asset = SEALER.addAssetBulk721(address(ticket));
        sweep721(asset, 1, 2);
        vm.assertTrue(close(asset));
        vm.assertEq(SEALER.assets()[1].kind, 5);
        expect(1, address(0xA), 1);
        seal();
        checkSeal(0);
    }

    function test_enumerableCollection_missingId_isDropped() public {
        OddToken token = new OddToken();
        token.give(1, address(0xA));
        token.give(2, address(0xB));
        token.enumerate(2);
        freeze();
        uint32 asset = add721(address(token));
        sweep721(asset, 1, 2);
        vm.assertFalse(close(asset));
        asset = add721(address(token));
        sweep721(asset, 1, 3);
        vm.assertTrue(close(asset));
        expect(1, address(0xA), 1);
        expect(1, address(0xB), 2);
        seal();
        checkSeal(0);
    }

    // ------------------------------------------------------------------------------------------ ERC-20

    function test_coin_exits() public {
        OddCoin coin = new OddCoin();
        coin.mint(address(0xA), 5);
        coin.mint(address(0xB), 7);
        freeze();
        uint32 asset = add20(address(coin));
        sweep20(asset, address(0x9), address(0xA));
        sweep20(asset, address(0xB), address(0xBB));
        vm.expectEmit(true, true, true, true, Predeploys.SEALER);
        emit ExitSealer.AssetClosed(asset, 12);
        vm.assertTrue(close(asset));
        expect(Exit(1, address(0xA), 0, 5));
        expect(Exit(1, address(0xB), 0, 7));
        seal();
        checkSeal(0);
        Asset memory a = SEALER.assets()[1];
        vm.assertEq(abi.encode(a), abi.encode(Asset(3, address(coin), 6, "", "", 12)));
    }

    function test_closeAsset_missingHolder_dropsTheAsset() public {
        OddCoin coin = new OddCoin();
        coin.mint(address(0xA), 5);
        coin.mint(address(0xB), 7);
        freeze();
        fund(address(0x20), 9);
        sweepETH(address(0x10), address(0x20));
        minted(9);
        uint32 asset = add20(address(coin));
        sweep20(asset, address(0xA), address(0xAA));
        vm.expectEmit(true, true, true, true, Predeploys.SEALER);
        emit ExitSealer.AssetDropped(asset, address(coin), 5, 12, 1);
        vm.assertFalse(close(asset));
        vm.assertEq(SEALER.assetCount(), 1);
        vm.assertEq(SEALER.assetOf(address(coin)), 0);
        vm.assertEq(SEALER.leafCount(), 1);
        expect(0, address(0x20), 9);
        seal();
        checkSeal(9);
    }

    function test_droppedAsset_canBeSweptAgain() public {
        OddCoin coin = new OddCoin();
        coin.mint(address(0xA), 5);
        coin.mint(address(0xB), 7);
        freeze();
        uint32 asset = add20(address(coin));
        sweep20(asset, address(0xA), address(0xAA));
        close(asset);
        asset = add20(address(coin));
        vm.assertEq(asset, 1);
        sweep20(asset, address(0xA), address(0xB));
        vm.assertTrue(close(asset));
        expect(Exit(1, address(0xA), 0, 5));
        expect(Exit(1, address(0xB), 0, 7));
        seal();
        checkSeal(0);
    }

    function test_coin_thatDoesNotAnswer_isDropped() public {
        freeze();
        for (uint256 mood = 1; mood < 4; ++mood) {
            OddCoin coin = new OddCoin();
            coin.mint(address(0xA), 5);
            coin.feel(OddCoin.Mood(mood));
            uint32 asset = add20(address(coin));
            sweep20(asset, address(0xA), address(0xB));
            vm.assertFalse(close(asset));
        }
        seal();
        checkSeal(0);
    }

    function test_coin_thatIsNoContract_isDropped() public {
        freeze();
        uint32 asset = add20(address(0xDEAD));
        sweep20(asset, address(0xA), address(0xB));
        vm.assertFalse(close(asset));
    }

    function test_coin_thatLiesLater_isDropped() public {
        OddCoin coin = new OddCoin();
        coin.mint(address(0xA), 5);
        freeze();
        uint32 asset = add20(address(coin));
        sweep20(asset, address(0xA), address(0xB));
        coin.lieFrom(block.number);
        vm.assertFalse(close(asset));
        seal();
        checkSeal(0);
    }

    /// 2^256 of a coin add up to nothing, which is its supply.
    function test_coin_thatOverflows_isDropped() public {
        OddCoin coin = new OddCoin();
        coin.mint(address(0xA), type(uint256).max);
        coin.mint(address(0xB), 1);
        freeze();
        uint32 asset = add20(address(coin));
        sweep20(asset, address(0xA), address(0xB));
        vm.assertFalse(close(asset));
        asset = add20(address(coin));
        sweep20(asset, address(0x9), address(0xA));
        sweep20(asset, address(0xB), address(0xBB));
        vm.assertFalse(close(asset));
    }

    /// Whatever a hostile coin answers, the others exit as if it were not there.
    function test_droppedAsset_leavesNoTrace(uint8 before, uint8 within, uint8 afterwards) public {
        OddCoin first = coinOf(1 + before % 20);
        OddCoin hostile = coinOf(within);
        OddCoin last = coinOf(1 + afterwards % 20);
        hostile.claimSupply(type(uint256).max);
        freeze();
        sweepCoin(first, 1 + before % 20, 1);
        vm.assertFalse(sweepCoin(hostile, within, 0));
        sweepCoin(last, 1 + afterwards % 20, 2);
        seal();
        checkSeal(0);
    }

    // ---------------------------------------------------------------------------------------- ERC-1155

    function test_items_exit() public {
        OddCoin items = new OddCoin();
        items.mint(address(0xA), 4, 5);
        items.mint(address(0xB), 4, 6);
        items.mint(address(0xA), 9, 1);
        freeze();
        uint32 asset = add1155(address(items));
        sweep1155(asset, 4, address(0x9), address(0xA));
        sweep1155(asset, 4, address(0xB), address(0xC));
        sweep1155(asset, 9, address(0xA), address(0xB));
        vm.assertTrue(close(asset));
        expect(Exit(1, address(0xA), 4, 5));
        expect(Exit(1, address(0xB), 4, 6));
        expect(Exit(1, address(0xA), 9, 1));
        seal();
        checkSeal(0);
        vm.assertEq(SEALER.assets()[1].kind, 7);
        vm.assertEq(SEALER.assets()[1].total, 12);
    }

    function test_sweep1155_notAscending_reverts() public {
        OddCoin items = new OddCoin();
        freeze();
        uint32 asset = add1155(address(items));
        sweep1155(asset, 4, address(0x9), address(0xA));
        address[] memory again = new address[](1);
        uint256[] memory ids = new uint256[](1);
        (again[0], ids[0]) = (address(0xA), 4);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotAscending.selector, 0xA, 0xA));
        SEALER.sweep1155(asset, ids, again);
        ids[0] = 3;
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotAscending.selector, 3, 4));
        SEALER.sweep1155(asset, ids, again);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.LengthsDiffer.selector, 1, 0));
        SEALER.sweep1155(asset, ids, new address[](0));
    }

    function test_items_missingHolder_ofAnyId_areDropped() public {
        freeze();
        for (uint256 id = 4; id < 7; ++id) {
            OddCoin items = new OddCoin();
            for (uint256 i = 4; i < 7; ++i) {
                items.mint(address(0xA), i, 5);
                items.claimSupply(i, i == id ? 6 : 5);
            }
            uint32 asset = add1155(address(items));
            for (uint256 i = 4; i < 7; ++i) {
                sweep1155(asset, i, address(0xA), address(0xB));
            }
            vm.assertFalse(close(asset));
        }
    }

    function test_items_ofManyIds_inOneCall() public {
        OddCoin items = new OddCoin();
        uint256[] memory ids = new uint256[](6);
        address[] memory holders = new address[](6);
        for (uint256 i; i < 6; ++i) {
            (ids[i], holders[i]) = (i / 2, address(uint160(0xA + i % 2)));
            items.mint(holders[i], ids[i], i + 1);
            items.claimSupply(ids[i], i == 5 ? 11 : i % 2 == 0 ? i + 1 : 2 * i + 1);
            expect(Exit(1, holders[i], ids[i], i + 1));
        }
        freeze();
        uint32 asset = add1155(address(items));
        vm.prank(SYSTEM);
        SEALER.sweep1155(asset, ids, holders);
        vm.assertTrue(close(asset));
        seal();
        checkSeal(0);
    }

    function test_closeAsset_ofNobody_isDropped() public {
        Ticket ticket = ticketOf("Event");
        freeze();
        uint32 asset = add721(address(ticket));
        sweep721(asset, 1, 3);
        vm.assertFalse(close(asset));
        vm.assertEq(SEALER.assetCount(), 1);
    }

    function test_items_thatKnowTheirSupplies_exit() public {
        OddCoin items = new OddCoin();
        items.mint(address(0xA), 0, 5);
        items.claimSupply(0, 5);
        freeze();
        uint32 asset = add1155(address(items));
        sweep1155(asset, 0, address(0xA), address(0xB));
        vm.assertTrue(close(asset));
        expect(Exit(1, address(0xA), 0, 5));
        seal();
        checkSeal(0);
    }

    // ----------------------------------------------------------------------------------- tokens of the L1

    function test_wrappedTokens_exitAsSuch() public {
        bridge(address(0x2001), 1, "artifacts/WrappedERC20.json");
        bridge(address(0x2002), 2, "artifacts/WrappedERC721.json");
        bridge(address(0x2006), 6, "artifacts/WrappedERC1155.json");
        vm.startPrank(Predeploys.BRIDGE, Predeploys.BRIDGE);
        WrappedERC20(address(0x2001)).mint(address(0xA), 30);
        WrappedERC721(address(0x2002)).mint(address(0xA), 7);
        WrappedERC1155(address(0x2006)).mint(address(0xB), 8, 40);
        vm.stopPrank();
        freeze();
        uint32 coin = add20(address(0x2001));
        sweep20(coin, address(0xA), address(0xB));
        vm.assertTrue(close(coin));
        uint32 collection = add721(address(0x2002));
        sweep721(collection, 7, 8);
        vm.assertTrue(close(collection));
        uint32 items = add1155(address(0x2006));
        sweep1155(items, 8, address(0xA), address(0xB));
        vm.assertTrue(close(items));
        expect(Exit(1, address(0xA), 0, 30));
        expect(Exit(2, address(0xA), 7, 1));
        expect(Exit(3, address(0xB), 8, 40));
        seal();
        checkSeal(0);
        Asset[] memory assets = SEALER.assets();
        vm.assertEq(assets[1].kind, 1);
        vm.assertEq(assets[2].kind, 2);
        vm.assertEq(assets[3].kind, 6);
    }

    function test_closeAsset_wrappedMissingHolder_reverts() public {
        bridge(L1_TOKEN, 1, "artifacts/WrappedERC20.json");
        vm.prank(Predeploys.BRIDGE);
        WrappedERC20(L1_TOKEN).mint(address(0xA), 30);
        freeze();
        uint32 asset = add20(L1_TOKEN);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.Unbalanced.selector, 1, 0, 30));
        SEALER.closeAsset(asset);
        sweep20(asset, address(0xA), address(0xB));
        vm.assertTrue(close(asset));
    }

    function test_seal_wrappedTokenLeftOut_reverts() public {
        bridge(L1_TOKEN, 2, "artifacts/WrappedERC721.json");
        bridge(address(0x2006), 6, "artifacts/WrappedERC1155.json");
        vm.prank(Predeploys.BRIDGE);
        WrappedERC1155(address(0x2006)).mint(address(0xA), 3, 3);
        freeze();
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotListed.selector, address(0x2006)));
        SEALER.seal();
        uint32 asset = add1155(address(0x2006));
        sweep1155(asset, 3, address(0xA), address(0xB));
        close(asset);
        // Nobody has anything of the other.
        seal();
    }

    function test_addAsset_wrappedOfOtherKind_reverts() public {
        bridge(L1_TOKEN, 2, "artifacts/WrappedERC721.json");
        freeze();
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKind.selector, L1_TOKEN, 2));
        SEALER.addAsset20(L1_TOKEN);
        vm.prank(SYSTEM);
        SEALER.addAssetBulk721(L1_TOKEN);
        vm.assertEq(SEALER.assets()[1].kind, 2);
    }

    // ------------------------------------------------------------------------------------ one at a time

    function test_openAsset_mustBeClosedFirst() public {
        freeze();
        uint32 asset = add20(address(new OddCoin()));
        bytes memory reason = abi.encodeWithSelector(E.AssetOpen.selector, asset);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.addAsset721(address(9));
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweepETH(new address[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.seal();
        close(asset);
        seal();
    }

    function test_sweep_notOpen_reverts() public {
        freeze();
        listed();
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotOpen.selector, 1, 0));
        SEALER.sweep20(1, new address[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotOpen.selector, 0, 0));
        SEALER.sweep721(0, new uint256[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotOpen.selector, 0, 0));
        SEALER.closeAsset(0);
    }

    function test_sweep_ofOtherKind_reverts() public {
        address token = address(new OddCoin());
        freeze();
        uint32 asset = add20(token);
        bytes memory reason = abi.encodeWithSelector(E.WrongKind.selector, token, 3);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweep721(asset, new uint256[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        SEALER.sweep1155(asset, new uint256[](0), new address[](0));
    }

    // ------------------------------------------------------------------------------------------------

    /// A collection with one token, which is in the list.
    function listed() private returns (OddToken token) {
        token = new OddToken();
        token.give(1, address(0xA));
        uint32 asset = add721(address(token));
        sweep721(asset, 1, 2);
        vm.assertTrue(close(asset));
    }

    /// A coin with this many holders, from 0x100 on.
    function coinOf(uint256 holders) private returns (OddCoin coin) {
        coin = new OddCoin();
        for (uint256 i; i < holders; ++i) {
            coin.mint(address(uint160(0x100 + i)), 1 + i);
        }
    }

    function sweepCoin(OddCoin coin, uint256 count, uint32 expectedAs) private returns (bool) {
        uint32 asset = add20(address(coin));
        address[] memory holders = new address[](count);
        for (uint256 i; i < count; ++i) {
            holders[i] = address(uint160(0x100 + i));
            if (expectedAs != 0) expect(Exit(expectedAs, holders[i], 0, 1 + i));
        }
        vm.prank(SYSTEM);
        SEALER.sweep20(asset, holders);
        return close(asset);
    }
}
