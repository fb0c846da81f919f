// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISettlementVerifier} from "./ISettlementVerifier.sol";

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

/// @dev Assurance mode A: the operator's word is the state root.
uint8 constant MODE_OPERATOR = 1;

/// @dev Assurance mode B: a quorum of attestors that executed every block again vouches for the state root.
uint8 constant MODE_ATTESTED = 2;

/// @dev No blocks are posted: only the exits are, at the end.
uint8 constant DA_LEAVES = 0;

/// @dev Blocks are posted in blobs (EIP-4844).
uint8 constant DA_BLOBS = 1;

/// @dev Blocks are posted in calldata, for an L1 without blobs.
uint8 constant DA_CALLDATA = 2;

/// @notice The rules of one flash layer, fixed for its life. Never stored: its hash is in the layer's code.
struct Config {
    // Opened the layer; may end deposits early, and in mode A vouches for a rescue.
    address organiser;
    // Runs the layer: accepts it, posts its batches, settles it; may end deposits early.
    address operator;
    // Signs the layer's headers and soft receipts.
    address sequencer;
    // Chain id of the layer.
    uint64 chainId;
    // The layer's first block is not earlier (unix seconds).
    uint64 startsAt;
    // Deposits are refused from this time on (unix seconds).
    uint64 depositCutoff;
    // The layer freezes at this time (unix seconds).
    uint64 endsAt;
    // T1: seconds after `endsAt` after which others may settle.
    uint32 settleDelay;
    // T2: seconds after that after which nobody may settle and deposits go back.
    uint32 rescueDelay;
    // Seconds between `settle` and the first claim.
    uint32 window;
    // Seconds after which a deposit must have been taken in: no batch is accepted without it.
    uint32 maxDepositDelay;
    // Assurance mode, see MODE_OPERATOR.
    uint8 mode;
    // Where the blocks are published, see DA_LEAVES.
    uint8 da;
    // What the operator gets and puts at stake; all zero when there is nothing to accept.
    Offer offer;
    // Mode B: who vouches; else all zero.
    Quorum quorum;
    // Most ETH that may ever be deposited, in wei.
    uint128 tvlCapWei;
    // Hash of the layer's block 0.
    bytes32 genesisBlockHash;
    // State root of the layer's block 0.
    bytes32 genesisStateRoot;
    // Gets what belongs to contracts of the layer that have no counterpart on the L1; zero for nobody.
    address orphanRecipient;
    // Mode C's judge; no layer has one yet.
    ISettlementVerifier verifier;
    // Twins' token URIs are this, the collection's address on the layer, "/" and the id. Empty: no URIs.
    string twinBaseUri;
    // The tokens of the L1 that may be deposited, strictly ascending by address.
    Bridged[] bridged;
}

/// @notice What an operator accepts before a layer starts.
struct Offer {
    // Until when it must have accepted (unix seconds). Zero: there is nothing to accept.
    uint64 acceptBy;
    // What the organiser pays it, in wei; it comes with `open`.
    uint128 fee;
    // What it puts at stake, in wei; it comes with `accept`.
    uint128 bond;
}

/// @notice Who vouches for a layer in mode B.
struct Quorum {
    // How many attestors must sign.
    uint8 threshold;
    // What a stranger who settles locks up, in wei.
    uint128 rescueBond;
    // Who may attest, strictly ascending.
    address[] attestors;
}

/// @notice A token of the L1 that the layer takes; there it has the same address.
struct Bridged {
    // KIND_ERC20, KIND_ERC721 or KIND_ERC1155.
    uint8 kind;
    // The token.
    address token;
    // Most that may ever be deposited: an amount, for ERC-721 a number of tokens, for ERC-1155 over all ids.
    uint256 cap;
}

/// @notice One deposit as the deposit tree has it: its leaf is `keccak256(abi.encode(deposit))`.
struct Deposit {
    // Position in the tree.
    uint64 index;
    // L1 block of the deposit.
    uint64 l1Block;
    // Time of that block (unix seconds).
    uint64 l1Time;
    // KIND_ETH, KIND_ERC20, KIND_ERC721 or KIND_ERC1155.
    uint8 kind;
    // Who deposited; aliased when it is a contract.
    address from;
    // Who gets it on the layer; for ETH also who is called there.
    address to;
    // The token, zero for ETH.
    address token;
    // Token id, zero for ETH and ERC-20.
    uint256 id;
    // Amount; 1 for ERC-721.
    uint256 value;
    // Gas of the deposit's transaction on the layer.
    uint64 gasLimit;
    // keccak256 of the call's data.
    bytes32 dataHash;
}

/// @notice A run of blocks that was posted, from the block after the last posted one on.
struct BatchHead {
    // Number of its last block.
    uint64 lastBlock;
    // Hash of its last block.
    bytes32 lastBlockHash;
    // State root of its last block.
    bytes32 stateRoot;
    // Number of deposits that the layer has taken in with it.
    uint64 consumedDeposits;
    // Number of blobs that it takes.
    uint8 blobs;
}

/// @notice What the layer ended with. Everything from `exitRoot` on is proved by the layer's own state.
struct Output {
    // Number of the layer's last block.
    uint64 lastBlock;
    // Hash of the layer's last block.
    bytes32 lastBlockHash;
    // State root of the layer's last block.
    bytes32 stateRoot;
    // What all posted batches fold to; zero when none are posted.
    bytes32 batchAcc;
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
    Final,
    // The settlement was vetoed; another one may follow.
    Rejected,
    // Nobody settled in time: deposits go back, for ever.
    Refund,
    // Opened, and not accepted by its operator.
    Offered
}

/// @notice Where an operator's bond is.
enum Bond {
    // Not put up, or there is none.
    None,
    // In the layer.
    Held,
    // Half went to whoever proved a fault; the other half is in the layer, for those who deposited.
    Slashed,
    // Paid out.
    Gone
}

/// @notice The code behind the twins of each kind.
struct Twins {
    // KIND_TWIN20.
    address twin20;
    // KIND_TWIN721.
    address twin721;
    // KIND_BULK721.
    address bulk721;
    // KIND_TWIN1155.
    address twin1155;
}

/// @notice Something in the vault of a claim code.
struct Held {
    // KIND_ETH, or the kind of the token as the layer has it: of its own, from the escrow, or a twin.
    uint8 kind;
    // The token; zero for ETH.
    address token;
    // Id of the token; zero for ETH and ERC-20.
    uint256 id;
    // How much, 1 for ERC-721.
    uint256 value;
}
