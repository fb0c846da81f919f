// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LibClone} from "solady/utils/LibClone.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {ExitTree} from "./ExitTree.sol";
import {LayerState} from "./LayerState.sol";
import {Seal} from "./Seal.sol";
import {Signed} from "./Signed.sol";
import {StateProof} from "./StateProof.sol";
import {TwinArgs} from "./TwinArgs.sol";
import {
    Asset,
    Config,
    KIND_BULK721,
    KIND_ERC1155,
    KIND_ERC20,
    KIND_ERC721,
    KIND_ETH,
    KIND_TWIN1155,
    KIND_TWIN20,
    KIND_TWIN721,
    MODE_ATTESTED,
    Output,
    Phase,
    Twins
} from "./Types.sol";
import {
    AssetTwice,
    BadAssets,
    BadBatches,
    BadBond,
    BadDepth,
    BadKind,
    BadPhase,
    BadSeal,
    DepositsMissed,
    DepositsOpen,
    Insolvent,
    NotAllowed,
    TooLate,
    UnsupportedMode
} from "./Errors.sol";

/// @notice How the layer's end becomes the L1's truth.
abstract contract LayerSettlement is LayerState {
    /// @notice The code behind the twins of each kind.
    address public immutable twin20;
    address public immutable twin721;
    address public immutable bulk721;
    address public immutable twin1155;

    /// @notice The layer was settled; claims start at `finalAt`.
    event Settled(bytes32 indexed output, Output o, address proposer, uint64 finalAt);
    /// @notice The L1 twin of a token of the layer was deployed.
    event TwinDeployed(uint32 indexed asset, address indexed l2, address indexed twin);
    /// @notice The settlement was vetoed; another one may follow.
    event Rejected(bytes32 indexed output);

    /// @notice Fixes the code behind the twins.
    constructor(Twins memory twins) {
        twin20 = twins.twin20;
        twin721 = twins.twin721;
        bulk721 = twins.bulk721;
        twin1155 = twins.twin1155;
    }

    /// @notice Settles the layer: proves the seal in the final state, deploys the twins, and opens claims after the
    /// window. Nobody may from T1 + T2 after the end on.
    ///
    /// | mode | until T1 after the end | then |
    /// |------|------------------------|------|
    /// | A    | the operator           | also the organiser, and whoever has its signature of the output |
    /// | B    | the operator, with the signatures of a quorum | also anybody with them, and with the rescue bond |
    ///
    /// @param accountProof Trie proof of the sealer's account in `o.stateRoot`, as from eth_getProof.
    /// @param storageProof Trie proof of the sealer's slot 0.
    /// @param signatures Of the output's hash, see `Signed`; by attestors in ascending order of their addresses.
    function settle(
        Config calldata c,
        Output calldata o,
        Asset[] calldata assets,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof,
        bytes[] calldata signatures
    ) external payable {
        _requireConfig(c);
        _requireUnsettled();
        if (!_depositsClosed && block.timestamp < c.depositCutoff) revert DepositsOpen(c.depositCutoff);
        bytes32 output = keccak256(abi.encode(o));
        _requireProposer(c, output, signatures);
        _requireOutput(o);
        bytes32 slot = bytes32(Seal.SLOT);
        _requireSeal(o, StateProof.slotOf(o.stateRoot, Seal.SEALER, slot, accountProof, storageProof));
        _takeAssets(o, assets, c.twinBaseUri);

        (_exitRoot, _stateRoot, _outputHash) = (o.exitRoot, o.stateRoot, output);
        uint64 claimsFrom = uint64(block.timestamp) + c.window;
        (_finalAt, _lastBlock, _leafCount, _depth) = (claimsFrom, o.lastBlock, o.leafCount, o.depth);
        // TooManyAssets in the sealer, and what fits into one transaction, are far below.
        _assetCount = uint16(assets.length);
        if (_rejected) _rejected = false;
        emit Settled(output, o, msg.sender, claimsFrom);
    }

    /// @notice Takes a settlement back in its window, when so many attestors are against it that the others are
    /// no quorum. A stranger's bond goes back to it: no veto is possible unless an attestor changed its mind.
    function veto(Config calldata c, bytes[] calldata signatures) external {
        _requireConfig(c);
        if (_phase() != Phase.Settled) revert BadPhase(_phase());
        if (c.mode != MODE_ATTESTED) revert UnsupportedMode(c.mode);
        bytes32 output = _outputHash;
        Signed.requireQuorum(Signed.veto(output), c.quorum.attestors, c.quorum.attestors.length - c.quorum.threshold + 1, signatures);

        _rejected = true;
        for (uint256 i = 1; i < _assetCount; ++i) {
            delete _assets[i];
        }
        (_exitRoot, _stateRoot, _outputHash) = (0, 0, 0);
        (_finalAt, _lastBlock, _leafCount, _publishedCount, _assetCount, _depth) = (0, 0, 0, 0, 0, 0);
        address to = _rescuer;
        if (to != address(0)) {
            _rescuer = address(0);
            SafeTransferLib.forceSafeTransferETH(to, c.quorum.rescueBond);
        }
        emit Rejected(output);
    }

    // -------------------------------------------------------------------------------------- checks

    function _requireProposer(Config calldata c, bytes32 output, bytes[] calldata signatures) private {
        uint256 rescueAt = uint256(c.endsAt) + c.settleDelay;
        if (block.timestamp >= rescueAt + c.rescueDelay) revert TooLate(rescueAt + c.rescueDelay);
        bool isStranger = msg.sender != c.operator;
        if (isStranger && block.timestamp < rescueAt) revert NotAllowed(msg.sender);

        bytes32 digest = Signed.settlement(output);
        uint256 stake;
        if (c.mode == MODE_ATTESTED) {
            Signed.requireQuorum(digest, c.quorum.attestors, c.quorum.threshold, signatures);
            if (isStranger) stake = c.quorum.rescueBond;
        } else if (isStranger && msg.sender != c.organiser) {
            bool vouched = signatures.length == 1 && Signed.isBy(c.organiser, digest, signatures[0]);
            if (!vouched) revert NotAllowed(msg.sender);
        }
        if (msg.value != stake) revert BadBond(msg.value, stake);
        if (stake != 0) _rescuer = msg.sender;
    }

    function _requireOutput(Output calldata o) private view {
        if (o.depositCount != _depositCount) revert DepositsMissed(o.depositCount, _depositCount);
        if (o.batchAcc != _batchAcc) revert BadBatches(o.batchAcc, _batchAcc);
        uint256 expected = ExitTree.depthOf(o.leafCount);
        if (o.depth != expected) revert BadDepth(o.depth, expected);
    }

    function _requireSeal(Output calldata o, bytes32 got) private pure {
        bytes32 expected = Seal.hash(o.exitRoot, o.leafCount, o.depth, o.depositCount, o.assetsHash);
        if (got != expected) revert BadSeal(got, expected);
    }

    // -------------------------------------------------------------------------------------- assets

    /// @notice Checks the asset list against its sealed hash and what is held, and gives each asset its L1 token.
    function _takeAssets(Output calldata o, Asset[] calldata assets, string calldata baseUri) private {
        bytes32 got;
        for (uint32 i; i < assets.length; ++i) {
            Asset calldata a = assets[i];
            if ((a.kind == KIND_ETH) != (i == 0)) revert BadKind(i, a.kind);
            got = Seal.fold(got, i, a);
            address token = a.l2;
            if (i == 0) {
                if (a.total > _depositedWei) revert Insolvent(i, a.total, _depositedWei);
                continue;
            }
            if (_isHeld(a.kind)) _requireHeld(assets, i);
            else token = _twin(i, a, baseUri);
            _assets[i] = _key(a.kind, token);
        }
        if (got != o.assetsHash) revert BadAssets(got, o.assetsHash);
    }

    function _isHeld(uint8 kind) private pure returns (bool) {
        return kind == KIND_ERC20 || kind == KIND_ERC721 || kind == KIND_ERC1155;
    }

    /// @dev A token that stood in the list twice would be held twice.
    function _requireHeld(Asset[] calldata assets, uint32 i) private view {
        Asset calldata a = assets[i];
        uint256 held = _escrow[_key(a.kind, a.l2)];
        if (a.total > held) revert Insolvent(i, a.total, held);
        for (uint256 j = 1; j < i; ++j) {
            if (assets[j].l2 == a.l2 && assets[j].kind == a.kind) revert AssetTwice(i);
        }
    }

    /// @dev After a veto a twin may be there already; its address says that it is the same one.
    function _twin(uint32 i, Asset calldata a, string calldata baseUri) private returns (address twin) {
        bytes memory args = TwinArgs.encode(address(this), i, a, baseUri);
        (, twin) = LibClone.createDeterministicClone(_codeOf(i, a.kind), args, bytes32(uint256(i)));
        emit TwinDeployed(i, a.l2, twin);
    }

    function _codeOf(uint32 i, uint8 kind) private view returns (address code) {
        if (kind == KIND_TWIN20) code = twin20;
        else if (kind == KIND_TWIN721) code = twin721;
        else if (kind == KIND_BULK721) code = bulk721;
        else if (kind == KIND_TWIN1155) code = twin1155;
        else revert BadKind(i, kind);
    }
}
