// Runs the command line.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAYFLY = process.env.MAYFLY_BIN ?? fileURLToPath(new URL("../../target/debug/mayfly", import.meta.url));

/** A directory of its own. */
export const directory = () => mkdtempSync(join(tmpdir(), "mayfly-"));

/** Runs a command to its end; `out` is what it printed. */
export function run(...args) {
  const { status, stdout, stderr } = spawnSync(MAYFLY, ["--json", ...args], { encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

/** Starts a command that serves; `said` is the first object that it prints, `stop` ends it. */
export async function serve(...args) {
  const server = spawn(MAYFLY, ["--json", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => server.kill("SIGKILL"));
  const ended = new Promise((resolve) => server.on("exit", resolve));
  for await (const line of createInterface({ input: server.stdout })) {
    server.stdout.resume();
    const stop = () => (server.kill("SIGINT"), ended);
    return { said: JSON.parse(line), stop };
  }
  throw new Error(`${args[0]} ended before it said where it listens`);
}

/** Asks a server. */
export async function ask(url, method, params = [], headers = {}) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), ...(await answer.json()) };
}
