// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Exit} from "../src/Types.sol";

/// @notice Slow and obvious versions of what the contracts do, written from the tables in the README.
library Naive {
    using RLP for *;

    function leaf(uint256 index, Exit memory e) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint32(index), e.asset, e.recipient, e.id, e.value));
    }

    function hashes(Exit[] memory exits) internal pure returns (bytes32[] memory out) {
        out = new bytes32[](exits.length);
        for (uint256 i; i < exits.length; ++i) {
            out[i] = leaf(i, exits[i]);
        }
    }

    function depth(uint256 count) internal pure returns (uint8 d) {
        while (2 ** d < count) ++d;
    }

    /// Node `index` at `height` of the zero-padded tree over `leaves`.
    function node(bytes32[] memory leaves, uint256 height, uint256 index) internal pure returns (bytes32) {
        if (height == 0) return index < leaves.length ? leaves[index] : bytes32(0);
        if (index << height >= leaves.length) {
            bytes32 below = node(leaves, height - 1, 2 * index);
            return keccak256(bytes.concat(below, below));
        }
        return keccak256(
            bytes.concat(node(leaves, height - 1, 2 * index), node(leaves, height - 1, 2 * index + 1))
        );
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        return node(leaves, depth(leaves.length), 0);
    }

    function rangeProof(bytes32[] memory leaves, uint256 start, uint256 end)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        bytes32[] memory found = new bytes32[](64);
        uint256 count;
        for (uint256 height; height < depth(leaves.length); ++height) {
            if (start % 2 == 1) found[count++] = node(leaves, height, start - 1);
            if (end % 2 == 1) found[count++] = node(leaves, height, end);
            (start, end) = (start / 2, (end + 1) / 2);
        }
        siblings = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            siblings[i] = found[i];
        }
    }

    /// The 32 siblings of deposit `index` in the tree over these leaves.
    function depositProof(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](32);
        bytes32 zero;
        for (uint256 height; height < 32; ++height) {
            siblings[height] = index ^ 1 < leaves.length ? leaves[index ^ 1] : zero;
            bytes32[] memory above = new bytes32[]((leaves.length + 1) / 2);
            for (uint256 i; i < above.length; ++i) {
                bytes32 right = 2 * i + 1 < leaves.length ? leaves[2 * i + 1] : zero;
                above[i] = keccak256(bytes.concat(leaves[2 * i], right));
            }
            (leaves, index, zero) = (above, index / 2, keccak256(bytes.concat(zero, zero)));
        }
    }

    /// One segment per exit: an amount, a token, or an amount of an id.
    function pack(Exit[] memory exits, uint256 start, uint256 end) internal pure returns (bytes memory packed) {
        for (uint256 i = start; i < end; ++i) {
            Exit memory e = exits[i];
            uint8 form = e.id == 0 ? 2 : e.value == 1 ? 4 : 3;
            bytes memory number = minimal(form == 4 ? e.id : e.value);
            packed = bytes.concat(
                packed,
                abi.encodePacked(form, e.asset, uint16(1)),
                form == 3 ? abi.encodePacked(e.id) : bytes(""),
                abi.encodePacked(e.recipient, uint8(number.length), number)
            );
        }
    }

    function minimal(uint256 value) internal pure returns (bytes memory out) {
        while (value != 0) {
            out = bytes.concat(bytes1(uint8(value)), out);
            value >>= 8;
        }
    }

    /// Root and proof of a secure trie with a single entry.
    function trie(bytes memory key, bytes memory value) internal pure returns (bytes32, bytes[] memory proof) {
        bytes[] memory fields = new bytes[](2);
        // 0x20: a leaf with an even number of nibbles left.
        fields[0] = RLP.encode(bytes.concat(bytes1(0x20), keccak256(key)));
        fields[1] = RLP.encode(value);
        proof = new bytes[](1);
        proof[0] = RLP.encode(fields);
        return (keccak256(proof[0]), proof);
    }

    /// Root and proofs of a secure trie with two entries whose hashed keys differ in the first nibble.
    function trieOfTwo(bytes memory key, bytes memory value, bytes memory key2, bytes memory value2)
        internal
        pure
        returns (bytes32, bytes[] memory proof, bytes[] memory proof2)
    {
        (bytes memory leafNode, uint256 place) = leafUnderBranch(key, value);
        (bytes memory leafNode2, uint256 place2) = leafUnderBranch(key2, value2);
        require(place != place2, "one branch would not do");
        bytes[] memory fields = new bytes[](17);
        for (uint256 i; i < 17; ++i) {
            fields[i] = RLP.encode(new bytes(0));
        }
        fields[place] = RLP.encode(keccak256(leafNode));
        fields[place2] = RLP.encode(keccak256(leafNode2));
        (proof, proof2) = (new bytes[](2), new bytes[](2));
        (proof[0], proof[1]) = (RLP.encode(fields), leafNode);
        (proof2[0], proof2[1]) = (proof[0], leafNode2);
        return (keccak256(proof[0]), proof, proof2);
    }

    /// The leaf for all but the first nibble of the hashed key, and that nibble.
    function leafUnderBranch(bytes memory key, bytes memory value) private pure returns (bytes memory, uint256) {
        bytes32 path = keccak256(key);
        bytes memory compact = abi.encodePacked(path);
        // 0x3: a leaf with an odd number of nibbles left, of which the first one follows at once.
        compact[0] = bytes1(0x30 | (uint8(path[0]) & 0x0f));
        bytes[] memory fields = new bytes[](2);
        (fields[0], fields[1]) = (RLP.encode(compact), RLP.encode(value));
        return (RLP.encode(fields), uint8(path[0]) >> 4);
    }

    /// Root and proof of an entry under branches with so many children each, from the root down: a big trie of which
    /// only one way is known.
    function deepTrie(bytes memory key, bytes memory value, uint8[] memory widths)
        internal
        pure
        returns (bytes32 root_, bytes[] memory proof)
    {
        bytes32 path = keccak256(key);
        proof = new bytes[](widths.length + 1);
        proof[widths.length] = leafBelow(path, widths.length, value);
        root_ = keccak256(proof[widths.length]);
        for (uint256 level = widths.length; level > 0;) {
            --level;
            proof[level] = branch(nibble(path, level), root_, widths[level]);
            root_ = keccak256(proof[level]);
        }
    }

    function branch(uint256 place, bytes32 child, uint256 width) private pure returns (bytes memory) {
        bytes[] memory fields = new bytes[](17);
        for (uint256 i; i < 17; ++i) {
            bool isThere = i < 16 && (i + 16 - place) % 16 < width;
            fields[i] = isThere ? RLP.encode(keccak256(abi.encode(child, i))) : RLP.encode(new bytes(0));
        }
        fields[place] = RLP.encode(child);
        return RLP.encode(fields);
    }

    /// The leaf for what is left of a path after `depth_` nibbles.
    function leafBelow(bytes32 path, uint256 depth_, bytes memory value) private pure returns (bytes memory) {
        uint256 next = depth_;
        // 0x2: a leaf with an even number of nibbles; 0x3: with an odd number, of which the first one follows at once.
        bytes memory compact = next % 2 == 0 ? bytes(hex"20") : abi.encodePacked(uint8(0x30 | nibble(path, next++)));
        for (; next < 64; next += 2) {
            compact = bytes.concat(compact, bytes1(uint8(nibble(path, next) << 4 | nibble(path, next + 1))));
        }
        bytes[] memory fields = new bytes[](2);
        (fields[0], fields[1]) = (RLP.encode(compact), RLP.encode(value));
        return RLP.encode(fields);
    }

    function nibble(bytes32 path, uint256 i) internal pure returns (uint256) {
        return uint256(path) >> (252 - 4 * i) & 0xf;
    }

    /// RLP of an account with this code and no storage.
    function accountWithCode(bytes memory code) internal pure returns (bytes memory) {
        bytes[] memory fields = new bytes[](4);
        fields[0] = RLP.encode(uint256(1));
        fields[1] = RLP.encode(uint256(0));
        fields[2] = RLP.encode(keccak256(RLP.encode(new bytes(0))));
        fields[3] = RLP.encode(keccak256(code));
        return RLP.encode(fields);
    }

    /// RLP of an account with this storage root.
    function account(bytes32 storageRoot) internal pure returns (bytes memory) {
        bytes[] memory fields = new bytes[](4);
        fields[0] = RLP.encode(uint256(1));
        fields[1] = RLP.encode(uint256(0));
        fields[2] = RLP.encode(storageRoot);
        fields[3] = RLP.encode(keccak256(""));
        return RLP.encode(fields);
    }
}
