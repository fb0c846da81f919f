// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AssetList} from "./AssetList.sol";
import {ExitTree} from "./ExitTree.sol";
import {Frontier} from "./Frontier.sol";
import {Guarded} from "./Guarded.sol";
import {IL2Bridge, IWrapped} from "./IL2Bridge.sol";
import {Predeploys} from "./Predeploys.sol";
import {Seal} from "./Seal.sol";
import {
    Asset,
    KIND_BULK721,
    KIND_ERC1155,
    KIND_ERC20,
    KIND_ERC721,
    KIND_ETH,
    KIND_TWIN1155,
    KIND_TWIN20,
    KIND_TWIN721
} from "./Types.sol";
import {
    AlreadyFrozen,
    AlreadySealed,
    AssetOpen,
    LengthsDiffer,
    NotFrozen,
    NotListed,
    NotSystem,
    TooManyLeaves,
    Unbalanced
} from "./Errors.sol";

/// @notice Turns what the layer's accounts own at its end into the exit tree. Predeployed on every layer at
/// Predeploys.SEALER; its code is part of the genesis, so the tree is covered by the same state root as everything.
/// @dev Driven by the system address after the last user transaction: freeze, sweepETH until all ETH is found, then for
/// each token add, sweep and close, at last seal. Each sweep may be split over any number of calls.
///
/// What must balance: ETH, and the wrapped tokens of the L1, whose code is the layer's own; `seal` refuses otherwise. A
/// token that was born on the layer answers what it likes; when its answers do not add up, `closeAsset` takes all its
/// leaves back and the layer seals without it.
///
/// Slots 1 to 3 are written by the layer's executor, natively, before `seal` runs; this contract reads them.
contract ExitSealer is AssetList {
    using Frontier for bytes32[32];

    /// @notice The only account that may drive the sealer. It has no key.
    address public constant SYSTEM = Predeploys.SYSTEM;

    /// @notice User transactions have ended.
    event Frozen();
    /// @notice One leaf of the exit tree.
    event Exit(uint32 indexed index, uint32 asset, address recipient, uint256 id, uint256 value);
    /// @notice The leaf before this log is of `holder`, a contract that named another recipient.
    event RecipientNamed(uint32 indexed index, address holder);
    /// @notice The answers of a token do not add up, or nobody has any of it: it leaves the list, and its leaves, from
    /// `leafCount` on, the tree.
    event AssetDropped(uint32 indexed asset, address l2, uint256 swept, uint256 supply, uint32 leafCount);
    /// @notice All of an asset is swept.
    event AssetClosed(uint32 indexed asset, uint256 total);
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

    // ------------------------------------------------------------------------------------ life

    /// @notice Ends user transactions and starts the asset list with ETH.
    function freeze() external onlySystem {
        if (frozen) revert AlreadyFrozen();
        frozen = true;
        _list(Asset(KIND_ETH, address(0), 18, "", "", 0));
        emit Frozen();
    }

    /// @notice Seals the exits, for ever. Every wei that was minted must have been swept or burned, and every wrapped
    /// token that anybody has must be in the list.
    function seal() external onlySystem whileCollecting {
        if (_open.asset != 0) revert AssetOpen(_open.asset);
        uint256 found = _assets[0].total + ethBurned;
        if (found != ethMinted) revert Unbalanced(0, found, ethMinted);
        _requireWrapped();
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

    // ---------------------------------------------------------------------------------- assets

    /// @notice Puts the ERC-20 `token` into the asset list and opens it for its sweep.
    function addAsset20(address token) external onlySystem whileCollecting returns (uint32) {
        return _add(token, KIND_ERC20, KIND_TWIN20, Guarded.decimals(token));
    }

    /// @notice Puts the ERC-721 collection `token` into the asset list and opens it for its sweep.
    function addAsset721(address token) external onlySystem whileCollecting returns (uint32) {
        return _add(token, KIND_ERC721, KIND_TWIN721, 0);
    }

    /// @notice Like `addAsset721`, for a collection whose L1 twin is to keep its owners in chunks.
    function addAssetBulk721(address token) external onlySystem whileCollecting returns (uint32) {
        return _add(token, KIND_ERC721, KIND_BULK721, 0);
    }

    /// @notice Puts the ERC-1155 contract `token` into the asset list and opens it for its sweep.
    function addAsset1155(address token) external onlySystem whileCollecting returns (uint32) {
        return _add(token, KIND_ERC1155, KIND_TWIN1155, 0);
    }

    /// @notice Ends the sweep of the open asset and compares it with what the token says of its supply. A wrapped token
    /// must balance. Any other that does not is dropped, with all its leaves; so is one of which nobody has anything.
    /// @return kept Whether the asset stays in the list.
    function closeAsset(uint32 asset) external onlySystem whileCollecting returns (bool kept) {
        _requireOpen(asset);
        Open memory open = _open;
        Asset storage a = _assets[asset];
        (address token, uint256 swept) = (a.l2, a.total);
        if (open.started && a.kind == KIND_TWIN1155) _compareId(open, token);
        (bool balanced, uint256 supply) = _balance(a.kind, token, swept);
        balanced = balanced && !open.broken;
        if (!balanced && _isWrapped(a.kind)) revert Unbalanced(asset, swept, supply);
        kept = balanced && swept != 0;
        if (kept) {
            delete _open;
            emit AssetClosed(asset, swept);
        } else {
            _drop();
            emit AssetDropped(asset, token, swept, supply, leafCount);
        }
    }

    // ---------------------------------------------------------------------------------- sweeps

    /// @notice Makes a leaf of the balance of each of `holders`, unless it is zero.
    /// @param holders Strictly ascending, over all calls; `seal` finds out whether one is missing.
    function sweepETH(address[] calldata holders) external onlySystem whileCollecting {
        if (_open.asset != 0) revert AssetOpen(_open.asset);
        Sweep memory sweep = _begin(_ethCursor);
        for (uint256 i; i < holders.length; ++i) {
            _advance(sweep.cursor, uint160(holders[i]));
            _exit(sweep, 0, holders[i], 0, holders[i].balance);
        }
        _ethCursor = sweep.cursor;
        _end(sweep, 0);
    }

    /// @notice Makes a leaf of the balance of each of `holders`, unless it is zero.
    /// @param holders Strictly ascending, over all calls for the asset.
    function sweep20(uint32 asset, address[] calldata holders) external onlySystem whileCollecting {
        address token = _requireOpenKind(asset, KIND_ERC20, KIND_TWIN20, KIND_TWIN20);
        Sweep memory sweep = _begin(_open.cursor);
        for (uint256 i; i < holders.length; ++i) {
            _advance(sweep.cursor, uint160(holders[i]));
            _exit(sweep, asset, holders[i], 0, Guarded.balanceOf(token, holders[i]));
        }
        _open.cursor = sweep.cursor;
        _end(sweep, asset);
    }

    /// @notice Makes a leaf of each of `ids` that has an owner.
    /// @param ids Strictly ascending, over all calls for the asset.
    function sweep721(uint32 asset, uint256[] calldata ids) external onlySystem whileCollecting {
        address token = _requireOpenKind(asset, KIND_ERC721, KIND_TWIN721, KIND_BULK721);
        Sweep memory sweep = _begin(_open.cursor);
        for (uint256 i; i < ids.length; ++i) {
            _advance(sweep.cursor, ids[i]);
            address owner = Guarded.ownerOf(token, ids[i]);
            if (owner != address(0)) _exit(sweep, asset, owner, ids[i], 1);
        }
        _open.cursor = sweep.cursor;
        _end(sweep, asset);
    }

    /// @notice Makes a leaf of what `holders[i]` has of token `ids[i]`, unless it is zero.
    /// @param ids Ascending, over all calls for the asset.
    /// @param holders As many; strictly ascending where the id stays the same.
    function sweep1155(uint32 asset, uint256[] calldata ids, address[] calldata holders)
        external
        onlySystem
        whileCollecting
    {
        address token = _requireOpenKind(asset, KIND_ERC1155, KIND_TWIN1155, KIND_TWIN1155);
        if (ids.length != holders.length) revert LengthsDiffer(ids.length, holders.length);
        Open memory open = _open;
        Sweep memory sweep = _begin(open.cursor);
        for (uint256 i; i < ids.length; ++i) {
            _turnTo(open, sweep, token, ids[i]);
            _advance(sweep.cursor, uint160(holders[i]));
            _exit(sweep, asset, holders[i], ids[i], Guarded.balanceOf(token, holders[i], ids[i]));
        }
        unchecked {
            // When this wraps, so does the asset's total, and `_end` marks the asset.
            open.idSwept += sweep.swept - sweep.sweptBefore;
        }
        open.cursor = sweep.cursor;
        _open = open;
        _end(sweep, asset);
    }

    // ------------------------------------------------------------------------------------------

    /// @dev What one call of a sweep has in memory.
    struct Sweep {
        bytes32[32] nodes;
        uint256 index;
        uint256 swept;
        // ERC-1155: what was swept before the id that is under way.
        uint256 sweptBefore;
        bool broken;
        Cursor cursor;
    }

    function _begin(Cursor memory cursor) private view returns (Sweep memory sweep) {
        sweep.index = leafCount;
        sweep.nodes = _nodes.load(sweep.index);
        sweep.cursor = cursor;
    }

    /// @notice Adds a leaf for what `holder` owns, if it owns anything.
    function _exit(Sweep memory sweep, uint32 asset, address holder, uint256 id, uint256 value) private {
        if (value == 0) return;
        uint256 index = sweep.index;
        if (index == Frontier.CAPACITY) revert TooManyLeaves();
        address recipient = Guarded.exitRecipient(holder, asset, id, value);
        Frontier.push(sweep.nodes, index, ExitTree.leaf(index, asset, recipient, id, value));
        // Below CAPACITY.
        emit Exit(uint32(index), asset, recipient, id, value);
        if (recipient != holder) emit RecipientNamed(uint32(index), holder);
        unchecked {
            sweep.index = index + 1;
            sweep.swept += value;
            if (sweep.swept < value) sweep.broken = true;
        }
    }

    function _end(Sweep memory sweep, uint32 asset) private {
        _nodes.save(sweep.nodes, sweep.index);
        leafCount = uint32(sweep.index);
        unchecked {
            uint256 total = _assets[asset].total + sweep.swept;
            // No supply is as large: a sum over 2^256 stands for nothing.
            if (sweep.broken || total < sweep.swept) _open.broken = true;
            _assets[asset].total = total;
        }
    }

    /// @notice Goes on with token `id`, or closes the one before it.
    function _turnTo(Open memory open, Sweep memory sweep, address token, uint256 id) private view {
        if (open.started && id == open.id) return;
        if (open.started) {
            _requireAscending(id, open.id);
            unchecked {
                open.idSwept += sweep.swept - sweep.sweptBefore;
            }
            _compareId(open, token);
        }
        (open.started, open.id, open.idSwept) = (true, id, 0);
        sweep.sweptBefore = sweep.swept;
        sweep.cursor = Cursor(false, 0);
    }

    /// @notice Compares what was swept of an id with its supply, if the token knows that.
    function _compareId(Open memory open, address token) private view {
        (bool answered, uint256 supply) = Guarded.totalSupply(token, open.id);
        if (answered && supply != open.idSwept) open.broken = true;
    }

    /// @notice Whether what was swept is what the token says that there is.
    function _balance(uint8 kind, address token, uint256 swept) private view returns (bool balanced, uint256 supply) {
        if (_isWrapped(kind)) {
            supply = IWrapped(token).totalSupply();
            return (supply == swept, supply);
        }
        // Supplies per id were compared on the way, a collection without enumeration has none.
        if (kind == KIND_TWIN1155) return (true, 0);
        if (kind != KIND_TWIN20 && !Guarded.isEnumerable(token)) return (true, 0);
        (balanced, supply) = Guarded.totalSupply(token);
        balanced = balanced && supply == swept;
    }

    function _requireWrapped() private view {
        address[] memory tokens = IL2Bridge(Predeploys.BRIDGE).tokens();
        for (uint256 i; i < tokens.length; ++i) {
            if (_indexOf[tokens[i]] == 0 && IWrapped(tokens[i]).totalSupply() != 0) revert NotListed(tokens[i]);
        }
    }
}
