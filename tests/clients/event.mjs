// An event on the chain under test: its tickets, its organiser and its verifier.
import assert from "node:assert/strict";
import { createPublicClient, createWalletClient, defineChain, http, parseEventLogs } from "viem";
import { EventTicket, RPC } from "./chain.mjs";

const NOTHING = `0x${"00".repeat(32)}`;

/** Deploys an event of one tier that costs nothing; the organiser is its minter. */
export async function openEvent(organiser, verifier, windowS) {
  const transport = http(RPC);
  const id = await createPublicClient({ transport }).getChainId();
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id, name: "under test", nativeCurrency, rpcUrls: { default: { http: [RPC] } } });
  const client = createPublicClient({ chain, transport, pollingInterval: 50 });
  const wallet = createWalletClient({ chain, transport, pollingInterval: 50 });
  const settings = {
    owner: organiser.address,
    minter: organiser.address,
    payout: organiser.address,
    name: "Night",
    symbol: "NIGHT",
    contractUri: "ipfs://event",
    hiddenUri: "ipfs://hidden",
    baseUri: "",
    revealHash: NOTHING,
    soulbound: false,
    royaltyReceiver: organiser.address,
    royaltyBps: 500n,
    checkInWindow: Number(windowS),
    tiers: [{ cap: 100, walletCap: 0, opensAt: 0, closesAt: 2 ** 32 - 1, priceWei: 0n, allowRoot: NOTHING }],
  };
  const hash = await wallet.deployContract({ account: organiser, ...EventTicket, args: [settings] });
  const { contractAddress: address, blockNumber: deployedIn } = await client.waitForTransactionReceipt({ hash });
  const tickets = { address, abi: EventTicket.abi };
  const send = async (account, functionName, args) => {
    const receipt = await client.waitForTransactionReceipt({
      hash: await wallet.writeContract({ account, ...tickets, functionName, args }),
    });
    assert.equal(receipt.status, "success");
    return receipt;
  };
  const mintTo = async (account) => {
    const { logs } = await send(organiser, "mintTo", [account.address]);
    return parseEventLogs({ abi: tickets.abi, eventName: "Transfer", logs })[0].args.tokenId;
  };
  const role = await client.readContract({ ...tickets, functionName: "VERIFIER" });
  await send(organiser, "grantRoles", [verifier.address, role]);
  return { client, wallet, contract: { chainId: id, address }, tickets, deployedIn, send, mintTo };
}
