// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {HookCoin, MockCoin, MockMulti, MockNft} from "./Mocks.sol";
import {vm} from "./Vm.sol";
import {LayerDeposits} from "../src/LayerDeposits.sol";
import {Bridged, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

contract TokenDepositsTest is Base {
    MockCoin private coin;
    MockNft private nft;
    MockMulti private multi;

    function setUp() public override {
        super.setUp();
        (coin, nft, multi) = (new MockCoin(), new MockNft(), new MockMulti());
        Bridged[3] memory tokens =
            [Bridged(1, address(coin), 100), Bridged(2, address(nft), 2), Bridged(6, address(multi), 50)];
        bridge(tokens);
        layer = open("tokens");
        coin.mint(alice, 1000);
        nft.mint(alice, 7);
        multi.mint(alice, 5, 100);
        vm.startPrank(alice, alice);
        coin.approve(address(layer), type(uint256).max);
        nft.setApprovalForAll(address(layer), true);
        multi.setApprovalForAll(address(layer), true);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------------------------------- ERC-20

    function test_depositERC20_escrows() public {
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, alice, bob, 1, address(coin), 0, 60, 1_000_000, "");
        deposit20(60);
        vm.assertEq(coin.balanceOf(address(layer)), 60);
        vm.assertEq(settlement().escrowOf(1, address(coin)), 60);
        vm.assertEq(settlement().depositCount(), 1);
        vm.assertEq(settlement().depositedWei(), 0);
    }

    function test_depositERC20_thatCharges_countsWhatArrives() public {
        coin.charge(9);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, alice, bob, 1, address(coin), 0, 51, 1_000_000, "");
        deposit20(60);
        vm.assertEq(settlement().escrowOf(1, address(coin)), 51);
    }

    function test_depositERC20_overCap_reverts() public {
        deposit20(60);
        vm.expectRevert(abi.encodeWithSelector(E.CapExceeded.selector, 101, 100));
        deposit20(41);
        deposit20(40);
    }

    function test_depositERC20_nothing_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.NothingReceived.selector, coin));
        deposit20(0);
    }

    function test_depositERC20_otherToken_reverts() public {
        MockCoin other = new MockCoin();
        vm.expectRevert(abi.encodeWithSelector(E.NotBridged.selector, 1, other));
        layer.depositERC20(config, address(other), bob, 1);
    }

    /// An ERC-20 transfer of n and an ERC-721 transfer of token n look alike.
    function test_depositERC20_ofACollection_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.NotBridged.selector, 1, nft));
        vm.prank(alice);
        layer.depositERC20(config, address(nft), bob, 7);
        vm.expectRevert(abi.encodeWithSelector(E.NotBridged.selector, 2, coin));
        vm.prank(alice);
        layer.depositERC721(config, address(coin), bob, 7);
    }

    function test_depositERC20_atCutoff_reverts() public {
        vm.warp(config.depositCutoff);
        vm.expectRevert(abi.encodeWithSelector(E.DepositsEnded.selector));
        deposit20(1);
    }

    function test_depositERC20_otherConfig_reverts() public {
        config.bridged[0].cap = 1000;
        vm.expectPartialRevert(E.BadConfig.selector);
        deposit20(1);
    }

    /// Else the outer deposit would count what the inner one brought.
    function test_depositERC20_reentered_reverts() public {
        HookCoin hook = new HookCoin();
        delete config.bridged;
        config.bridged.push(Bridged(1, address(hook), 100));
        layer = open("hook");
        hook.mint(alice, 100);
        hook.mint(address(hook), 100);
        vm.prank(address(hook));
        hook.approve(address(layer), 100);
        vm.prank(alice);
        hook.approve(address(layer), 100);
        hook.attack(layer, abi.encodeCall(layer.depositERC20, (config, address(hook), bob, 10)));
        vm.prank(alice, alice);
        layer.depositERC20(config, address(hook), bob, 10);
        vm.assertEq(bytes32(hook.refusal()), bytes32(E.Reentered.selector));
        vm.assertEq(settlement().escrowOf(1, address(hook)), 10);
        vm.assertEq(settlement().depositCount(), 1);
    }

    // --------------------------------------------------------------------------------------- ERC-721

    function test_depositERC721_escrows() public {
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, alice, bob, 2, address(nft), 7, 1, 1_000_000, "");
        deposit721(7);
        vm.assertEq(nft.ownerOf(7), address(layer));
        vm.assertEq(settlement().escrowOf(2, address(nft)), 1);
    }

    function test_depositERC721_overCap_reverts() public {
        deposit721(7);
        nft.mint(alice, 8);
        nft.mint(alice, 9);
        deposit721(8);
        vm.expectRevert(abi.encodeWithSelector(E.CapExceeded.selector, 3, 2));
        deposit721(9);
    }

    function test_depositERC721_ofAnother_reverts() public {
        vm.prank(bob, bob);
        vm.expectRevert();
        layer.depositERC721(config, address(nft), bob, 7);
    }

    // -------------------------------------------------------------------------------------- ERC-1155

    function test_depositERC1155_escrows() public {
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, alice, bob, 6, address(multi), 5, 20, 1_000_000, "");
        deposit1155(20);
        vm.assertEq(multi.balanceOf(address(layer), 5), 20);
        vm.assertEq(settlement().escrowOf(6, address(multi)), 20);
    }

    function test_depositERC1155_overCap_overAllIds_reverts() public {
        multi.mint(alice, 6, 31);
        deposit1155(20);
        vm.prank(alice, alice);
        vm.expectRevert(abi.encodeWithSelector(E.CapExceeded.selector, 51, 50));
        layer.depositERC1155(config, address(multi), bob, 6, 31);
    }

    function test_sendERC1155_withoutDeposit_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.UnexpectedToken.selector, multi));
        multi.safeTransferFrom(alice, address(layer), 5, 1, "");
    }

    // ---------------------------------------------------------------------------------------- others

    function test_depositERC20_byContract_isAliased() public {
        coin.mint(address(this), 5);
        coin.approve(address(layer), 5);
        address aliased = address(uint160(address(this)) + uint160(0x1111000000000000000000000000000000001111));
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, aliased, bob, 1, address(coin), 0, 5, 1_000_000, "");
        vm.prank(address(this), alice);
        layer.depositERC20(config, address(coin), bob, 5);
    }

    /// An account with a key is the same on both chains, also while it runs someone's code (EIP-7702).
    function test_deposit_byDelegatedAccount_isNotAliased() public {
        vm.etch(alice, abi.encodePacked(hex"ef0100", address(this)));
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerDeposits.Deposited(0, alice, bob, 0, address(0), 0, 0, 30_000, "");
        vm.prank(alice, bob);
        layer.depositETH(bob, 30_000, "");
    }

    function deposit20(uint256 amount) private {
        vm.prank(alice, alice);
        layer.depositERC20(config, address(coin), bob, amount);
    }

    function deposit721(uint256 id) private {
        vm.prank(alice, alice);
        layer.depositERC721(config, address(nft), bob, id);
    }

    function deposit1155(uint256 amount) private {
        vm.prank(alice, alice);
        layer.depositERC1155(config, address(multi), bob, 5, amount);
    }
}
