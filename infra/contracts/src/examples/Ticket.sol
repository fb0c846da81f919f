// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @notice A ticket sale as anyone would write it: it knows nothing of flash layers, and still exits.
contract Ticket is ERC721, Ownable {
    /// @notice What `buy` costs, in wei.
    uint256 public immutable priceWei;

    /// @notice May mint without paying: the shop behind a card payment.
    address public immutable minter;

    /// @notice Most tickets there can be.
    uint256 public immutable maxSupply;

    /// @notice Tickets so far; ids are 1 to this.
    uint256 public totalSupply;

    /// @notice The payment is not the price.
    error WrongPayment(uint256 got, uint256 expected);
    /// @notice All tickets are gone.
    error SoldOut(uint256 maxSupply);
    /// @notice Only the minter mints for free.
    error NotMinter(address caller);

    /// @notice Opens the sale; the deployer owns the proceeds.
    constructor(string memory name_, string memory symbol_, uint256 priceWei_, address minter_, uint256 maxSupply_)
        ERC721(name_, symbol_)
        Ownable(msg.sender)
    {
        priceWei = priceWei_;
        minter = minter_;
        maxSupply = maxSupply_;
    }

    /// @notice Sells one ticket to the caller.
    function buy() external payable returns (uint256 id) {
        if (msg.value != priceWei) revert WrongPayment(msg.value, priceWei);
        return _next(msg.sender);
    }

    /// @notice Mints one ticket that was paid elsewhere.
    function mintTo(address to) external returns (uint256 id) {
        if (msg.sender != minter) revert NotMinter(msg.sender);
        return _next(to);
    }

    /// @notice Sends the proceeds to the owner. Anyone may call: ETH left here would exit to this address.
    function withdraw() external {
        Address.sendValue(payable(owner()), address(this).balance);
    }

    function _next(address to) private returns (uint256 id) {
        id = totalSupply + 1;
        if (id > maxSupply) revert SoldOut(maxSupply);
        totalSupply = id;
        _mint(to, id);
    }
}
