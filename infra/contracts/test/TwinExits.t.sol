// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {FlashBulk721} from "../src/FlashBulk721.sol";
import {FlashTwin1155} from "../src/FlashTwin1155.sol";
import {FlashTwin20} from "../src/FlashTwin20.sol";
import {FlashTwin721} from "../src/FlashTwin721.sol";
import {LayerClaims} from "../src/LayerClaims.sol";
import {Asset, Exit, Output} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice Exits of tokens that were born on the layer, of every kind.
contract TwinExitsTest is Base {
    uint256 private constant RUN = 12;

    Exit[] private exits;
    Asset[] private list;

    function setUp() public override {
        super.setUp();
        list.push(Asset(0, address(0), 18, "", "", 0));
        list.push(Asset(3, address(0x2020), 6, "Points", "PTS", 50));
        list.push(Asset(4, address(0x7070), 0, "Ticket", "TIX", 1));
        list.push(Asset(7, address(0x1155), 0, "", "", 9));
        list.push(Asset(5, address(0x5050), 0, "Badge", "BDG", RUN));
        exits.push(Exit(1, alice, 0, 50));
        exits.push(Exit(2, alice, 0, 1));
        exits.push(Exit(3, alice, 77, 9));
        for (uint256 i; i < RUN; ++i) {
            exits.push(Exit(4, address(uint160(0x10000 + i)), 100 + i, 1));
        }
        closeDeposits();
        Output memory o = outputOf(exits);
        o.assetsHash = assetsHash(list);
        bytes[] memory a;
        bytes[] memory s;
        (o, a, s) = seal(o);
        vm.prank(operator);
        settlement().settle(config, o, list, a, s, new bytes[](0));
    }

    function test_claim_mintsEveryKind() public {
        for (uint256 i; i < 4; ++i) {
            layer.claim(i, exits[i], proofOf(exits, i));
        }
        FlashTwin20 points = FlashTwin20(settlement().tokenOf(1));
        vm.assertEq(points.balanceOf(alice), 50);
        vm.assertEq(points.totalSupply(), 50);
        vm.assertEq(points.decimals(), 6);
        // A token whose id is zero, and not the token number one.
        vm.assertEq(FlashTwin721(settlement().tokenOf(2)).ownerOf(0), alice);
        vm.assertEq(FlashTwin1155(settlement().tokenOf(3)).balanceOf(alice, 77), 9);
        vm.assertEq(bulk().ownerOf(100), exits[3].recipient);
    }

    function test_push_mintsRunsAtOnce() public {
        layer.claim(5, exits[5], proofOf(exits, 5));
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 3);
        vm.assertEq(layer.push(packed, siblings), 3);
        (packed, siblings) = run(3, 3 + RUN);
        vm.expectEmit(true, true, true, true, address(layer));
        emit LayerClaims.Pushed(4, 100, RUN);
        vm.assertEq(layer.push(packed, siblings), RUN - 1);
        for (uint256 i; i < RUN; ++i) {
            vm.assertEq(bulk().ownerOf(100 + i), exits[3 + i].recipient);
            vm.assertEq(bulk().balanceOf(exits[3 + i].recipient), 1);
            vm.assertTrue(settlement().isClaimed(3 + i));
        }
        bytes32[] memory proof = proofOf(exits, 4);
        vm.expectRevert(abi.encodeWithSelector(E.AlreadyClaimed.selector, 4));
        layer.claim(4, exits[4], proof);
    }

    /// Once all are paid there is nothing to mint.
    function test_push_ofPaidRun_paysNothing() public {
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 3);
        layer.push(packed, siblings);
        (packed, siblings) = run(3, 3 + RUN);
        vm.assertEq(layer.claimRange(3, packed, siblings), RUN);
        vm.assertEq(layer.push(packed, siblings), 0);
        vm.assertEq(bulk().balanceOf(exits[3].recipient), 1);
    }

    /// When the twin refuses a run, its tokens are minted one by one.
    function test_push_refusedRun_isPaidSingly() public {
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, 0, 3);
        layer.push(packed, siblings);
        // As if ids had been pushed that come after these.
        FlashBulk721 twin = bulk();
        vm.prank(address(layer));
        twin.mintBulk(5000, abi.encodePacked(bob));
        (packed, siblings) = run(3, 3 + RUN);
        vm.assertEq(layer.push(packed, siblings), RUN);
        vm.assertEq(bulk().ownerOf(111), exits[14].recipient);
        vm.assertEq(settlement().claimedCount(), 3 + RUN);
    }

    function bulk() private view returns (FlashBulk721) {
        return FlashBulk721(settlement().tokenOf(4));
    }

    /// The bulk tokens [start, end) as one segment of ids that go up by one.
    function run(uint256 start, uint256 end) private view returns (bytes memory packed, bytes32[] memory siblings) {
        packed = abi.encodePacked(uint8(1), uint32(4), uint16(end - start), exits[start].id);
        for (uint256 i = start; i < end; ++i) {
            packed = bytes.concat(packed, bytes20(exits[i].recipient));
        }
        siblings = Naive.rangeProof(Naive.hashes(exits), start, end);
    }
}
