// Imports go down the floors only. Reads `crate::` paths in node-core and the dependencies of packages.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Modules of node-core by floor; those of one floor may use each other. */
const FLOORS = [
  ["chain", "keccak"],
  ["trie", "state"],
  ["execute", "exit", "codec"],
  ["port"],
  ["flow", "rpc"],
];

/** Only these modules may name these crates. */
const FENCES = { revm: "execute", zstd: "codec" };

const floorOf = new Map(FLOORS.flatMap((names, floor) => names.map((name) => [name, floor])));
const complaints = [];

for (const [name, floor] of floorOf) {
  for (const path of sources(join("node-core/src", name))) checkFile(path, name, floor);
}
checkPackages();

if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exit(1);
}
console.log("imports go down the floors");

function checkFile(path, name, floor) {
  const code = readFileSync(path, "utf8").replace(/\/\/.*$/gm, "");
  for (const used of crateModules(code)) {
    const theirs = floorOf.get(used);
    if (theirs !== undefined && theirs > floor) {
      complaints.push(`${path}: ${name} (floor ${floor}) uses ${used} (floor ${theirs})`);
    }
  }
  for (const [crate, module] of Object.entries(FENCES)) {
    if (name !== module && new RegExp(`\\b${crate}::`).test(code)) {
      complaints.push(`${path}: only ${module} may name ${crate}`);
    }
  }
}

/** Names after `crate::`, also inside `crate::{a::.., b}`. */
function* crateModules(code) {
  for (const match of code.matchAll(/\bcrate::(\w+)/g)) yield match[1];
  for (const match of code.matchAll(/\bcrate::\{/g)) {
    let depth = 1;
    let word = "";
    for (let at = match.index + match[0].length; depth > 0 && at < code.length; at += 1) {
      const c = code[at];
      if (depth === 1 && /\w/.test(c)) word += c;
      else {
        if (depth === 1 && word) yield word;
        word = depth === 1 && c === ":" ? "" : word && depth === 1 ? "" : word;
        if (depth === 1 && c === ":") at = skipPath(code, at);
      }
      if (code[at] === "{") depth += 1;
      if (code[at] === "}") depth -= 1;
    }
  }
}

/** Moves over `::rest::of::{path}` up to the comma or brace that ends it. */
function skipPath(code, at) {
  let depth = 0;
  for (; at < code.length; at += 1) {
    if (code[at] === "{") depth += 1;
    if (code[at] === "}" && depth === 0) return at - 1;
    if (code[at] === "}") depth -= 1;
    if (code[at] === "," && depth === 0) return at;
  }
  return at;
}

/** node-core uses no package of ours; infra uses no function. */
function checkPackages() {
  const metadata = JSON.parse(
    execFileSync("cargo", ["metadata", "--format-version=1", "--no-deps"], {
      maxBuffer: 1 << 26,
    }),
  );
  const folder = (pack) => pack.manifest_path.slice(metadata.workspace_root.length + 1);
  const rank = (path) => ["node-core", "infra", "functions", "tests"].findIndex((top) => path.startsWith(top));
  const byName = new Map(metadata.packages.map((pack) => [pack.name, rank(folder(pack))]));
  for (const pack of metadata.packages) {
    const mine = byName.get(pack.name);
    for (const dependency of pack.dependencies) {
      if (dependency.kind === "dev") continue;
      const theirs = byName.get(dependency.name);
      if (theirs !== undefined && theirs > mine) {
        complaints.push(`${pack.name} depends on ${dependency.name}, which is above it`);
      }
    }
  }
}

function* sources(path) {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) yield* sources(child);
    else if (child.endsWith(".rs")) yield child;
  }
}
