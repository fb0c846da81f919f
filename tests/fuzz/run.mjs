// Builds the fuzz targets with stable Rust and runs them side by side.
//
//   node tests/fuzz/run.mjs gate             as many inputs as take about 10 s, the same ones every time
//   node tests/fuzz/run.mjs <s> [targets]    so many seconds each, going on from what was found before
//
// All that is made is in target/fuzz. With nightly Rust, `cargo fuzz run --fuzz-dir tests/fuzz <target>`
// does the same under a sanitizer.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";

const HERE = import.meta.dirname;
const OUT = join(HERE, "../../target/fuzz");
const GOLDEN = join(HERE, "../../node-core/src/codec/golden");

/** Targets and how many inputs of each take about 10 s on one core. */
const RUNS = {
  batches: 60_000,
  frames: 1_500_000,
  logs: 400_000,
  pages: 120_000,
  proofs: 300_000,
  records: 500_000,
  requests: 60_000,
  runs: 400_000,
  transactions: 2_000_000,
  webhooks: 200_000,
};

/** A gate on a busy machine tries fewer inputs instead of taking for ever. */
const GATE_SECONDS = 30;

const [mode = "gate", ...chosen] = process.argv.slice(2);
const targets = chosen.length > 0 ? chosen : Object.keys(RUNS);
if ((mode !== "gate" && !(Number(mode) > 0)) || targets.some((target) => !(target in RUNS))) {
  console.error(`usage: node tests/fuzz/run.mjs gate|<seconds> [${Object.keys(RUNS).join("] [")}]`);
  process.exit(2);
}

const binaries = build();
const waiting = [...targets];
const failed = [];
await Promise.all(Array.from({ length: availableParallelism() }, worker));
process.exit(failed.length === 0 ? 0 : 1);

/**
 * Asks for the whole workspace and for tests, though a few binaries are built: so the features of all
 * dependencies are those that every other step of the gate has built, and none is compiled again.
 */
function build() {
  const bins = targets.flatMap((target) => ["--bin", target]);
  const { status, stdout } = spawnSync(
    "cargo",
    ["test", "--workspace", "--no-run", "--quiet", "--message-format", "json-render-diagnostics", ...bins],
    {
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 1 << 28,
      env: { ...process.env, RUSTC_WORKSPACE_WRAPPER: join(HERE, "instrument.sh") },
    },
  );
  if (status !== 0) process.exit(1);
  const messages = stdout.toString().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return Object.fromEntries(
    messages.filter((one) => one.executable).map((one) => [one.target.name, one.executable]),
  );
}

async function worker() {
  while (waiting.length > 0) await fuzz(waiting.shift());
}

/** Runs one target; libFuzzer tries what is kept before anything new. */
async function fuzz(target) {
  const log = join(OUT, `${target}.log`);
  const crash = join(OUT, `${target}-`);
  const found = join(OUT, mode === "gate" ? "gate" : "corpus", target);
  if (mode === "gate") rmSync(found, { recursive: true, force: true });
  mkdirSync(found, { recursive: true });
  const kept = [join(HERE, "seeds", target), join(HERE, "regressions", target)];
  if (target === "frames") kept.push(GOLDEN);
  const bounds =
    mode === "gate" ? [`-runs=${RUNS[target]}`, "-seed=1", `-max_total_time=${GATE_SECONDS}`] : [`-max_total_time=${mode}`];
  const fixed = ["-max_len=4096", "-timeout=10", `-artifact_prefix=${crash}`];
  const status = await run(binaries[target], [...bounds, ...fixed, found, ...kept.filter(existsSync)], log);
  report(target, status, readFileSync(log, "latin1"));
}

function run(command, args, log) {
  const out = openSync(log, "w");
  const child = spawn(command, args, { stdio: ["ignore", out, out] });
  return new Promise((done) => child.on("close", (status) => done(status)));
}

function report(target, status, log) {
  const last = log.split("\n").filter((line) => line.includes("cov:")).pop() ?? "";
  const [, runs = "0", edges = "0"] = /^#(\d+).*cov: (\d+)/.exec(last) ?? [];
  if (status === 0) {
    console.log(`${target}: ${runs} inputs, ${edges} edges, nothing found`);
    return;
  }
  failed.push(target);
  const [, file] = /Test unit written to (\S+)/.exec(log) ?? [];
  const said = log.split("\n").filter((line) => /panicked at|SUMMARY|ERROR/.test(line));
  const panicked = log.split("\n").findIndex((line) => line.includes("panicked at"));
  const reason = panicked < 0 ? said : log.split("\n").slice(panicked, panicked + 4);
  console.error(`${target} FAILED after ${runs} inputs:\n  ${reason.join("\n  ")}`);
  if (!file) return console.error(`  all it said: ${join(OUT, `${target}.log`)}`);
  console.error(`  again: ${binaries[target]} ${resolve(file)}`);
  const keep = join(HERE, "regressions", target);
  console.error(`  keep:  mkdir -p ${keep} && mv ${resolve(file)} ${keep}/, then fix the decoder;`);
  console.error("         `cargo nextest run --workspace what_is_kept_passes` holds it from then on");
}
