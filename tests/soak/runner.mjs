// Drives the runner over HTTP at its limit, kills it and goes on, and then compares what it said with the chain.
//
//   node tests/soak/runner.mjs <seconds>     MAYFLY_BIN: another binary than target/release/mayfly
//
// Two thirds of the time it is killed with SIGKILL every few seconds; the last third it is left alone: once its caches
// are full, which are small here, its memory must stay flat. Every transaction that was acknowledged must then be in exactly one block,
// and the whole chain verify against the L1. What goes wrong is said, and the program ends with 1.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, start } from "./layer.mjs";
import { overload } from "./overload.mjs";
import { Sender } from "./sender.mjs";

/** Seconds between two lines. */
const LINE_S = 10;

/** Milliseconds that the runner lives between two kills, from and to. */
const LIVES_MS = [500, 3_500];

/** Clients that only read, each with one request after the other. */
const READERS = 8;

/** Most memory in bytes: what the caches may have (CACHE_MIB), the newest blocks, a thousand connections, and the rest. */
const MOST_MEMORY = 256 * 2 ** 20;

/** Most that memory grows by in bytes from the middle third of being left alone to the last one. */
const MOST_GROWTH = 16 * 2 ** 20;

const seconds = Number(process.argv[2] ?? 60);
if (!(seconds > 0)) {
  console.error("usage: node tests/soak/runner.mjs <seconds>");
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), "mayfly-soak-"));
const senders = Array.from({ length: 9 }, (_, index) => new Sender(index + 1));
const state = { server: undefined, kills: 0, reads: 0, overloads: [], memory: [] };
const started = performance.now();
const passed = () => (performance.now() - started) / 1_000;
const complaints = [];
const lines = setInterval(line, LINE_S * 1_000);

await under(kills, (seconds * 2) / 3);
await under(leftAlone, seconds / 3);
clearInterval(lines);
await compare();
verify();
report();

/** Runs a phase for so long, under load. */
async function under(phase, length) {
  const until = performance.now() + length * 1_000;
  await phase(until, () => performance.now() < until);
}

/** Starts the layer, or goes on with it. */
async function up() {
  state.server = await start(directory);
  return state.server;
}

/** Everybody sends and reads until the server is gone, or `goesOn` says no. */
function load(server, goesOn) {
  const reading = Array.from({ length: READERS }, () => read(server, goesOn));
  return Promise.all([...senders.map((sender) => sender.send(server.url, goesOn)), ...reading]);
}

async function read({ url }, goesOn) {
  const methods = [["eth_blockNumber", []], ["eth_getBlockByNumber", ["latest", true]], ["eth_gasPrice", []]];
  for (let at = 0; goesOn(); at += 1) {
    try {
      await ask(url, [methods[at % methods.length]]);
      state.reads += 1;
    } catch {
      return;
    }
  }
}

async function kills(_, goesOn) {
  while (goesOn()) {
    const server = await up();
    let isUp = true;
    const loaded = load(server, () => isUp);
    await sleep(LIVES_MS[0] + Math.random() * (LIVES_MS[1] - LIVES_MS[0]));
    await server.kill();
    isUp = false;
    state.kills += 1;
    await loaded;
  }
}

async function leftAlone(until, goesOn) {
  const server = await up();
  const loaded = load(server, goesOn);
  const third = (until - performance.now()) / 3;
  const middle = performance.now() + third;
  const memory = watch(server, goesOn);
  await sleep(middle - performance.now());
  state.overloads.push(await overload(server.url));
  await loaded;
  state.memory = await memory;
}

/** Resident memory, once a second, in bytes. */
async function watch({ pid }, goesOn) {
  const samples = [];
  while (goesOn()) {
    samples.push(resident(pid));
    await sleep(1_000);
  }
  return samples;
}

function resident(pid) {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

function line() {
  const acknowledged = senders.reduce((sum, { hashes }) => sum + hashes.length, 0);
  const memory = Math.round(resident(state.server?.pid) / 2 ** 20);
  const each = Math.round(acknowledged / passed());
  console.log(
    `${String(Math.round(passed())).padStart(5)} s  ${state.kills} kills, ${acknowledged} acknowledged, ${each} a second; ` +
      `${state.reads} reads; ${memory} MiB`,
  );
}

/** Reads the whole chain, once everything that was acknowledged is there or its time is up. */
async function compare() {
  const { url } = state.server;
  const acknowledged = senders.flatMap(({ hashes }) => hashes);
  const until = performance.now() + 60_000;
  let chain;
  do {
    await sleep(500);
    chain = await hashesOf(url);
  } while (performance.now() < until && acknowledged.some((hash) => !chain.has(hash)));
  const lost = acknowledged.filter((hash) => !chain.has(hash));
  const doubled = [...chain].filter(([, count]) => count !== 1).map(([hash]) => hash);
  Object.assign(state, { acknowledged: acknowledged.length, lost, doubled });
  for (const hash of lost.slice(0, 5)) complaints.push(`acknowledged, and in no block: ${hash}`);
  for (const hash of doubled.slice(0, 5)) complaints.push(`in more than one block: ${hash}`);
}

/** How often each transaction is in a block. */
async function hashesOf(url) {
  const seen = new Map();
  const [newest] = await ask(url, [["eth_blockNumber", []]]);
  const last = Number(newest.result);
  state.blocks = last;
  for (let from = 0; from <= last; from += 100) {
    const numbers = Array.from({ length: Math.min(100, last + 1 - from) }, (_, at) => `0x${(from + at).toString(16)}`);
    for (const { result } of await ask(url, numbers.map((number) => ["eth_getBlockByNumber", [number, false]]))) {
      for (const hash of result.transactions) seen.set(hash, (seen.get(hash) ?? 0) + 1);
    }
  }
  return seen;
}

/** Ends the layer, and executes every block again. */
function verify() {
  const ended = state.server.run("close");
  const verified = state.server.run("verify");
  state.verified = verified?.settledOnL1 !== undefined && verified.settledOnL1 === ended?.ended?.stateRoot;
  if (!state.verified) complaints.push("the chain does not verify against the L1");
}

/** The middle of some numbers. */
function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}

function report() {
  const { memory, kills, acknowledged, blocks, lost, doubled, overloads, verified } = state;
  const mib = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
  const third = Math.max(1, Math.floor(memory.length / 3));
  const [before, after] = [memory.slice(third, 2 * third), memory.slice(-third)].map(median);
  const most = Math.max(0, ...memory);
  if (most > MOST_MEMORY) complaints.push(`memory: expected at most ${mib(MOST_MEMORY)}, it took ${mib(most)}`);
  if (after - before > MOST_GROWTH) complaints.push(`memory is not flat: ${mib(before)}, later ${mib(after)}`);
  for (const { refused, withoutTime, after: answered } of overloads) {
    if (refused === 0) complaints.push("overload was never refused");
    if (withoutTime > 0) complaints.push(`${withoutTime} refusals without Retry-After`);
    if (!answered) complaints.push("no answer after the overload");
  }
  const refused = overloads.map(({ refused }) => refused).join(", ");
  console.log(`\n${kills} kills; ${acknowledged} acknowledged in ${blocks} blocks: ${lost.length} lost, ${doubled.length} doubled`);
  console.log(`memory ${mib(before)}, later ${mib(after)}, at most ${mib(most)}; overload: ${refused} refused with 429, then answered`);
  console.log(`every block executed again and compared with the L1: ${verified ? "the same" : "NOT THE SAME"}`);
  complaints.forEach((complaint) => console.error(complaint));
  if (complaints.length === 0) rmSync(directory, { recursive: true });
  else console.error(`the layer is in ${directory}`);
  process.exit(complaints.length === 0 ? 0 : 1);
}
