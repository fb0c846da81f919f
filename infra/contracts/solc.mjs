#!/usr/bin/env node
// Speaks as much of solc's command line as forge uses (`--version`, `--standard-json`) on top of npm's solc-js.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, relative } from "node:path";

const solc = createRequire(import.meta.url)("solc");

// forge names a library that only libraries import by its absolute path, and all others relative to here.
// One name per file: otherwise imports are not found, and the output would depend on where the project lies.
const local = (name) => (isAbsolute(name) ? relative(process.cwd(), name) : name);
const localKeys = (object) => Object.fromEntries(Object.entries(object).map(([key, value]) => [local(key), value]));

if (process.argv.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface");
  console.log(`Version: ${solc.version()}`);
} else {
  const input = JSON.parse(readFileSync(0, "utf8"));
  input.sources = localKeys(input.sources);
  input.settings.outputSelection = localKeys(input.settings.outputSelection);
  process.stdout.write(solc.compile(JSON.stringify(input)));
}
