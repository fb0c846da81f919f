// A layer of the runner on free ports: started, asked, killed.

import { spawn, spawnSync } from "node:child_process";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const MAYFLY = process.env.MAYFLY_BIN ?? join(import.meta.dirname, "../../target/release/mayfly");

/** Chain id that the layer is opened with. */
export const CHAIN_ID = 4_713;

/** MiB that caches may take: little, so that they are full after seconds and what grows after that is no cache. */
const CACHE_MIB = 27;

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** Starts the layer in `directory`, or goes on with it. */
export async function start(directory) {
  const args = ["--json", "up", "--port", "0", "--l1-port", "0", "--dir", join(directory, "layer")];
  const fixed = ["--chain-id", String(CHAIN_ID), "--ends-in", "24h", "--cache", String(CACHE_MIB)];
  const server = spawn(MAYFLY, [...args, ...fixed], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = () => server.kill("SIGKILL");
  process.on("exit", stop);
  const ended = new Promise((resolve) => server.on("exit", resolve));
  for await (const line of createInterface({ input: server.stdout })) {
    server.stdout.resume();
    const { rpcUrl } = JSON.parse(line);
    const kill = async () => {
      stop();
      process.off("exit", stop);
      await ended;
    };
    return { url: rpcUrl, pid: server.pid, kill, run: (command) => run(command, directory) };
  }
  throw new Error("the runner ended before it said where it listens");
}

/** Runs a command on the layer; what it printed, or nothing. */
function run(command, directory) {
  const { status, stdout, stderr } = spawnSync(MAYFLY, ["--json", command, "--dir", join(directory, "layer")], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status === 0) return JSON.parse(stdout);
  console.error(`${command}: ${stderr}`);
  return undefined;
}

/** Posts a body; `status`, `retryAfter` and `text` of the answer. */
export function post(url, body) {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode, retryAfter: answer.headers["retry-after"], text });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/**
 * Asks for a batch of `[method, params]`; answers in order of the requests. Comes back when it is told to, and throws when
 * there is no answer.
 */
export async function ask(url, calls) {
  const requests = calls.map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params }));
  for (;;) {
    const { status, retryAfter, text } = await post(url, JSON.stringify(requests));
    if (status === 200) return JSON.parse(text).sort((one, other) => one.id - other.id);
    if (status !== 429) throw new Error(`${status}: ${text}`);
    await sleep(Number(retryAfter) * 1_000);
  }
}
