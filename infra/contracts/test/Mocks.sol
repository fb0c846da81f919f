// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC1155} from "solady/tokens/ERC1155.sol";
import {ERC20} from "solady/tokens/ERC20.sol";
import {ERC721} from "solady/tokens/ERC721.sol";
import {FlashLayer} from "../src/FlashLayer.sol";

/// @notice Money that anybody can make; can be told to charge for transfers, and to fail in two ways.
contract MockCoin is ERC20 {
    uint256 public fee;
    bool public refuses;
    bool public isBroken;

    function name() public pure override returns (string memory) {
        return "Coin";
    }

    function symbol() public pure override returns (string memory) {
        return "COIN";
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function charge(uint256 fee_) external {
        fee = fee_;
    }

    function refuse() external {
        refuses = true;
    }

    function breakDown(bool isBroken_) external {
        isBroken = isBroken_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (isBroken) {
            while (true) {}
        }
        return !refuses && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        super.transferFrom(from, to, amount);
        if (fee != 0) _burn(to, fee);
        return true;
    }
}

/// @notice Money that asks its sender before it moves, who then deposits once more.
contract HookCoin is ERC20 {
    FlashLayer public layer;
    bytes4 public refusal;
    bytes private _call;

    function name() public pure override returns (string memory) {
        return "Hook";
    }

    function symbol() public pure override returns (string memory) {
        return "HOOK";
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function attack(FlashLayer layer_, bytes calldata call_) external {
        (layer, _call) = (layer_, call_);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (address(layer) != address(0)) {
            FlashLayer target = layer;
            layer = FlashLayer(payable(address(0)));
            (, bytes memory answer) = address(target).call(_call);
            refusal = bytes4(answer);
        }
        return super.transferFrom(from, to, amount);
    }
}

/// @notice A collection that anybody can add to.
contract MockNft is ERC721 {
    function name() public pure override returns (string memory) {
        return "Nft";
    }

    function symbol() public pure override returns (string memory) {
        return "NFT";
    }

    function tokenURI(uint256) public pure override returns (string memory) {
        return "";
    }

    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

/// @notice Several of a kind that anybody can make.
contract MockMulti is ERC1155 {
    function uri(uint256) public pure override returns (string memory) {
        return "";
    }

    function mint(address to, uint256 id, uint256 amount) external {
        _mint(to, id, amount, "");
    }
}
