// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Attested} from "./Attested.sol";
import {MockCoin} from "./Mocks.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";
import {FlashLayer} from "../src/FlashLayer.sol";
import {Asset, BatchHead, Bond, Bridged, Deposit, Exit, Output, Phase} from "../src/Types.sol";

/// @notice Anything that anybody may do to a layer of mode B with batches, bonds and a bridged token, in any order, and
/// books of its own about it.
contract Life is Attested {
    uint256 public constant BOND = 4 ether;
    uint256 public constant RESCUE_BOND = 1 ether;
    uint256 private constant SEQUENCER_KEY = 0x5E90;

    FlashLayer public other;
    MockCoin public coin;
    Deposit[] private deposits;
    Exit[] private exits;
    uint64 private posted;

    uint256 public weiIn;
    uint256 public weiOut;
    uint256 public coinsIn;
    uint256 public coinsOut;
    uint256 public refunds;
    uint256 public claims;
    uint256 public settlements;
    bool public isSlashed;
    bytes32 public finalRoot;
    mapping(uint256 index => uint256 times) public paid;
    mapping(uint256 index => uint256 times) public refunded;

    function setUp() public override {
        super.setUp();
        coin = new MockCoin();
        config.sequencer = sequencer = vm.addr(SEQUENCER_KEY);
        (config.da, config.window) = (2, 1 hours);
        config.bridged.push(Bridged(1, address(coin), 1000));
        other = open("other");
        layer = other;
        deposit(alice, 1 ether);
        config.offer.bond = uint128(BOND);
        config.offer.acceptBy = config.depositCutoff;
        config.quorum.rescueBond = uint128(RESCUE_BOND);
        openAttested(2, 3);
        vm.deal(operator, BOND);
        vm.prank(operator);
        layer.accept{value: BOND}(config);
        weiIn = BOND;
    }

    // ------------------------------------------------------------------------------------- actions

    function takeTime(uint256 seconds_) external {
        vm.warp(block.timestamp + pick(seconds_, 1, 2 hours));
    }

    function takeAges(uint256 days_) external {
        vm.warp(block.timestamp + pick(days_, 1, 4) * 1 days);
    }

    function depositEth(uint256 value) external {
        if (!takesDeposits()) return;
        value = pick(value, 0, 1 ether);
        if (settlement().depositedWei() + value > config.tvlCapWei) return;
        deposits.push(depositOf(uint64(deposits.length), bob, value));
        deposit(bob, value);
        weiIn += value;
    }

    function depositCoin(uint256 amount) external {
        amount = pick(amount, 1, 100);
        if (!takesDeposits() || coinsIn + amount > 1000) return;
        Deposit memory d = depositOf(uint64(deposits.length), bob, amount);
        (d.kind, d.token, d.gasLimit) = (1, address(coin), 1_000_000);
        deposits.push(d);
        coin.mint(bob, amount);
        vm.prank(bob);
        coin.approve(address(layer), amount);
        vm.prank(bob, bob);
        layer.depositERC20(config, address(coin), bob, amount);
        coinsIn += amount;
    }

    function endDeposits() external {
        if (settlement().depositsClosed()) return;
        closeDeposits();
    }

    /// Posts a batch that takes in some deposits, with a proof of the next one.
    function post(uint256 more) external {
        uint64 consumed = settlement().consumedDeposits();
        consumed += uint64(pick(more, 0, deposits.length - consumed));
        BatchHead memory head = BatchHead(posted + 1, keccak256("hash"), keccak256("state"), consumed, 0);
        uint256 seen = settlement().seenDeposits();
        (Deposit memory d, bytes32[] memory proof) =
            consumed < deposits.length ? proved(consumed, consumed < seen ? seen : deposits.length) : nothing();
        vm.prank(operator, operator);
        try settlement().postBatch(config, head, "blocks", d, proof) {
            posted += 1;
            if (consumed == deposits.length) return;
            // Forced inclusion: what was left out has not waited for too long.
            vm.assertTrue(block.timestamp <= uint256(d.l1Time) + config.maxDepositDelay, "censored");
        } catch {}
    }

    function settleByOperator(uint256 noise) external {
        trySettle(operator, 0, noise);
    }

    function settleByStranger(uint256 noise) external {
        trySettle(alice, RESCUE_BOND, noise);
    }

    function vetoIt() external {
        bytes32 output = settlement().outputHash();
        address stranger = settlement().rescuer();
        if (settlement().phase() != Phase.Settled) return;
        settlement().veto(config, signatures("Veto", output, 0, 2));
        if (stranger != address(0)) weiOut += RESCUE_BOND;
    }

    function claim(uint256 index) external {
        if (exits.length == 0) return;
        index %= exits.length;
        bool mayPay = settlement().phase() == Phase.Final && paid[index] == 0;
        try layer.claim(index, exits[index], proofOf(exits, index)) {
            vm.assertTrue(mayPay, "paid when it must not");
            book(index);
        } catch {
            vm.assertFalse(mayPay);
        }
    }

    function pushNext(uint256 count) external {
        uint256 start = settlement().pushedCount();
        if (settlement().phase() != Phase.Final || start == exits.length) return;
        uint256 end = start + pick(count, 1, exits.length - start);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, start, end);
        layer.push(packed, siblings);
        for (uint256 i = start; i < end; ++i) {
            if (paid[i] == 0) book(i);
        }
        vm.assertEq(settlement().pushedCount(), end);
    }

    function publish(uint256 count) external {
        uint256 start = settlement().publishedCount();
        if (settlement().finalAt() == 0 || start == exits.length) return;
        uint256 end = start + pick(count, 1, exits.length - start);
        (bytes memory packed, bytes32[] memory siblings) = rangeOf(exits, start, end);
        vm.prank(bob, bob);
        layer.publishLeaves(start, packed, siblings);
    }

    function giveUp() external {
        bool isSettled = settlement().finalAt() != 0 || settlement().refunding();
        bool mayEnter = !isSettled && block.timestamp >= config.endsAt + config.settleDelay + config.rescueDelay;
        uint256 before = organiser.balance;
        try layer.enterRefund(config) {
            vm.assertTrue(mayEnter, "refunds too early");
            weiOut += organiser.balance - before;
        } catch {
            vm.assertFalse(mayEnter, "no refunds");
        }
    }

    function refund(uint256 index) external {
        if (deposits.length == 0) return;
        index %= deposits.length;
        Deposit memory d = deposits[index];
        bool mayPay = settlement().refunding() && refunded[index] == 0 && d.value != 0;
        (, bytes32[] memory proof) = proved(index, deposits.length);
        uint256 before = bob.balance;
        try layer.refund(d, proof) {
            vm.assertTrue(mayPay, "refunded when it must not");
            ++refunded[index];
            ++refunds;
            weiOut += bob.balance - before;
            if (d.kind == 1) coinsOut += d.value;
        } catch {
            vm.assertFalse(mayPay);
        }
    }

    function slash(uint256 key, bool isOneBlock) external {
        key = pick(key, SEQUENCER_KEY - 1, SEQUENCER_KEY);
        bytes32 second = isOneBlock ? bytes32("a") : bytes32("b");
        bool isFault = key == SEQUENCER_KEY && !isOneBlock && settlement().bond() == Bond.Held;
        bytes memory a = signature(key, sealDigest("a"));
        bytes memory b = signature(key, sealDigest(second));
        try layer.slashEquivocation(config, 1, "a", a, second, b) {
            vm.assertTrue(isFault, "an honest sequencer was slashed");
            isSlashed = true;
            weiOut += BOND / 2;
        } catch {
            vm.assertFalse(isFault);
        }
    }

    function withdraw() external {
        bool isOver = settlement().phase() == Phase.Final && settlement().publishedCount() == exits.length;
        uint256 before = address(layer).balance;
        try layer.withdrawBond(config) {
            vm.assertTrue(isOver, "a bond left too early");
            weiOut += before - address(layer).balance;
        } catch {}
    }

    // --------------------------------------------------------------------------------- for invariants

    function target() external view returns (FlashLayer) {
        return layer;
    }

    function exitCount() external view returns (uint256) {
        return exits.length;
    }

    /// From here on, without organiser and operator: either claims or refunds become possible.
    function endWithoutHelp() external {
        if (settlement().finalAt() != 0) {
            vm.warp(settlement().finalAt());
            vm.assertEq(uint256(settlement().phase()), uint256(Phase.Final));
        } else if (!settlement().refunding()) {
            uint256 end = config.endsAt + config.settleDelay + config.rescueDelay;
            if (block.timestamp < end) vm.warp(end);
            layer.enterRefund(config);
        }
    }

    // ------------------------------------------------------------------------------------------------

    function takesDeposits() private view returns (bool) {
        return !settlement().depositsClosed() && block.timestamp < config.depositCutoff;
    }

    /// An exit for every deposit that brought something; a fifth of the time for more than there is.
    function trySettle(address proposer, uint256 stake, uint256 noise) private {
        Exit[] memory made = exitsOfDeposits();
        bool isInsolvent = noise % 5 == 0 && made.length != 0;
        if (isInsolvent) made[0].value += 1;
        Asset[] memory list = new Asset[](2);
        list[0] = Asset(0, address(0), 18, "", "", 0);
        list[1] = Asset(1, address(coin), 18, "Coin", "COIN", 0);
        for (uint256 i; i < made.length; ++i) {
            list[made[i].asset].total += made[i].value;
        }
        Output memory o = outputOf(made);
        o.assetsHash = assetsHash(list);
        bytes[] memory a;
        bytes[] memory s;
        (o, a, s) = seal(o);
        bytes[] memory signed = signatures("Settlement", keccak256(abi.encode(o)), 0, 2);
        Phase before = settlement().phase();
        if (stake != 0) vm.deal(proposer, stake);
        vm.prank(proposer);
        try settlement().settle{value: stake}(config, o, list, a, s, signed) {
            vm.assertFalse(isInsolvent, "insolvent");
            vm.assertTrue(before == Phase.Open || before == Phase.Rejected, "settled twice");
            weiIn += stake;
            ++settlements;
            delete exits;
            for (uint256 i; i < made.length; ++i) {
                exits.push(made[i]);
            }
            finalRoot = o.exitRoot;
        } catch {}
    }

    function exitsOfDeposits() private view returns (Exit[] memory made) {
        made = new Exit[](deposits.length);
        uint256 count;
        for (uint32 kind; kind < 2; ++kind) {
            for (uint256 i; i < deposits.length; ++i) {
                if (deposits[i].kind != kind || deposits[i].value == 0) continue;
                made[count++] = Exit(kind, address(uint160(0x10000 + i)), 0, deposits[i].value);
            }
        }
        assembly {
            mstore(made, count)
        }
    }

    function book(uint256 index) private {
        ++paid[index];
        ++claims;
        if (exits[index].asset == 0) weiOut += exits[index].value;
        else coinsOut += exits[index].value;
    }

    function nothing() private pure returns (Deposit memory d, bytes32[] memory proof) {}

    function proved(uint256 index, uint256 count) private view returns (Deposit memory, bytes32[] memory) {
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            hashes[i] = keccak256(abi.encode(deposits[i]));
        }
        return (deposits[index], Naive.depositProof(hashes, index));
    }

    function sealDigest(bytes32 hash) private view returns (bytes32) {
        bytes32 what = keccak256(abi.encode(keccak256("BlockSeal(uint64 number,bytes32 hash)"), uint64(1), hash));
        return keccak256(bytes.concat(hex"1901", domain(), what));
    }
}
