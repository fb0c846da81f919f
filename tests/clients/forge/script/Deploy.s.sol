// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Counter, Factory, Linked} from "../src/Counter.sol";

/// @notice What of forge's cheat codes the script needs.
interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// @notice Deploys with CREATE2, with CREATE and with a library, and uses what it deployed.
contract Deploy {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @notice Broadcasts nine transactions.
    /// @param salt Where the counter of CREATE2 goes.
    /// @return counter It.
    /// @return factory What CREATE made.
    /// @return linked What needed a library.
    function run(bytes32 salt) external returns (Counter counter, Factory factory, Linked linked) {
        VM.startBroadcast();
        counter = new Counter{salt: salt, value: 1 ether}(7);
        counter.raise();
        counter.raiseTo(20);
        factory = new Factory();
        factory.make(3);
        linked = new Linked();
        (bool sent,) = address(counter).call{value: 0.5 ether}("");
        require(sent, "ETH was not taken");
        factory.last().raise();
        VM.stopBroadcast();
        require(counter.number() == 20 && factory.last().number() == 4 && linked.sum(4) == 10, "another state");
    }

    /// @notice Broadcasts what reverts.
    /// @param counter Where.
    function fall(Counter counter) external {
        VM.startBroadcast();
        counter.raiseTo(1);
        VM.stopBroadcast();
    }
}
