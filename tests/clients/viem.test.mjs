// viem, as an application uses it.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  BaseError,
  ContractFunctionRevertedError,
  InsufficientFundsError,
  NonceTooLowError,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  keccak256,
  parseAbi,
  parseEther,
  verifyTypedData,
} from "viem";
import { generatePrivateKey, mnemonicToAccount, nonceManager, privateKeyToAccount } from "viem/accounts";
import { ACCOUNTS, ECHO_ABI, ECHO_INIT_CODE, MNEMONIC, RPC, Ticket, differs, findDeposit, isMayfly, rpc } from "./chain.mjs";

const account = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNTS.viem[0] });
const echoAbi = parseAbi(ECHO_ABI);
const price = parseEther("0.01");
let chain, client, wallet, ticket, deployedIn;

const stranger = () => privateKeyToAccount(generatePrivateKey());
const receiptOf = (hash) => client.waitForTransactionReceipt({ hash });

async function deploy(contract) {
  const receipt = await receiptOf(await wallet.deployContract(contract));
  assert.equal(receipt.status, "success");
  return receipt;
}

before(async () => {
  const transport = http(RPC);
  const id = await createPublicClient({ transport }).getChainId();
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  chain = defineChain({ id, name: "under test", nativeCurrency, rpcUrls: { default: { http: [RPC] } } });
  client = createPublicClient({ chain, transport, pollingInterval: 50 });
  wallet = createWalletClient({ chain, transport, account, pollingInterval: 50 });
  const args = ["Night", "NIGHT", price, account.address, 3n];
  const receipt = await deploy({ abi: Ticket.abi, bytecode: Ticket.bytecode, args });
  ticket = { address: receipt.contractAddress, abi: Ticket.abi };
  deployedIn = receipt.blockNumber;
});

test("a funded account is there, and so is the newest block", async () => {
  assert.ok((await client.getBalance({ address: account.address })) > parseEther("1"));
  const [number, block] = await Promise.all([client.getBlockNumber(), client.getBlock()]);
  assert.ok(block.number >= number);
  assert.equal(block.hash.length, 66);
  assert.equal((await client.getBlock({ blockHash: block.hash })).number, block.number);
  assert.equal((await client.getBlock({ blockTag: "earliest" })).number, 0n);
});

test("ETH moves by a fee market transaction", async () => {
  const to = stranger().address;
  const hash = await wallet.sendTransaction({ to, value: 5n });
  const receipt = await receiptOf(hash);
  assert.equal(receipt.status, "success");
  assert.equal(receipt.type, "eip1559");
  assert.equal(receipt.gasUsed, 21_000n);
  assert.equal(await client.getBalance({ address: to }), 5n);
  const before = await client.getBalance({ address: to, blockNumber: receipt.blockNumber - 1n });
  assert.equal(before, 0n);
  const tx = await client.getTransaction({ hash });
  assert.equal(tx.from.toLowerCase(), account.address.toLowerCase());
  assert.equal(tx.blockHash, receipt.blockHash);
  const block = await client.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true });
  assert.ok(block.transactions.some((one) => one.hash === hash));
});

test("ETH moves by a legacy transaction and by one with an access list", async () => {
  const to = stranger().address;
  for (const type of ["legacy", "eip2930"]) {
    const accessList = type === "eip2930" ? [{ address: to, storageKeys: [] }] : undefined;
    const receipt = await receiptOf(await wallet.sendTransaction({ to, value: 1n, type, accessList }));
    assert.equal(receipt.type, type);
  }
  assert.equal(await client.getBalance({ address: to }), 2n);
});

test("an account delegates to a contract by a set-code transaction", async () => {
  const authority = stranger();
  const { contractAddress } = await deploy({ abi: echoAbi, bytecode: ECHO_INIT_CODE });
  const authorization = await authority.signAuthorization({ address: contractAddress, chainId: chain.id, nonce: 0 });
  const to = stranger().address;
  const hash = await wallet.sendTransaction({ to, authorizationList: [authorization] });
  assert.equal((await receiptOf(hash)).type, "eip7702");
  const code = await client.getCode({ address: authority.address });
  assert.equal(code.toLowerCase(), `0xef0100${contractAddress.slice(2).toLowerCase()}`);
});

test("many transactions of one account at once are all included", async () => {
  const sender = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNTS.viem[1], nonceManager });
  const to = stranger().address;
  const first = await client.getTransactionCount({ address: sender.address, blockTag: "pending" });
  const send = () => wallet.sendTransaction({ account: sender, to, value: 1n });
  const hashes = await Promise.all(Array.from({ length: 20 }, send));
  const receipts = await Promise.all(hashes.map(receiptOf));
  assert.ok(receipts.every(({ status }) => status === "success"));
  assert.equal(await client.getBalance({ address: to }), 20n);
  assert.equal(await client.getTransactionCount({ address: sender.address }), first + 20);
});

test("a contract is read, written and found in the logs", async () => {
  assert.equal(await client.readContract({ ...ticket, functionName: "name" }), "Night");
  const { request, result } = await client.simulateContract({ ...ticket, account, functionName: "buy", value: price });
  const receipt = await receiptOf(await wallet.writeContract(request));
  assert.equal(await client.readContract({ ...ticket, functionName: "ownerOf", args: [result] }), account.address);
  const events = (args, more) =>
    client.getContractEvents({ ...ticket, eventName: "Transfer", args, fromBlock: deployedIn, ...more });
  const [event, ...others] = await events({ tokenId: result });
  assert.deepEqual(others, []);
  assert.equal(event.args.to, account.address);
  assert.equal(event.transactionHash, receipt.transactionHash);
  assert.equal(event.logIndex, receipt.logs[0].logIndex);
  assert.equal((await events({ from: account.address })).length, 0);
  const inBlock = await client.getLogs({ address: ticket.address, blockHash: receipt.blockHash });
  assert.equal(inBlock.length, 1);
});

test("a custom error is decoded", async () => {
  const wrong = client.simulateContract({ ...ticket, account, functionName: "buy", value: 1n });
  await assert.rejects(wrong, (error) => {
    const { data } = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    assert.equal(data.errorName, "WrongPayment");
    assert.deepEqual(data.args, [1n, price]);
    return true;
  });
});

test("a reason is decoded, by a call and by an estimate", async () => {
  const { contractAddress: address } = await deploy({ abi: echoAbi, bytecode: ECHO_INIT_CODE });
  const call = { address, abi: echoAbi, functionName: "Error", args: ["sold out"], account };
  for (const ask of [client.readContract, client.estimateContractGas]) {
    await assert.rejects(ask(call), (error) => {
      assert.ok(error instanceof BaseError);
      assert.match(error.message, /sold out/);
      return true;
    });
  }
});

test("an estimate is enough for the transaction", async () => {
  const to = stranger().address;
  assert.equal(await client.estimateGas({ account, to, value: 1n }), 21_000n);
  const mint = { ...ticket, account, functionName: "mintTo", args: [to] };
  const gas = await client.estimateContractGas(mint);
  const receipt = await receiptOf(await wallet.writeContract({ ...mint, gas }));
  assert.equal(receipt.status, "success");
  assert.ok(receipt.gasUsed <= gas);
});

test("a transaction that cannot be included is refused with a typed error", async () => {
  const to = stranger().address;
  const used = wallet.sendTransaction({ to, value: 1n, nonce: 0, gas: 21_000n });
  await assert.rejects(used, (error) => error.walk((cause) => cause instanceof NonceTooLowError) !== null);
  const poor = createWalletClient({ chain, transport: http(RPC), account: stranger() });
  const unfunded = poor.sendTransaction({ to, value: parseEther("1"), gas: 21_000n });
  await assert.rejects(unfunded, (error) => error.walk((cause) => cause instanceof InsufficientFundsError) !== null);
});

test("state can be overridden in a call", async () => {
  const address = stranger().address;
  const code = "0x60055f5260205ff3";
  const { data } = await client.call({ to: address, stateOverride: [{ address, code }] });
  assert.equal(BigInt(data), 5n);
});

test("one HTTP request carries a batch", async () => {
  let posts = 0;
  const transport = http(RPC, { batch: true, onFetchRequest: () => void (posts += 1) });
  const batching = createPublicClient({ chain, transport });
  const asked = Array.from({ length: 30 }, (_, i) => batching.getBalance({ address: stranger().address, blockTag: i % 2 ? "latest" : "earliest" }));
  assert.ok((await Promise.all(asked)).every((balance) => balance === 0n));
  assert.equal(posts, 1);
});

test("fees, proofs, code and storage have the shape that viem reads", async () => {
  const history = await client.getFeeHistory({ blockCount: 2, rewardPercentiles: [10, 90] });
  assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
  assert.equal(history.reward[0].length, 2);
  const fees = await client.estimateFeesPerGas();
  assert.ok(fees.maxFeePerGas >= fees.maxPriorityFeePerGas);
  const block = await client.getBlock();
  const proof = await client.getProof({ address: ticket.address, storageKeys: [], blockNumber: block.number });
  assert.equal(keccak256(proof.accountProof[0]), block.stateRoot);
  assert.equal(keccak256(await client.getCode({ address: ticket.address })), proof.codeHash);
  assert.equal((await client.getStorageAt({ address: ticket.address, slot: "0x0" })).length, 66);
});

test("reads are aggregated by the preinstalled Multicall3", async (t) => {
  if (!(await isMayfly())) return t.skip(differs("multicall"));
  const multicallAddress = "0xcA11bde05977b3631167028862bE2a173976CA11";
  const contracts = ["name", "symbol"].map((functionName) => ({ ...ticket, functionName }));
  const names = await client.multicall({ contracts, multicallAddress, allowFailure: false });
  assert.deepEqual(names, ["Night", "NIGHT"]);
});

test("a deposit from the L1 is read with its block and receipt", async (t) => {
  const hash = await findDeposit();
  if (!hash) return t.skip(differs("deposits"));
  const tx = await client.getTransaction({ hash });
  assert.equal(tx.typeHex, "0x7e");
  const block = await client.getBlock({ blockHash: tx.blockHash, includeTransactions: true });
  assert.ok(block.transactions.some((one) => one.hash === hash));
  assert.equal((await client.getTransactionReceipt({ hash })).status, "success");
});

/** What the sequencer signs, for the layer's contract on its L1. */
async function signedWord(method, param, primaryType, fields) {
  const { result: status } = await rpc("mayfly_status");
  const { result: answer } = await rpc(method, param);
  const domain = {
    name: "Mayfly",
    version: "1",
    chainId: BigInt(status.l1.chainId),
    verifyingContract: status.l1.layer,
  };
  const types = { [primaryType]: fields };
  const message = Object.fromEntries(
    fields.map(({ name, type }) => [name, type.startsWith("uint") ? BigInt(answer[name]) : answer[name]]),
  );
  const { signer: address, signature } = answer;
  const verify = (changed) =>
    verifyTypedData({ address, domain, types, primaryType, message: { ...message, ...changed }, signature });
  return { answer, message, verify };
}

test("the sequencer's word for a transaction is typed data that viem verifies", async (t) => {
  if (!(await isMayfly())) return t.skip(differs("words"));
  const hash = await wallet.sendTransaction({ to: stranger().address, value: 7n });
  const receipt = await receiptOf(hash);
  const { answer, message, verify } = await signedWord("mayfly_getSoftReceipt", hash, "Preconf", [
    { name: "layerConfig", type: "bytes32" },
    { name: "blockNumber", type: "uint64" },
    { name: "txIndex", type: "uint32" },
    { name: "txHash", type: "bytes32" },
    { name: "unitPost", type: "bytes32" },
    { name: "issuedAt", type: "uint64" },
  ]);
  assert.equal(await verify({}), true);
  assert.equal(await verify({ txIndex: message.txIndex + 1n }), false);
  assert.equal(answer.txHash, hash);
  assert.equal(message.blockNumber, receipt.blockNumber);
  assert.equal(Number(message.txIndex), receipt.transactionIndex);
  assert.equal(answer.unitPost, keccak256(answer.receipt));
});

test("the sequencer's word for a block is typed data that viem verifies", async (t) => {
  if (!(await isMayfly())) return t.skip(differs("words"));
  const block = await client.getBlock();
  const number = `0x${block.number.toString(16)}`;
  const { answer, verify } = await signedWord("mayfly_getBlockSeal", number, "BlockSeal", [
    { name: "number", type: "uint64" },
    { name: "hash", type: "bytes32" },
  ]);
  assert.equal(answer.hash, block.hash);
  assert.equal(await verify({}), true);
  assert.equal(await verify({ hash: block.parentHash }), false);
});
