// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Keeps contracts that deposit from passing for an account of the layer that has the same address.
/// @dev The same address is not the same owner on two chains, unless it has a key: such an account keeps its
/// address also when it has delegated to code (EIP-7702) and calls from there.
library Alias {
    /// @notice Added to the address of a contract.
    uint160 internal constant OFFSET = uint160(0x1111000000000000000000000000000000001111);

    /// @dev Length of a delegation: 0xef0100 and an address.
    uint256 private constant DELEGATION_LENGTH = 23;

    /// @notice The caller as the layer knows it.
    function caller() internal view returns (address) {
        if (msg.sender == tx.origin || _isDelegated(msg.sender)) return msg.sender;
        unchecked {
            return address(uint160(msg.sender) + OFFSET);
        }
    }

    /// @notice The L1 account that is `from` on the layer.
    /// @dev Nobody can find a contract's address that lies OFFSET below that of an account with a key (160 bits).
    function origin(address from) internal view returns (address) {
        unchecked {
            address under = address(uint160(from) - OFFSET);
            return under.code.length == 0 ? from : under;
        }
    }

    function _isDelegated(address account) private view returns (bool) {
        return account.code.length == DELEGATION_LENGTH && bytes3(account.code) == 0xef0100;
    }
}
