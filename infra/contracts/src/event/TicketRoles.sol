// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {OwnableRoles} from "solady/auth/OwnableRoles.sol";

/// @notice Who may do what. The owner grants and revokes; roles are bits.
abstract contract TicketRoles is OwnableRoles {
    /// @notice Mints what was paid elsewhere, and burns what was paid back.
    uint256 public constant MINTER = _ROLE_0;

    /// @notice Redeems tickets at a door.
    uint256 public constant VERIFIER = _ROLE_1;
}
