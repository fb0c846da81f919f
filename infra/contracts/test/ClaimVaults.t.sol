// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MockCoin, MockMulti, MockNft} from "./Mocks.sol";
import {vm} from "./Vm.sol";
import {ClaimVault} from "../src/ClaimVault.sol";
import {ClaimVaults} from "../src/ClaimVaults.sol";
import {Held, KIND_ERC1155, KIND_ETH, KIND_TWIN20, KIND_TWIN721} from "../src/Types.sol";
import "../src/Errors.sol" as E;

/// @notice What waits for a claim code goes to whom its key names, and to nobody else.
contract ClaimVaultsTest {
    uint256 internal constant CODE = 0xc0de;
    uint256 internal constant OTHER_CODE = 0xbad;

    ClaimVaults internal vaults;
    MockNft internal nft;
    address internal key;
    address internal vault;
    address internal buyer = vm.addr(98);
    address internal thief = vm.addr(99);

    function setUp() public {
        vaults = ClaimVaults(vm.deployCode("artifacts/ClaimVaults.json"));
        nft = new MockNft();
        key = vm.addr(CODE);
        vault = vaults.vaultOf(key);
        nft.mint(vault, 7);
    }

    function test_release_goesToWhomTheKeyNames() public {
        vm.expectEmit(true, true, true, true, address(vaults));
        emit ClaimVaults.Released(key, buyer, address(nft), 7, 1);
        vm.prank(thief);
        vaults.release(key, buyer, word(CODE, buyer), one(KIND_TWIN721, address(nft), 7, 1));
        vm.snapshotGasLastCall("release of a ticket");
        vm.assertEq(nft.ownerOf(7), buyer);
    }

    function test_release_otherRecipient_reverts() public {
        bytes memory seen = word(CODE, buyer);
        Held[] memory held = one(KIND_TWIN721, address(nft), 7, 1);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKey.selector, key, thief));
        vm.prank(thief);
        vaults.release(key, thief, seen, held);
    }

    function test_release_otherKey_reverts() public {
        bytes memory forged = word(OTHER_CODE, thief);
        Held[] memory held = one(KIND_TWIN721, address(nft), 7, 1);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKey.selector, key, thief));
        vaults.release(key, thief, forged, held);
        vm.expectRevert(abi.encodeWithSelector(E.NotReleased.selector, 0));
        vaults.release(vm.addr(OTHER_CODE), thief, forged, held);
        vm.assertEq(nft.ownerOf(7), vault);
    }

    function test_release_noKey_reverts() public {
        nft.mint(vaults.vaultOf(address(0)), 8);
        Held[] memory held = one(KIND_TWIN721, address(nft), 8, 1);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKey.selector, address(0), thief));
        vaults.release(address(0), thief, new bytes(65), held);
    }

    function test_release_wordForAnotherDeployment_reverts() public {
        ClaimVaults others = ClaimVaults(vm.deployCode("artifacts/ClaimVaults.json"));
        bytes memory elsewhere = wordFor(others, CODE, thief);
        Held[] memory held = one(KIND_TWIN721, address(nft), 7, 1);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKey.selector, key, thief));
        vaults.release(key, thief, elsewhere, held);
    }

    function test_release_nobodyOrNothing_reverts() public {
        Held[] memory held = one(KIND_TWIN721, address(nft), 7, 1);
        bytes memory nobody = word(CODE, address(0));
        vm.expectRevert(abi.encodeWithSelector(E.ZeroRecipient.selector));
        vaults.release(key, address(0), nobody, held);
        bytes memory good = word(CODE, buyer);
        vm.expectRevert(abi.encodeWithSelector(E.NothingHeld.selector));
        vaults.release(key, buyer, good, new Held[](0));
    }

    function test_release_twice_reverts() public {
        bytes memory good = word(CODE, buyer);
        Held[] memory held = one(KIND_TWIN721, address(nft), 7, 1);
        vaults.release(key, buyer, good, held);
        vm.expectRevert(abi.encodeWithSelector(E.NotReleased.selector, 0));
        vaults.release(key, buyer, good, held);
    }

    function test_release_everyKindAtOnceAndAgain() public {
        (MockCoin coin, MockMulti multi) = (new MockCoin(), new MockMulti());
        for (uint256 round = 1; round <= 2; ++round) {
            vm.deal(vault, 3 ether);
            coin.mint(vault, 5);
            multi.mint(vault, 9, 2);
            Held[] memory held = new Held[](3);
            held[0] = Held(KIND_ETH, address(0), 0, 3 ether);
            held[1] = Held(KIND_TWIN20, address(coin), 0, 5);
            held[2] = Held(KIND_ERC1155, address(multi), 9, 2);
            vaults.release(key, buyer, word(CODE, buyer), held);
            vm.assertEq(buyer.balance, round * 3 ether);
            vm.assertEq(coin.balanceOf(buyer), round * 5);
            vm.assertEq(multi.balanceOf(buyer, 9), round * 2);
        }
    }

    function test_release_refusals_revert() public {
        MockCoin coin = new MockCoin();
        coin.mint(vault, 5);
        coin.refuse();
        bytes memory good = word(CODE, buyer);
        vm.expectRevert(abi.encodeWithSelector(E.NotReleased.selector, 0));
        vaults.release(key, buyer, good, one(KIND_TWIN20, address(coin), 0, 5));
        vm.expectRevert(abi.encodeWithSelector(E.NotReleased.selector, 0));
        vaults.release(key, buyer, good, one(KIND_TWIN20, address(0xdead), 0, 5));
        vm.expectRevert(abi.encodeWithSelector(E.NotReleased.selector, 0));
        vaults.release(key, buyer, good, one(KIND_ETH, address(0), 0, 1));
    }

    function test_vault_obeysNobodyElse() public {
        vaults.release(key, buyer, word(CODE, buyer), one(KIND_TWIN721, address(nft), 7, 1));
        nft.mint(vault, 8);
        bytes memory take = abi.encodeCall(nft.transferFrom, (vault, thief, 8));
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, thief));
        vm.prank(thief);
        ClaimVault(vault).act(address(nft), 0, take);
        address shared = vaults.vaultImplementation();
        vm.expectRevert(abi.encodeWithSelector(E.NotAllowed.selector, thief));
        vm.prank(thief);
        ClaimVault(shared).act(address(nft), 0, take);
    }

    function testFuzz_release_onlyTheKeysWordCounts(uint256 code, address to, address named) public {
        code = code % (type(uint256).max / 4) + 1;
        vm.assume(to != address(0) && to != named);
        (address of_, bytes memory signature) = (vm.addr(code), word(code, named));
        nft.mint(vaults.vaultOf(of_), 1000);
        Held[] memory held = one(KIND_TWIN721, address(nft), 1000, 1);
        vm.expectRevert(abi.encodeWithSelector(E.WrongKey.selector, of_, to));
        vaults.release(of_, to, signature, held);
    }

    function one(uint8 kind, address token, uint256 id, uint256 value) private pure returns (Held[] memory held) {
        held = new Held[](1);
        held[0] = Held(kind, token, id, value);
    }

    function word(uint256 code, address to) private view returns (bytes memory) {
        return wordFor(vaults, code, to);
    }

    /// @dev As EIP-712 has it, written out here once more.
    function wordFor(ClaimVaults of_, uint256 code, address to) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Mayfly"),
                keccak256("1"),
                block.chainid,
                address(of_)
            )
        );
        bytes32 body = keccak256(abi.encode(keccak256("Release(address to)"), to));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(code, keccak256(abi.encodePacked(hex"1901", domain, body)));
        return abi.encodePacked(r, s, v);
    }
}
