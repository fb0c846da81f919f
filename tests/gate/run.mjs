// Runs the gate step by step and prints one summary.
//
//   node tests/gate/run.mjs test     everything
//   node tests/gate/run.mjs check    what needs no run

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";

const VENV = ".venv";

/** With this a step says that nothing could be run here: it neither passed nor failed. */
const SKIPPED = 77;

/** A workspace of its own, see `exclude` in Cargo.toml. */
const MODEL = "--manifest-path tests/model/Cargo.toml";

/** Steps in order; each is a name and a command line for sh. */
const CHECK = [
  ["format", `cargo fmt --all --check && cargo fmt ${MODEL} --check`],
  ["lints", "cargo clippy --workspace --all-targets --quiet -- -D warnings"],
  ["lints of the model", `cargo clippy ${MODEL} --target-dir target/model --all-targets --quiet -- -D warnings`],
  ["docs", "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --quiet"],
  ["floors", "node tests/gate/floors.mjs"],
  ["purity", "node tests/gate/purity.mjs"],
  ["licences", "node tests/gate/licences.mjs"],
  ["advisories", "node tests/gate/deny.mjs"],
  ["panics", "node tests/gate/panics.mjs"],
  ["privileges on the L1", "node tests/gate/privileges.mjs"],
  ["contract artifacts", "node infra/contracts/build.mjs --check"],
  ["Terraform READMEs", "node tests/gate/terraform-docs.mjs --check"],
  ["SAM template", `${VENV}/bin/cfn-lint infra/template.yaml`],
  ["spelling", `${VENV}/bin/typos`],
];

const TEST = [
  ["Terraform and SAM decide the same", `${VENV}/bin/python tests/ground/run.py decided`],
  ["Terraform with a mocked AWS", `${VENV}/bin/python tests/ground/run.py mocked`],
  ["rust tests", "cargo nextest run --workspace --no-fail-fast --profile gate"],
  ["functions held to their policies", `${VENV}/bin/python tests/ground/run.py held`],
  ["model of lease, log and end", `cargo test ${MODEL} --target-dir target/model --quiet`],
  ["fuzz decoders", "node tests/fuzz/run.mjs gate"],
  ["contract tests", "node infra/contracts/forge.mjs test --summary"],
  ["conformance of the RPC", "node --test tests/clients/compat.test.mjs"],
  ["rules of an organiser, archives, claims", "node --test tests/clients/access.test.mjs tests/clients/archive.test.mjs tests/clients/claim.test.mjs"],
  ["wallets and tools on a layer", `node tests/clients/run.mjs ${layer()}`],
  ["wallets and tools on anvil", "node tests/clients/run.mjs anvil"],
  ["Terraform on an emulated AWS", `${VENV}/bin/python tests/ground/run.py emulated`],
];

const plan = { tools: [], check: CHECK, test: [...CHECK, ...TEST] }[process.argv[2] ?? "test"];
if (!plan) {
  console.error("usage: node tests/gate/run.mjs tools|check|test");
  process.exit(2);
}

/** Command line of a fresh layer on free ports, in a directory of its own. */
function layer() {
  const ports = "--port 0 --l1-port 0";
  return `target/debug/mayfly --json up ${ports} --ends-in 1h --dir "$(mktemp -d)/layer"`;
}

const results = [];
step("tools", install);
if (results[0].outcome !== "passed") {
  console.error("the tools could not be installed; nothing else can run");
  summarise();
}
for (const [name, command] of plan) {
  step(name, () => status(command));
}
summarise();

function step(name, run) {
  console.log(`\n== ${name}`);
  const started = process.hrtime.bigint();
  const left = run();
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000;
  const outcome = { 0: "passed", [SKIPPED]: "SKIPPED" }[left] ?? "FAILED";
  results.push({ name, outcome, seconds });
}

/** What a command line left with; null when a signal ended it. */
function status(command) {
  return spawnSync("sh", ["-c", command], { stdio: "inherit" }).status;
}

function sh(command) {
  return status(command) === 0;
}

/** Pinned tools, into this folder; done again only when the pins change. */
function install() {
  return npm() && pip() ? 0 : 1;
}

/** Not `npm ci`: it wants the lock to list the binaries of every platform, which a registry may not offer. */
function npm() {
  return once("node_modules/.mayfly-pins", ["package.json", "package-lock.json"], () =>
    sh("npm install --no-save --no-audit --no-fund"),
  );
}

function pip() {
  return once(`${VENV}/.mayfly-pins`, ["requirements.txt"], () =>
    sh(`python3 -m venv ${VENV} && ${VENV}/bin/pip install --quiet --requirement requirements.txt`),
  );
}

function once(stamp, inputs, run) {
  const hash = createHash("sha256");
  inputs.forEach((path) => hash.update(readFileSync(path)));
  const wanted = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return true;
  if (!run()) return false;
  mkdirSync(stamp.slice(0, stamp.lastIndexOf("/")), { recursive: true });
  writeFileSync(stamp, wanted);
  return true;
}

function summarise() {
  const of = (outcome) => results.filter((result) => result.outcome === outcome).length;
  console.log("\n== summary");
  for (const { name, outcome, seconds } of results) {
    console.log(`${outcome.padEnd(7)} ${seconds.toFixed(1).padStart(7)} s  ${name}`);
  }
  const total = results.reduce((sum, result) => sum + result.seconds, 0);
  console.log(`                      total ${(total / 60).toFixed(1)} min`);
  const skipped = of("SKIPPED") > 0 ? `, ${of("SKIPPED")} skipped` : "";
  console.log(`steps: ${of("passed")} passed, ${of("FAILED")} failed${skipped}`);
  process.exit(of("FAILED") === 0 ? 0 : 1);
}
