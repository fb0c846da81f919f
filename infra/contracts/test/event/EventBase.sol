// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EventTicket} from "../../src/event/EventTicket.sol";
import {CheckIn, EventSettings, TierSettings} from "../../src/event/EventTypes.sol";
import {vm} from "../Vm.sol";

/// @notice An event with two tiers: number 0 is open to all, number 1 has a list, a cap per wallet and a price.
abstract contract EventBase {
    uint256 internal constant NOW = 1_800_000_000;
    uint256 internal constant SPAN = 10_000_000_000;
    uint256 internal constant CAP = 5;
    uint256 internal constant LISTED_CAP = 50;
    uint256 internal constant WALLET_CAP = 3;
    uint256 internal constant PRICE = 0.5 ether;
    uint256 internal constant WINDOW = 120;
    uint32 internal constant GATE = 7;

    address internal owner = address(0x0E);
    address internal minter = address(0x31);
    address internal verifier = address(0x5CA);
    address internal payout = address(0xCA5);
    address internal alice = address(0xA1);
    address internal bob = address(0xB0B);
    uint256 internal holderKey = 0xC0FFEE;
    address internal holder = vm.addr(holderKey);

    EventSettings internal settings;
    EventTicket internal ticket;

    function setUp() public virtual {
        vm.warp(NOW);
        settings.owner = owner;
        settings.minter = minter;
        settings.payout = payout;
        settings.name = "Night";
        settings.symbol = "NIGHT";
        settings.contractUri = "ipfs://event";
        settings.hiddenUri = "ipfs://hidden";
        settings.revealHash = keccak256("ipfs://tickets/");
        settings.royaltyReceiver = payout;
        settings.royaltyBps = 500;
        settings.checkInWindow = uint32(WINDOW);
        settings.tiers.push(openTier());
        settings.tiers.push(listedTier());
        ticket = deploy();
        vm.prank(owner);
        ticket.grantRoles(verifier, 2);
    }

    function deploy() internal returns (EventTicket) {
        return EventTicket(vm.deployCode("artifacts/EventTicket.json", abi.encode(settings)));
    }

    function openTier() internal pure returns (TierSettings memory) {
        return TierSettings({
            cap: uint32(CAP),
            walletCap: 0,
            opensAt: uint32(NOW - 1 hours),
            closesAt: uint32(NOW + 1 hours),
            priceWei: 0,
            allowRoot: 0
        });
    }

    /// Alice may buy 2, Bob 10.
    function listedTier() internal view returns (TierSettings memory tier) {
        tier = openTier();
        (tier.cap, tier.walletCap, tier.priceWei) = (uint32(LISTED_CAP), uint16(WALLET_CAP), uint80(PRICE));
        (bytes32 one, bytes32 two) = (listLeaf(alice, 1, 2), listLeaf(bob, 1, 10));
        tier.allowRoot = one < two ? keccak256(bytes.concat(one, two)) : keccak256(bytes.concat(two, one));
    }

    function listLeaf(address wallet, uint256 tier, uint256 allowed) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(wallet, tier, allowed))));
    }

    function proofWith(bytes32 sibling) internal pure returns (bytes32[] memory proof) {
        proof = new bytes32[](1);
        proof[0] = sibling;
    }

    function mintTo(address to) internal returns (uint256 id) {
        vm.prank(minter);
        return ticket.mintTo(to);
    }

    /// What a holder's page makes now: valid from this second on, for as long as it may be.
    function freshCheckIn(uint256 id) internal view returns (CheckIn memory) {
        return CheckIn(id, uint64(block.timestamp), uint64(block.timestamp + WINDOW));
    }

    function sign(uint256 key, CheckIn memory c) internal view returns (bytes memory) {
        return signFor(key, c, address(ticket), block.chainid);
    }

    /// By the text of EIP-712, and not with the library that the contract uses.
    function signFor(uint256 key, CheckIn memory c, address verifyingContract, uint256 chainId)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Mayfly ticket"),
                keccak256("1"),
                chainId,
                verifyingContract
            )
        );
        bytes32 message = keccak256(
            abi.encode(
                keccak256("CheckIn(uint256 ticketId,uint64 validFrom,uint64 validUntil)"),
                c.ticketId,
                c.validFrom,
                c.validUntil
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, message)));
        return abi.encodePacked(r, s, v);
    }
}
