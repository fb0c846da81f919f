// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @dev Kind of asset 0, ETH.
uint8 constant KIND_ETH = 0;

/// @dev Kind of an ERC-20 token of the L1: held by the layer's contract there, wrapped at the same address here.
uint8 constant KIND_ERC20 = 1;

/// @dev Kind of an ERC-721 collection of the L1, held and wrapped likewise.
uint8 constant KIND_ERC721 = 2;

/// @dev Kind of an ERC-20 token that was born on the layer and gets a twin on the L1.
uint8 constant KIND_TWIN20 = 3;

/// @dev Kind of an ERC-721 collection that was born on the layer and gets a twin on the L1.
uint8 constant KIND_TWIN721 = 4;

/// @dev Kind of an ERC-721 collection that was born on the layer and whose twin keeps its owners in chunks.
uint8 constant KIND_BULK721 = 5;

/// @dev Kind of an ERC-1155 contract of the L1, held and wrapped likewise.
uint8 constant KIND_ERC1155 = 6;

/// @dev Kind of an ERC-1155 contract that was born on the layer and gets a twin on the L1.
uint8 constant KIND_TWIN1155 = 7;

/// @dev The only assurance mode so far: the operator settles.
uint8 constant MODE_OPERATOR = 1;

/// @notice The rules of one flash layer, fixed for its life. Never stored: its hash is in the layer's code.
struct Config {
    // Opened the layer; may end deposits early.
    address organiser;
    // Runs the layer; may end deposits early and settles.
    address operator;
    // Chain id of the layer.
    uint64 chainId;
    // Deposits are refused from this time on (unix seconds).
    uint64 depositCutoff;
    // The layer freezes at this time (unix seconds).
    uint64 endsAt;
    // Seconds between `settle` and the first claim.
    uint32 window;
    // Assurance mode, see MODE_OPERATOR.
    uint8 mode;
    // Most ETH that may ever be deposited, in wei.
    uint128 tvlCapWei;
    // Hash of the layer's block 0.
    bytes32 genesisBlockHash;
    // State root of the layer's block 0.
    bytes32 genesisStateRoot;
    // Twins' token URIs are this, the collection's address on the layer, "/" and the id. Empty: no URIs.
    string twinBaseUri;
}

/// @notice What the layer ended with. Everything from `exitRoot` on is proved by the layer's own state.
struct Output {
    // Number of the layer's last block.
    uint64 lastBlock;
    // Hash of the layer's last block.
    bytes32 lastBlockHash;
    // State root of the layer's last block.
    bytes32 stateRoot;
    // Root of the exit tree.
    bytes32 exitRoot;
    // Number of exits.
    uint32 leafCount;
    // Height of the exit tree.
    uint8 depth;
    // Number of deposits that the layer took in.
    uint64 depositCount;
    // Rolling hash of the asset list, totals included.
    bytes32 assetsHash;
}

/// @notice One asset of the layer; its place in the list is its index. Index 0 is ETH with empty texts.
struct Asset {
    // One of the kinds above.
    uint8 kind;
    // The token's address on the layer; for tokens of the L1 also its address there.
    address l2;
    // Digits after the point of an amount: 18 for ETH, what an ERC-20 answers, 0 for all others.
    uint8 decimals;
    // The token's name there, or empty.
    string name;
    // The token's symbol there, or empty.
    string symbol;
    // Sum of the values of all its exits.
    uint256 total;
}

/// @notice One leaf of the exit tree, without its index.
struct Exit {
    // Index in the asset list.
    uint32 asset;
    // Who receives it on the L1.
    address recipient;
    // Token id for ERC-721 and ERC-1155; zero for ETH and ERC-20.
    uint256 id;
    // Amount, for ETH in wei; one for ERC-721.
    uint256 value;
}

/// @notice Where a layer stands on the L1.
enum Phase {
    // Not a layer: the implementation behind the clones.
    None,
    // Deposits may arrive (until the cut-off) and nothing is settled.
    Open,
    // Settled, but the window has not passed.
    Settled,
    // Exits can be claimed, for ever.
    Final
}
