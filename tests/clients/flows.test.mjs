// What tools do beyond sending and reading, with viem: subscriptions, filters, simulation, traces, delegation.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  concat,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  erc20Abi,
  getCreate2Address,
  http,
  keccak256,
  pad,
  parseEther,
  webSocket,
} from "viem";
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { ACCOUNTS, ECHO_INIT_CODE, MNEMONIC, RPC, Ticket, differs, isMayfly, rpc } from "./chain.mjs";

const account = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNTS.flows[0] });
/** The deterministic deployer, at the same address on every chain. */
const DEPLOYER = "0x4e59b44847b379578588920ca78fbf26c0b4956c";
const MULTICALL = "0xca11bde05977b3631167028862be2a173976ca11";
const price = parseEther("0.01");
let chain, client, wallet, ticket, mayfly;

const stranger = () => privateKeyToAccount(generatePrivateKey());
const receiptOf = (hash) => client.waitForTransactionReceipt({ hash });
const mint = async () => receiptOf(await wallet.writeContract({ ...ticket, functionName: "buy", value: price }));
const result = async (method, ...params) => {
  const answer = await rpc(method, ...params);
  assert.equal(answer.error, undefined, JSON.stringify(answer.error));
  return answer.result;
};

before(async () => {
  const transport = http(RPC);
  const id = await createPublicClient({ transport }).getChainId();
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const contracts = { multicall3: { address: MULTICALL } };
  chain = defineChain({ id, name: "under test", nativeCurrency, rpcUrls: { default: { http: [RPC] } }, contracts });
  client = createPublicClient({ chain, transport, pollingInterval: 50 });
  wallet = createWalletClient({ chain, transport, account, pollingInterval: 50 });
  mayfly = await isMayfly();
  const args = ["Flow", "FLOW", price, account.address, 100n];
  const deployed = await receiptOf(await wallet.deployContract({ abi: Ticket.abi, bytecode: Ticket.bytecode, args }));
  ticket = { address: deployed.contractAddress, abi: Ticket.abi };
});

test("a filter that is polled tells of events once", async () => {
  const filter = await client.createContractEventFilter({ ...ticket, eventName: "Transfer" });
  assert.deepEqual(await client.getFilterChanges({ filter }), []);
  const { transactionHash } = await mint();
  const changes = await client.getFilterChanges({ filter });
  assert.deepEqual(changes.map((log) => log.transactionHash), [transactionHash]);
  assert.deepEqual(await client.getFilterChanges({ filter }), []);
  assert.equal(await client.uninstallFilter({ filter }), true);
});

test("a subscription tells of blocks and events", async () => {
  const socket = createPublicClient({ chain, transport: webSocket(RPC.replace("http", "ws")) });
  const heads = [];
  const logs = [];
  const unwatch = [
    socket.watchBlockNumber({ onBlockNumber: (number) => heads.push(number) }),
    socket.watchContractEvent({ ...ticket, eventName: "Transfer", onLogs: (found) => logs.push(...found) }),
  ];
  assert.equal(await socket.getChainId(), chain.id);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const receipt = await mint();
  await until(() => heads.includes(receipt.blockNumber) && logs.length > 0);
  assert.equal(logs[0].transactionHash, receipt.transactionHash);
  unwatch.forEach((stop) => stop());
  (await socket.transport.getRpcClient()).close();
});

/** Waits for what an event brings; the test's own time limit ends it otherwise. */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("several reads are one call", async (t) => {
  if (!mayfly) return t.skip(differs("multicall"));
  const calls = ["name", "symbol"].map((functionName) => ({ ...ticket, functionName }));
  assert.deepEqual(await client.multicall({ contracts: calls, allowFailure: false }), ["Flow", "FLOW"]);
});

test("a script's CREATE2 deployment lands where it must", async () => {
  const salt = pad(generatePrivateKey().slice(0, 20), { size: 32 });
  const hash = await wallet.sendTransaction({ to: DEPLOYER, data: concat([salt, ECHO_INIT_CODE]) });
  assert.equal((await receiptOf(hash)).status, "success");
  const address = getCreate2Address({ from: DEPLOYER, salt, bytecodeHash: keccak256(ECHO_INIT_CODE) });
  assert.equal(await client.getCode({ address }), "0x365f5f37365ffd");
});

test("an account delegates to a contract", async () => {
  const owner = stranger();
  await receiptOf(await wallet.sendTransaction({ to: owner.address, value: parseEther("1") }));
  const own = createWalletClient({ chain, transport: http(RPC), account: owner });
  const authorization = await own.signAuthorization({ contractAddress: ticket.address, executor: "self" });
  const data = encodeFunctionData({ abi: Ticket.abi, functionName: "totalSupply" });
  const sent = await own.sendTransaction({ to: owner.address, data, authorizationList: [authorization] });
  const receipt = await receiptOf(sent);
  assert.equal(receipt.type, "eip7702");
  assert.equal(await client.getCode({ address: owner.address }), `0xef0100${ticket.address.slice(2)}`.toLowerCase());
});

test("an access list names what a call touches", async () => {
  const data = encodeFunctionData({ abi: Ticket.abi, functionName: "buy" });
  const { accessList } = await client.createAccessList({ account, to: ticket.address, data, value: price });
  assert.equal(accessList[0].address.toLowerCase(), ticket.address.toLowerCase());
  assert.ok(accessList[0].storageKeys.length > 0);
});

test("blocks are simulated with calls that see each other", async () => {
  const to = stranger().address;
  const [block] = await client.simulateBlocks({
    blocks: [{ calls: [{ account, to, value: 1n }, { account, ...ticket, functionName: "name", to: ticket.address }] }],
  });
  assert.deepEqual(block.calls.map((call) => call.status), ["success", "success"]);
  assert.equal(block.calls[1].result, "Flow");
  assert.equal(await client.getBalance({ address: to }), 0n);
});

test("a transaction is traced", async (t) => {
  const { transactionHash: hash } = await mint();
  const call = await result("debug_traceTransaction", hash, { tracer: "callTracer" });
  assert.equal(call.to, ticket.address.toLowerCase());
  assert.equal(call.type, "CALL");
  const { structLogs } = await result("debug_traceTransaction", hash);
  if (mayfly) assert.ok(structLogs.some((step) => step.op === "SSTORE"));
  else t.diagnostic(differs("steps"));
  const prestate = await result("debug_traceTransaction", hash, { tracer: "prestateTracer" });
  assert.ok(prestate[ticket.address.toLowerCase()].code.length > 2);
  const fourBytes = await result("debug_traceTransaction", hash, { tracer: "4byteTracer" });
  assert.equal(typeof fourBytes, "object");
  const flat = await result("trace_transaction", hash);
  assert.equal(flat[0].action.to, ticket.address.toLowerCase());
});

test("a transaction is filled in one request", async () => {
  const answer = await rpc("eth_fillTransaction", { from: account.address, to: stranger().address, value: "0x1" });
  assert.equal(answer.error, undefined, answer.error?.message);
  assert.equal(answer.result.tx.gas, "0x5208");
});

test("an interface of another token is answered with a revert, not with nonsense", async () => {
  const token = { address: ticket.address, abi: erc20Abi };
  await assert.rejects(client.readContract({ ...token, functionName: "decimals" }));
});
