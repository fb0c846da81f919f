// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibBit} from "solady/utils/LibBit.sol";
import {LibClone} from "solady/utils/LibClone.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {ExitTree} from "./ExitTree.sol";
import {FlashTwin721} from "./FlashTwin721.sol";
import {Frontier} from "./Frontier.sol";
import {PackedLeaves} from "./PackedLeaves.sol";
import {Seal} from "./Seal.sol";
import {SealProof} from "./SealProof.sol";
import {TwinArgs} from "./TwinArgs.sol";
import {Asset, Config, Exit, KIND_ETH, KIND_TWIN721, Output, Phase} from "./Types.sol";
import {
    AlreadyClaimed,
    BadAssets,
    BadConfig,
    BadDepth,
    BadGasLimit,
    BadKind,
    BadPhase,
    BadProof,
    BadSeal,
    CapExceeded,
    DataTooLong,
    DepositsEnded,
    DepositsMissed,
    DepositsOpen,
    Insolvent,
    NotAllowed,
    NotNext,
    OutOfRange,
    TooEarly,
    TreeFull,
    UnknownAsset
} from "./Errors.sol";

/// @notice The L1 side of one flash layer: takes deposits, is settled once, pays every exit once.
/// @dev Lives behind an immutable clone whose only argument is the hash of its config. No owner, no pause,
/// no upgrade. Functions that need the config take it and check the hash.
contract FlashLayer {
    using Frontier for bytes32[32];

    /// @notice Added to the address of a contract that deposits, so that it cannot pass for an account of the
    /// layer that happens to have the same address.
    uint160 public constant ALIAS_OFFSET = uint160(0x1111000000000000000000000000000000001111);

    /// @notice Most bytes of data in one deposit.
    uint256 public constant MAX_DEPOSIT_DATA = 8192;

    /// @notice Most gas that one deposit may ask for: the most that a transaction may use (EIP-7825).
    uint64 public constant MAX_DEPOSIT_GAS = 1 << 24;

    /// @notice The code behind every twin.
    address public immutable twinImplementation;

    /// @dev The implementation itself, which is not a layer.
    address private immutable _self = address(this);

    // ---- slot 0: written by deposits ----

    /// @notice Number of deposits so far; the next one gets this index.
    uint64 public depositCount;
    /// @notice Sum of all deposits, in wei.
    uint128 public depositedWei;
    /// @notice Whether deposits were ended by call; the cut-off ends them too.
    bool public depositsClosed;

    // ---- slots 1 to 3: written by settle ----

    /// @notice Root of the exit tree.
    bytes32 public exitRoot;
    /// @notice State root of the layer's last block.
    bytes32 public stateRoot;
    /// @notice When claims start (unix seconds); zero before settlement.
    uint64 public finalAt;
    /// @notice Number of the layer's last block.
    uint64 public lastBlock;
    /// @notice Number of exits.
    uint32 public leafCount;
    /// @notice Number of exits whose leaves are in L1 calldata, from index 0 on.
    uint32 public publishedCount;
    /// @notice Height of the exit tree.
    uint8 public depth;

    /// @dev Deposit tree, newest complete left subtree per level.
    bytes32[32] private _deposits;
    /// @dev One bit per exit.
    mapping(uint256 word => uint256 bits) private _claimed;
    /// @dev Twin per asset index.
    mapping(uint256 asset => address twin) private _twins;

    /// @notice A deposit was taken; the layer credits `value` to `from`, then calls `to` with it.
    event Deposited(
        uint64 indexed index,
        address indexed from,
        address indexed to,
        uint8 kind,
        address token,
        uint256 value,
        uint64 gasLimit,
        bytes data
    );
    /// @notice Deposits were ended early.
    event DepositsClosed(uint64 count);
    /// @notice The layer was settled; claims start at `finalAt`.
    event Settled(bytes32 indexed output, Output o, address proposer, uint64 finalAt);
    /// @notice The L1 twin of a collection was deployed.
    event TwinDeployed(uint32 indexed asset, address indexed l2, address indexed twin);
    /// @notice An exit was paid.
    event Claimed(uint256 indexed index, address indexed recipient, uint32 asset, uint256 id, uint256 value);
    /// @notice The leaves [start, start + count) are in this transaction's calldata, checked against the root.
    event LeavesPublished(uint256 start, uint256 count);

    /// @notice Fixes the code behind every twin.
    constructor(address twinImplementation_) {
        twinImplementation = twinImplementation_;
    }

    // ------------------------------------------------------------------------------------ deposits

    /// @notice Deposits the sent ETH: the layer credits it to the caller, then calls `to` with it and `data`.
    /// A call that fails there leaves the credit. With no ETH this forces a transaction.
    /// @dev Contracts are aliased, see ALIAS_OFFSET. `to` zero is a call to address zero, not a creation.
    function depositETH(Config calldata c, address to, uint64 gasLimit, bytes calldata data) external payable {
        _requireConfig(c);
        _requireDeposit(c, gasLimit, data.length);
        uint64 index = depositCount;
        address from = msg.sender == tx.origin ? msg.sender : _alias(msg.sender);
        bytes32 leaf = keccak256(
            abi.encode(
                index,
                block.number,
                block.timestamp,
                KIND_ETH,
                from,
                to,
                address(0),
                msg.value,
                gasLimit,
                keccak256(data)
            )
        );
        depositCount = index + 1;
        depositedWei += uint128(msg.value);
        _deposits.append(index, leaf);
        emit Deposited(index, from, to, KIND_ETH, address(0), msg.value, gasLimit, data);
    }

    /// @notice Ends deposits now. Only the organiser and the operator may.
    function closeDeposits(Config calldata c) external {
        _requireConfig(c);
        if (msg.sender != c.organiser && msg.sender != c.operator) revert NotAllowed(msg.sender);
        if (depositsClosed) revert DepositsEnded();
        depositsClosed = true;
        emit DepositsClosed(depositCount);
    }

    /// @notice Root of the 32-level deposit tree, and the number of deposits in it.
    function depositRoot() external view returns (bytes32 root, uint64 count) {
        count = depositCount;
        root = _deposits.root(count, 32);
    }

    // ---------------------------------------------------------------------------------- settlement

    /// @notice Settles the layer, once and for ever: proves the seal in the final state, deploys the twins,
    /// and opens claims after the window. In mode A only the operator may, and its word is the state root.
    /// @param accountProof Trie proof of the sealer's account in `o.stateRoot`, as from eth_getProof.
    /// @param storageProof Trie proof of the sealer's slot 0.
    function settle(
        Config calldata c,
        Output calldata o,
        Asset[] calldata assets,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external {
        _requireConfig(c);
        if (msg.sender != c.operator) revert NotAllowed(msg.sender);
        if (finalAt != 0) revert BadPhase(phase());
        if (!depositsClosed && block.timestamp < c.depositCutoff) revert DepositsOpen(c.depositCutoff);
        _requireOutput(o);
        _requireAssets(o, assets);
        _requireSeal(o, SealProof.read(o.stateRoot, accountProof, storageProof));

        exitRoot = o.exitRoot;
        stateRoot = o.stateRoot;
        uint64 claimsFrom = uint64(block.timestamp) + c.window;
        finalAt = claimsFrom;
        lastBlock = o.lastBlock;
        leafCount = o.leafCount;
        depth = o.depth;
        _deployTwins(assets, c.twinBaseUri);
        emit Settled(keccak256(abi.encode(o)), o, msg.sender, claimsFrom);
    }

    // -------------------------------------------------------------------------------------- claims

    /// @notice Pays exit `index` to its recipient. Anyone may call.
    /// @param proof The `depth` siblings of the leaf, from the bottom up.
    function claim(uint256 index, Exit calldata e, bytes32[] calldata proof) external {
        _requireFinal();
        if (index >= leafCount) revert OutOfRange(index + 1, leafCount);
        uint256 word = _claimed[index >> 8];
        uint256 bit = uint256(1) << (index & 0xff);
        if (word & bit != 0) revert AlreadyClaimed(index);
        bytes32 leaf = ExitTree.leaf(index, e.asset, e.recipient, e.id, e.value);
        if (!ExitTree.verify(exitRoot, depth, index, leaf, proof)) revert BadProof();

        _claimed[index >> 8] = word | bit;
        _pay(index, e.asset, e.recipient, e.id, e.value);
    }

    /// @notice Pays all unpaid exits among the packed leaves, which stand from `start` on. Anyone may call.
    /// @return paid How many were paid now; the others had been before.
    function claimRange(uint256 start, bytes calldata packed, bytes32[] calldata siblings)
        external
        returns (uint256 paid)
    {
        _requireFinal();
        uint256 count = _requireRange(start, packed, siblings);
        uint256[] memory fresh = _claimWords(start, count);
        paid = _payFresh(start, packed, fresh);
    }

    /// @notice Puts the next leaves into L1 calldata, where everyone finds them for ever. Anyone may call.
    function publishLeaves(uint256 start, bytes calldata packed, bytes32[] calldata siblings) external {
        if (finalAt == 0) revert BadPhase(phase());
        if (start != publishedCount) revert NotNext(start, publishedCount);
        uint256 count = _requireRange(start, packed, siblings);

        // Within the 32 bits of leafCount, see _requireRange.
        publishedCount = uint32(start + count);
        emit LeavesPublished(start, count);
    }

    // --------------------------------------------------------------------------------------- views

    /// @notice Hash of this layer's config.
    function configHash() public view returns (bytes32) {
        return bytes32(LibClone.argsOnClone(address(this), 0, 32));
    }

    /// @notice Where this layer stands.
    function phase() public view returns (Phase) {
        if (address(this) == _self) return Phase.None;
        if (finalAt == 0) return Phase.Open;
        return block.timestamp < finalAt ? Phase.Settled : Phase.Final;
    }

    /// @notice Kind and L1 token of an asset; ETH has no token.
    function asset(uint32 index) external view returns (uint8 kind, address token) {
        if (index == 0) return (KIND_ETH, address(0));
        return (KIND_TWIN721, tokenOf(index));
    }

    /// @notice L1 token of an asset, zero for ETH.
    function tokenOf(uint32 index) public view returns (address token) {
        token = _twins[index];
        if (index != 0 && token == address(0)) revert UnknownAsset(index);
    }

    /// @notice Whether exit `index` was paid.
    function isClaimed(uint256 index) external view returns (bool) {
        return (_claimed[index >> 8] >> (index & 0xff)) & 1 == 1;
    }

    /// @notice Number of exits that were paid. Reads one slot per 256 exits: for calls, not for contracts.
    function claimedCount() external view returns (uint256 count) {
        uint256 words = (uint256(leafCount) + 255) >> 8;
        for (uint256 word; word < words; ++word) {
            count += LibBit.popCount(_claimed[word]);
        }
    }

    /// @notice Whether nothing is lost when the layer's own data is deleted: final, and every leaf on the L1.
    function isDisposable() external view returns (bool) {
        return phase() == Phase.Final && publishedCount == leafCount;
    }

    // -------------------------------------------------------------------------------------- checks

    function _requireConfig(Config calldata c) private view {
        bytes32 got = keccak256(abi.encode(c));
        bytes32 expected = configHash();
        if (got != expected) revert BadConfig(got, expected);
    }

    function _requireDeposit(Config calldata c, uint64 gasLimit, uint256 dataLength) private view {
        if (depositsClosed || block.timestamp >= c.depositCutoff) revert DepositsEnded();
        if (dataLength > MAX_DEPOSIT_DATA) revert DataTooLong(dataLength, MAX_DEPOSIT_DATA);
        uint256 minimum = 21_000 + 16 * dataLength;
        if (gasLimit < minimum || gasLimit > MAX_DEPOSIT_GAS) revert BadGasLimit(gasLimit, minimum, MAX_DEPOSIT_GAS);
        uint256 total = uint256(depositedWei) + msg.value;
        if (total > c.tvlCapWei) revert CapExceeded(total, c.tvlCapWei);
        if (depositCount >= Frontier.CAPACITY) revert TreeFull();
    }

    function _requireOutput(Output calldata o) private view {
        if (o.depositCount != depositCount) revert DepositsMissed(o.depositCount, depositCount);
        uint256 expected = ExitTree.depthOf(o.leafCount);
        if (o.depth != expected) revert BadDepth(o.depth, expected);
    }

    function _requireAssets(Output calldata o, Asset[] calldata assets) private view {
        bytes32 got;
        for (uint32 i; i < assets.length; ++i) {
            Asset calldata a = assets[i];
            if (a.kind != (i == 0 ? KIND_ETH : KIND_TWIN721)) revert BadKind(i, a.kind);
            got = Seal.fold(got, i, a);
        }
        if (got != o.assetsHash) revert BadAssets(got, o.assetsHash);
        uint256 owed = assets[0].total;
        if (owed > address(this).balance) revert Insolvent(owed, address(this).balance);
    }

    function _requireSeal(Output calldata o, bytes32 got) private pure {
        bytes32 expected = Seal.hash(o.exitRoot, o.leafCount, o.depth, o.depositCount, o.assetsHash);
        if (got != expected) revert BadSeal(got, expected);
    }

    function _requireFinal() private view {
        uint64 claimsFrom = finalAt;
        if (claimsFrom == 0) revert BadPhase(phase());
        if (block.timestamp < claimsFrom) revert TooEarly(claimsFrom);
    }

    /// @notice Checks packed leaves against the exit root and returns how many there are.
    function _requireRange(uint256 start, bytes calldata packed, bytes32[] calldata siblings)
        private
        view
        returns (uint256 count)
    {
        if (start > leafCount) revert OutOfRange(start, leafCount);
        bytes32[] memory leaves = PackedLeaves.hashes(packed, start);
        count = leaves.length;
        if (start + count > leafCount) revert OutOfRange(start + count, leafCount);
        (bytes32 root, bool ok) = ExitTree.rangeRoot(leaves, start, depth, siblings);
        if (!ok || root != exitRoot) revert BadProof();
    }

    // ------------------------------------------------------------------------------------- effects

    function _deployTwins(Asset[] calldata assets, string calldata baseUri) private {
        for (uint32 i = 1; i < assets.length; ++i) {
            Asset calldata a = assets[i];
            bytes memory args = TwinArgs.encode(address(this), i, a, baseUri);
            address twin = LibClone.cloneDeterministic(twinImplementation, args, bytes32(uint256(i)));
            _twins[i] = twin;
            emit TwinDeployed(i, a.l2, twin);
        }
    }

    /// @notice Marks [start, start + count) as claimed. The result is shaped like the bitmap, from the word of
    /// `start` on: a bit says that the exit was unpaid until now.
    /// @dev All marks are set before the first payment, so that a recipient's code finds them set.
    function _claimWords(uint256 start, uint256 count) private returns (uint256[] memory fresh) {
        uint256 firstWord = start >> 8;
        uint256 lastWord = (start + count - 1) >> 8;
        fresh = new uint256[](lastWord - firstWord + 1);
        for (uint256 word = firstWord; word <= lastWord; ++word) {
            uint256 mask = type(uint256).max;
            if (word == firstWord) mask <<= start & 0xff;
            if (word == lastWord) mask &= type(uint256).max >> (255 - ((start + count - 1) & 0xff));
            uint256 before = _claimed[word];
            fresh[word - firstWord] = mask & ~before;
            _claimed[word] = before | mask;
        }
    }

    function _payFresh(uint256 start, bytes calldata packed, uint256[] memory fresh) private returns (uint256 paid) {
        uint256 firstWord = start >> 8;
        uint256 index = start;
        uint256 offset;
        while (offset < packed.length) {
            PackedLeaves.Segment memory s;
            (s, offset) = PackedLeaves.segment(packed, offset);
            for (uint256 i; i < s.count; ++i) {
                address recipient;
                uint256 id;
                uint256 value;
                (recipient, id, value, offset) = PackedLeaves.item(packed, s, i, offset);
                if ((fresh[(index >> 8) - firstWord] >> (index & 0xff)) & 1 == 1) {
                    _pay(index, s.asset, recipient, id, value);
                    ++paid;
                }
                ++index;
            }
        }
    }

    /// @notice Hands one exit over. A recipient cannot refuse: ETH is forced, tokens come without a callback.
    function _pay(uint256 index, uint32 asset_, address recipient, uint256 id, uint256 value) private {
        if (asset_ == 0) {
            SafeTransferLib.forceSafeTransferETH(recipient, value);
        } else {
            FlashTwin721(tokenOf(asset_)).mint(recipient, id);
        }
        emit Claimed(index, recipient, asset_, id, value);
    }

    function _alias(address account) private pure returns (address) {
        unchecked {
            return address(uint160(account) + ALIAS_OFFSET);
        }
    }
}
