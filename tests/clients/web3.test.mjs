// web3.py: its tests are in web3_flows.py.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ACCOUNTS, MNEMONIC, RPC } from "./chain.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
/** The gate installs it, pinned by requirements.txt. */
const python = process.env.MAYFLY_PYTHON ?? path("../../.venv/bin/python");

test("web3.py goes through its flows", () => {
  assert.ok(existsSync(python), `${python}: run the gate, which installs it`);
  const env = {
    ...process.env,
    MAYFLY_RPC: RPC,
    MAYFLY_MNEMONIC: MNEMONIC,
    MAYFLY_ACCOUNT: String(ACCOUNTS.web3[0]),
    MAYFLY_TICKET: path("../../infra/contracts/artifacts/Ticket.json"),
  };
  const ran = spawnSync(python, [path("web3_flows.py"), "-v"], { env, encoding: "utf8" });
  console.log(ran.stderr);
  assert.equal(ran.status, 0, ran.stderr);
});
