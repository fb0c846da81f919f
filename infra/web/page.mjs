// What both pages need: the layer and the contract that the page's address names, and the wallet.
import { createPublicClient, createWalletClient, custom, defineChain, getAddress, http } from "viem";

/** The element with this id. */
export const element = (id) => document.getElementById(id);

/** Says where the page stands. */
export const say = (text) => void (element("state").textContent = text);

// What nobody catches would leave the page as it is, without a word.
addEventListener("error", ({ message }) => say(message));
addEventListener("unhandledrejection", ({ reason }) => say(reason.shortMessage ?? reason.message));

/** Unix seconds. */
export const nowS = () => BigInt(Math.floor(Date.now() / 1000));

/** Opens the layer of `?rpc=URL&contract=ADDRESS`. Throws an `Error` that names what is missing. */
export async function openLayer() {
  const params = new URLSearchParams(location.search);
  const [rpc, address] = ["rpc", "contract"].map((name) => {
    const value = params.get(name);
    if (!value) throw new Error(`this page's address needs ?${name}=`);
    return value;
  });
  // At a door nobody waits for more tries: without an answer it goes on without connection.
  const transport = http(rpc, { retryCount: 1, timeout: 5_000 });
  const chainId = await createPublicClient({ transport }).getChainId();
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id: chainId, name: "Flash layer", nativeCurrency, rpcUrls: { default: { http: [rpc] } } });
  const client = createPublicClient({ chain, transport, pollingInterval: 250 });
  return { chain, client, contract: { chainId, address: getAddress(address) }, params };
}

/** Asks the browser's wallet (EIP-1193) who its holder is. */
export async function askAddress() {
  if (!window.ethereum) throw new Error("there is no wallet in this browser");
  const [address] = await window.ethereum.request({ method: "eth_requestAccounts" });
  return getAddress(address);
}

/** Connects the browser's wallet to the layer. */
export async function connectWallet(chain) {
  const account = await askAddress();
  const wallet = createWalletClient({ account, chain, transport: custom(window.ethereum) });
  if ((await wallet.getChainId()) !== chain.id) await wallet.addChain({ chain });
  return wallet;
}

/** Runs what a button does; what goes wrong is said. */
export function onClick(id, act) {
  element(id).addEventListener("click", () => act().catch((error) => say(error.shortMessage ?? error.message)));
}
