// What was is answered after it is gone: a layer from its bundle, and an exported chain with a state that it leads to.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { concat, createPublicClient, createWalletClient, defineChain, encodeFunctionData, http, keccak256, numberToHex, pad, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { Ticket } from "./chain.mjs";
import { ask, directory, run, serve } from "./mayfly.mjs";

const dir = join(directory(), "layer");
const price = parseEther("0.01");
let layer, archive, questions, account;

/** What somebody may have asked while the layer was there. */
async function trade({ rpcUrl, chainId }) {
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id: chainId, name: "a layer", nativeCurrency, rpcUrls: { default: { http: [rpcUrl] } } });
  const client = createPublicClient({ chain, transport: http(rpcUrl) });
  const wallet = createWalletClient({ chain, transport: http(rpcUrl), account });
  const args = ["Gone", "GONE", price, account.address, 9n];
  const deployed = await wallet.deployContract({ abi: Ticket.abi, bytecode: Ticket.bytecode, args });
  const { contractAddress: to } = await client.waitForTransactionReceipt({ hash: deployed });
  const data = encodeFunctionData({ abi: Ticket.abi, functionName: "buy" });
  const bought = await wallet.sendTransaction({ to, data, value: price });
  const { blockHash, blockNumber } = await client.waitForTransactionReceipt({ hash: bought });
  const number = numberToHex(blockNumber);
  const name = encodeFunctionData({ abi: Ticket.abi, functionName: "name" });
  return [
    ["eth_chainId", []],
    ["eth_getBlockByNumber", [number, true]],
    ["eth_getBlockByHash", [blockHash, false]],
    ["eth_getTransactionByHash", [bought]],
    ["eth_getTransactionReceipt", [bought]],
    ["eth_getBlockReceipts", [number]],
    ["eth_getLogs", [{ address: to, fromBlock: "0x0", toBlock: number }]],
    ["eth_getBalance", [account.address, number]],
    ["eth_getTransactionCount", [account.address, number]],
    ["eth_getCode", [to, number]],
    ["eth_getStorageAt", [to, "0x0", number]],
    ["eth_getProof", [to, ["0x0", "0x1"], number]],
    ["eth_call", [{ to, data: name }, number]],
    ["eth_estimateGas", [{ from: account.address, to, data, value: numberToHex(price) }, number]],
    ["eth_feeHistory", ["0x2", number, [50]]],
    ["debug_traceTransaction", [bought, { tracer: "callTracer" }]],
    ["trace_transaction", [bought]],
    ["ots_getContractCreator", [to]],
  ];
}

before(async () => {
  const up = ["up", "--port", "0", "--l1-port", "0", "--ends-in", "1h", "--dir", dir];
  layer = await serve(...up);
  account = privateKeyToAccount(layer.said.accounts[3].privateKey);
  questions = await trade(layer.said);
  for (const question of questions) question.push(await ask(layer.said.rpcUrl, question[0], question[1]));
  const closed = run("close", "--dir", dir);
  assert.equal(closed.status, 0, closed.err);
  archive = await serve("archive", "--bundle", bundle(), "--port", "0");
});

after(() => Promise.all([layer?.stop(), archive?.stop()]));

/** The bundle that the layer left. */
function bundle() {
  const path = join(dir, "bundle.mayfly");
  assert.ok(existsSync(path), `${path} is not there`);
  return path;
}

test("a layer that is gone answers as it did", async () => {
  for (const [method, params, answered] of questions) {
    assert.ok(answered.result, `${method}: ${JSON.stringify(answered)}`);
    assert.deepEqual(await ask(archive.said.rpcUrl, method, params), answered, method);
  }
});

test("it takes no transactions any more", async () => {
  const { error } = await ask(archive.said.rpcUrl, "eth_sendRawTransaction", ["0x01"]);
  assert.equal(error.code, -32003);
});

test("what left it is listed with proofs that lead to the root", async () => {
  const { result } = await ask(archive.said.rpcUrl, "mayfly_exits");
  assert.ok(Number(result.count) > 0 && result.next === null);
  assert.equal(result.exits.length, Number(result.count));
  for (const exit of result.exits) assert.equal(rootOf(exit), result.root, JSON.stringify(exit));
  const { result: own } = await ask(archive.said.rpcUrl, "mayfly_exits", [account.address]);
  assert.ok(own.exits.length >= 2, "ETH and a ticket");
  assert.deepEqual(own.exits, result.exits.filter(({ recipient }) => recipient === account.address.toLowerCase()));
  const { result: rest } = await ask(archive.said.rpcUrl, "mayfly_exits", [null, "0x1"]);
  assert.deepEqual(rest.exits, result.exits.slice(1));
});

/** Root of the exit tree as the contract computes it: 92 bytes hashed, then the siblings from the bottom up. */
function rootOf({ index, asset, recipient, id, value, proof }) {
  const word = (number, size) => pad(number, { size });
  let node = keccak256(concat([word(index, 4), word(asset, 4), recipient, word(id, 32), word(value, 32)]));
  let at = BigInt(index);
  for (const sibling of proof) {
    node = keccak256(concat(at % 2n ? [sibling, node] : [node, sibling]));
    at /= 2n;
  }
  return node;
}

const FIXTURES = fileURLToPath(new URL("../../../shared/fixtures/rpc-compat/", import.meta.url));
const missing = existsSync(FIXTURES) ? false : `no fixtures at ${FIXTURES}`;
const exported = ["archive", "--genesis", `${FIXTURES}genesis.json`, "--chain", `${FIXTURES}chain.rlp`, "--port", "0"];

test("an exported chain leads to the states that another client wrote down", { skip: missing }, async () => {
  for (const [file, number] of [["state_35_last_pow.json", 35], ["state_54.json", 54]]) {
    const server = await serve(...exported, "--state", `${FIXTURES}derived/${file}`);
    assert.equal(server.said.stateOfBlock, number);
    await server.stop();
  }
});

test("what mining brought is traced, until the merge", { skip: missing }, async () => {
  const server = await serve(...exported);
  const url = server.said.rpcUrl;
  const rewards = async (number) => {
    const { result } = await ask(url, "trace_block", [numberToHex(number)]);
    return result.filter(({ type }) => type === "reward").map(({ action }) => action);
  };
  const { result: first } = await ask(url, "eth_getBlockByNumber", ["0x1", false]);
  assert.deepEqual(await rewards(1), [{ author: first.miner, rewardType: "block", value: numberToHex(parseEther("5")) }]);
  assert.deepEqual(await rewards(server.said.block), []);
  const filter = { fromBlock: "0x1", toBlock: "0x1", toAddress: [first.miner] };
  const { result: found } = await ask(url, "trace_filter", [filter]);
  assert.ok(found.some(({ type }) => type === "reward"));
  await server.stop();
});

test("a state to which the chain does not lead is refused", { skip: missing }, () => {
  const state = JSON.parse(readFileSync(`${FIXTURES}derived/state_54.json`, "utf8"));
  const refused = (changed) => {
    const path = join(directory(), "state.json");
    writeFileSync(path, JSON.stringify(changed));
    const { status, err, out } = run(...exported, "--state", path);
    assert.notEqual(status, 0);
    return err + out;
  };
  const [first] = Object.keys(state.alloc);
  const richer = { ...state.alloc[first], balance: "0x2" };
  assert.match(refused({ ...state, alloc: { ...state.alloc, [first]: richer } }), /state: expected the root/);
  const nothing = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
  assert.match(refused({ stateRoot: nothing, alloc: {} }), /no block of the chain leads to the root/);
});
