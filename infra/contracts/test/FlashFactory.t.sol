// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";
import {FlashFactory} from "../src/FlashFactory.sol";
import {FlashLayer} from "../src/FlashLayer.sol";
import {Config, Phase} from "../src/Types.sol";
import "../src/Errors.sol" as E;

contract FlashFactoryTest is Base {
    function test_open_deploysWherePredicted() public {
        address predicted = factory.predict(organiser, config, "another");
        bytes32 hash = keccak256(abi.encode(config));
        vm.expectEmit(true, true, true, true, address(factory));
        emit FlashFactory.FlashOpened(2, predicted, organiser, hash, config);
        vm.prank(organiser);
        FlashLayer opened = FlashLayer(factory.open(config, "another"));
        vm.assertEq(address(opened), predicted);
        vm.assertEq(opened.configHash(), hash);
        vm.assertEq(uint256(opened.phase()), uint256(Phase.Open));
        vm.assertEq(factory.layerCount(), 2);
    }

    function test_open_sameSaltAndConfig_reverts() public {
        vm.prank(organiser);
        vm.expectRevert();
        factory.open(config, "salt");
    }

    function test_open_saltsArePersonal() public view {
        vm.assertTrue(factory.predict(organiser, config, "x") != factory.predict(alice, config, "x"));
    }

    function test_open_otherOrganiser_reverts() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(E.NotOrganiser.selector, alice, organiser));
        factory.open(config, "x");
    }

    function test_open_noOperator_reverts() public {
        config.operator = address(0);
        openReverts(abi.encodeWithSelector(E.ZeroOperator.selector));
    }

    function test_open_badChainId_reverts() public {
        uint64 max = factory.MAX_CHAIN_ID();
        config.chainId = 0;
        openReverts(abi.encodeWithSelector(E.BadChainId.selector, 0, max));
        config.chainId = max + 1;
        openReverts(abi.encodeWithSelector(E.BadChainId.selector, max + 1, max));
    }

    function test_open_endInThePast_reverts() public {
        config.endsAt = uint64(block.timestamp);
        config.depositCutoff = 0;
        openReverts(abi.encodeWithSelector(E.BadTimes.selector, 0, block.timestamp, block.timestamp));
    }

    function test_open_depositsOutliveTheLayer_reverts() public {
        config.depositCutoff = config.endsAt + 1;
        openReverts(abi.encodeWithSelector(E.BadTimes.selector, config.endsAt + 1, config.endsAt, block.timestamp));
    }

    function test_open_longWindow_reverts() public {
        config.window = 30 days + 1;
        openReverts(abi.encodeWithSelector(E.WindowTooLong.selector, 30 days + 1, 30 days));
    }

    function test_open_unknownMode_reverts() public {
        config.mode = 2;
        openReverts(abi.encodeWithSelector(E.UnsupportedMode.selector, 2));
    }

    function test_open_noGenesis_reverts() public {
        config.genesisStateRoot = 0;
        openReverts(abi.encodeWithSelector(E.ZeroGenesis.selector));
    }

    function test_open_longUri_reverts() public {
        config.twinBaseUri = string(new bytes(129));
        openReverts(abi.encodeWithSelector(E.UriTooLong.selector, 129, 128));
    }

    function test_implementation_isNoLayer() public {
        FlashLayer implementation = FlashLayer(factory.layerImplementation());
        vm.assertEq(uint256(implementation.phase()), uint256(Phase.None));
        vm.expectPartialRevert(E.BadConfig.selector);
        implementation.closeDeposits(config);
    }

    function openReverts(bytes memory reason) private {
        vm.prank(organiser);
        vm.expectRevert(reason);
        factory.open(config, "x");
    }
}
