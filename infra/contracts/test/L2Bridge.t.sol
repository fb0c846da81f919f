// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";
import {SealerBase} from "./SealerBase.sol";
import {L1Info} from "../src/L1Info.sol";
import {L2Bridge} from "../src/L2Bridge.sol";
import {Predeploys} from "../src/Predeploys.sol";
import {WrappedERC1155} from "../src/WrappedERC1155.sol";
import {WrappedERC20} from "../src/WrappedERC20.sol";
import {WrappedERC721} from "../src/WrappedERC721.sol";
import "../src/Errors.sol" as E;

/// @notice Refuses every call: nothing may ask it.
contract Refuser {
    fallback() external payable {
        revert("no");
    }
}

contract L2BridgeTest is SealerBase {
    L2Bridge private constant BRIDGE = L2Bridge(Predeploys.BRIDGE);
    WrappedERC20 private constant COIN = WrappedERC20(address(0x2001));
    WrappedERC721 private constant ART = WrappedERC721(address(0x2002));
    WrappedERC1155 private constant ITEMS = WrappedERC1155(address(0x2006));
    address private constant ALICE = address(0xA1);
    address private constant BOB = address(0xB0B);

    function setUp() public override {
        super.setUp();
        bridge(address(COIN), 1, "artifacts/WrappedERC20.json");
        bridge(address(ART), 2, "artifacts/WrappedERC721.json");
        bridge(address(ITEMS), 6, "artifacts/WrappedERC1155.json");
    }

    function test_tokens_areThoseOfTheGenesis() public view {
        address[] memory tokens = BRIDGE.tokens();
        vm.assertEq(tokens.length, 3);
        vm.assertEq(tokens[0], address(COIN));
        vm.assertEq(tokens[2], address(ITEMS));
        vm.assertEq(uint256(BRIDGE.kindOf(address(ITEMS))), 6);
        vm.assertEq(uint256(BRIDGE.kindOf(address(0x2003))), 0);
    }

    function test_finalizeDeposit_mintsEachKind() public {
        vm.expectEmit(true, true, true, true, address(BRIDGE));
        emit L2Bridge.DepositFinalized(4, address(COIN), BOB, 1, ALICE, 0, 50);
        finalize(4, 1, address(COIN), BOB, 0, 50);
        finalize(5, 2, address(ART), BOB, 9, 1);
        finalize(6, 6, address(ITEMS), BOB, 3, 20);
        vm.assertEq(COIN.balanceOf(BOB), 50);
        vm.assertEq(COIN.totalSupply(), 50);
        vm.assertEq(ART.ownerOf(9), BOB);
        vm.assertEq(ART.totalSupply(), 1);
        vm.assertEq(ITEMS.balanceOf(BOB, 3), 20);
        vm.assertEq(ITEMS.totalSupply(), 20);
    }

    function test_finalizeDeposit_asksNobody() public {
        address refuser = address(new Refuser());
        finalize(0, 1, address(COIN), refuser, 0, 50);
        finalize(1, 2, address(ART), refuser, 9, 1);
        finalize(2, 6, address(ITEMS), refuser, 3, 20);
        vm.assertEq(ITEMS.balanceOf(refuser, 3), 20);
    }

    function test_finalizeDeposit_toNobody_isTheDepositors() public {
        finalize(0, 1, address(COIN), address(0), 0, 50);
        finalize(1, 2, address(ART), address(0), 9, 1);
        finalize(2, 6, address(ITEMS), address(0), 3, 20);
        vm.assertEq(COIN.balanceOf(ALICE), 50);
        vm.assertEq(ART.ownerOf(9), ALICE);
        vm.assertEq(ITEMS.balanceOf(ALICE, 3), 20);
    }

    function test_finalizeDeposit_byOthers_reverts() public {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(E.NotSystem.selector, ALICE));
        BRIDGE.finalizeDeposit(0, 1, address(COIN), ALICE, BOB, 0, 50);
    }

    function test_finalizeDeposit_otherKind_reverts() public {
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKind.selector, address(COIN), 1));
        BRIDGE.finalizeDeposit(0, 2, address(COIN), ALICE, BOB, 0, 50);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKind.selector, ALICE, 0));
        BRIDGE.finalizeDeposit(0, 0, ALICE, ALICE, BOB, 0, 50);
    }

    function test_mint_byOthers_reverts() public {
        bytes memory reason = abi.encodeWithSelector(E.NotBridge.selector, SYSTEM);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        COIN.mint(ALICE, 1);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        ART.mint(ALICE, 1);
        vm.prank(SYSTEM);
        vm.expectRevert(reason);
        ITEMS.mint(ALICE, 1, 1);
    }

    function test_wrapped_answersWhatTheGenesisWrote() public {
        // "Coin" with its length, twice, in the last byte; a text of 40 bytes stands in slots of its own.
        vm.store(address(COIN), bytes32(0), bytes32("Coin") | bytes32(uint256(8)));
        vm.store(address(COIN), bytes32(uint256(1)), bytes32(uint256(81)));
        bytes32 place = keccak256(abi.encode(1));
        vm.store(address(COIN), place, bytes32("0123456789012345678901234567890"));
        vm.store(address(COIN), bytes32(uint256(2)), bytes32(uint256(6)));
        vm.assertEq(COIN.name(), "Coin");
        vm.assertEq(bytes(COIN.symbol()).length, 40);
        vm.assertEq(uint256(COIN.decimals()), 6);
        vm.assertEq(COIN.allowance(ALICE, 0x000000000022D473030F116dDEE9F6B43aC78BA3), 0);
    }

    function test_wrapped_namesItsTokens() public {
        finalize(0, 2, address(ART), BOB, 9, 1);
        vm.assertEq(ART.tokenURI(9), "");
        vm.store(address(ART), bytes32(uint256(2)), bytes32("https://l1/") | bytes32(uint256(22)));
        vm.assertEq(ART.tokenURI(9), "https://l1/9");
        vm.store(address(ITEMS), bytes32(uint256(4)), bytes32("https://l1/{id}") | bytes32(uint256(30)));
        vm.assertEq(ITEMS.uri(3), "https://l1/{id}");
    }

    function finalize(uint64 index, uint8 kind, address token, address to, uint256 id, uint256 value) private {
        vm.prank(SYSTEM);
        BRIDGE.finalizeDeposit(index, kind, token, ALICE, to, id, value);
    }
}

contract L1InfoTest {
    L1Info private constant INFO = L1Info(Predeploys.L1_INFO);

    function setUp() public {
        vm.etch(Predeploys.L1_INFO, vm.getDeployedCode("artifacts/L1Info.json"));
    }

    function test_set_isRemembered() public {
        set(8, 1_800_000_000, "hash");
        vm.assertEq(uint256(INFO.number()), 8);
        vm.assertEq(uint256(INFO.timestamp()), 1_800_000_000);
        vm.assertEq(INFO.hash(), "hash");
    }

    function test_set_byOthers_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.NotSystem.selector, address(this)));
        INFO.set(1, 1, "hash");
    }

    function test_set_backwards_reverts() public {
        set(8, 1, "hash");
        vm.prank(Predeploys.SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(E.NotAscending.selector, 8, 8));
        INFO.set(8, 2, "other");
        set(9, 2, "other");
    }

    function set(uint64 number, uint64 timestamp, bytes32 hash) private {
        vm.prank(Predeploys.SYSTEM);
        INFO.set(number, timestamp, hash);
    }
}
