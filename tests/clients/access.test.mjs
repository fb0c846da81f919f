// What an organiser allows: `mayfly up --access FILE`, as a wallet's library sees it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createPublicClient, createWalletClient, defineChain, http, parseEther, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { ask, directory, run, serve } from "./mayfly.mjs";

const KEY = "a-key-of-sixteen-and-more";
const ORIGIN = "https://shop.example";
const folder = directory();
let layer, url, keyed, ticket, accounts;

/** Writes rules and returns where they are. */
function rules(name, content) {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

before(async () => {
  const file = rules("rules.json", {
    apiKeys: [KEY],
    origins: [ORIGIN],
    methods: ["eth_*", "mayfly_status", "web3_clientVersion"],
    targets: ["0x00000000000000000000000000000000000a11ce"],
    perSender: { burst: 2, perMinute: 1 },
  });
  layer = await serve("up", "--port", "0", "--l1-port", "0", "--ends-in", "1h", "--dir", join(folder, "layer"), "--access", file);
  ({ rpcUrl: url, ticket, accounts } = layer.said);
  keyed = `${url}/?apiKey=${KEY}`;
});

after(() => layer?.stop());

const client = (transport) => {
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id: layer.said.chainId, name: "ruled", nativeCurrency, rpcUrls: { default: { http: [url] } } });
  return { chain, transport };
};

test("a layer with rules is opened with its ticket contract", async () => {
  assert.match(ticket, /^0x[0-9a-f]{40}$/i);
});

test("without a key nobody is answered, with it in the URL viem is", async () => {
  const { status, error } = await ask(url, "eth_chainId");
  assert.deepEqual([status, error.code, error.data], [401, 4100, { rule: "apiKeys" }]);
  assert.equal(await createPublicClient(client(http(keyed))).getChainId(), layer.said.chainId);
  const headers = { "x-api-key": KEY };
  assert.equal((await ask(url, "eth_chainId", [], headers)).status, 200);
});

test("a page of another origin is refused", async () => {
  const headers = { "x-api-key": KEY, origin: "https://evil.example" };
  assert.deepEqual((await ask(url, "eth_chainId", [], headers)).error.data, { rule: "origins" });
  assert.equal((await ask(url, "eth_chainId", [], { ...headers, origin: ORIGIN })).status, 200);
});

test("a method that is not on the list is refused, over WebSocket too", async () => {
  const { error } = await ask(keyed, "debug_traceBlockByNumber", ["latest"]);
  assert.deepEqual([error.code, error.data], [-32004, { rule: "methods" }]);
  const socket = createPublicClient(client(webSocket(keyed.replace("http", "ws"))));
  assert.equal(await socket.getChainId(), layer.said.chainId);
  await assert.rejects(socket.request({ method: "net_version" }), /net_version is not answered here/);
  (await socket.transport.getRpcClient()).close();
});

test("the organiser goes anywhere, others where it is free and not too often", async () => {
  const wallet = (index) => createWalletClient({ ...client(http(keyed)), account: privateKeyToAccount(accounts[index].privateKey) });
  const send = (index, to) => wallet(index).sendTransaction({ to, value: parseEther("0.001") });
  const elsewhere = "0x000000000000000000000000000000000000dEaD";
  const allowed = "0x00000000000000000000000000000000000a11ce";
  await send(0, elsewhere);
  await assert.rejects(send(1, elsewhere), /targets: transactions to 0x000000000000000000000000000000000000dEaD are not taken here/);
  await send(1, allowed);
  await send(1, allowed);
  await assert.rejects(send(1, allowed), /perSender: too many transactions/);
  await send(2, allowed);
});

test("a file of rules that cannot be meant is refused before the layer is opened", () => {
  const table = [
    [{ apiKeys: ["short"] }, /apiKeys: expected keys of at least 16/],
    [{ methods: ["eth_cal"] }, /methods: expected a method/],
    [{ perAddress: { burst: 0, perMinute: 1 } }, /burst: expected at least 1/],
    [{ apikeys: [] }, /unknown field `apikeys`/],
    ["{", /EOF/],
  ];
  for (const [content, expected] of table) {
    const dir = join(folder, "never");
    const { status, err, out } = run("up", "--port", "0", "--l1-port", "0", "--dir", dir, "--access", rules("wrong.json", content));
    assert.notEqual(status, 0);
    assert.match(err + out, expected);
  }
  const base = ["up", "--base-fee", "7", "--dir", join(folder, "never")];
  const { err, out } = run(...base, "--access", rules("targets.json", { targets: [ticket] }));
  assert.match(err + out, /--access: targets/);
});
