// What bytes from outside can reach does not panic on them: no `panic!`, and every `expect` says why it cannot happen. `unwrap` is denied by clippy. What is reached by number (`bytes[4]`) is counted, and tried by tests/fuzz.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Everything that a request, a webhook, a log of the L1 or an object in a store goes through. */
const REACHED = [
  "node-core/src",
  "functions/attestor/src",
  "functions/bridge/src",
  "functions/operator/src",
  "functions/rpc/src",
  "functions/sequencer/src",
  "functions/teardown/src",
  "functions/webhook/src",
  "functions/mayfly/src/runner",
  "infra/aws/src",
  "infra/cost/src",
  "infra/disk/src",
  "infra/keys/src",
  "infra/l1/src",
];

/** Tests, and the suite that tests adapters. */
const TESTS = /(^|\/)(tests|conformance)(\/|\.rs$)/;

const BANNED = /\b(panic|todo|unimplemented)!\s*[([{]/;

/** What may be reached in theory only, and the reason why. */
const EXPECTED = /(?:\.expect|\bunreachable!)\(\s*("(?:[^"\\]|\\.)*")/g;

/** Words that a reason has at least. */
const WORDS = 2;

const faults = [];
let expected = 0;
let indexed = 0;
for (const folder of REACHED) {
  for (const path of sources(folder)) check(path);
}
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
console.log(`nothing panics on purpose; ${expected} times a reason says why it cannot happen; ${indexed} places by number`);

function check(path) {
  const code = readFileSync(path, "utf8")
    .split(/#\[cfg\(test\)\]\s*mod \w+ \{/)[0]
    .replace(/^\s*\/\/.*$/gm, "");
  const line = (at) => code.slice(0, at).split("\n").length;
  for (const match of code.matchAll(new RegExp(BANNED, "g"))) {
    faults.push(`${path}:${line(match.index)}: ${match[0]}: return an error that names what was expected`);
  }
  for (const match of code.matchAll(EXPECTED)) {
    expected += 1;
    if (match[1].split(/\s+/).length < WORDS) {
      faults.push(`${path}:${line(match.index)}: expect: say in ${WORDS} words or more why it cannot happen`);
    }
  }
  indexed += [...code.matchAll(/[\w)\]]\[(?!\]|#)[^\]\n"]+\]/g)].length;
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (TESTS.test(path)) continue;
    if (entry.isDirectory()) yield* sources(path);
    else if (path.endsWith(".rs")) yield path;
  }
}
