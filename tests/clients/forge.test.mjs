// Foundry's forge: a project is built, its script is broadcast, its contracts are created, transactions are traced.
//
// On a layer the script runs on an anvil of its own as well: what it does must be the same there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { concat, encodeAbiParameters, getCreate2Address, keccak256, pad, toHex } from "viem";
import { generatePrivateKey, mnemonicToAccount } from "viem/accounts";
import { ACCOUNTS, MNEMONIC, RPC, differs, isMayfly, startAnvil } from "./chain.mjs";

const PROJECT = fileURLToPath(new URL("forge", import.meta.url));
const DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const index = ACCOUNTS.forge[0];
const account = mnemonicToAccount(MNEMONIC, { addressIndex: index });
const from = ["--mnemonics", MNEMONIC, "--mnemonic-indexes", String(index)];
const salt = pad(generatePrivateKey().slice(0, 20), { size: 32 });
let out, first;

/** Path of a binary. npm may have been told to run no install scripts, so the launcher is not used. */
function binary(name) {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch];
  const file = process.platform === "win32" ? `${name}.exe` : name;
  return createRequire(import.meta.url).resolve(`@foundry-rs/${name}-${process.platform}-${arch}/bin/${file}`);
}

/** Everything that forge writes goes to a folder of this run. */
async function foundry(name, url, ...args) {
  const env = {
    ...process.env,
    ETH_RPC_URL: url,
    FOUNDRY_OUT: join(out, "out"),
    FOUNDRY_CACHE_PATH: join(out, "cache"),
    FOUNDRY_BROADCAST: join(out, "broadcast"),
    FOUNDRY_SOLC: fileURLToPath(new URL("../../infra/contracts/solc.mjs", import.meta.url)),
    FOUNDRY_DISABLE_NIGHTLY_WARNING: "1",
  };
  const { stdout } = await promisify(execFile)(binary(name), args, { env, cwd: PROJECT, maxBuffer: 1 << 26 });
  return stdout;
}

const forge = (...args) => foundry("forge", RPC, ...args);
const cast = async (...args) => (await foundry("cast", RPC, ...args)).trim();

/** Broadcasts the script and returns what forge wrote down of it. */
async function broadcast(url, ...more) {
  const script = ["script", "script/Deploy.s.sol", "--sig", "run(bytes32)", ...more];
  await foundry("forge", url, ...script, "--broadcast", "--rpc-url", url, ...from);
  const folder = join(out, "broadcast", "Deploy.s.sol");
  const chain = Number((await rpcOf(url, "eth_chainId")).result);
  return JSON.parse(readFileSync(join(folder, String(chain), "run-latest.json"), "utf8"));
}

async function rpcOf(url, method, ...params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  return answer.json();
}

/** What is the same on every chain: not where a nonce put things, nor what blocks are like. */
const short = ({ transactions, receipts }) => ({
  transactions: transactions.map(({ transactionType, contractName, function: called, arguments: given }) => ({
    transactionType, contractName, called, given,
  })),
  receipts: receipts.map(({ status, type, gasUsed, logs }) => ({
    status, type, gasUsed, logs: logs.map(({ data, topics }) => ({ data, topics })),
  })),
});

before(async () => {
  out = mkdtempSync(join(tmpdir(), "mayfly-forge-"));
  await forge("build");
});

after(() => rmSync(out, { recursive: true, force: true }));

test("a script is broadcast: CREATE2, CREATE, a library, calls, ETH", async () => {
  first = await broadcast(RPC, salt);
  const done = first;
  assert.deepEqual(done.receipts.map(({ status }) => status), done.receipts.map(() => "0x1"));
  assert.deepEqual(done.pending, []);
  const { bytecode } = artifact("Counter");
  const initCode = concat([bytecode.object, encodeAbiParameters([{ type: "uint256" }], [7n])]);
  const counter = getCreate2Address({ from: DEPLOYER, salt, bytecodeHash: keccak256(initCode) });
  const deployed = done.transactions.filter(({ transactionType }) => transactionType === "CREATE2");
  const [one] = deployed.filter(({ contractName }) => contractName === "Counter");
  assert.equal(one.contractAddress, counter.toLowerCase());
  assert.ok(deployed.some(({ contractName }) => contractName === "Sums"), "the library");
  assert.equal(await cast("call", counter, "number()(uint256)"), "20");
  assert.equal(await cast("balance", counter), "1500000000000000000");
});

test("the same script does the same on anvil", async (t) => {
  if (!(await isMayfly())) return t.skip(differs("compared"));
  const { url, stop } = await startAnvil();
  try {
    assert.deepEqual(short(first), short(await broadcast(url, salt)));
  } finally {
    stop();
  }
});

test("a script is broadcast one by one, with legacy transactions", async () => {
  const done = await broadcast(RPC, toHex(BigInt(salt) + 2n, { size: 32 }), "--slow", "--legacy");
  assert.ok(done.receipts.every(({ status, type }) => status === "0x1" && type === "0x0"));
  const numbers = done.receipts.map(({ blockNumber }) => Number(blockNumber));
  assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
});

test("a script that reverts is not broadcast, and forge says why", async () => {
  const counter = await create("9");
  const script = ["script", "script/Deploy.s.sol", "--sig", "fall(address)", counter, "--broadcast"];
  const nonce = await cast("nonce", account.address);
  await assert.rejects(forge(...script, "--rpc-url", RPC, ...from), ({ stderr }) => /Falls\(9, 1\)/.test(stderr));
  assert.equal(await cast("nonce", account.address), nonce);
});

test("a script that was broadcast goes on where it was", async () => {
  const next = toHex(BigInt(salt) + 3n, { size: 32 });
  await broadcast(RPC, next);
  const nonce = await cast("nonce", account.address);
  await broadcast(RPC, next, "--resume");
  assert.equal(await cast("nonce", account.address), nonce, "nothing was left to send");
});

test("a contract is created with arguments and ETH", async () => {
  const counter = await create("5", "--value", "3");
  assert.equal(await cast("call", counter, "number()(uint256)"), "5");
  assert.equal(await cast("balance", counter), "3");
  assert.equal(await cast("code", counter), artifact("Counter").deployedBytecode.object);
});

test("a transaction is run again and traced", async () => {
  const counter = await create("1");
  const sent = ["send", "--json", "--mnemonic", MNEMONIC, "--mnemonic-index", String(index)];
  const { transactionHash: hash, gasUsed } = JSON.parse(await cast(...sent, counter, "raiseTo(uint256)", "9"));
  const run = await cast("run", hash);
  assert.match(run, /raiseTo\(9\)/);
  assert.match(run, /emit Raised/);
  assert.match(run, new RegExp(`Gas used: ${Number(gasUsed)}`));
  const [trace] = JSON.parse(await cast("trace", hash));
  assert.equal(trace.action.to, counter.toLowerCase());
  assert.ok(Number(trace.result.gasUsed) <= Number(trace.action.gas), "of the call, not of the transaction");
  const called = await cast("call", "--trace", counter, "raiseTo(uint256)", "2");
  assert.match(called, /← \[Revert\]/);
});

async function create(first, ...more) {
  const args = ["create", "src/Counter.sol:Counter", "--broadcast", "--json", ...more];
  const key = ["--mnemonic", MNEMONIC, "--mnemonic-index", String(index)];
  const created = await forge(...args, ...key, "--rpc-url", RPC, "--constructor-args", first);
  return JSON.parse(created).deployedTo;
}

function artifact(name) {
  const folder = join(out, "out", "Counter.sol");
  assert.ok(readdirSync(folder).includes(`${name}.json`));
  return JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
}
