// The document that `rpc.discover` serves: every method is in it, and answers what it says.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { createPublicClient, createWalletClient, defineChain, encodeFunctionData, http, parseEther } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { ACCOUNTS, MNEMONIC, RPC, Ticket, differs, isMayfly, rpc } from "./chain.mjs";

const account = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNTS.openrpc[0] });
const price = parseEther("0.01");
const skip = (await isMayfly()) ? false : differs("described");
const ajv = new Ajv({ strict: false });
let document;
let params;

before(async () => {
  if (skip) return;
  document = (await rpc("rpc.discover")).result;
  ajv.addSchema({ $id: "document", components: document.components });
  params = await examples();
});

/** Arguments for every method that has some, on a chain with a contract that was used. */
async function examples() {
  const transport = http(RPC);
  const id = await createPublicClient({ transport }).getChainId();
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id, name: "described", nativeCurrency, rpcUrls: { default: { http: [RPC] } } });
  const client = createPublicClient({ chain, transport, pollingInterval: 50 });
  const wallet = createWalletClient({ chain, transport, account, pollingInterval: 50 });
  const receiptOf = (hash) => client.waitForTransactionReceipt({ hash });
  const args = ["Described", "DESC", price, account.address, 9n];
  const { contractAddress: to } = await receiptOf(await wallet.deployContract({ abi: Ticket.abi, bytecode: Ticket.bytecode, args }));
  const data = encodeFunctionData({ abi: Ticket.abi, functionName: "buy" });
  const used = await receiptOf(await wallet.sendTransaction({ to, data, value: price }));
  const sign = async (nonceAhead) => {
    const nonce = (await client.getTransactionCount({ address: account.address, blockTag: "pending" })) + nonceAhead;
    const request = await wallet.prepareTransactionRequest({ to: account.address, value: 1n, nonce, gas: 21_000n });
    return wallet.signTransaction(request);
  };
  const hash = used.transactionHash;
  const block = used.blockHash;
  const number = `0x${used.blockNumber.toString(16)}`;
  const call = { from: account.address, to, data, value: `0x${price.toString(16)}` };
  const from = account.address;
  const filter = { address: to, fromBlock: "earliest" };
  const blockCall = { blockStateCalls: [{ calls: [call] }] };
  const installed = (await rpc("eth_newFilter", filter)).result;
  return {
    web3_sha3: ["0x01"],
    eth_getBalance: [from, "latest"],
    eth_getCode: [to, { blockHash: block }],
    eth_getStorageAt: [to, "0x0"],
    eth_getStorageValues: [{ [to]: ["0x0", "0x1"] }],
    eth_getAccountInfo: [from, "latest"],
    eth_getTransactionCount: [from, "pending"],
    eth_getProof: [to, ["0x0"], number],
    eth_getBlockByHash: [block, true],
    eth_getBlockByNumber: [number, true],
    eth_getHeaderByHash: [block],
    eth_getHeaderByNumber: ["latest"],
    eth_getBlockTransactionCountByHash: [block],
    eth_getBlockTransactionCountByNumber: [number],
    eth_getUncleCountByBlockHash: [block],
    eth_getUncleCountByBlockNumber: [number],
    eth_getUncleByBlockHashAndIndex: [block, "0x0"],
    eth_getUncleByBlockNumberAndIndex: [number, "0x0"],
    eth_getBlockReceipts: [number],
    eth_getTransactionByHash: [hash],
    eth_getTransactionByBlockHashAndIndex: [block, "0x0"],
    eth_getTransactionByBlockNumberAndIndex: [number, "0x0"],
    eth_getRawTransactionByHash: [hash],
    eth_getTransactionReceipt: [hash],
    eth_getLogs: [filter],
    eth_newFilter: [filter],
    eth_getFilterChanges: [installed],
    eth_getFilterLogs: [installed],
    eth_uninstallFilter: [installed],
    eth_call: [{ ...call, data: encodeFunctionData({ abi: Ticket.abi, functionName: "name" }), value: "0x0" }],
    eth_estimateGas: [call],
    eth_createAccessList: [call],
    eth_simulateV1: [blockCall, "latest"],
    eth_fillTransaction: [call],
    eth_feeHistory: ["0x4", "latest", [10, 90]],
    eth_sendRawTransaction: [await sign(0)],
    eth_sendRawTransactionSync: [await sign(1), "0x4e20"],
    txpool_contentFrom: [from],
    debug_getRawBlock: [number],
    debug_getRawHeader: [number],
    debug_getRawReceipts: [number],
    debug_getRawTransaction: [hash],
    debug_traceTransaction: [hash],
    debug_traceBlockByHash: [block, { tracer: "callTracer" }],
    debug_traceBlockByNumber: [number, { tracer: "prestateTracer" }],
    debug_traceCall: [call, "latest", { tracer: "4byteTracer" }],
    trace_block: [number],
    trace_transaction: [hash],
    trace_get: [hash, []],
    trace_filter: [{ fromBlock: number, toBlock: number }],
    trace_call: [call, ["trace", "vmTrace", "stateDiff"]],
    trace_replayTransaction: [hash, ["trace", "stateDiff"]],
    trace_replayBlockTransactions: [number, ["trace"]],
    ots_hasCode: [to, "latest"],
    ots_getInternalOperations: [hash],
    ots_getTransactionError: [hash],
    ots_traceTransaction: [hash],
    ots_getBlockDetails: [number],
    ots_getBlockDetailsByHash: [block],
    ots_getBlockTransactions: [number, 0, 10],
    ots_searchTransactionsBefore: [to, 0, 5],
    ots_searchTransactionsAfter: [to, 0, 5],
    ots_getTransactionBySenderAndNonce: [from, 0],
    ots_getContractCreator: [to],
    mayfly_finality: [number],
    mayfly_exits: [from, "0x0"],
    mayfly_transactionStatus: [hash],
    mayfly_orderStatus: ["none"],
    mayfly_getSoftReceipt: [hash],
    mayfly_getBlockSeal: [number],
    mayfly_getWitness: [number],
  };
}

test("every method of the table is described, and no other", { skip }, () => {
  const table = readFileSync(new URL("../../node-core/src/rpc/table.rs", import.meta.url), "utf8");
  const methods = [...table.matchAll(/"((?:\w+_|rpc\.)\w+)" =>/g)].map((match) => match[1]);
  const described = document.methods.map(({ name }) => name);
  assert.deepEqual(described.toSorted(), methods.toSorted());
});

test("every method answers what the document says", { skip }, async (context) => {
  for (const { name, params: expected, result } of document.methods) {
    await context.test(name, async () => {
      const given = params[name] ?? [];
      assert.ok(given.length >= expected.filter(({ required }) => required).length, "arguments are missing here");
      given.forEach((value, at) => fits(expected[at].schema, value, `argument ${expected[at].name}`));
      const answer = await rpc(name, ...given);
      assert.equal(answer.error, undefined, JSON.stringify(answer.error));
      fits(result.schema, answer.result, "result");
    });
  }
});

function fits(schema, value, what) {
  const own = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'));
  const validate = ajv.compile(own);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)?.slice(0, 300)}`);
}
