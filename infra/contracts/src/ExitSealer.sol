// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ExitTree} from "./ExitTree.sol";
import {Frontier} from "./Frontier.sol";
import {Guarded} from "./Guarded.sol";
import {Seal} from "./Seal.sol";
import {TwinArgs} from "./TwinArgs.sol";
import {Asset, KIND_ETH, KIND_TWIN721} from "./Types.sol";
import {
    AlreadyFrozen,
    AlreadySealed,
    AssetExists,
    NotAscending,
    NotCollection,
    NotFrozen,
    NotSystem,
    TooManyAssets,
    TooManyLeaves,
    Unbalanced
} from "./Errors.sol";

/// @notice Turns what the layer's accounts own at its end into the exit tree. Predeployed on every layer at
/// Seal.SEALER; its code is part of the genesis, so the tree is covered by the same state root as everything.
/// @dev Driven by the system address after the last user transaction: freeze, sweepETH until all ETH is found,
/// addAsset721 and sweep721 per collection, seal. Each sweep may be split over any number of calls.
///
/// Slots 1 to 3 are written by the layer's executor, natively, before `seal` runs; this contract reads them.
contract ExitSealer {
    using Frontier for bytes32[32];

    /// @notice The only account that may drive the sealer. It has no key.
    address public constant SYSTEM = 0x4D61796600000000000000000000000000000000;

    /// @notice Most assets: `settle` deploys all twins in one L1 transaction.
    uint256 public constant MAX_ASSETS = 64;

    /// @notice Slot 0. What the L1 proves; zero until sealed.
    bytes32 public sealHash;
    /// @notice Slot 1. All ETH that genesis and deposits put on the layer, in wei. Written by the executor.
    uint256 public ethMinted;
    /// @notice Slot 2. All ETH that left circulation there, in wei. Written by the executor.
    uint256 public ethBurned;
    /// @notice Slot 3. Number of deposits that were taken in. Written by the executor.
    uint256 public depositCount;

    /// @notice Whether user transactions have ended.
    bool public frozen;
    /// @notice Number of exits so far.
    uint32 public leafCount;
    /// @notice Rolling hash of the asset list, see Seal.fold; zero until sealed.
    bytes32 public assetsHash;
    /// @notice Root of the exit tree; zero until sealed, and for no exits.
    bytes32 public exitRoot;

    bytes32[32] private _nodes;
    Asset[] private _assets;
    mapping(address token => uint256 asset) private _indexOf;
    mapping(uint256 asset => Cursor) private _cursors;

    /// @dev How far the holders (asset 0) or the ids of a collection are swept.
    struct Cursor {
        bool started;
        uint256 last;
    }

    /// @notice User transactions have ended.
    event Frozen();
    /// @notice A collection got an index.
    event AssetAdded(uint32 indexed asset, uint8 kind, address l2, uint8 decimals, string name, string symbol);
    /// @notice One leaf of the exit tree.
    event Exit(uint32 indexed index, uint32 asset, address recipient, uint256 id, uint256 value);
    /// @notice The layer is sealed: these fields hash to `sealHash`.
    event Sealed(
        bytes32 indexed sealHash,
        bytes32 exitRoot,
        uint32 leafCount,
        uint8 depth,
        uint64 depositCount,
        bytes32 assetsHash
    );

    modifier onlySystem() {
        if (msg.sender != SYSTEM) revert NotSystem(msg.sender);
        _;
    }

    /// @dev The time between freeze and seal, in which exits are collected.
    modifier whileCollecting() {
        if (!frozen) revert NotFrozen();
        if (sealHash != 0) revert AlreadySealed();
        _;
    }

    /// @notice Ends user transactions and starts the asset list with ETH.
    function freeze() external onlySystem {
        if (frozen) revert AlreadyFrozen();
        frozen = true;
        _addAsset(Asset(KIND_ETH, address(0), 18, "", "", 0));
        emit Frozen();
    }

    /// @notice Makes a leaf of the balance of each of `holders`, unless it is zero.
    /// @param holders Strictly ascending, over all calls; `seal` finds out whether one is missing.
    function sweepETH(address[] calldata holders) external onlySystem whileCollecting {
        Cursor memory cursor = _cursors[0];
        uint256 index = leafCount;
        uint256 swept;
        for (uint256 i; i < holders.length; ++i) {
            address holder = holders[i];
            _advance(cursor, uint160(holder));
            uint256 balance = holder.balance;
            if (balance == 0) continue;
            swept += balance;
            _exit(index++, 0, holder, 0, balance);
        }
        _finish(0, cursor, index, swept);
    }

    /// @notice Puts the collection `token` into the asset list, with the name and symbol it answers.
    function addAsset721(address token) external onlySystem whileCollecting returns (uint32 asset) {
        if (_indexOf[token] != 0) revert AssetExists(token, uint32(_indexOf[token]));
        if (_assets.length == MAX_ASSETS) revert TooManyAssets(MAX_ASSETS);
        string memory name = Guarded.text(token, 0x06fdde03, TwinArgs.MAX_TEXT);
        string memory symbol = Guarded.text(token, 0x95d89b41, TwinArgs.MAX_TEXT);
        asset = _addAsset(Asset(KIND_TWIN721, token, 0, name, symbol, 0));
        _indexOf[token] = asset;
    }

    /// @notice Makes a leaf of each of `ids` of collection `asset` that has an owner.
    /// @param ids Strictly ascending, over all calls for the asset.
    function sweep721(uint32 asset, uint256[] calldata ids) external onlySystem whileCollecting {
        if (asset == 0 || asset >= _assets.length) revert NotCollection(asset);
        address token = _assets[asset].l2;
        Cursor memory cursor = _cursors[asset];
        uint256 index = leafCount;
        for (uint256 i; i < ids.length; ++i) {
            _advance(cursor, ids[i]);
            address owner = Guarded.ownerOf(token, ids[i]);
            if (owner != address(0)) _exit(index++, asset, owner, ids[i], 1);
        }
        _finish(asset, cursor, index, index - leafCount);
    }

    /// @notice Seals the exits, for ever. Every wei that was minted must have been swept or burned.
    function seal() external onlySystem whileCollecting {
        uint256 found = _assets[0].total + ethBurned;
        if (found != ethMinted) revert Unbalanced(found, ethMinted);
        uint8 depth_ = depth();
        bytes32 root = _nodes.root(leafCount, depth_);
        // A count of deposits; the executor keeps it in 64 bits.
        uint64 deposits = uint64(depositCount);
        bytes32 list = _foldAssets();
        bytes32 hash = Seal.hash(root, leafCount, depth_, deposits, list);
        exitRoot = root;
        assetsHash = list;
        sealHash = hash;
        emit Sealed(hash, root, leafCount, depth_, deposits, list);
    }

    /// @notice Height of the exit tree.
    function depth() public view returns (uint8) {
        // At most 32, since leafCount has 32 bits.
        return uint8(ExitTree.depthOf(leafCount));
    }

    /// @notice The asset list as `settle` on the L1 wants it; empty before the freeze.
    function assets() external view returns (Asset[] memory) {
        return _assets;
    }

    /// @notice Number of assets, ETH included.
    function assetCount() external view returns (uint256) {
        return _assets.length;
    }

    /// @notice Index of a collection, zero when it has none.
    function assetOf(address token) external view returns (uint32) {
        return uint32(_indexOf[token]);
    }

    /// @notice Appends leaf `index` for what `holder` owns.
    function _exit(uint256 index, uint32 asset, address holder, uint256 id, uint256 value) private {
        if (index == Frontier.CAPACITY) revert TooManyLeaves();
        address recipient = Guarded.exitRecipient(holder, asset, id, value);
        _nodes.append(index, ExitTree.leaf(index, asset, recipient, id, value));
        // Below CAPACITY.
        emit Exit(uint32(index), asset, recipient, id, value);
    }

    function _addAsset(Asset memory a) private returns (uint32 index) {
        index = uint32(_assets.length);
        _assets.push(a);
        emit AssetAdded(index, a.kind, a.l2, a.decimals, a.name, a.symbol);
    }

    function _foldAssets() private view returns (bytes32 hash) {
        for (uint32 i; i < _assets.length; ++i) {
            hash = Seal.fold(hash, i, _assets[i]);
        }
    }

    function _advance(Cursor memory cursor, uint256 to) private pure {
        if (cursor.started && to <= cursor.last) revert NotAscending(to, cursor.last);
        cursor.started = true;
        cursor.last = to;
    }

    function _finish(uint32 asset, Cursor memory cursor, uint256 index, uint256 swept) private {
        _cursors[asset] = cursor;
        _assets[asset].total += swept;
        leafCount = uint32(index);
    }
}
