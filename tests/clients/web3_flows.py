"""web3.py, as a backend uses it. Run by web3.test.mjs, which says where the chain is."""

import json
import os
import time
import unittest

from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError

Account.enable_unaudited_hdwallet_features()
PRICE = Web3.to_wei(0.01, "ether")


def ticket_artifact():
    with open(os.environ["MAYFLY_TICKET"], encoding="utf8") as file:
        return json.load(file)


class Flows(unittest.TestCase):
    """One account, one contract, in the order of an application's life."""

    @classmethod
    def setUpClass(cls):
        cls.web3 = Web3(HTTPProvider(os.environ["MAYFLY_RPC"]))
        path = f"m/44'/60'/0'/0/{os.environ['MAYFLY_ACCOUNT']}"
        cls.account = Account.from_mnemonic(os.environ["MAYFLY_MNEMONIC"], account_path=path)
        artifact = ticket_artifact()
        contract = cls.web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        args = ("Python", "PY", PRICE, cls.account.address, 100)
        receipt = cls.send(contract.constructor(*args).build_transaction(cls.basics()))
        cls.ticket = cls.web3.eth.contract(address=receipt.contractAddress, abi=artifact["abi"])

    @classmethod
    def basics(cls, **more):
        nonce = cls.web3.eth.get_transaction_count(cls.account.address, "pending")
        return {"from": cls.account.address, "nonce": nonce, "chainId": cls.web3.eth.chain_id, **more}

    @classmethod
    def send(cls, transaction):
        signed = cls.account.sign_transaction(transaction)
        sent = cls.web3.eth.send_raw_transaction(signed.raw_transaction)
        return cls.web3.eth.wait_for_transaction_receipt(sent, timeout=20, poll_latency=0.05)

    def buy(self):
        return self.send(self.ticket.functions.buy().build_transaction(self.basics(value=PRICE)))

    def test_the_chain_says_who_it_is(self):
        self.assertTrue(self.web3.is_connected())
        self.assertGreater(self.web3.eth.chain_id, 0)
        self.assertFalse(self.web3.eth.syncing)
        self.assertEqual(self.web3.net.version, str(self.web3.eth.chain_id))

    def test_eth_moves_by_every_type_of_transaction(self):
        to = Account.create().address
        price = max(self.web3.eth.gas_price * 2, 1)
        prices = [
            {"gasPrice": price},
            {"gasPrice": price, "accessList": [{"address": to, "storageKeys": []}]},
            {"maxFeePerGas": price, "maxPriorityFeePerGas": 0},
        ]
        for kind, fields in enumerate(prices):
            receipt = self.send(self.basics(to=to, value=1, gas=30_000, **fields))
            self.assertEqual((receipt.status, receipt.type), (1, kind))
        self.assertEqual(self.web3.eth.get_balance(to), 3)
        self.assertEqual(self.web3.eth.get_balance(to, receipt.blockNumber - 1), 2)

    def test_a_contract_is_read_and_written_and_tells_events(self):
        self.assertEqual(self.ticket.functions.name().call(), "Python")
        receipt = self.buy()
        events = self.ticket.events.Transfer().process_receipt(receipt)
        self.assertEqual(events[0].args.to, self.account.address)
        logs = self.ticket.events.Transfer().get_logs(from_block=receipt.blockNumber)
        self.assertEqual(logs[-1].transactionHash, receipt.transactionHash)

    def test_a_filter_is_polled(self):
        events = self.ticket.events.Transfer.create_filter(from_block="latest")
        receipt = self.buy()
        deadline = time.monotonic() + 10
        found = []
        while not found and time.monotonic() < deadline:
            found = [log.transactionHash for log in events.get_new_entries()]
        # differs("filters")
        self.assertEqual(found[-1], receipt.transactionHash)
        self.assertEqual(events.get_new_entries(), [])
        self.assertTrue(self.web3.eth.uninstall_filter(events.filter_id))

    def test_a_revert_has_its_data(self):
        with self.assertRaises(ContractLogicError):
            self.ticket.functions.buy().call({"from": self.account.address, "value": 1})

    def test_an_account_delegates(self):
        owner = Account.create()
        self.send(self.basics(to=owner.address, value=10**18, gas=30_000, gasPrice=max(self.web3.eth.gas_price * 2, 1)))
        authorization = owner.sign_authorization(
            {"chainId": self.web3.eth.chain_id, "address": self.ticket.address, "nonce": 0}
        )
        to = Account.create().address
        receipt = self.send(
            self.basics(
                to=to,
                gas=100_000,
                maxFeePerGas=max(self.web3.eth.gas_price * 2, 1),
                maxPriorityFeePerGas=0,
                authorizationList=[authorization],
            )
        )
        self.assertEqual((receipt.status, receipt.type), (1, 4))
        code = self.web3.eth.get_code(owner.address)
        self.assertEqual(code.hex().removeprefix("0x"), "ef0100" + self.ticket.address[2:].lower())

    def test_the_state_is_proven(self):
        proof = self.web3.eth.get_proof(self.ticket.address, [b"\0" * 32])
        self.assertEqual(proof.address, self.ticket.address)
        self.assertGreater(len(proof.accountProof), 0)

    def test_what_is_wrong_is_said(self):
        with self.assertRaises(TransactionNotFound):
            self.web3.eth.get_transaction(b"\x01" * 32)
        with self.assertRaises(Web3RPCError):
            self.web3.eth.send_raw_transaction(b"\x02\x01")
        history = self.web3.eth.fee_history(2, "latest", [50])
        self.assertEqual(len(history.baseFeePerGas), len(history.gasUsedRatio) + 1)


if __name__ == "__main__":
    unittest.main()
