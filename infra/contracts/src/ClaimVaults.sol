// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {LibClone} from "solady/utils/LibClone.sol";
import {ClaimVault} from "./ClaimVault.sol";
import {Signed} from "./Signed.sol";
import {NothingHeld, NotReleased, WrongKey, ZeroRecipient} from "./Errors.sol";
import {Held, KIND_ERC1155, KIND_ERC20, KIND_ETH, KIND_TWIN1155, KIND_TWIN20} from "./Types.sol";

/// @notice Where tickets wait that nobody claimed before their layer ended. A claim code is a key; a layer's exit is paid to
/// the vault of that key, an address without code, and a word of the key says who gets what is there. The word names the
/// recipient, so whoever sees it on its way can only hurry it. No owner, no settings, no storage, the same address on
/// every chain.
contract ClaimVaults {
    /// @notice The code behind every vault.
    address public immutable vaultImplementation;

    /// @notice Something was handed to the recipient that the key has named.
    event Released(address indexed key, address indexed to, address indexed token, uint256 id, uint256 value);

    /// @notice Deploys the code behind every vault.
    constructor() {
        vaultImplementation = address(new ClaimVault());
    }

    /// @notice Address of the vault of `key`, whether it has code or not.
    function vaultOf(address key) public view returns (address) {
        return LibClone.predictDeterministicAddress(vaultImplementation, _salt(key), address(this));
    }

    /// @notice Hands `held`, all of it in the vault of `key`, to `to`. Anybody may send it: `signature` is the key's word for
    /// `to`, for everything that comes into its vault at any time.
    function release(address key, address to, bytes calldata signature, Held[] calldata held) external {
        if (to == address(0)) revert ZeroRecipient();
        if (held.length == 0) revert NothingHeld();
        if (!Signed.isBy(key, Signed.release(to), signature)) revert WrongKey(key, to);
        ClaimVault vault = _vault(key);
        for (uint256 i; i < held.length; ++i) {
            Held calldata one = held[i];
            if (!_handOver(vault, to, one)) revert NotReleased(i);
            emit Released(key, to, one.token, one.id, one.value);
        }
    }

    /// @notice The vault, with its code.
    function _vault(address key) private returns (ClaimVault) {
        address vault = vaultOf(key);
        if (vault.code.length == 0) LibClone.cloneDeterministic(vaultImplementation, _salt(key));
        return ClaimVault(vault);
    }

    /// @notice Whether it worked. A token that answers says true; one that does not answer has code.
    function _handOver(ClaimVault vault, address to, Held calldata held) private returns (bool) {
        if (held.kind == KIND_ETH) {
            (bool paid,) = vault.act(to, held.value, "");
            return paid;
        }
        (bool ok, bytes memory answer) = vault.act(held.token, 0, _call(address(vault), to, held));
        if (!ok) return false;
        return answer.length == 0 ? held.token.code.length > 0 : answer.length == 32 && bytes32(answer) == bytes32(uint256(1));
    }

    function _call(address vault, address to, Held calldata held) private pure returns (bytes memory) {
        if (held.kind == KIND_ERC20 || held.kind == KIND_TWIN20) return abi.encodeCall(IERC20.transfer, (to, held.value));
        if (held.kind == KIND_ERC1155 || held.kind == KIND_TWIN1155) {
            return abi.encodeCall(IERC1155.safeTransferFrom, (vault, to, held.id, held.value, ""));
        }
        return abi.encodeCall(IERC721.transferFrom, (vault, to, held.id));
    }

    function _salt(address key) private pure returns (bytes32) {
        return bytes32(uint256(uint160(key)));
    }
}
