// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {OddCoin, SealerBase} from "./SealerBase.sol";
import {ExitSealer} from "../src/ExitSealer.sol";
import {Predeploys} from "../src/Predeploys.sol";
import {Asset, Exit} from "../src/Types.sol";

/// @notice Drives the sealer in any order, forgets holders, meets coins that lie, and keeps its own books of what is in
/// the tree.
contract SealingHandler {
    ExitSealer private constant SEALER = ExitSealer(Predeploys.SEALER);
    uint256 private constant COINS = 3;
    uint256 private constant HOLDERS = 12;
    uint256 public constant ETH = 78;

    OddCoin[COINS] private _coins;
    bool[COINS] private _lies;

    Exit[] private _kept;
    Exit[] private _pending;
    uint160 private _ethDone;
    uint160 private _done;
    uint256 private _coin;
    bool private _forgot;
    bool public sealedNow;

    constructor() {
        for (uint160 i; i < HOLDERS; ++i) {
            vm.deal(holder(i), i + 1);
        }
        vm.store(Predeploys.SEALER, bytes32(uint256(1)), bytes32(ETH));
        for (uint256 c; c < COINS; ++c) {
            _coins[c] = new OddCoin();
            for (uint160 i = uint160(c); i < HOLDERS; ++i) {
                _coins[c].mint(holder(i), 100 * c + i);
            }
        }
        _system();
        SEALER.freeze();
    }

    function sweepETH(uint256 count) external {
        if (sealedNow || SEALER.openAsset() != 0) return;
        uint160 end = _next(_ethDone, count);
        address[] memory holders = new address[](end - _ethDone);
        for (uint160 i; i < holders.length; ++i) {
            holders[i] = holder(_ethDone + i);
            _kept.push(Exit(0, holders[i], 0, holders[i].balance));
        }
        _ethDone = end;
        _system();
        SEALER.sweepETH(holders);
    }

    function add(uint256 which) external {
        which %= COINS;
        if (sealedNow || SEALER.openAsset() != 0 || SEALER.assetOf(address(_coins[which])) != 0) return;
        (_coin, _done, _forgot) = (which, 0, false);
        delete _pending;
        _system();
        SEALER.addAsset20(address(_coins[which]));
    }

    function sweep(uint256 count, bool forgets) external {
        uint32 asset = SEALER.openAsset();
        if (sealedNow || asset == 0) return;
        uint160 end = _next(_done, count);
        if (end == _done) return;
        // The first of the step is the one that is forgotten.
        uint160 from = forgets ? _done + 1 : _done;
        if (forgets && _coins[_coin].balanceOf(holder(_done)) != 0) _forgot = true;
        address[] memory holders = new address[](end - from);
        for (uint160 i; i < holders.length; ++i) {
            holders[i] = holder(from + i);
            uint256 balance = _coins[_coin].balanceOf(holders[i]);
            if (balance != 0) _pending.push(Exit(asset, holders[i], 0, balance));
        }
        _done = end;
        _system();
        SEALER.sweep20(asset, holders);
    }

    function lie(uint256 which) external {
        which %= COINS;
        if (SEALER.assetOf(address(_coins[which])) != 0 && SEALER.openAsset() == 0) return;
        _lies[which] = true;
        _coins[which].lieFrom(0);
    }

    function close() external {
        uint32 asset = SEALER.openAsset();
        if (sealedNow || asset == 0) return;
        _system();
        bool kept = SEALER.closeAsset(asset);
        vm.assertEq(kept, _done == HOLDERS && !_forgot && !_lies[_coin]);
        for (uint256 i; kept && i < _pending.length; ++i) {
            _kept.push(_pending[i]);
        }
        delete _pending;
    }

    function seal() external {
        if (sealedNow) return;
        _system();
        try SEALER.seal() {
            sealedNow = true;
            vm.assertTrue(_ethDone == HOLDERS && SEALER.openAsset() == 0, "sealed too early");
        } catch {
            vm.assertTrue(_ethDone != HOLDERS || SEALER.openAsset() != 0, "could not seal");
        }
    }

    /// What must be in the tree now.
    function exits() external view returns (Exit[] memory all) {
        all = new Exit[](_kept.length + _pending.length);
        for (uint256 i; i < _kept.length; ++i) {
            all[i] = _kept[i];
        }
        for (uint256 i; i < _pending.length; ++i) {
            all[_kept.length + i] = _pending[i];
        }
    }

    function _next(uint160 done, uint256 count) private pure returns (uint160) {
        uint256 end = done + 1 + count % HOLDERS;
        return end > HOLDERS ? uint160(HOLDERS) : uint160(end);
    }

    function holder(uint160 i) private pure returns (address) {
        return address(0x1000 + i);
    }

    function _system() private {
        vm.prank(Predeploys.SYSTEM);
    }
}

contract SealerInvariantsTest is SealerBase {
    SealingHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new SealingHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// The tree has the leaves of what was swept and kept, in order, and no others.
    function invariant_treeIsWhatWasKept() public view {
        Exit[] memory exits = handler.exits();
        vm.assertEq(uint256(SEALER.leafCount()), exits.length);
        if (!handler.sealedNow()) return;
        vm.assertEq(SEALER.exitRoot(), Naive.root(Naive.hashes(exits)));
    }

    /// Each asset's total is the sum of its leaves; once sealed, ETH's is all there is, and each coin's is its supply.
    function invariant_totalsAreTheSumsOfLeaves() public view {
        Exit[] memory exits = handler.exits();
        Asset[] memory assets = SEALER.assets();
        uint256[] memory sums = new uint256[](assets.length);
        for (uint256 i; i < exits.length; ++i) {
            sums[exits[i].asset] += exits[i].value;
        }
        for (uint256 i; i < assets.length; ++i) {
            vm.assertEq(assets[i].total, sums[i]);
            if (!handler.sealedNow()) continue;
            vm.assertEq(sums[i], i == 0 ? handler.ETH() : OddCoin(assets[i].l2).totalSupply());
        }
    }
}
