// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The door for a judge of settlements that trusts neither operator nor attestors (mode C).
/// @dev No layer opens with a verifier today: `FlashFactory.open` refuses every address but zero. A later
/// version gives its verdict through `isRejected`, which a layer of mode C asks before a settlement is final.
interface ISettlementVerifier {
    /// @notice A settlement is disputed.
    event Challenged(uint256 indexed id, address indexed layer, bytes32 indexed output, address challenger);

    /// @notice Disputes the settlement with this output, with the challenger's bond as value.
    /// @param claim What is said to be wrong, in the verifier's own form.
    function challenge(address layer, bytes32 output, bytes calldata claim) external payable returns (uint256 id);

    /// @notice Whether the settlement with this output was proved wrong.
    function isRejected(address layer, bytes32 output) external view returns (bool);

    /// @notice Whether a dispute about the settlement with this output is undecided.
    function isDisputed(address layer, bytes32 output) external view returns (bool);
}
