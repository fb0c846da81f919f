// eth_sendRawTransactionSync (EIP-7966): one request, one receipt.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createPublicClient, createWalletClient, defineChain, http, keccak256 } from "viem";
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { ACCOUNTS, MNEMONIC, RPC, differs, isMayfly, rpc } from "./chain.mjs";

const account = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNTS.sync[0] });
let client, wallet;

const stranger = () => privateKeyToAccount(generatePrivateKey()).address;

async function signed(more) {
  const request = await wallet.prepareTransactionRequest({ to: stranger(), value: 1n, gas: 21_000n, ...more });
  return wallet.signTransaction(request);
}

before(async () => {
  const transport = http(RPC);
  const id = await createPublicClient({ transport }).getChainId();
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id, name: "under test", nativeCurrency, rpcUrls: { default: { http: [RPC] } } });
  client = createPublicClient({ chain, transport });
  wallet = createWalletClient({ chain, transport, account });
});

test("viem gets the receipt of what it sends", async () => {
  const to = stranger();
  const receipt = await wallet.sendTransactionSync({ to, value: 3n });
  assert.equal(receipt.status, "success");
  assert.equal(await client.getBalance({ address: to }), 3n, "the state is there with the receipt");
  const fetched = await client.getTransactionReceipt({ hash: receipt.transactionHash });
  assert.equal(fetched.blockHash, receipt.blockHash);
});

test("viem gets the receipt of raw bytes", async (t) => {
  const serializedTransaction = await signed();
  const timeout = (await isMayfly()) ? 5_000 : undefined;
  if (!timeout) t.diagnostic(differs("sync"));
  const receipt = await client.sendRawTransactionSync({ serializedTransaction, timeout });
  assert.equal(receipt.transactionHash, keccak256(serializedTransaction));
  assert.equal(receipt.status, "success");
});

test("ten in a row each see the one before", async () => {
  for (let i = 0; i < 10; i += 1) {
    const receipt = await wallet.sendTransactionSync({ to: stranger(), value: 1n });
    assert.equal(receipt.status, "success");
  }
});

test("sending again is the same as once", async (t) => {
  if (!(await isMayfly())) return t.skip(differs("known"));
  const raw = await signed();
  const first = await rpc("eth_sendRawTransactionSync", raw);
  const second = await rpc("eth_sendRawTransactionSync", raw);
  assert.deepEqual(second, first);
  assert.equal((await rpc("eth_sendRawTransaction", raw)).result, first.result.transactionHash);
});

test("behind a nonce gap, the answer is code 5 with the hash, and the transaction is not lost", async (t) => {
  if (!(await isMayfly())) return t.skip(differs("sync"));
  const sender = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNTS.sync[1] });
  const nonce = await client.getTransactionCount({ address: sender.address, blockTag: "pending" });
  const later = await signed({ account: sender, nonce: nonce + 1 });
  const hash = keccak256(later);
  const { error } = await rpc("eth_sendRawTransactionSync", later, 100);
  assert.deepEqual([error.code, error.data], [5, hash]);
  assert.equal((await rpc("mayfly_transactionStatus", hash)).result.state, "waiting");
  assert.equal((await client.getTransaction({ hash })).blockHash, null);
  const earlier = await signed({ account: sender, nonce });
  assert.equal((await rpc("eth_sendRawTransactionSync", earlier)).result.status, "0x1");
  assert.equal((await rpc("mayfly_transactionStatus", hash)).result.state, "included");
});
