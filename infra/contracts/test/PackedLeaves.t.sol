// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {PackedLeaves} from "../src/PackedLeaves.sol";
import {Exit} from "../src/Types.sol";
import {BadPacking} from "../src/Errors.sol";

contract PackedLeavesTest {
    bytes20 private constant TO = bytes20(address(0xBEEF));

    function test_sequential_countsIdsUp() public view {
        bytes memory packed = abi.encodePacked(uint8(1), uint32(3), uint16(2), uint256(41), TO, TO);
        checkLeaves(packed, 9, Exit(3, address(TO), 41, 1), Exit(3, address(TO), 42, 1));
    }

    function test_segments_followEachOther() public view {
        bytes memory first = abi.encodePacked(uint8(2), uint32(0), uint16(1), TO, uint8(2), uint16(0x1234));
        bytes memory second = abi.encodePacked(uint8(1), uint32(1), uint16(1), uint256(5), TO);
        checkLeaves(bytes.concat(first, second), 0, Exit(0, address(TO), 0, 0x1234), Exit(1, address(TO), 5, 1));
    }

    function test_explicit_zeroAndLargestValue() public view {
        bytes memory packed = abi.encodePacked(
            uint8(2), uint32(0), uint16(2), TO, uint8(0), TO, uint8(32), type(uint256).max
        );
        checkLeaves(packed, 1, Exit(0, address(TO), 0, 0), Exit(0, address(TO), 0, type(uint256).max));
    }

    function test_explicit_anyValue(uint256 value) public view {
        bytes memory minimal = Naive.minimal(value);
        bytes memory one = abi.encodePacked(TO, uint8(minimal.length), minimal);
        bytes memory packed = abi.encodePacked(uint8(2), uint32(0), uint16(2), one, one);
        checkLeaves(packed, 0, Exit(0, address(TO), 0, value), Exit(0, address(TO), 0, value));
    }

    function test_amountsOfId_shareTheId(uint256 id, uint256 value) public view {
        bytes memory minimal = Naive.minimal(value);
        bytes memory one = abi.encodePacked(TO, uint8(minimal.length), minimal);
        bytes memory packed = abi.encodePacked(uint8(3), uint32(6), uint16(2), id, one, TO, uint8(0));
        checkLeaves(packed, 2, Exit(6, address(TO), id, value), Exit(6, address(TO), id, 0));
    }

    function test_ids_areOneEach(uint256 id) public view {
        bytes memory minimal = Naive.minimal(id);
        bytes memory packed =
            abi.encodePacked(uint8(4), uint32(2), uint16(2), TO, uint8(minimal.length), minimal, TO, uint8(0));
        checkLeaves(packed, 7, Exit(2, address(TO), id, 1), Exit(2, address(TO), 0, 1));
    }

    function test_unknownForm_reverts() public {
        bad(abi.encodePacked(uint8(5), uint32(0), uint16(1), TO, uint8(0)), 0);
        bad(abi.encodePacked(uint8(0), uint32(0), uint16(1), TO, uint8(0)), 0);
    }

    function test_emptySegment_reverts() public {
        bad(abi.encodePacked(uint8(2), uint32(0), uint16(0)), 0);
    }

    function test_leadingZero_reverts() public {
        bad(abi.encodePacked(uint8(2), uint32(0), uint16(1), TO, uint8(2), uint16(0x0012)), 7);
        bad(abi.encodePacked(uint8(2), uint32(0), uint16(1), TO, uint8(1), uint8(0)), 7);
    }

    function test_longValue_reverts() public {
        bad(abi.encodePacked(uint8(2), uint32(0), uint16(1), TO, uint8(33), type(uint256).max, uint8(1)), 7);
    }

    function test_overflowingIds_revert() public {
        bad(abi.encodePacked(uint8(1), uint32(0), uint16(2), type(uint256).max, TO, TO), 0);
    }

    function test_trailingByte_reverts() public {
        bad(abi.encodePacked(uint8(1), uint32(0), uint16(1), uint256(5), TO, uint8(1)), 59);
    }

    function test_cutOffAnywhere_reverts(uint256 length) public {
        bytes memory first = abi.encodePacked(uint8(2), uint32(0), uint16(1), TO, uint8(2), uint16(0x1234));
        bytes memory second = abi.encodePacked(uint8(3), uint32(0), uint16(1), uint256(9), TO, uint8(1), uint8(7));
        bytes memory packed = abi.encodePacked(first, second, uint8(1), uint32(1), uint16(1), uint256(5), TO);
        length %= packed.length;
        // Nothing at all, and whole segments, are well-formed.
        if (length == 0 || length == first.length || length == first.length + second.length) return;
        assembly {
            mstore(packed, length)
        }
        vm.expectPartialRevert(BadPacking.selector);
        this.hashes(packed, 0);
    }

    function hashes(bytes calldata packed, uint256 start) external pure returns (bytes32[] memory) {
        return PackedLeaves.hashes(packed, start);
    }

    function checkLeaves(bytes memory packed, uint256 start, Exit memory first, Exit memory second) private view {
        bytes32[] memory got = this.hashes(packed, start);
        vm.assertEq(got.length, 2);
        vm.assertEq(got[0], Naive.leaf(start, first));
        vm.assertEq(got[1], Naive.leaf(start + 1, second));
    }

    function bad(bytes memory packed, uint256 offset) private {
        vm.expectRevert(abi.encodeWithSelector(BadPacking.selector, offset));
        this.hashes(packed, 0);
    }
}
