// A door: holders sign codes, a verifier redeems them on the chain, or first without it and reports later.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ContractFunctionRevertedError, getAddress, parseEventLogs, toEventSignature, toFunctionSignature } from "viem";
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { admit, checkInAt, decodeCode, encodeCode, loadList, makeCode, ticketAbi } from "../../infra/web/checkin.mjs";
import { ACCOUNTS, EventTicket, MNEMONIC } from "./chain.mjs";
import { openEvent } from "./event.mjs";

const [organiser, verifier, buyer] = ACCOUNTS.checkin.map((addressIndex) => mnemonicToAccount(MNEMONIC, { addressIndex }));
const WINDOW_S = 3600n;
const GATE = 7;
let client, contract, tickets, deployedIn, send, mintTo;

const stranger = () => privateKeyToAccount(generatePrivateKey());
/** The chain's clock, which anvil's is and a layer's follows. */
const now = async () => BigInt(Math.max(Math.floor(Date.now() / 1000), Number((await client.getBlock()).timestamp)));
const codeOf = async (signer, ticketId) => makeCode(signer, contract, checkInAt(ticketId, await now(), WINDOW_S));
const redeem = (code, gate = GATE) => {
  const { checkIn, signature } = decodeCode(code);
  return send(verifier, "redeem", [checkIn, signature, gate]);
};
/** Name and arguments of the error that a door's call meets. */
const refusal = async (code, gate = GATE) => {
  const { checkIn, signature } = decodeCode(code);
  const call = { account: verifier, ...tickets, functionName: "redeem", args: [checkIn, signature, gate] };
  const error = await client.simulateContract(call).then(() => assert.fail("was let in"), (error) => error);
  const { errorName, args } = error.walk((cause) => cause instanceof ContractFunctionRevertedError).data;
  return { errorName, args };
};

before(async () => {
  ({ client, contract, tickets, deployedIn, send, mintTo } = await openEvent(organiser, verifier, WINDOW_S));
});

test("what the pages know of the contract is what it has", () => {
  // An error is written like a function.
  const signature = (entry) =>
    entry.type === "event" ? toEventSignature(entry) : toFunctionSignature({ ...entry, type: "function" });
  const has = new Set(EventTicket.abi.filter(({ name }) => name).map((entry) => `${entry.type} ${signature(entry)}`));
  assert.deepEqual(ticketAbi.filter((entry) => !has.has(`${entry.type} ${signature(entry)}`)), []);
});

test("the message is the one that the contract says it is", async () => {
  const domain = await client.readContract({ ...tickets, functionName: "eip712Domain" });
  const [fields, name, version, chainId, verifyingContract] = domain;
  assert.deepEqual([fields, name, version, Number(chainId)], ["0x0f", "Mayfly ticket", "1", contract.chainId]);
  assert.equal(verifyingContract, getAddress(contract.address));
});

test("a code is read as it was written, and nothing else is", () => {
  const checkIn = { ticketId: 2n ** 256n - 1n, validFrom: 1n, validUntil: 2n ** 64n - 1n };
  const somewhere = { chainId: 0xf1a500000001, address: `0x${"ab".repeat(20)}` };
  const parts = { contract: somewhere, checkIn, signature: `0x${"cd".repeat(65)}` };
  const code = encodeCode(parts);
  assert.match(code, /^[0-9A-Z:]+$/);
  assert.equal(code.length, 8 + 2 * (76 + 65));
  assert.deepEqual(decodeCode(code), parts);
  assert.throws(() => decodeCode("https://example.org"), /begins with MAYFLY1:/);
  assert.throws(() => decodeCode(code.slice(0, -1)), /pairs of the digits/);
  assert.throws(() => decodeCode(code.toLowerCase().replace("mayfly1", "MAYFLY1")), /pairs of the digits/);
  assert.throws(() => decodeCode(code.slice(0, 8 + 2 * 76)), /more than 76 bytes, this one has 76/);
});

test("a ticket is redeemed once; the second scan is told when and where the first was", async () => {
  const holder = stranger();
  const id = await mintTo(holder);
  const code = await codeOf(holder, id);
  const { blockNumber } = await redeem(code);
  const { timestamp } = await client.getBlock({ blockNumber });
  const first = { time: timestamp, gate: GATE, verifier: verifier.address };
  assert.deepEqual(await refusal(code, 8), { errorName: "AlreadyRedeemed", args: [id, first] });
  assert.deepEqual(await refusal(await codeOf(holder, id), 9), { errorName: "AlreadyRedeemed", args: [id, first] });
});

test("a code of somebody else, of another time or for too long is refused", async () => {
  const holder = stranger();
  const id = await mintTo(holder);
  assert.deepEqual(await refusal(await codeOf(stranger(), id)), { errorName: "WrongSigner", args: [id, holder.address] });
  for (const [shift, windowS] of [[-WINDOW_S, WINDOW_S], [WINDOW_S, WINDOW_S], [0n, WINDOW_S + 1n]]) {
    const code = await makeCode(holder, contract, checkInAt(id, (await now()) + shift, windowS));
    assert.equal((await refusal(code)).errorName, "OutsideWindow");
  }
  const unknown = await refusal(await codeOf(holder, 99n));
  assert.deepEqual(unknown, { errorName: "ERC721NonexistentToken", args: [99n] });
});

test("a page makes codes with a key that the wallet has named once", async () => {
  const key = stranger();
  const id = await mintTo(buyer);
  assert.equal((await refusal(await codeOf(key, id))).errorName, "WrongSigner");
  await send(buyer, "setCheckInKey", [key.address]);
  await redeem(await codeOf(key, id));
});

test("a door without connection decides as the layer would, and reports later", async () => {
  const holder = stranger();
  const key = stranger();
  const ids = [];
  while (ids.length < 4) ids.push(await mintTo(holder));
  const [one, two, elsewhere, before] = ids;
  const keyed = await mintTo(buyer);
  await send(buyer, "setCheckInKey", [key.address]);
  await redeem(await codeOf(holder, before));
  const list = await loadList(client, contract, deployedIn);
  assert.equal(list.windowS, WINDOW_S);

  const at = await now();
  const scan = (code, time = at) => admit(list, code, GATE, time, verifier.address);
  const whyNot = async (code, time) => (await scan(code, time)).why;
  const good = [await codeOf(holder, one), await codeOf(holder, elsewhere), await codeOf(key, keyed)];
  const admitted = [];
  for (const code of good) admitted.push(await scan(code));
  assert.deepEqual(admitted.map(({ why }) => why), [undefined, undefined, undefined]);
  const again = await scan(good[0], at + 1n);
  assert.deepEqual([again.why, again.first.time, again.first.gate], ["AlreadyRedeemed", at, GATE]);
  assert.equal((await scan(await codeOf(holder, before))).first.verifier, verifier.address);
  assert.equal(await whyNot(await codeOf(stranger(), two)), "WrongSigner");
  const code = await codeOf(holder, two);
  assert.equal(await whyNot(code, at + 2n * WINDOW_S), "OutsideWindow");
  assert.equal(await whyNot(await makeCode(holder, contract, checkInAt(two, at, WINDOW_S + 1n))), "OutsideWindow");
  assert.equal(await whyNot(await codeOf(holder, 99n)), "NoTicket");
  const other = { ...contract, chainId: 1 };
  assert.equal(await whyNot(await makeCode(holder, other, checkInAt(two, at, WINDOW_S))), "OtherEvent");
  assert.equal(await whyNot(`${code.slice(0, 8 + 2 * 76)}00`), "WrongSigner");

  // Meanwhile a door with connection let the same ticket in.
  await redeem(await codeOf(holder, elsewhere), 8);
  const { logs } = await send(verifier, "report", [admitted.map(({ scan }) => scan)]);
  const told = parseEventLogs({ abi: ticketAbi, logs }).map(({ eventName, args }) => [eventName, args.ticketId, args.why]);
  assert.deepEqual(told, [["Redeemed", one, undefined], ["ScanRefused", elsewhere, 1], ["Redeemed", keyed, undefined]]);
  const { time, gate } = await client.readContract({ ...tickets, functionName: "redemptionOf", args: [one] });
  assert.deepEqual([time, gate], [at, GATE]);
});
