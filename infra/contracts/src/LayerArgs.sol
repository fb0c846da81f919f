// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CloneArgs} from "./CloneArgs.sol";
import {Config} from "./Types.sol";

/// @notice What a layer knows about itself; it stands in the code of its clone.
/// @dev
///     config hash: 32 | ETH cap: 16 | offered: 1 | deposit cut-off: 8
///
/// The last three are fields of the config. They are here so that a deposit of ETH, the most frequent
/// transaction before an event, need not carry the whole config.
library LayerArgs {
    uint256 private constant TERMS_AT = 32;

    /// @notice The arguments of the layer of `c`.
    function encode(Config calldata c) internal pure returns (bytes memory) {
        return abi.encodePacked(keccak256(abi.encode(c)), c.tvlCapWei, c.offer.acceptBy != 0, c.depositCutoff);
    }

    /// @notice Hash of the layer's config.
    function configHash() internal view returns (bytes32) {
        return bytes32(CloneArgs.word(0));
    }

    /// @notice The most ETH that the layer takes, when it stops taking deposits, and whether an operator has to
    /// accept it before it starts.
    function terms() internal view returns (uint128 tvlCapWei, uint64 depositCutoff, bool offered) {
        uint256 word = CloneArgs.word(TERMS_AT);
        tvlCapWei = uint128(word >> 128);
        offered = uint8(word >> 120) != 0;
        depositCutoff = uint64(word >> 56);
    }
}
