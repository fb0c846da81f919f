// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Phase} from "./Types.sol";

// ---- FlashFactory: fields of a Config ----

/// @notice The caller opens a layer in someone else's name.
error NotOrganiser(address got, address expected);
/// @notice No operator is named.
error ZeroOperator();
/// @notice The chain id is zero or above what wallets accept.
error BadChainId(uint64 got, uint64 max);
/// @notice The end has passed, or deposits would outlive it.
error BadTimes(uint64 depositCutoff, uint64 endsAt, uint256 nowAt);
/// @notice The claim window is longer than any mode needs.
error WindowTooLong(uint32 got, uint32 max);
/// @notice The assurance mode is not known.
error UnsupportedMode(uint8 got);
/// @notice The genesis block hash or state root is missing.
error ZeroGenesis();
/// @notice The base of the twins' token URIs is too long.
error UriTooLong(uint256 got, uint256 max);

// ---- FlashLayer ----

/// @notice The given config is not the one of this layer.
error BadConfig(bytes32 got, bytes32 expected);
/// @notice The caller may not do this.
error NotAllowed(address caller);
/// @notice Not possible in this phase.
error BadPhase(Phase have);
/// @notice Not possible before this time.
error TooEarly(uint64 opensAt);
/// @notice Deposits ended, at the cut-off or by `closeDeposits`.
error DepositsEnded();
/// @notice Deposits can still arrive, so the layer cannot settle.
error DepositsOpen(uint64 until);
/// @notice The gas limit of a deposit is outside its bounds.
error BadGasLimit(uint64 got, uint256 min, uint256 max);
/// @notice The data of a deposit is too long.
error DataTooLong(uint256 got, uint256 max);
/// @notice The deposit would lift the deposited ETH above the cap.
error CapExceeded(uint256 got, uint256 cap);
/// @notice The deposit tree is full.
error TreeFull();
/// @notice The layer took in another number of deposits than the L1 has.
error DepositsMissed(uint64 got, uint64 expected);
/// @notice The layer's exits are worth more ETH than is held here.
error Insolvent(uint256 owed, uint256 held);
/// @notice The depth does not follow from the number of leaves.
error BadDepth(uint256 got, uint256 expected);
/// @notice The seal in the proved state is not the one of the output.
error BadSeal(bytes32 got, bytes32 expected);
/// @notice The asset list is not the sealed one.
error BadAssets(bytes32 got, bytes32 expected);
/// @notice The kind of an asset is not known.
error BadKind(uint32 asset, uint8 kind);
/// @notice A collection's name or symbol is longer than a sealer lets through.
error TextTooLong(uint256 got, uint256 max);
/// @notice The asset has no entry in the list.
error UnknownAsset(uint32 asset);
/// @notice The leaves do not hash to the exit root.
error BadProof();
/// @notice The leaves lie outside the tree.
error OutOfRange(uint256 end, uint256 leafCount);
/// @notice The exit has been paid.
error AlreadyClaimed(uint256 index);
/// @notice Leaves are published in order, without gaps.
error NotNext(uint256 got, uint256 expected);
/// @notice Packed leaves are malformed at this byte.
error BadPacking(uint256 offset);

// ---- FlashTwin721 ----

/// @notice Only the twin's layer mints.
error NotLayer(address caller);

// ---- ExitSealer ----

/// @notice Only the system address drives the sealer.
error NotSystem(address caller);
/// @notice The layer is frozen already.
error AlreadyFrozen();
/// @notice The layer is not frozen yet.
error NotFrozen();
/// @notice The layer is sealed already.
error AlreadySealed();
/// @notice Holders and ids must be strictly ascending.
error NotAscending(uint256 got, uint256 last);
/// @notice The token is in the asset list already.
error AssetExists(address token, uint32 asset);
/// @notice The asset list is full.
error TooManyAssets(uint256 max);
/// @notice The exit tree is full.
error TooManyLeaves();
/// @notice The asset is not an ERC-721 collection of the list.
error NotCollection(uint32 asset);
/// @notice Too little gas is left to ask a contract with its full allowance.
error GasTooLow(uint256 left, uint256 needed);
/// @notice Swept and burned ETH is not what was minted: holders are missing or were swept before the freeze.
error Unbalanced(uint256 sweptAndBurned, uint256 minted);
