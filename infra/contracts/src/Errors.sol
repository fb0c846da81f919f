// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bond, Phase} from "./Types.sol";

// ---- FlashFactory: fields of a Config ----

/// @notice The caller opens a layer in someone else's name.
error NotOrganiser(address got, address expected);
/// @notice No operator is named.
error ZeroOperator();
/// @notice No sequencer is named.
error ZeroSequencer();
/// @notice The chain id is zero or above what wallets accept.
error BadChainId(uint64 got, uint64 max);
/// @notice The end has passed, or deposits would outlive it.
error BadTimes(uint64 depositCutoff, uint64 endsAt, uint256 nowAt);
/// @notice The layer would start after its end.
error BadStart(uint64 startsAt, uint64 endsAt);
/// @notice A delay is shorter or longer than a layer can live with.
error BadDelay(uint32 got, uint32 min, uint32 max);
/// @notice Blobs would be gone before the last possible claim window has passed.
error RetentionTooLong(uint256 got, uint256 max);
/// @notice A layer with a fee or a bond must be accepted before deposits end; one without needs no `acceptBy`.
error BadAcceptBy(uint64 acceptBy, uint64 depositCutoff);
/// @notice The sent ETH is not the operator's fee.
error BadFee(uint256 got, uint256 expected);
/// @notice The claim window is longer than any mode needs.
error WindowTooLong(uint32 got, uint32 max);
/// @notice The assurance mode is not known.
error UnsupportedMode(uint8 got);
/// @notice The way of publishing blocks is not known.
error UnsupportedDa(uint8 got);
/// @notice No layer has a verifier yet.
error UnsupportedVerifier(address got);
/// @notice Mode A has no attestors; mode B has at least one, and a threshold that they can reach.
error BadAttestors(uint8 threshold, uint256 count);
/// @notice Attestors are strictly ascending, and none is zero.
error AttestorsNotAscending(uint256 place);
/// @notice There are more attestors than one transaction can take signatures of.
error TooManyAttestors(uint256 got, uint256 max);
/// @notice A bridged token has code and a kind that can be bridged, and comes after the one before it.
error BadBridged(uint256 place, uint8 kind, address token);
/// @notice There are more bridged tokens than every transaction should carry.
error TooManyBridged(uint256 got, uint256 max);
/// @notice The genesis block hash or state root is missing.
error ZeroGenesis();
/// @notice The base of the twins' token URIs is too long.
error UriTooLong(uint256 got, uint256 max);

// ---- FlashLayer: everywhere ----

/// @notice The given config is not the one of this layer.
error BadConfig(bytes32 got, bytes32 expected);
/// @notice The caller may not do this.
error NotAllowed(address caller);
/// @notice Not possible in this phase.
error BadPhase(Phase have);
/// @notice Not possible before this time.
error TooEarly(uint256 opensAt);
/// @notice Not possible after this time.
error TooLate(uint256 closedAt);
/// @notice Data that must be in the transaction's own calldata comes from a contract, or from an account with code.
error NotTopLevel();

// ---- FlashLayer: deposits ----

/// @notice ETH comes through `depositETH` only.
error PlainTransfer();
/// @notice Deposits ended, at the cut-off or by `closeDeposits`.
error DepositsEnded();
/// @notice Deposits can still arrive, so the layer cannot settle.
error DepositsOpen(uint64 until);
/// @notice The gas limit of a deposit is outside its bounds.
error BadGasLimit(uint64 got, uint256 min, uint256 max);
/// @notice The data of a deposit is too long.
error DataTooLong(uint256 got, uint256 max);
/// @notice The deposit would lift what was deposited above the cap.
error CapExceeded(uint256 got, uint256 cap);
/// @notice The deposit tree is full.
error TreeFull();
/// @notice The layer does not take this token.
error NotBridged(uint8 kind, address token);
/// @notice The token did not arrive.
error NothingReceived(address token);
/// @notice A deposit is under way.
error Reentered();
/// @notice Tokens come through deposits only.
error UnexpectedToken(address token);

// ---- FlashLayer: batches ----

/// @notice This layer posts no blocks.
error BatchesOff();
/// @notice Blocks are posted in order.
error PostedAlready(uint64 got, uint64 posted);
/// @notice The number of deposits that were taken in never falls, and is at most what there is.
error BadConsumed(uint64 got, uint64 min, uint64 max);
/// @notice This is not the deposit with this index.
error BadDeposit(uint64 index);
/// @notice This deposit waits for too long: a batch must take it in.
error DepositOverdue(uint64 index);
/// @notice The transaction's blobs are not as many as the batch says.
error WrongBlobs(uint256 got);
/// @notice Blocks are either in blobs or in calldata, and there must be some.
error BadPayload(uint256 length);

// ---- FlashLayer: settlement ----

/// @notice Too few signatures.
error BadQuorum(uint256 got, uint256 expected);
/// @notice The signer is no attestor of this layer, or signed something else.
error NotAttestor(address signer);
/// @notice Signatures stand in strictly ascending order of signers.
error SignersNotAscending(uint256 place);
/// @notice The layer took in another number of deposits than the L1 has.
error DepositsMissed(uint64 got, uint64 expected);
/// @notice The output is of other batches than the posted ones.
error BadBatches(bytes32 got, bytes32 expected);
/// @notice The exits of an asset are worth more than is held here.
error Insolvent(uint32 asset, uint256 owed, uint256 held);
/// @notice The depth does not follow from the number of leaves.
error BadDepth(uint256 got, uint256 expected);
/// @notice The seal in the proved state is not the one of the output.
error BadSeal(bytes32 got, bytes32 expected);
/// @notice The nodes of a trie proof do not lead from the root to an entry.
error BadTrieProof();
/// @notice The asset list is not the sealed one.
error BadAssets(bytes32 got, bytes32 expected);
/// @notice The kind of an asset is not known, or not at this place.
error BadKind(uint32 asset, uint8 kind);
/// @notice The token is in the asset list already.
error AssetTwice(uint32 asset);
/// @notice A token's name or symbol is longer than a sealer lets through.
error TextTooLong(uint256 got, uint256 max);
/// @notice The sent ETH is not the bond.
error BadBond(uint256 got, uint256 expected);

// ---- FlashLayer: exits ----

/// @notice The asset has no entry in the list.
error UnknownAsset(uint32 asset);
/// @notice The leaves do not hash to the exit root.
error BadProof();
/// @notice The leaves lie outside the tree.
error OutOfRange(uint256 end, uint256 leafCount);
/// @notice The exit has been paid.
error AlreadyClaimed(uint256 index);
/// @notice The token did not let itself be handed over; the exit, or the deposit, stays as it was.
error TransferFailed(uint256 index);
/// @notice The recipient is no contract of the layer that is missing here, or nobody is named for orphans.
error NotOrphan(address recipient);
/// @notice Leaves are published, and pushed, in order, without gaps.
error NotNext(uint256 got, uint256 expected);
/// @notice Packed leaves are malformed at this byte.
error BadPacking(uint256 offset);

// ---- FlashLayer: bonds and refunds ----

/// @notice There is no bond to take.
error NoBond(Bond have);
/// @notice The two blocks are one.
error NoConflict(bytes32 hash);
/// @notice The sequencer did not sign this block.
error NotSequencer(bytes32 hash);
/// @notice The layer is not final, or not every leaf is published.
error NotDisposable(Phase have, uint32 publishedCount);
/// @notice The deposit went back already.
error AlreadyRefunded(uint64 index);
/// @notice The deposit brought nothing.
error NothingToRefund(uint64 index);

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
/// @notice The token is of another kind than the call is for.
error WrongKind(address token, uint8 kind);
/// @notice The sweep of this asset is not over.
error AssetOpen(uint32 asset);
/// @notice Only the asset whose sweep is under way is swept and closed.
error NotOpen(uint32 got, uint32 open);
/// @notice There must be a holder for each id.
error LengthsDiffer(uint256 ids, uint256 holders);
/// @notice Somebody has this wrapped token, and it was not swept.
error NotListed(address token);
/// @notice Too little gas is left to ask a contract with its full allowance.
error GasTooLow(uint256 left, uint256 needed);
/// @notice What was swept (for ETH: and burned) of the asset is not its supply: holders or ids are missing.
error Unbalanced(uint32 asset, uint256 swept, uint256 supply);

// ---- FlashBulk721 ----

/// @notice The list of owners is empty, cut off, or its ids run over 2^256.
error BadOwners();

// ---- L2Bridge, L1Info and wrapped tokens ----

/// @notice Only the bridge mints wrapped tokens.
error NotBridge(address caller);

// ---- ClaimVaults ----

/// @notice Nobody is named.
error ZeroRecipient();
/// @notice Nothing is named that should be handed over.
error NothingHeld();
/// @notice The key has not signed for this recipient.
error WrongKey(address key, address to);
/// @notice This could not be handed over: the vault does not have it, or its token refuses.
error NotReleased(uint256 place);
