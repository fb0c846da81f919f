// What the client tests share: where the chain is, who has ETH on it, what to deploy.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

/** RPC URL of the chain under test. */
export const RPC = process.env.MAYFLY_RPC ?? "http://127.0.0.1:8545";

/** Phrase of the funded accounts, m/44'/60'/0'/0/0 to /9. */
export const MNEMONIC = process.env.MAYFLY_MNEMONIC ?? "test test test test test test test test test test test junk";

/** Each file of tests has its own accounts, because files run at the same time; the last five run after them. */
export const ACCOUNTS = { viem: [0, 1], ethers: [2, 3], cast: [4, 5], sync: [6, 7], flows: [8], web3: [9], openrpc: [8], differential: [8], forge: [9], checkin: [5, 6, 7], pages: [5, 6, 7] };

const artifact = (name) =>
  JSON.parse(readFileSync(new URL(`../../infra/contracts/artifacts/${name}.json`, import.meta.url), "utf8"));

/** A ticket sale: constructor(name, symbol, priceWei, minter, maxSupply). */
export const Ticket = artifact("Ticket");

/** The tickets of an event, with tiers and a door: constructor(EventSettings). */
export const EventTicket = artifact("EventTicket");

/** Init code of a contract that reverts with its call data: call `Error("text")` and it reverts with that. */
export const ECHO_INIT_CODE = "0x66365f5f37365ffd5f5260076019f3";

/** Its interface: the selector of a function `Error(string)` is the one that Solidity reverts with. */
export const ECHO_ABI = ["function Error(string reason) view"];

/** Asks the chain without any library. */
export async function rpc(method, ...params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await fetch(RPC, { method: "POST", headers: { "content-type": "application/json" }, body });
  return answer.json();
}

/** Whether the chain is a Mayfly node, or for example anvil. */
export async function isMayfly() {
  const { result } = await rpc("web3_clientVersion");
  return result.startsWith("mayfly");
}

/** What a layer and anvil do not do alike, each with its reason. */
const DIFFERENCES = JSON.parse(readFileSync(new URL("differences.json", import.meta.url), "utf8"));

/** The reason of a difference, for the test that leaves something out because of it. */
export function differs(name) {
  assert.ok(DIFFERENCES[name], `${name}: explain it in differences.json`);
  return DIFFERENCES[name];
}

/** Starts an anvil under the rules of a layer; `stop` ends it. */
export async function startAnvil(...more) {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch];
  const path = createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`);
  const args = ["--port", "0", "--hardfork", "osaka", "--base-fee", "0", "--gas-price", "0", ...more];
  const server = spawn(path, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    const listening = /^Listening on (.+)$/.exec(line);
    if (!listening) continue;
    server.stdout.resume();
    return { url: `http://${listening[1]}`, stop: () => server.kill() };
  }
  throw new Error("anvil did not start");
}

/** Hash of a deposit from the L1, if one of the first blocks has one. */
export async function findDeposit() {
  for (const number of ["0x1", "0x2", "0x3"]) {
    const { result } = await rpc("eth_getBlockByNumber", number, true);
    const deposit = result?.transactions.find(({ type }) => type === "0x7e");
    if (deposit) return deposit.hash;
  }
  return undefined;
}
