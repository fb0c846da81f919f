// The verifier's page: scans codes, and goes on without connection. `door.html?rpc=URL&contract=ADDRESS&gate=NUMBER`
import { ContractFunctionRevertedError, HttpRequestError, TimeoutError } from "viem";
import { QRCanvas, frameLoop, rearCamera } from "qr/dom.js";
import { admit, decodeCode, loadList, ticketAbi } from "./checkin.mjs";
import { connectWallet, element, nowS, onClick, openLayer, say } from "./page.mjs";

/** Milliseconds between two looks at the layer: how old the list can be when the connection goes. */
const REFRESH_MS = 30_000;

const { chain, client, contract, params } = await openLayer();
const ticket = { abi: ticketAbi, address: contract.address };
const gate = Number(params.get("gate") ?? 0);
const queue = `mayfly-scans/${contract.chainId}/${contract.address}`;
let wallet, list, last;
let busy = Promise.resolve();

onClick("connect", async () => {
  wallet = await connectWallet(chain);
  await refresh();
  setInterval(() => inTurn(refresh), REFRESH_MS);
  say(`Gate ${gate}: scan codes.`);
});

onClick("camera", async () => {
  const video = element("video");
  video.hidden = false;
  const camera = await rearCamera(video);
  const canvas = new QRCanvas();
  frameLoop(async () => {
    const text = await camera.readFrame(canvas);
    // The camera sees the same code in every frame.
    if (typeof text === "string" && text !== last) inTurn(() => scan(text));
  }, video);
});

// Scanners type the code and press enter.
element("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value.trim();
  element("text").value = "";
  inTurn(() => scan(text));
});

/** One after the other: two scans of one ticket must not race, nor a scan with the report of it. */
function inTurn(act) {
  busy = busy.then(act).catch((error) => show("out", error.shortMessage ?? error.message));
}

async function scan(text) {
  if (!wallet) throw new Error("connect the wallet of the verifier first");
  last = text;
  try {
    await redeem(text);
  } catch (error) {
    if (!isOffline(error)) return show("out", reasonOf(error));
    const { ticketId, why, first, scan } = await admit(list, text, gate, nowS(), wallet.account.address);
    if (why) return show("out", TEXTS[why]({ ticketId, first }));
    wait([...waiting(), scan]);
    show("in", `No. ${ticketId}: welcome (without connection)`);
  }
}

async function redeem(text) {
  const { contract: of, checkIn, signature } = decodeCode(text);
  if (of.chainId !== contract.chainId || of.address !== contract.address.toLowerCase()) {
    return show("out", TEXTS.OtherEvent());
  }
  const call = { account: wallet.account, ...ticket, functionName: "redeem", args: [checkIn, signature, gate] };
  const { request } = await client.simulateContract(call);
  const { status } = await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
  // Another door was faster: the next look says which.
  if (status !== "success") await client.simulateContract(call);
  show("in", `No. ${checkIn.ticketId}: welcome`);
}

/** Reports what waits, and takes a new list. Without connection both stay as they are. */
async function refresh() {
  try {
    const scans = waiting();
    if (scans.length > 0) {
      const call = { account: wallet.account, ...ticket, functionName: "report", args: [scans] };
      const { request } = await client.simulateContract(call);
      await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
      wait([]);
    }
    list = await loadList(client, contract);
  } catch (error) {
    if (!list || !isOffline(error)) throw error;
  }
}

// ------------------------------------------------------------------------------------------ what is said

const at = ({ time, gate }) => `${new Date(Number(time) * 1000).toLocaleTimeString()} at gate ${gate}`;

const TEXTS = {
  OtherEvent: () => "A ticket of another event",
  NoTicket: ({ ticketId }) => `No. ${ticketId}: no such ticket`,
  AlreadyRedeemed: ({ ticketId, first }) => `No. ${ticketId}: was here before, ${at(first)}`,
  OutsideWindow: ({ ticketId }) => `No. ${ticketId ?? "?"}: an old code; show a new one`,
  WrongSigner: ({ ticketId }) => `No. ${ticketId}: not signed by the holder`,
  ERC721NonexistentToken: (more) => TEXTS.NoTicket(more),
  Unauthorized: () => "This wallet is no verifier of the event",
};

function reasonOf(error) {
  const data = error.walk?.((cause) => cause instanceof ContractFunctionRevertedError)?.data;
  const [ticketId, first] = data?.args ?? [];
  const text = TEXTS[data?.errorName];
  if (data?.errorName === "OutsideWindow") return text({});
  return text ? text({ ticketId, first }) : (error.shortMessage ?? error.message);
}

function isOffline(error) {
  return error.walk?.((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError) != null;
}

function show(className, text) {
  const verdict = element("verdict");
  [verdict.className, verdict.textContent] = [className, text];
}

// ---------------------------------------------------------- what waits for the connection, kept over reloads

function waiting() {
  const revive = (_, value) => (typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value);
  return JSON.parse(localStorage.getItem(queue) ?? "[]", revive);
}

function wait(scans) {
  const flatten = (_, value) => (typeof value === "bigint" ? `${value}n` : value);
  localStorage.setItem(queue, JSON.stringify(scans, flatten));
  element("waiting").textContent = scans.length;
}

wait(waiting());
say("Connect the wallet of the verifier.");
