// ethers, as an application uses it. Its provider sends batches by default.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  Contract,
  ContractFactory,
  HDNodeWallet,
  JsonRpcProvider,
  NonceManager,
  Wallet,
  isError,
  keccak256,
  parseEther,
} from "ethers";
import { ACCOUNTS, ECHO_ABI, ECHO_INIT_CODE, MNEMONIC, RPC, Ticket, differs, findDeposit } from "./chain.mjs";

const price = parseEther("0.01");
let provider, wallet, ticket;

const keyOf = (index) => HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`).privateKey;
const stranger = () => Wallet.createRandom().address;

before(async () => {
  // ethers answers a repeated question from its cache for 250 ms: many blocks of a layer.
  provider = new JsonRpcProvider(RPC, undefined, { polling: true, pollingInterval: 50, cacheTimeout: -1 });
  wallet = new NonceManager(new Wallet(keyOf(ACCOUNTS.ethers[0]), provider));
  const factory = new ContractFactory(Ticket.abi, Ticket.bytecode, wallet);
  ticket = await factory.deploy("Night", "NIGHT", price, await wallet.getAddress(), 3n);
  await ticket.waitForDeployment();
});

after(() => provider.destroy());

test("the chain says who it is", async () => {
  const { chainId } = await provider.getNetwork();
  assert.equal(BigInt(await provider.send("eth_chainId", [])), chainId);
  assert.ok((await provider.getBalance(wallet)) > parseEther("1"));
});

test("ETH moves by a fee market transaction and by a legacy one", async () => {
  for (const type of [2, 0]) {
    const to = stranger();
    const sent = await wallet.sendTransaction({ to, value: 5n, type });
    const receipt = await sent.wait();
    assert.equal(receipt.status, 1);
    assert.equal(receipt.type, type);
    assert.equal(await provider.getBalance(to), 5n);
    assert.equal(await provider.getBalance(to, receipt.blockNumber - 1), 0n);
    const tx = await provider.getTransaction(sent.hash);
    assert.equal(tx.blockHash, receipt.blockHash);
    assert.equal(tx.value, 5n);
  }
});

test("many transactions of one account at once are all included", async () => {
  const sender = new NonceManager(new Wallet(keyOf(ACCOUNTS.ethers[1]), provider));
  const to = stranger();
  const send = () => sender.sendTransaction({ to, value: 1n });
  const sent = await Promise.all(Array.from({ length: 20 }, send));
  const receipts = await Promise.all(sent.map((one) => one.wait()));
  assert.ok(receipts.every(({ status }) => status === 1));
  assert.equal(await provider.getBalance(to), 20n);
  const next = await provider.getTransactionCount(sender, "pending");
  assert.equal(next, Math.max(...sent.map(({ nonce }) => nonce)) + 1);
});

test("a contract is read, written and found in the logs", async () => {
  assert.equal(await ticket.symbol(), "NIGHT");
  const receipt = await (await ticket.buy({ value: price })).wait();
  const [log] = receipt.logs;
  assert.equal(log.fragment.name, "Transfer");
  assert.equal(await ticket.ownerOf(log.args.tokenId), await wallet.getAddress());
  const filter = ticket.filters.Transfer(null, await wallet.getAddress());
  const found = await ticket.queryFilter(filter, 0, "latest");
  assert.equal(found.length, 1);
  assert.equal(found[0].transactionHash, receipt.hash);
  assert.equal((await ticket.queryFilter(ticket.filters.Approval(), 0)).length, 0);
  const byHash = await provider.getLogs({ address: ticket, blockHash: receipt.blockHash });
  assert.equal(byHash.length, 1);
});

test("a custom error is decoded, by a call and by an estimate", async () => {
  for (const ask of [ticket.buy.staticCall, ticket.buy.estimateGas]) {
    await assert.rejects(ask({ value: 1n }), (error) => {
      assert.ok(isError(error, "CALL_EXCEPTION"));
      const revert = ticket.interface.parseError(error.data);
      assert.equal(revert.name, "WrongPayment");
      assert.deepEqual([...revert.args], [1n, price]);
      return true;
    });
  }
});

test("a reason is decoded", async () => {
  const factory = new ContractFactory(ECHO_ABI, ECHO_INIT_CODE, wallet);
  const echo = await (await factory.deploy()).waitForDeployment();
  const view = new Contract(await echo.getAddress(), ECHO_ABI, provider);
  await assert.rejects(view.getFunction("Error").staticCall("sold out"), (error) => {
    assert.ok(isError(error, "CALL_EXCEPTION"));
    assert.equal(error.reason, "sold out");
    return true;
  });
});

test("a transaction that reverts has a receipt with status 0", async () => {
  const sent = await ticket.buy({ value: 1n, gasLimit: 200_000n });
  await assert.rejects(sent.wait(), (error) => {
    assert.ok(isError(error, "CALL_EXCEPTION"));
    assert.equal(error.receipt.status, 0);
    return true;
  });
});

test("a transaction that cannot be included is refused with a code", async () => {
  const plain = new Wallet(keyOf(ACCOUNTS.ethers[0]), provider);
  const used = plain.sendTransaction({ to: stranger(), nonce: 0, gasLimit: 21_000 });
  await assert.rejects(used, (error) => isError(error, "NONCE_EXPIRED"));
  const poor = Wallet.createRandom(provider);
  const unfunded = poor.sendTransaction({ to: stranger(), value: parseEther("1") });
  await assert.rejects(unfunded, (error) => isError(error, "INSUFFICIENT_FUNDS"));
});

test("several questions at once are one batch", async () => {
  const batches = [];
  const listen = (event) => void (event.action === "sendRpcPayload" && batches.push(event.payload));
  await provider.on("debug", listen);
  const asked = Array.from({ length: 40 }, () => provider.getBalance(stranger()));
  assert.ok((await Promise.all(asked)).every((balance) => balance === 0n));
  await provider.off("debug", listen);
  assert.ok(batches.some((payload) => Array.isArray(payload) && payload.length >= 40));
});

test("blocks, fees, code and storage have the shape that ethers reads", async () => {
  const block = await provider.getBlock("latest", true);
  assert.equal(block.prefetchedTransactions.length, block.length);
  assert.equal((await provider.getBlock(block.hash)).number, block.number);
  assert.equal((await provider.getBlock("finalized")).number <= block.number, true);
  const { maxFeePerGas, maxPriorityFeePerGas, gasPrice } = await provider.getFeeData();
  assert.ok(maxFeePerGas >= maxPriorityFeePerGas && gasPrice >= 0n);
  assert.ok((await provider.getCode(ticket)).length > 2);
  assert.equal((await provider.getStorage(ticket, 0)).length, 66);
  const proof = await provider.send("eth_getProof", [await ticket.getAddress(), [], block.hash]);
  assert.equal(keccak256(proof.accountProof[0]), (await provider.send("eth_getBlockByHash", [block.hash, false])).stateRoot);
  assert.equal(await provider.getBlock(10_000_000), null);
  assert.equal(await provider.getTransactionReceipt(keccak256("0x01")), null);
});

test("a deposit from the L1 is read with its block and receipt", async (t) => {
  const hash = await findDeposit();
  if (!hash) return t.skip(differs("deposits"));
  const tx = await provider.getTransaction(hash);
  const block = await provider.getBlock(tx.blockHash, true);
  assert.ok(block.prefetchedTransactions.some((one) => one.hash === hash));
  assert.equal((await provider.getTransactionReceipt(hash)).status, 1);
});
