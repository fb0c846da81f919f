// What a layer and anvil do not do alike: all that is explained is left out somewhere, and nothing else is.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const here = new URL(".", import.meta.url);
const differences = JSON.parse(readFileSync(new URL("differences.json", here), "utf8"));
const files = readdirSync(here).filter((name) => /\.(test\.mjs|py)$/.test(name) && !name.startsWith("differences"));
const sources = files.map((name) => readFileSync(new URL(name, here), "utf8"));

test("every difference has a reason and a place", (t) => {
  const used = sources.flatMap((source) => [...source.matchAll(/differs\("(\w+)"\)/g)].map((match) => match[1]));
  assert.deepEqual([...new Set(used)].sort(), Object.keys(differences).sort());
  for (const reason of Object.values(differences)) {
    assert.ok(reason.length > 20, reason);
    t.diagnostic(reason);
  }
});

test("no test is left out without a reason", () => {
  for (const [at, source] of sources.entries()) {
    assert.doesNotMatch(source, /t\.skip\((?!differs\()|skip: (?!skip\b|missing\b)|\.(skip|todo|only)\(\s*["'`]/, files[at]);
  }
});
