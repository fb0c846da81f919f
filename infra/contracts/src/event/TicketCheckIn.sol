// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {TicketRoles} from "./TicketRoles.sol";
import {CheckIn, Redemption, Refusal, Scan} from "./EventTypes.sol";
import {AlreadyRedeemed, OutsideWindow, ScanInFuture, WrongSigner} from "./EventErrors.sol";

/// @notice The door. A holder shows a message that is valid for seconds, signed by the wallet or by a key that the wallet
/// has named; a verifier redeems it, at once or, after a door without connection, in a report.
abstract contract TicketCheckIn is ERC721, EIP712, TicketRoles {
    bytes32 private constant CHECK_IN = keccak256("CheckIn(uint256 ticketId,uint64 validFrom,uint64 validUntil)");

    /// @notice Longest time that a message may be valid for, in seconds: what a copied code is worth.
    uint256 public immutable checkInWindow;

    /// @notice The key that signs for all tickets of a holder, beside the wallet; zero for none.
    mapping(address holder => address key) public checkInKeyOf;

    mapping(uint256 id => Redemption) private _redemptions;

    /// @notice A ticket was redeemed, for the first and only time.
    event Redeemed(uint256 indexed ticketId, uint32 indexed gate, address indexed verifier, uint64 time);
    /// @notice A reported scan was refused.
    event ScanRefused(uint256 indexed ticketId, uint32 indexed gate, address indexed verifier, uint64 time, Refusal why);
    /// @notice A holder's messages may be signed by this key from now on; zero for none.
    event CheckInKeySet(address indexed holder, address key);

    constructor(uint256 checkInWindow_) {
        checkInWindow = checkInWindow_;
    }

    /// @notice Names the key that signs check-ins for the caller, so that a page can make codes without the wallet.
    function setCheckInKey(address key) external {
        checkInKeyOf[msg.sender] = key;
        emit CheckInKeySet(msg.sender, key);
    }

    /// @notice Redeems a ticket at a gate, now. Only a verifier may.
    function redeem(CheckIn calldata checkIn, bytes calldata signature, uint32 gate) external onlyRoles(VERIFIER) {
        address holder = _requireOwned(checkIn.ticketId);
        Refusal why = _judge(checkIn, signature, block.timestamp);
        if (why == Refusal.AlreadyRedeemed) revert AlreadyRedeemed(checkIn.ticketId, _redemptions[checkIn.ticketId]);
        if (why == Refusal.OutsideWindow) {
            revert OutsideWindow(checkIn.validFrom, checkIn.validUntil, block.timestamp, checkInWindow);
        }
        if (why == Refusal.WrongSigner) revert WrongSigner(checkIn.ticketId, holder);
        _redeem(checkIn.ticketId, uint64(block.timestamp), gate);
    }

    /// @notice Redeems what was scanned without connection, in the order given; what is refused is told in events and
    /// does not hold up the rest. When it was scanned is the verifier's word. Only a verifier may.
    /// @return redeemed How many tickets were redeemed.
    function report(Scan[] calldata scans) external onlyRoles(VERIFIER) returns (uint256 redeemed) {
        for (uint256 i; i < scans.length; ++i) {
            Scan calldata scan = scans[i];
            if (scan.time > block.timestamp) revert ScanInFuture(scan.time, block.timestamp);
            Refusal why = _judge(scan.checkIn, scan.signature, scan.time);
            if (why == Refusal.None) {
                _redeem(scan.checkIn.ticketId, scan.time, scan.gate);
                ++redeemed;
            } else {
                emit ScanRefused(scan.checkIn.ticketId, scan.gate, msg.sender, scan.time, why);
            }
        }
    }

    /// @notice The first scan of a ticket; all zero when there was none.
    function redemptionOf(uint256 id) external view returns (Redemption memory) {
        return _redemptions[id];
    }

    /// @notice What is wrong with a message at a time.
    function _judge(CheckIn calldata checkIn, bytes calldata signature, uint256 time) private view returns (Refusal) {
        if (_redemptions[checkIn.ticketId].time != 0) return Refusal.AlreadyRedeemed;
        (uint256 from, uint256 until) = (checkIn.validFrom, checkIn.validUntil);
        if (time < from || time > until || until - from > checkInWindow) return Refusal.OutsideWindow;
        address holder = _ownerOf(checkIn.ticketId);
        return holder != address(0) && _isSignedBy(holder, checkIn, signature) ? Refusal.None : Refusal.WrongSigner;
    }

    /// @dev The key first: an account that has delegated to code (EIP-7702) signs with its key, too.
    function _isSignedBy(address holder, CheckIn calldata checkIn, bytes calldata signature)
        private
        view
        returns (bool)
    {
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(CHECK_IN, checkIn.ticketId, checkIn.validFrom, checkIn.validUntil))
        );
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer != address(0) && (signer == holder || signer == checkInKeyOf[holder])) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(holder, digest, signature);
    }

    function _redeem(uint256 id, uint64 time, uint32 gate) private {
        _redemptions[id] = Redemption({time: time, gate: gate, verifier: msg.sender});
        emit Redeemed(id, gate, msg.sender, time);
    }
}
