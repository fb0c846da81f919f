// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Naive} from "./Naive.sol";
import {vm, Vm} from "./Vm.sol";
import {ExitSealer} from "../src/ExitSealer.sol";
import {Predeploys} from "../src/Predeploys.sol";
import {Seal} from "../src/Seal.sol";
import {Asset, Exit} from "../src/Types.sol";
import {Ticket} from "../src/examples/Ticket.sol";

/// @notice A collection that answers what a test wants.
contract OddToken {
    bytes private _answer;
    mapping(uint256 id => address owner) private _owners;
    uint256 public totalSupply;
    bool private _enumerable;

    function enumerate(uint256 supply) external {
        (_enumerable, totalSupply) = (true, supply);
    }

    function supportsInterface(bytes4 id) external view returns (bool) {
        return _enumerable && id == 0x780e9d63;
    }

    function answerWith(bytes memory answer) external {
        _answer = answer;
    }

    function give(uint256 id, address to) external {
        _owners[id] = to;
    }

    function ownerOf(uint256 id) external view returns (address) {
        if (id == 666) while (true) {}
        require(id != 13, "unlucky");
        return _owners[id];
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @notice A contract on the layer that says where its exits go.
contract Forwarder {
    address private immutable _to;

    constructor(address to) {
        _to = to;
    }

    function exitRecipient(uint32, uint256, uint256) external view returns (address) {
        return _to;
    }
}

/// @notice Answers `exitRecipient` with something that is no address, or not at all.
contract BadForwarder {
    bool private immutable _spins;

    constructor(bool spins) {
        _spins = spins;
    }

    function exitRecipient(uint32, uint256, uint256) external view returns (uint256) {
        while (_spins) {}
        return type(uint256).max;
    }
}

/// @notice An ERC-20 token, and an ERC-1155 contract, that answers what a test wants.
contract OddCoin {
    enum Mood {
        Honest,
        Spins,
        Reverts,
        Short
    }

    mapping(address holder => uint256) private _balances;
    mapping(uint256 id => mapping(address holder => uint256)) private _amounts;
    mapping(uint256 id => uint256) private _supplies;
    uint256 private _supply;
    bool private _knowsSupplies;
    Mood private _mood;
    uint256 private _liesFrom = type(uint256).max;

    function mint(address to, uint256 amount) external {
        _balances[to] += amount;
        unchecked {
            _supply += amount;
        }
    }

    function mint(address to, uint256 id, uint256 amount) external {
        _amounts[id][to] += amount;
        _supplies[id] += amount;
    }

    function claimSupply(uint256 supply) external {
        _supply = supply;
    }

    function claimSupply(uint256 id, uint256 supply) external {
        (_knowsSupplies, _supplies[id]) = (true, supply);
    }

    function feel(Mood mood) external {
        _mood = mood;
    }

    /// From this block on it adds one to every supply.
    function lieFrom(uint256 number) external {
        _liesFrom = number;
    }

    function decimals() external pure returns (uint8) {
        return 6;
    }

    function balanceOf(address holder) external view returns (uint256) {
        if (_mood == Mood.Spins) while (true) {}
        require(_mood != Mood.Reverts, "no");
        if (_mood == Mood.Short) {
            assembly {
                return(0, 31)
            }
        }
        return _balances[holder];
    }

    function balanceOf(address holder, uint256 id) external view returns (uint256) {
        return _amounts[id][holder];
    }

    function totalSupply() external view returns (uint256) {
        return block.number >= _liesFrom ? _supply + 1 : _supply;
    }

    function totalSupply(uint256 id) external view returns (uint256) {
        require(_knowsSupplies, "unknown");
        return _supplies[id];
    }
}

/// @notice A sealer and a bridge at their places, and what drives them.
abstract contract SealerBase {
    ExitSealer internal constant SEALER = ExitSealer(Predeploys.SEALER);
    address internal constant SYSTEM = Predeploys.SYSTEM;

    Exit[] internal expected;
    uint256 private tokenCount;

    function setUp() public virtual {
        vm.etch(Predeploys.SEALER, vm.getDeployedCode("artifacts/ExitSealer.json"));
        vm.etch(Predeploys.BRIDGE, vm.getDeployedCode("artifacts/L2Bridge.json"));
    }

    /// Puts wrapped code at the address of an L1 token, and the token into the bridge's storage.
    function bridge(address token, uint8 kind, string memory artifact) internal {
        vm.etch(token, vm.getDeployedCode(artifact));
        vm.store(Predeploys.BRIDGE, bytes32(0), bytes32(tokenCount + 1));
        bytes32 place = bytes32(uint256(keccak256(abi.encode(0))) + tokenCount);
        vm.store(Predeploys.BRIDGE, place, bytes32(uint256(uint160(token))));
        vm.store(Predeploys.BRIDGE, keccak256(abi.encode(token, 1)), bytes32(uint256(kind)));
        ++tokenCount;
    }

    function ticketOf(string memory name) internal returns (Ticket) {
        return Ticket(vm.deployCode("artifacts/Ticket.json", abi.encode(name, "EVT", 0, address(this), 10)));
    }

    function freeze() internal {
        vm.recordLogs();
        vm.prank(SYSTEM);
        SEALER.freeze();
    }

    function seal() internal {
        vm.prank(SYSTEM);
        SEALER.seal();
    }

    function sweep(address[] memory holders) internal {
        vm.prank(SYSTEM);
        SEALER.sweepETH(holders);
    }

    function sweepETH(address first, address second) internal {
        address[] memory holders = new address[](2);
        (holders[0], holders[1]) = (first, second);
        sweep(holders);
    }

    function add20(address token) internal returns (uint32) {
        vm.prank(SYSTEM);
        return SEALER.addAsset20(token);
    }

    function add721(address token) internal returns (uint32) {
        vm.prank(SYSTEM);
        return SEALER.addAsset721(token);
    }

    function add1155(address token) internal returns (uint32) {
        vm.prank(SYSTEM);
        return SEALER.addAsset1155(token);
    }

    function close(uint32 asset) internal returns (bool) {
        vm.prank(SYSTEM);
        return SEALER.closeAsset(asset);
    }

    function sweep20(uint32 asset, address first, address second) internal {
        address[] memory holders = new address[](2);
        (holders[0], holders[1]) = (first, second);
        vm.prank(SYSTEM);
        SEALER.sweep20(asset, holders);
    }

    function sweep1155(uint32 asset, uint256 id, address first, address second) internal {
        address[] memory holders = new address[](2);
        (holders[0], holders[1]) = (first, second);
        uint256[] memory ids = new uint256[](2);
        (ids[0], ids[1]) = (id, id);
        vm.prank(SYSTEM);
        SEALER.sweep1155(asset, ids, holders);
    }

    function sweep721(uint32 asset, uint256 first, uint256 end) internal {
        uint256[] memory ids = new uint256[](end - first);
        for (uint256 i; i < ids.length; ++i) {
            ids[i] = first + i;
        }
        vm.prank(SYSTEM);
        SEALER.sweep721(asset, ids);
    }

    function fund(address holder, uint256 balance) internal {
        vm.deal(holder, balance);
    }

    function minted(uint256 value) internal {
        vm.store(Seal.SEALER, bytes32(uint256(1)), bytes32(value));
    }

    /// An amount of ETH, or the id of a token.
    function expect(Exit memory e) internal {
        expected.push(e);
    }

    function expect(uint32 asset, address recipient, uint256 value) internal {
        expected.push(asset == 0 ? Exit(0, recipient, 0, value) : Exit(asset, recipient, value, 1));
    }

    /// Sweeps one ETH holder and returns the recipient of its leaf.
    function exitOf(address holder) internal returns (address recipient) {
        fund(holder, 1);
        address[] memory holders = new address[](1);
        holders[0] = holder;
        sweep(holders);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 last = logs.length - 1;
        if (logs[last].topics[0] == ExitSealer.RecipientNamed.selector) {
            vm.assertEq(abi.decode(logs[last--].data, (address)), holder);
        }
        (, recipient,,) = abi.decode(logs[last].data, (uint32, address, uint256, uint256));
    }

    function checkText(bytes memory answer, string memory name) internal {
        OddToken token = new OddToken();
        token.answerWith(answer);
        uint32 asset = add721(address(token));
        vm.assertEq(SEALER.assets()[asset].name, name);
        vm.assertEq(SEALER.assets()[asset].symbol, name);
        close(asset);
    }

    /// The seal is the hash of what was expected, and so are the logs.
    function checkSeal(uint256 ethTotal) internal {
        Exit[] memory exits = expected;
        bytes32 root = Naive.root(Naive.hashes(exits));
        vm.assertEq(SEALER.exitRoot(), root);
        Asset[] memory assets = SEALER.assets();
        vm.assertEq(assets[0].total, ethTotal);
        bytes32 list;
        for (uint32 i; i < assets.length; ++i) {
            list = Seal.fold(list, i, assets[i]);
        }
        vm.assertEq(SEALER.assetsHash(), list);
        bytes32 want = Seal.hash(root, uint32(exits.length), Naive.depth(exits.length), 0, list);
        vm.assertEq(SEALER.sealHash(), want);
        vm.assertEq(vm.load(Seal.SEALER, bytes32(Seal.SLOT)), want);
        checkLogs(exits);
    }

    /// The logs, read as everybody reads them: a drop takes the exits from `leafCount` on back.
    function checkLogs(Exit[] memory exits) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32[] memory seen = new bytes32[](logs.length);
        uint256 count;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != Predeploys.SEALER) continue;
            if (logs[i].topics[0] == ExitSealer.AssetDropped.selector) {
                (,,, count) = abi.decode(logs[i].data, (address, uint256, uint256, uint256));
            }
            if (logs[i].topics[0] != ExitSealer.Exit.selector) continue;
            vm.assertEq(uint256(logs[i].topics[1]), count);
            seen[count++] = keccak256(logs[i].data);
        }
        vm.assertEq(count, exits.length);
        for (uint256 i; i < count; ++i) {
            vm.assertEq(seen[i], keccak256(abi.encode(exits[i])));
        }
    }
}
