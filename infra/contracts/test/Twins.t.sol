// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {LibClone} from "solady/utils/LibClone.sol";
import {vm} from "./Vm.sol";
import {FlashBulk721} from "../src/FlashBulk721.sol";
import {FlashTwin1155} from "../src/FlashTwin1155.sol";
import {FlashTwin20} from "../src/FlashTwin20.sol";
import {TwinArgs} from "../src/TwinArgs.sol";
import {Asset} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice A clone of a twin whose layer is the test.
abstract contract TwinBase {
    address internal alice = address(0xA1);
    address internal bob = address(0xB0B);

    function clone(string memory artifact, uint8 kind) internal returns (address) {
        Asset memory a = Asset(kind, address(0x7070), 6, unicode"Café", "TIX", 0);
        return LibClone.clone(vm.deployCode(artifact), this.argsOf(a, "https://example.org/"));
    }

    function argsOf(Asset calldata a, string calldata base) external view returns (bytes memory) {
        return TwinArgs.encode(address(this), 3, a, base);
    }
}

contract FlashTwin20Test is TwinBase {
    FlashTwin20 private twin;

    function setUp() public {
        twin = FlashTwin20(clone("artifacts/FlashTwin20.json", 3));
    }

    function test_twin_isWhatTheTokenWas() public view {
        vm.assertEq(twin.name(), unicode"Café");
        vm.assertEq(twin.symbol(), "TIX");
        vm.assertEq(twin.decimals(), 6);
        vm.assertEq(twin.layer(), address(this));
        vm.assertEq(twin.asset(), 3);
        vm.assertEq(twin.l2Token(), address(0x7070));
    }

    function test_mint_addsUp() public {
        twin.mint(alice, 5);
        twin.mint(alice, 6);
        twin.mint(bob, 1);
        vm.assertEq(twin.balanceOf(alice), 11);
        vm.assertEq(twin.totalSupply(), 12);
        vm.prank(alice);
        twin.transfer(bob, 4);
        vm.assertEq(twin.balanceOf(bob), 5);
    }

    function test_mint_byStranger_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotLayer.selector, alice));
        twin.mint(alice, 1);
    }

    function test_permit2_hasNoAllowanceByBirth() public view {
        vm.assertEq(twin.allowance(alice, 0x000000000022D473030F116dDEE9F6B43aC78BA3), 0);
    }
}

/// @notice Would refuse every token that asks.
contract Refuses1155 {
    fallback() external {
        revert("no");
    }
}

contract FlashTwin1155Test is TwinBase {
    FlashTwin1155 private twin;

    function setUp() public {
        twin = FlashTwin1155(clone("artifacts/FlashTwin1155.json", 7));
    }

    function test_mint_addsUp() public {
        twin.mint(alice, 7, 5);
        twin.mint(alice, 7, 6);
        twin.mint(alice, 8, 1);
        vm.assertEq(twin.balanceOf(alice, 7), 11);
        vm.assertEq(twin.uri(8), "https://example.org/0x0000000000000000000000000000000000007070/8");
        vm.assertEq(twin.name(), unicode"Café");
    }

    function test_mint_asksNobody() public {
        address refuser = address(new Refuses1155());
        twin.mint(refuser, 7, 5);
        vm.assertEq(twin.balanceOf(refuser, 7), 5);
    }

    function test_mint_byStranger_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotLayer.selector, alice));
        twin.mint(alice, 1, 1);
    }
}

contract FlashBulk721Test is TwinBase {
    FlashBulk721 private twin;

    event Transfer(address indexed from, address indexed to, uint256 indexed id);

    function setUp() public {
        twin = FlashBulk721(clone("artifacts/FlashBulk721.json", 5));
    }

    function test_mintBulk_givesEachItsOwner() public {
        vm.expectEmit(true, true, true, true, address(twin));
        emit Transfer(address(0), bob, 8);
        twin.mintBulk(7, abi.encodePacked(alice, bob, alice));
        vm.assertEq(twin.ownerOf(7), alice);
        vm.assertEq(twin.ownerOf(8), bob);
        vm.assertEq(twin.ownerOf(9), alice);
        vm.assertEq(twin.balanceOf(alice), 2);
        vm.assertEq(twin.balanceOf(bob), 1);
        vm.assertEq(twin.tokenURI(8), "https://example.org/0x0000000000000000000000000000000000007070/8");
    }

    function test_ownerOf_outsideTheChunks_reverts() public {
        twin.mintBulk(7, abi.encodePacked(alice, address(0), alice));
        twin.mintBulk(20, abi.encodePacked(bob));
        uint256[5] memory ids = [uint256(6), 8, 10, 19, 21];
        for (uint256 i; i < ids.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, ids[i]));
            twin.ownerOf(ids[i]);
        }
        vm.assertEq(twin.ownerOf(20), bob);
    }

    function test_mintBulk_overManyChunks(uint16 count, uint16 pick) public {
        uint256 n = 1 + uint256(count) % 2500;
        bytes memory owners = new bytes(20 * n + 12);
        for (uint256 i; i < n; ++i) {
            uint256 owner = 0x1000 + i % 7;
            assembly {
                mstore(add(add(owners, 0x20), mul(20, i)), shl(96, owner))
            }
        }
        assembly {
            mstore(owners, mul(20, n))
        }
        twin.mintBulk(100, owners);
        uint256 place = pick % n;
        vm.assertEq(twin.ownerOf(100 + place), address(uint160(0x1000 + place % 7)));
        uint256 all;
        for (uint160 i; i < 7; ++i) {
            all += twin.balanceOf(address(0x1000 + i));
        }
        vm.assertEq(all, n);
    }

    function test_token_movesAsAnyOther() public {
        twin.mintBulk(7, abi.encodePacked(alice, bob, alice));
        vm.prank(alice);
        twin.transferFrom(alice, bob, 7);
        vm.assertEq(twin.ownerOf(7), bob);
        vm.assertEq(twin.balanceOf(alice), 1);
        vm.assertEq(twin.balanceOf(bob), 2);
        vm.prank(bob);
        twin.transferFrom(bob, alice, 7);
        vm.assertEq(twin.ownerOf(7), alice);
        vm.assertEq(twin.balanceOf(alice), 2);
        vm.prank(bob);
        vm.expectPartialRevert(IERC721Errors.ERC721InsufficientApproval.selector);
        twin.transferFrom(alice, bob, 7);
    }

    function test_claimedToken_isLeftOutOfTheChunk() public {
        twin.mint(bob, 8);
        vm.prank(bob);
        twin.transferFrom(bob, alice, 8);
        twin.mintBulk(7, abi.encodePacked(alice, address(0), alice));
        vm.assertEq(twin.ownerOf(8), alice);
        vm.assertEq(twin.balanceOf(alice), 3);
        vm.assertEq(twin.balanceOf(bob), 0);
    }

    function test_mint_pushedToken_reverts() public {
        twin.mintBulk(7, abi.encodePacked(alice));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidSender.selector, address(0)));
        twin.mint(bob, 7);
    }

    function test_mintBulk_notAscending_reverts() public {
        twin.mintBulk(7, abi.encodePacked(alice, bob));
        vm.expectRevert(abi.encodeWithSelector(E.NotAscending.selector, 8, 8));
        twin.mintBulk(8, abi.encodePacked(alice));
        twin.mintBulk(9, abi.encodePacked(alice));
    }

    function test_mintBulk_badOwners_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(E.BadOwners.selector));
        twin.mintBulk(7, "");
        vm.expectRevert(abi.encodeWithSelector(E.BadOwners.selector));
        twin.mintBulk(7, new bytes(39));
        vm.expectRevert(abi.encodeWithSelector(E.BadOwners.selector));
        twin.mintBulk(type(uint256).max, abi.encodePacked(alice, bob));
    }

    function test_mint_byStranger_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotLayer.selector, alice));
        twin.mint(alice, 1);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotLayer.selector, alice));
        twin.mintBulk(1, abi.encodePacked(alice));
    }

    function test_twin_isWhatTheTokenWas() public view {
        vm.assertEq(twin.name(), unicode"Café");
        vm.assertEq(twin.symbol(), "TIX");
        vm.assertTrue(twin.supportsInterface(0x80ac58cd));
    }

    function test_gas_mintBulk() public {
        bytes memory owners = new bytes(20 * 1024);
        for (uint256 i; i < owners.length; ++i) {
            owners[i] = bytes1(uint8(1 + uint256(keccak256(abi.encode(i))) % 255));
        }
        twin.mintBulk(1, owners);
        vm.snapshotValue("mintBulk of 1,024 owners, each", vm.snapshotGasLastCall("mintBulk of 1,024 owners") / 1024);
    }
}
