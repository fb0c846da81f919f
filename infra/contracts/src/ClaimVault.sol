// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {NotAllowed} from "./Errors.sol";

/// @notice Holds what was paid to the address of one claim code until `ClaimVaults` hands it on. One contract's code for
/// all of them, each a clone of it.
contract ClaimVault is ERC1155Holder {
    /// @dev In the code that the clones share: whoever deployed that.
    address private immutable _vaults;

    constructor() {
        _vaults = msg.sender;
    }

    /// @notice Does what `ClaimVaults` says, and answers what came of it.
    function act(address target, uint256 value, bytes calldata data) external returns (bool ok, bytes memory answer) {
        if (msg.sender != _vaults) revert NotAllowed(msg.sender);
        (ok, answer) = target.call{value: value}(data);
    }
}
