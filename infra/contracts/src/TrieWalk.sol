// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BadTrieProof} from "./Errors.sol";

/// @notice Finds an entry of a Merkle-Patricia trie whose keys are hashes, as those of accounts and of storage are.
/// @dev Does what OpenZeppelin's `TrieProof` does for such keys, and is compared with it by the tests. That one takes
/// 130,000 gas more for a settlement in a state of a million accounts.
///
///     node       RLP list
///     branch     16 children, and a value that no key of full length has
///     extension  path, child
///     leaf       path, value
///     child      0xa0 and the hash of a node | a node of less than 32 bytes itself | 0x80 for none
///     path       flag: 4 bits | 4 bits of nothing, when the flag is even | nibbles; flag 2 and 3 are leaves
library TrieWalk {
    /// @dev First bytes of RLP items.
    uint256 private constant STRING = 0x80;
    uint256 private constant LONG_STRING = 0xb8;
    uint256 private constant LIST = 0xc0;
    uint256 private constant LONG_LIST = 0xf8;
    uint256 private constant HASH = 0xa0;
    /// @dev Shortest content whose length is spelled out.
    uint256 private constant LONG = 56;
    /// @dev Shortest node that is named by its hash.
    uint256 private constant HASHED = 32;

    uint256 private constant CHILDREN = 16;
    uint256 private constant KEY_NIBBLES = 64;

    /// @notice Content of the entry with this hashed key. Reverts when the proof does not lead to one.
    /// @param proof The nodes from the root to the leaf. Nodes that stand in another one may be left out.
    function find(bytes32 root, bytes32 key, bytes[] calldata proof) internal pure returns (bytes memory) {
        uint256 depth;
        bool isLeaf;
        // No number here is more than the length of the calldata.
        unchecked {
            for (uint256 i; i < proof.length; ++i) {
                (uint256 here, uint256 end) = _copy(proof[i]);
                if (_hash(here, end) != root) revert BadTrieProof();
                (here, depth, isLeaf) = _step(here, end, uint256(key), depth);
                while (_byte(here) >= LIST) {
                    (, end) = _item(here);
                    if (end - here >= HASHED) revert BadTrieProof();
                    if (i + 1 < proof.length && keccak256(proof[i + 1]) == _hash(here, end)) ++i;
                    (here, depth, isLeaf) = _step(here, end, uint256(key), depth);
                }
                if (isLeaf) {
                    if (i + 1 != proof.length) revert BadTrieProof();
                    return _content(here);
                }
                if (_byte(here) != HASH) revert BadTrieProof();
                root = _word(here + 1);
            }
        }
        revert BadTrieProof();
    }

    /// @notice Goes from the node in [here, nodeEnd), which `depth` nibbles of the key led to, to what is below.
    /// @return below The child, or the value of the key.
    function _step(uint256 here, uint256 nodeEnd, uint256 key, uint256 depth)
        private
        pure
        returns (uint256 below, uint256, bool isLeaf)
    {
        unchecked {
            (uint256 start, uint256 end) = _item(here);
            if (_byte(here) < LIST || end != nodeEnd) revert BadTrieProof();
            (uint256 path, uint256 pathEnd) = _item(start);
            (, uint256 secondEnd) = _item(pathEnd);
            if (secondEnd != end) {
                if (depth == KEY_NIBBLES) revert BadTrieProof();
                return (_child(start, end, key >> (252 - 4 * depth) & 0xf), depth + 1, false);
            }
            uint256 nibbles;
            (nibbles, isLeaf) = _follow(key, depth, path, pathEnd);
            bool isList = _byte(start) >= LIST || isLeaf && _byte(pathEnd) >= LIST;
            bool isWhole = isLeaf ? depth + nibbles == KEY_NIBBLES : nibbles != 0;
            if (isList || !isWhole) revert BadTrieProof();
            return (pathEnd, depth + nibbles, isLeaf);
        }
    }

    /// @notice Where a copy of `node` stands in memory.
    function _copy(bytes memory node) private pure returns (uint256 here, uint256 end) {
        assembly ("memory-safe") {
            here := add(node, 0x20)
            end := add(here, mload(node))
        }
    }

    /// @notice Child number `place` of a branch.
    function _child(uint256 here, uint256 end, uint256 place) private pure returns (uint256 child) {
        unchecked {
            uint256 count;
            for (; here < end; ++count) {
                if (count == place) child = here;
                (, here) = _item(here);
            }
            if (count != CHILDREN + 1 || here != end) revert BadTrieProof();
        }
    }

    /// @notice How many nibbles a path has, all of which the key must have from `depth` on.
    function _follow(uint256 key, uint256 depth, uint256 here, uint256 end)
        private
        pure
        returns (uint256 nibbles, bool isLeaf)
    {
        unchecked {
            uint256 flag = _byte(here) >> 4;
            uint256 odd = flag & 1;
            // Of no bytes these are more than any key has.
            nibbles = 2 * (end - here) - 2 + odd;
            uint256 path = odd == 1 ? uint256(_word(here)) << 4 : uint256(_word(here + 1));
            bool fits = flag < 4 && nibbles <= KEY_NIBBLES - depth;
            if (!fits || (path ^ (key << 4 * depth)) >> (256 - 4 * nibbles) != 0) revert BadTrieProof();
            isLeaf = flag > 1;
        }
    }

    /// @notice Where the content of the RLP item at `here` starts, and where the item ends. There is one encoding of
    /// each item, the shortest.
    function _item(uint256 here) private pure returns (uint256 start, uint256 end) {
        unchecked {
            uint256 lead = _byte(here);
            if (lead < STRING) return (here, here + 1);
            start = here + 1;
            if (lead < LONG_STRING) {
                if (lead == STRING + 1 && _byte(start) < STRING) revert BadTrieProof();
                return (start, start + lead - STRING);
            }
            bool isList = lead >= LIST;
            if (isList && lead < LONG_LIST) return (start, start + lead - LIST);
            uint256 size = lead - (isList ? LONG_LIST : LONG_STRING) + 1;
            uint256 length = uint256(_word(start)) >> (256 - 8 * size);
            // A node has less than 64 KiB.
            if (size > 2 || _byte(start) == 0 || length < LONG) revert BadTrieProof();
            start += size;
            end = start + length;
        }
    }

    function _byte(uint256 here) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, mload(here))
        }
    }

    function _word(uint256 here) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(here)
        }
    }

    function _hash(uint256 here, uint256 end) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(here, sub(end, here))
        }
    }

    /// @notice What a string that is not empty says.
    function _content(uint256 here) private pure returns (bytes memory content) {
        (uint256 start, uint256 end) = _item(here);
        if (start == end) revert BadTrieProof();
        content = new bytes(end - start);
        assembly ("memory-safe") {
            mcopy(add(content, 0x20), start, mload(content))
        }
    }
}
