// The conformance scripts of ethereum/execution-apis, against `mayfly archive` serving their chain.
//
// A script is lines `>> request` and `<< answer`; one marked `speconly:` wants only that the result is what the
// method's schema says. Errors are compared by code and data.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import Ajv from "ajv";

const FIXTURES = fileURLToPath(new URL("../../../shared/fixtures/rpc-compat/", import.meta.url));
const MAYFLY = process.env.MAYFLY_BIN ?? fileURLToPath(new URL("../../target/debug/mayfly", import.meta.url));

/** At least so many scripts must pass. */
const LEAST = 120;

/** Scripts that do not pass, each with its reason. One that passes after all must be taken out. */
const MISSES = JSON.parse(readFileSync(new URL("compat-misses.json", import.meta.url), "utf8"));

let server;
let url;
let passed = 0;

const skip = existsSync(FIXTURES) ? false : `no fixtures at ${FIXTURES}`;
const spec = skip ? { methods: [], components: {} } : JSON.parse(readFileSync(`${FIXTURES}openrpc.json`, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: "spec", components: spec.components });

before(async () => {
  if (skip) return;
  const files = ["--genesis", `${FIXTURES}genesis.json`, "--chain", `${FIXTURES}chain.rlp`];
  server = spawn(MAYFLY, ["--json", "archive", ...files, "--port", "0", "--pool"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    url = JSON.parse(line).rpcUrl;
    break;
  }
  assert.ok(url, "the archive did not start");
});

after(() => server?.kill());

for (const file of skip ? [] : scripts()) {
  test(file, async () => {
    const wrong = await play(file).then(() => undefined, (error) => error);
    const reason = MISSES[file];
    if (reason) assert.ok(wrong, `${file} passes: take it out of compat-misses.json`);
    else if (wrong) throw wrong;
    else passed += 1;
  });
}

test("enough scripts pass", { skip }, () => {
  console.log(`${passed} of ${scripts().length} scripts pass`);
  assert.ok(passed >= LEAST, `${passed} of at least ${LEAST}`);
  for (const [file, reason] of Object.entries(MISSES)) {
    assert.ok(existsSync(FIXTURES + file) && reason.length > 20, `${file}: ${reason}`);
  }
});

function scripts() {
  const folders = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== "derived");
  return folders.flatMap(({ name }) => readdirSync(FIXTURES + name).map((file) => `${name}/${file}`)).sort();
}

async function play(file) {
  const lines = readFileSync(FIXTURES + file, "utf8").split("\n");
  const specOnly = lines.some((line) => line.startsWith("// speconly:"));
  let answer;
  let method;
  for (const line of lines) {
    if (line.startsWith(">> ")) {
      method = JSON.parse(line.slice(3)).method;
      answer = await post(line.slice(3));
    } else if (line.startsWith("<< ")) {
      const expected = JSON.parse(line.slice(3));
      if (specOnly) fits(method, answer, expected);
      else same(answer, expected);
    }
  }
}

async function post(body) {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  return answer.json();
}

function same(answer, expected) {
  if (expected.error) {
    const { code, data } = expected.error;
    assert.ok(answer.error, `expected error ${code}, got ${JSON.stringify(answer.result)?.slice(0, 200)}`);
    assert.deepEqual({ code: answer.error.code, data: answer.error.data }, { code, data }, answer.error.message);
    return;
  }
  assert.ok(!answer.error, JSON.stringify(answer.error));
  if (!isDeepStrictEqual(answer.result, expected.result)) {
    assert.fail(difference(answer.result, expected.result, "result").slice(0, 12).join("\n"));
  }
}

function fits(method, answer, expected) {
  if (expected.error) {
    assert.equal(answer.error?.code, expected.error.code);
    return;
  }
  assert.ok(!answer.error, JSON.stringify(answer.error));
  const { result } = spec.methods.find(({ name }) => name === method);
  const schema = JSON.parse(JSON.stringify(result.schema).replaceAll('"#/components', '"spec#/components'));
  const validate = ajv.compile(schema);
  assert.ok(validate(answer.result), ajv.errorsText(validate.errors?.slice(0, 6)));
}

/** Where two values are different, so that a failure can be read. */
function difference(got, expected, path) {
  const both = [got, expected].every((value) => value && typeof value === "object");
  if (!both) return isDeepStrictEqual(got, expected) ? [] : [`${path}: got ${cut(got)}, expected ${cut(expected)}`];
  const keys = new Set([...Object.keys(got), ...Object.keys(expected)]);
  return [...keys].flatMap((key) => difference(got[key], expected[key], `${path}.${key}`));
}

function cut(value) {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 120 ? `${text.slice(0, 120)}..` : text;
}
