// What takes longer than anybody waits for: simulated lives, every fuzz target, and the runner under load and kills.
//
//   node tests/soak/run.mjs <seconds>     for the lives and for the runner each; a minute for each fuzz target

import { spawnSync } from "node:child_process";

/** Seconds for each fuzz target. */
const FUZZ_S = 60;

const seconds = Number(process.argv[2]);
if (!(seconds > 0)) {
  console.error("usage: node tests/soak/run.mjs <seconds>");
  process.exit(2);
}

const STEPS = [
  ["what is run", "cargo build --release --quiet --package mayfly --package mayfly-sim"],
  ["simulated lives", `target/release/mayfly-sim soak ${seconds}`],
  ["fuzz targets", `node tests/fuzz/run.mjs ${FUZZ_S}`],
  ["the runner, killed", `node tests/soak/runner.mjs ${seconds}`],
];

const failed = STEPS.filter(([name, command]) => {
  console.log(`\n== ${name}`);
  return spawnSync("sh", ["-c", command], { stdio: "inherit" }).status !== 0;
});
console.log(failed.length === 0 ? "\nnothing lost" : `\nFAILED: ${failed.map(([name]) => name).join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
