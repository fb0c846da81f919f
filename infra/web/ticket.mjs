// The holder's page: the code of a ticket, made again all the time. `ticket.html?rpc=URL&contract=ADDRESS`
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import encodeQR from "qr";
import { checkInAt, makeCode, ticketAbi } from "./checkin.mjs";
import { connectWallet, element, nowS, onClick, openLayer, say } from "./page.mjs";

const { chain, client, contract } = await openLayer();
const ticket = { abi: ticketAbi, address: contract.address };
const windowS = await client.readContract({ ...ticket, functionName: "checkInWindow" });
let wallet, key;
say("Connect the wallet that has the tickets.");

onClick("connect", async () => {
  wallet = await connectWallet(chain);
  const holder = wallet.account.address;
  key = privateKeyToAccount(keyOf(holder));
  await showTickets(holder);
  await checkKey();
});

onClick("key", async () => {
  const { request } = await client.simulateContract({
    account: wallet.account,
    ...ticket,
    functionName: "setCheckInKey",
    args: [key.address],
  });
  await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
  await checkKey();
});

element("tickets").addEventListener("change", showCode);
setInterval(showCode, (1000 * Number(windowS)) / 4);

/** The key of this browser for a holder, kept for the next visit. */
function keyOf(holder) {
  const place = `mayfly-check-in/${contract.chainId}/${contract.address}/${holder}`;
  const kept = localStorage.getItem(place) ?? generatePrivateKey();
  localStorage.setItem(place, kept);
  return kept;
}

async function showTickets(holder) {
  const received = await client.getContractEvents({ ...ticket, eventName: "Transfer", args: { to: holder }, fromBlock: 0n });
  const ids = [...new Set(received.map(({ args }) => args.tokenId))];
  const owners = await Promise.all(ids.map(ownerOf));
  const options = ids.filter((_, i) => owners[i] === holder).map((id) => new Option(`No. ${id}`, id));
  element("tickets").replaceChildren(...options);
}

/** Nobody owns a ticket that was burned. */
async function ownerOf(id) {
  return client.readContract({ ...ticket, functionName: "ownerOf", args: [id] }).catch(() => undefined);
}

/** Codes are shown once the contract knows the key that signs them. */
async function checkKey() {
  const named = await client.readContract({ ...ticket, functionName: "checkInKeyOf", args: [wallet.account.address] });
  element("key").hidden = named === key.address;
  say(element("key").hidden ? "Show this code at the door." : "Once, your wallet must name the key of this browser.");
  await showCode();
}

async function showCode() {
  const id = element("tickets").value;
  if (!id || !element("key").hidden) return;
  const code = await makeCode(key, contract, checkInAt(BigInt(id), nowS(), windowS));
  element("code").innerHTML = encodeQR(code, "svg", { ecc: "low" });
}
