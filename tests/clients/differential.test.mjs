// Random contracts, transactions and calls on this chain and on anvil: what comes out must be the same.
//
// The seed is the same in every run of the gate; SEED=<number> tries another. What blocks are like (numbers, times, fees) is not compared:
// the two chains go on differently.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { concatHex, createPublicClient, createWalletClient, defineChain, http, parseEther, toHex } from "viem";
import { mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { ACCOUNTS, MNEMONIC, RPC, differs, isMayfly, startAnvil } from "./chain.mjs";

const CONTRACTS = 12;
const TRANSACTIONS = 60;

const seed = Number(process.env.SEED ?? 135_242);
const skip = (await isMayfly()) ? false : differs("compared");
const random = mulberry(seed);
const funder = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNTS.differential[0] });
const sender = privateKeyToAccount(toHex(BigInt(seed) + (1n << 200n), { size: 32 }));
let anvil;
let sides;

/** A small generator whose numbers depend on the seed only. */
function mulberry(state) {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One of the two chains. */
async function side(url, id) {
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id, name: "compared", nativeCurrency, rpcUrls: { default: { http: [url] } } });
  // anvil answers -32603 to a call that fails in the EVM, which viem would ask again three times, for a second in all.
  const transport = http(url, { retryCount: 0 });
  const client = createPublicClient({ chain, transport, pollingInterval: 20 });
  const wallet = (account) => createWalletClient({ chain, transport, account });
  const hash = await wallet(funder).sendTransaction({ to: sender.address, value: parseEther("10") });
  await client.waitForTransactionReceipt({ hash });
  return {
    ask: (method, ...params) => client.request({ method, params }).then((result) => ({ result }), (error) => ({ error })),
    run: async (transaction) => {
      const hash = await wallet(sender).sendTransaction({ ...transaction, type: "eip1559", gas: 3_000_000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n });
      return client.waitForTransactionReceipt({ hash });
    },
  };
}

before(async () => {
  if (skip) return;
  console.log(`SEED=${seed}`);
  const id = await createPublicClient({ transport: http(RPC) }).getChainId();
  anvil = await startAnvil("--chain-id", String(id));
  sides = await Promise.all([side(RPC, id), side(anvil.url, id)]);
});

after(() => anvil?.stop());

const byte = (value) => toHex(value, { size: 1 });
const push = (value) => `0x60${byte(value).slice(2)}`;

/** Pieces of code that leave the stack as it was. None looks at the block. */
const PIECES = [
  () => [push(random(256)), push(random(4)), "0x55"], // SSTORE
  () => [push(random(4)), "0x54", push(random(4)), "0x55"], // SLOAD, SSTORE
  () => ["0x5f35", push(random(4)), "0x55"], // what was given, into a slot
  () => [push(random(256)), push(random(64)), "0x52", push(random(64)), "0x5f20", push(random(4)), "0x55"], // MSTORE, KECCAK256, SSTORE
  () => [push(random(256)), push(random(32)), "0x5fa1"], // LOG1
  () => ["0x5f5fa0"], // LOG0
  () => ["0x3331015f52"], // CALLER, BALANCE, into memory
  () => ["0x475f52"], // SELFBALANCE
  () => ["0x5f5f5f5f", push(random(3)), target(), "0x5af150"], // CALL with value
  () => ["0x5f5f5f5f", target(), "0x5afa50"], // STATICCALL
  () => ["0x5f5f5f5f", target(), "0x5af450"], // DELEGATECALL
  () => [target(), "0x3f", push(random(4)), "0x55"], // EXTCODEHASH
  () => ["0x60015f53", push(random(3)), "0x5f5ff050"], // CREATE of a STOP or less
  () => ["0x5f351a15", "0x6000", "0x5750"], // a jump that goes nowhere good, sometimes
];

/** What a call goes to: contracts of this test, accounts without code, precompiles. */
function target() {
  const choices = [...contracts, sender.address, toHex(1 + random(17), { size: 20 }), "0x00000000000000000000000000000000000dead0"];
  return `0x73${choices[random(choices.length)].slice(2)}`;
}

const ENDS = ["0x00", "0x60205ff3", "0x60205ffd", "0xfe", `0x73${sender.address.slice(2)}ff`];
const contracts = [];

function code() {
  const pieces = Array.from({ length: 2 + random(8) }, () => concatHex(PIECES[random(PIECES.length)]()));
  return concatHex([...pieces, ENDS[random(ENDS.length)]]);
}

/** Init code that returns `runtime`. */
function initCode(runtime) {
  const length = toHex((runtime.length - 2) / 2, { size: 2 }).slice(2);
  return `0x61${length}80600a5f395ff3${runtime.slice(2)}`;
}

const shortReceipt = ({ status, gasUsed, contractAddress, logs }) => ({
  status,
  gasUsed,
  contractAddress: contractAddress?.toLowerCase() ?? null,
  logs: logs.map(({ address, topics, data }) => ({ address: address.toLowerCase(), topics, data })),
});

/** A frame of the call tracer, without what the two say in other words. */
const shortFrame = ({ type, from, to, input, output, gasUsed, value, error, calls }) => ({
  type, from, to, input, output: output ?? "0x", gasUsed, value: value ?? "0x0", failed: error !== undefined,
  calls: (calls ?? []).map(shortFrame),
});

/** A trace in Parity's form, without where it is. */
const shortTrace = ({ action, result, error, subtraces, traceAddress, type }) => ({
  action, result: result ?? null, failed: error !== undefined, subtraces, traceAddress, type,
});

/** Addresses of precompiled contracts: 1 to 17, and 256 (EIP-7951). */
const isPrecompiled = (address) => address !== undefined && (BigInt(address) <= 17n || BigInt(address) === 256n);

/** Traces without the calls of precompiled contracts, which anvil shows and Parity does not, counted anew. */
function withoutPrecompiled(traces) {
  const key = (address) => address.join(".");
  const places = new Map();
  const counts = new Map();
  const kept = traces.filter(({ action }) => !isPrecompiled(action.to));
  const placed = kept.map((trace) => {
    const { traceAddress: old } = trace;
    let place = [];
    if (old.length > 0) {
      const parent = places.get(key(old.slice(0, -1)));
      const before = counts.get(key(parent)) ?? 0;
      counts.set(key(parent), before + 1);
      place = [...parent, before];
    }
    places.set(key(old), place);
    return { ...trace, traceAddress: place };
  });
  return placed.map((trace) => ({ ...trace, subtraces: counts.get(key(trace.traceAddress)) ?? 0 }));
}

/** Code whose estimates have one right answer each: it stores what it is given, or hands that on and reverts with it. */
const STORES = "0x5f355f55";
const hands = (to) => `0x5f355f5260205f60205f5f73${to.slice(2)}5af1601e5760015ffd5b5f5f5500`;

test("an estimate is the least that is enough, and anvil's is as near as its search goes", { skip }, async () => {
  const made = async (runtime) => {
    const [ours, theirs] = await both((side) => side.run({ data: initCode(runtime) }));
    assert.equal(ours.contractAddress.toLowerCase(), theirs.contractAddress.toLowerCase());
    return ours.contractAddress;
  };
  const store = await made(STORES);
  for (const to of [store, await made(hands(store)), sender.address]) {
    for (const data of [1n, 2n, 0n, 0n, 7n]) {
      const call = { from: sender.address, to, data: toHex(data, { size: 32 }), gas: toHex(3_000_000) };
      await compareEstimates({ ...call, isPlain: true }, `${to} ${data}`);
      await both((side) => side.run({ to, data: call.data }));
    }
  }
});

async function both(step) {
  return Promise.all(sides.map(step));
}

test("contracts, transactions, calls, estimates, traces and accounts are the same", { skip, timeout: 120_000 }, async () => {
  for (let made = 0; made < CONTRACTS; made += 1) {
    const data = initCode(code());
    const [ours, theirs] = await both((side) => side.run({ data }));
    assert.deepEqual(shortReceipt(ours), shortReceipt(theirs), `SEED=${seed}: contract ${made}: ${data}`);
    if (ours.status === "success") contracts.push(ours.contractAddress);
  }
  for (let sent = 0; sent < TRANSACTIONS; sent += 1) await compare(sent);
  for (const address of [...contracts, sender.address]) {
    const [ours, theirs] = await both((side) => side.ask("eth_getProof", address, [0, 1, 2, 3].map((slot) => toHex(slot, { size: 32 })), "latest"));
    // anvil keeps slots that are zero again in its trie, so its storage roots are not Ethereum's.
    const short = ({ result: { balance, nonce, codeHash, storageProof } }) => ({
      balance, nonce, codeHash, values: storageProof.map(({ value }) => value),
    });
    assert.deepEqual(short(ours), short(theirs), `SEED=${seed}: ${address}`);
  }
});

/** As much as geth's search may be above what is needed: it ends when it knows that to 1.5 %. */
const TOLERANCE = 0.015;

/**
 * Both estimates are enough on both sides, one gas less than ours is not, and the two are as near as a search goes.
 *
 * There is more than one right answer for a contract that goes on when a call of its own runs out of gas. With less it
 * succeeds too, doing something else, which the traces must show; or it burns whatever it gets, and succeeds with much
 * less. anvil finds that; we begin, as geth does, at what the call uses with all the gas that it may have: less than
 * that is no safe estimate.
 */
async function compareEstimates(call, what) {
  const [gas, theirGas] = await both((side) => side.ask("eth_estimateGas", call));
  assert.equal(gas.error === undefined, theirGas.error === undefined, `${what}: eth_estimateGas`);
  if (gas.error) return;
  const [ours, theirs] = [gas.result, theirGas.result].map(Number);
  for (const limit of [ours, theirs]) {
    const ran = await both((side) => side.ask("eth_call", { ...call, gas: toHex(limit) }, "latest"));
    assert.ok(ran.every(({ error }) => error === undefined), `${what}: ${limit} is not enough`);
  }
  const { gasUsed } = await traced(call, Number(call.gas));
  const less = await sides[0].ask("eth_call", { ...call, gas: toHex(ours - 1) }, "latest");
  const isNear = Math.abs(ours - theirs) <= TOLERANCE * theirs;
  if (less.error && isNear) return;
  assert.ok(!call.isPlain, `${what}: ours ${ours}, theirs ${theirs}`);
  if (ours <= Number(gasUsed)) {
    const lower = isNear ? ours - 1 : theirs;
    assert.notEqual((await traced(call, lower)).gasUsed, gasUsed, `${what}: ours ${ours}, but ${lower} is enough`);
    return;
  }
  const other = less.error ? theirs : ours - 1;
  assert.notDeepEqual(outline(await traced(call, ours)), outline(await traced(call, other)), `${what}: ours ${ours}, but ${other} is enough`);
}

async function traced(call, gas) {
  const { result } = await sides[0].ask("debug_traceCall", { ...call, gas: toHex(gas) }, "latest", { tracer: "callTracer" });
  return result;
}

/** What a call does: its calls, and which of them fail. */
const outline = ({ type, to, error, calls }) => ({ type, to, error, calls: (calls ?? []).map(outline) });

async function compare(sent) {
  const to = contracts[random(contracts.length)];
  const data = toHex(random(2 ** 16), { size: 32 });
  const value = BigInt(random(3));
  const what = `SEED=${seed}: transaction ${sent} to ${to}`;
  const call = { from: sender.address, to, data, value: toHex(value), gas: toHex(3_000_000) };
  const [called, theyCalled] = await both((side) => side.ask("eth_call", call, "latest"));
  assert.equal(called.error === undefined, theyCalled.error === undefined, `${what}: eth_call`);
  assert.equal(called.result, theyCalled.result, `${what}: eth_call`);
  await compareEstimates(call, what);
  const [ours, theirs] = await both((side) => side.run({ to, data, value }));
  assert.deepEqual(shortReceipt(ours), shortReceipt(theirs), what);
  const frameOf = (side, { transactionHash }) => side.ask("debug_traceTransaction", transactionHash, { tracer: "callTracer" });
  const frames = await Promise.all([frameOf(sides[0], ours), frameOf(sides[1], theirs)]);
  const [frame, theirFrame] = frames.map(({ result }) => shortFrame(result));
  assert.deepEqual(frame, theirFrame, `${what}: trace`);
  const flat = (side, { transactionHash }) => side.ask("trace_transaction", transactionHash);
  const traces = await Promise.all([flat(sides[0], ours), flat(sides[1], theirs)]);
  const [calls, theirCalls] = traces.map(({ result }) => withoutPrecompiled(result).map(shortTrace));
  assert.deepEqual(calls, theirCalls, `${what}: trace_transaction`);
}
