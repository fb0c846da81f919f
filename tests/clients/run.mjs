#!/usr/bin/env node
// Runs the client tests: against MAYFLY_RPC, or against a server that is started for them.
//
//   node tests/clients/run.mjs target/debug/examples/devserver layer
//   node tests/clients/run.mjs anvil
//
// A server is ready when it prints JSON with `rpcUrl`, or as anvil `Listening on <address>`.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Files that run at the same time, then others on the same accounts, twice. */
const runs = [["viem", "ethers", "cast", "sync", "flows", "web3", "differences"], ["openrpc", "forge", "checkin"], ["differential", "pages"]];
const pathOf = (name) => fileURLToPath(new URL(`${name}.test.mjs`, import.meta.url));

function anvil() {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch];
  const path = `@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`;
  return [createRequire(import.meta.url).resolve(path), "--port", "0"];
}

function urlIn(line) {
  const listening = /^Listening on (.+)$/.exec(line);
  if (listening) return `http://${listening[1]}`;
  try {
    return JSON.parse(line).rpcUrl;
  } catch {
    return undefined;
  }
}

async function start(command) {
  const [file, ...args] = command[0] === "anvil" ? anvil() : command;
  const server = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => server.kill());
  for await (const line of createInterface({ input: server.stdout })) {
    const url = urlIn(line);
    if (url) {
      server.stdout.resume();
      return url;
    }
  }
  throw new Error(`${file} ended before it said where it listens`);
}

const command = process.argv.slice(2);
if (command.length > 0) process.env.MAYFLY_RPC = await start(command);
for (const names of runs) {
  const run = spawn(process.execPath, ["--test", ...names.map(pathOf)], { stdio: "inherit" });
  const code = await new Promise((resolve) => run.on("exit", resolve));
  if (code !== 0) process.exitCode = 1;
}
process.exit();
