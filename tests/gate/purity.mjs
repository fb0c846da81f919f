// node-core is pure: no runtime, no cloud, no HTTP, no stores among its dependencies.

import { execFileSync } from "node:child_process";

const BANNED = [
  /^tokio$/, /^async-std$/, /^smol$/, /^hyper/, /^axum/, /^reqwest$/, /^lambda/, /^aws-/, /^redb$/,
  /^alloy$/, /^alloy-(provider|transport|rpc-client|contract)/, /^getrandom$/,
];

/** getrandom comes with secp256k1's and the hash maps' seeds; nothing of ours calls it. */
const EXCUSED = new Set(["getrandom"]);

const tree = execFileSync(
  "cargo",
  ["tree", "--package", "node-core", "--edges", "normal", "--prefix", "none", "--format", "{p}"],
  { encoding: "utf8" },
);
const names = new Set(tree.split("\n").map((line) => line.split(" ")[0]).filter(Boolean));
const impure = [...names].filter((name) => !EXCUSED.has(name) && BANNED.some((ban) => ban.test(name)));
if (impure.length > 0) {
  console.error(`node-core must not depend on: ${impure.join(", ")}`);
  process.exit(1);
}
console.log(`node-core is pure: ${names.size} crates, none of a runtime, cloud, HTTP or store`);
