// Foundry's cast on the command line.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { Wallet, keccak256 } from "ethers";
import { ACCOUNTS, ECHO_INIT_CODE, MNEMONIC, RPC, Ticket, differs, findDeposit, isMayfly } from "./chain.mjs";

const price = "10000000000000000";
const from = (index) => ["--mnemonic", MNEMONIC, "--mnemonic-index", String(ACCOUNTS.cast[index])];
let ticket, address;

/** Path of the binary. npm may have been told to run no install scripts, so the launcher is not used. */
function castPath() {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch];
  const file = process.platform === "win32" ? "cast.exe" : "cast";
  return createRequire(import.meta.url).resolve(`@foundry-rs/cast-${process.platform}-${arch}/bin/${file}`);
}

async function cast(...args) {
  const env = { ...process.env, ETH_RPC_URL: RPC, FOUNDRY_DISABLE_NIGHTLY_WARNING: "1" };
  const { stdout } = await promisify(execFile)(castPath(), args, { env, maxBuffer: 1 << 24 });
  return stdout.trim();
}

const json = async (...args) => JSON.parse(await cast(...args, "--json"));
const send = (...args) => json("send", ...from(0), ...args);

before(async () => {
  address = await cast("wallet", "address", ...from(0));
  const sold = await send("--create", Ticket.bytecode, "constructor(string,string,uint256,address,uint256)", "Night", "NIGHT", price, address, "3");
  assert.equal(sold.status, "0x1");
  ticket = sold.contractAddress;
});

test("the chain says who it is", async () => {
  assert.match(await cast("chain-id"), /^\d+$/);
  assert.match(await cast("block-number"), /^\d+$/);
  assert.match(await cast("client"), /.+/);
  assert.match(await cast("gas-price"), /^\d+$/);
  assert.match(await cast("base-fee"), /^\d+$/);
  assert.ok(BigInt(await cast("balance", address)) > 10n ** 18n);
});

test("ETH moves by a fee market transaction and by a legacy one", async () => {
  for (const [more, type] of [[[], "0x2"], [["--legacy"], "0x0"]]) {
    const to = Wallet.createRandom().address;
    const receipt = await send(to, "--value", "5", ...more);
    assert.equal(receipt.status, "0x1");
    assert.equal(receipt.type, type);
    assert.equal(await cast("balance", to), "5");
    const again = await json("receipt", receipt.transactionHash);
    assert.equal(again.blockHash, receipt.blockHash);
    assert.equal((await json("tx", receipt.transactionHash)).value, "0x5");
  }
});

test("the nonce counts", async () => {
  const before = BigInt(await cast("nonce", address));
  await send(address, "--value", "0");
  assert.equal(BigInt(await cast("nonce", address)), before + 1n);
});

test("a contract is called, written and found in the logs", async () => {
  assert.equal(await cast("call", ticket, "symbol()(string)"), '"NIGHT"');
  const receipt = await send(ticket, "buy()", "--value", price);
  assert.equal(receipt.status, "0x1");
  const owner = await cast("call", ticket, "ownerOf(uint256)(address)", "1");
  assert.equal(owner.toLowerCase(), address.toLowerCase());
  const event = "Transfer(address indexed,address indexed,uint256 indexed)";
  const logs = await json("logs", "--address", ticket, "--from-block", "0", event);
  assert.equal(logs.length, 1);
  assert.equal(logs[0].transactionHash, receipt.transactionHash);
});

test("a revert says why", async () => {
  const wrong = cast("call", ticket, "buy()", "--value", "1", "--from", address);
  await assert.rejects(wrong, ({ stderr }) => /WrongPayment|custom error|0x/.test(stderr) && /revert/.test(stderr));
  const { contractAddress: echo } = await send("--create", ECHO_INIT_CODE);
  await assert.rejects(cast("call", echo, "Error(string)", "sold out"), ({ stderr }) => /sold out/.test(stderr));
});

test("gas is estimated", async () => {
  const to = Wallet.createRandom().address;
  assert.equal(await cast("estimate", to, "--value", "1", "--from", address), "21000");
  const gas = BigInt(await cast("estimate", ticket, "mintTo(address)", to, "--from", address));
  assert.ok(gas > 50_000n && gas < 200_000n);
});

test("blocks, code, storage and proofs are read", async () => {
  const block = await json("block", "latest");
  const proof = await json("proof", ticket, "0x0", "--block", String(Number(block.number)));
  assert.equal(keccak256(proof.accountProof[0]), block.stateRoot);
  assert.equal(proof.codeHash, keccak256(await cast("code", ticket)));
  assert.equal((await cast("storage", ticket, "0")).length, 66);
  const full = await json("block", "latest", "--full");
  assert.equal(full.transactions.length, block.transactions.length);
  assert.match(await cast("block", "earliest", "--field", "number"), /^0$/);
});

test("a transaction is published as raw bytes", async () => {
  const to = Wallet.createRandom().address;
  const raw = await cast("mktx", ...from(1), to, "--value", "7");
  const { transactionHash } = await json("publish", raw);
  assert.equal((await json("receipt", transactionHash)).status, "0x1");
  assert.equal(await cast("balance", to), "7");
});

test("a receipt comes back at once", async () => {
  const receipt = await json("send", ...from(1), "--sync", Wallet.createRandom().address, "--value", "1");
  assert.equal(receipt.status, "0x1");
});

test("what else cast asks is answered", async () => {
  const code = await cast("code", ticket);
  assert.equal(await cast("codehash", ticket), keccak256(code));
  assert.equal(Number(await cast("codesize", ticket)), (code.length - 2) / 2);
  assert.match(await cast("storage-root", ticket), /^0x[0-9a-f]{64}$/);
  const { accessList } = await json("access-list", ticket, "buy()", "--value", price, "--from", address);
  assert.ok(accessList.some((one) => one.address.toLowerCase() === ticket.toLowerCase() && one.storageKeys.length > 0));
  const number = Number(await cast("find-block", await cast("block", "latest", "--field", "timestamp")));
  assert.ok(number <= Number(await cast("block-number")));
  assert.deepEqual(Object.keys(await json("tx-pool", "status")), ["pending", "queued"]);
  const overridden = ["--override-code", `${ticket}:0x60055f5260205ff3`];
  assert.equal(await cast("call", ticket, "totalSupply()(uint256)", ...overridden), "5");
});

test("a layer says where it stands", async (t) => {
  if (!(await isMayfly())) return t.skip(differs("status"));
  assert.equal(JSON.parse(await cast("rpc", "mayfly_status")).phase, "open");
});

test("a deposit from the L1 is read with its block and receipt", async (t) => {
  const hash = await findDeposit();
  if (!hash) return t.skip(differs("deposits"));
  const tx = await json("tx", hash);
  assert.equal(tx.type, "0x7e");
  const block = await json("block", tx.blockHash, "--full");
  assert.ok(block.transactions.some((one) => one.hash === hash));
  assert.equal((await json("receipt", hash)).status, "0x1");
});
