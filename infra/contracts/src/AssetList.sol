// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ExitTree} from "./ExitTree.sol";
import {Frontier} from "./Frontier.sol";
import {Guarded} from "./Guarded.sol";
import {IL2Bridge} from "./IL2Bridge.sol";
import {Predeploys} from "./Predeploys.sol";
import {Seal} from "./Seal.sol";
import {TwinArgs} from "./TwinArgs.sol";
import {Asset, KIND_ERC1155, KIND_ERC20, KIND_ERC721} from "./Types.sol";
import {AssetExists, AssetOpen, NotAscending, NotOpen, TooManyAssets, WrongKind} from "./Errors.sol";

/// @notice Storage of the sealer, and its list of assets: at most one is open, and it is the last.
abstract contract AssetList {
    using Frontier for bytes32[32];

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

    /// @notice Slot 4, with `leafCount`. Whether user transactions have ended.
    bool public frozen;
    /// @notice Number of exits so far.
    uint32 public leafCount;
    /// @notice Rolling hash of the asset list, see Seal.fold; zero until sealed.
    bytes32 public assetsHash;
    /// @notice Root of the exit tree; zero until sealed, and for no exits.
    bytes32 public exitRoot;

    bytes32[32] internal _nodes;
    Asset[] internal _assets;
    mapping(address token => uint256 asset) internal _indexOf;
    /// @dev How far the holders of ETH are swept.
    Cursor internal _ethCursor;
    /// @dev The asset whose sweep is under way.
    Open internal _open;
    /// @dev The tree before the open asset.
    bytes32[32] private _nodesBefore;

    /// @dev How far the holders or the ids of an asset are swept.
    struct Cursor {
        bool started;
        uint256 last;
    }

    /// @dev All zero when no asset is open.
    struct Open {
        uint32 asset;
        // Number of leaves before the asset.
        uint32 leavesBefore;
        // The token's answers cannot all be true.
        bool broken;
        // ERC-1155: whether an id was begun, which one, and what was swept of it.
        bool started;
        uint256 id;
        uint256 idSwept;
        Cursor cursor;
    }

    /// @notice An asset got an index.
    event AssetAdded(uint32 indexed asset, uint8 kind, address l2, uint8 decimals, string name, string symbol);

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

    /// @notice Index of a token, zero when it has none.
    function assetOf(address token) external view returns (uint32) {
        return uint32(_indexOf[token]);
    }

    /// @notice Index of the asset whose sweep is under way, zero when there is none.
    function openAsset() external view returns (uint32) {
        return _open.asset;
    }

    /// @notice Lists `token` as `wrapped` when the bridge knows it so, as `born` when the bridge does not know it.
    function _add(address token, uint8 wrapped, uint8 born, uint8 decimals) internal returns (uint32 asset) {
        if (_open.asset != 0) revert AssetOpen(_open.asset);
        if (_indexOf[token] != 0) revert AssetExists(token, uint32(_indexOf[token]));
        if (_assets.length == MAX_ASSETS) revert TooManyAssets(MAX_ASSETS);
        uint8 kind = IL2Bridge(Predeploys.BRIDGE).kindOf(token);
        if (kind == 0) kind = born;
        else if (kind != wrapped) revert WrongKind(token, kind);
        // name() and symbol().
        string memory name = Guarded.text(token, 0x06fdde03, TwinArgs.MAX_TEXT);
        string memory symbol = Guarded.text(token, 0x95d89b41, TwinArgs.MAX_TEXT);
        asset = _list(Asset(kind, token, decimals, name, symbol, 0));
        _indexOf[token] = asset;
        (_open.asset, _open.leavesBefore) = (asset, leafCount);
        _nodesBefore.save(_nodes.load(leafCount), leafCount);
    }

    function _list(Asset memory a) internal returns (uint32 index) {
        index = uint32(_assets.length);
        _assets.push(a);
        emit AssetAdded(index, a.kind, a.l2, a.decimals, a.name, a.symbol);
    }

    /// @notice Takes the open asset and all its leaves back.
    function _drop() internal {
        uint32 count = _open.leavesBefore;
        _nodes.save(_nodesBefore.load(count), count);
        leafCount = count;
        delete _indexOf[_assets[_open.asset].l2];
        _assets.pop();
        delete _open;
    }

    function _foldAssets() internal view returns (bytes32 hash) {
        for (uint32 i; i < _assets.length; ++i) {
            hash = Seal.fold(hash, i, _assets[i]);
        }
    }

    function _advance(Cursor memory cursor, uint256 to) internal pure {
        if (cursor.started) _requireAscending(to, cursor.last);
        (cursor.started, cursor.last) = (true, to);
    }

    function _requireAscending(uint256 got, uint256 last) internal pure {
        if (got <= last) revert NotAscending(got, last);
    }

    function _requireOpen(uint32 asset) internal view {
        if (asset == 0 || asset != _open.asset) revert NotOpen(asset, _open.asset);
    }

    /// @notice The token of the open asset, which is of one of three kinds.
    function _requireOpenKind(uint32 asset, uint8 a, uint8 b, uint8 c) internal view returns (address token) {
        _requireOpen(asset);
        uint8 kind = _assets[asset].kind;
        token = _assets[asset].l2;
        if (kind != a && kind != b && kind != c) revert WrongKind(token, kind);
    }

    function _isWrapped(uint8 kind) internal pure returns (bool) {
        return kind == KIND_ERC20 || kind == KIND_ERC721 || kind == KIND_ERC1155;
    }
}
