// Known vulnerabilities, licences, bans and sources of every crate: cargo-deny, by deny.toml.
//
// The advisories are in a repository on GitHub. Without a way to it nothing is installed and nothing checked here, and the
// gate counts that as skipped; licences and sources are then still held by licences.mjs.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const VERSION = "0.20.2";
const ADVISORIES = "https://github.com/RustSec/advisory-db";
const TOOLS = "target/tools";

/** What tells the gate that nothing was checked. */
const SKIPPED = 77;

/** Milliseconds for a first answer. */
const PATIENCE_MS = 20_000;

if (run("git", ["ls-remote", "--exit-code", ADVISORIES, "HEAD"], { stdio: "ignore", timeout: PATIENCE_MS }) !== 0) {
  console.log(`NO ADVISORY WAS CHECKED: ${ADVISORIES} cannot be reached from here`);
  process.exit(SKIPPED);
}
const deny = join(TOOLS, "bin/cargo-deny");
if (!isThere()) {
  const install = ["install", "cargo-deny", "--locked", "--debug", "--quiet", "--version", VERSION, "--root", TOOLS];
  if (run("cargo", install) !== 0) process.exit(1);
}
const all = ["Cargo.toml", "tests/model/Cargo.toml"].map((manifest) =>
  run(deny, ["--manifest-path", manifest, "--config", "deny.toml", "check"]),
);
process.exit(all.every((status) => status === 0) ? 0 : 1);

function isThere() {
  if (!existsSync(deny)) return false;
  return spawnSync(deny, ["--version"], { encoding: "utf8" }).stdout.trim() === `cargo-deny ${VERSION}`;
}

function run(command, args, options = { stdio: "inherit" }) {
  return spawnSync(command, args, options).status;
}
