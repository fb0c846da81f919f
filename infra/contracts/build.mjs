#!/usr/bin/env node
// Compiles the contracts and writes `artifacts/<Name>.json` = { abi, bytecode, deployedBytecode }.
// `--check` writes nothing and fails when the checked-in artifacts are not what the sources give.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgePath, here } from "./forge.mjs";

const contracts = [
  "ClaimVaults",
  "Coin",
  "EventTicket",
  "ExitSealer",
  "FlashBulk721",
  "FlashFactory",
  "FlashLayer",
  "FlashSettlement",
  "FlashTwin1155",
  "FlashTwin20",
  "FlashTwin721",
  "Items",
  "L1Info",
  "L2Bridge",
  "Ticket",
  "WrappedERC1155",
  "WrappedERC20",
  "WrappedERC721",
];

function compile(directory) {
  const args = ["build", "--skip", "*/test/*", "--out", join(directory, "out"), "--cache-path", join(directory, "cache")];
  const env = { ...process.env, FOUNDRY_PROFILE: "artifacts" };
  execFileSync(forgePath(), args, { cwd: here, env, stdio: ["ignore", "ignore", "inherit"] });
}

/// Contracts that hand what they do not know to the code of others: their ABI is that of all.
const parts = { FlashLayer: ["FlashSettlement"] };

function read(directory, name) {
  return JSON.parse(readFileSync(join(directory, "out", `${name}.sol`, `${name}.json`), "utf8"));
}

function artifact(directory, name) {
  const { abi, bytecode, deployedBytecode } = read(directory, name);
  const more = (parts[name] ?? []).flatMap((part) => read(directory, part).abi).filter(({ name }) => name);
  const seen = new Set(abi.map((entry) => JSON.stringify(entry)));
  const whole = [...abi, ...more.filter((entry) => !seen.has(JSON.stringify(entry)))];
  const minimal = { abi: whole, bytecode: bytecode.object, deployedBytecode: deployedBytecode.object };
  return `${JSON.stringify(minimal, null, 1)}\n`;
}

const check = process.argv.includes("--check");
const directory = mkdtempSync(join(tmpdir(), "mayfly-contracts-"));
try {
  compile(directory);
  for (const name of contracts) {
    const path = join(here, "artifacts", `${name}.json`);
    const built = artifact(directory, name);
    if (!check) {
      writeFileSync(path, built);
    } else if (!existsSync(path) || readFileSync(path, "utf8") !== built) {
      console.error(`artifacts/${name}.json is not what the sources give; run infra/contracts/build.mjs`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(directory, { recursive: true });
}
