import { mnemonicToAccount } from "viem/accounts";
import { CHAIN_ID, ask } from "./layer.mjs";

const PHRASE = "test test test test test test test test test test test junk";

/** Transactions in one request. */
const AT_ONCE = 16;

/** A funded account that sends as fast as it is answered, and keeps what was acknowledged. */
export class Sender {
  /** Account number `index` of the development phrase; the organiser is number 0. */
  constructor(index) {
    this.account = mnemonicToAccount(PHRASE, { addressIndex: index });
    this.hashes = [];
  }

  /** Sends until the server is gone, or `goesOn` says no. */
  async send(url, goesOn) {
    try {
      while (goesOn()) await this.sendSome(url);
    } catch (error) {
      // Cut off: what was not answered was not acknowledged. Anything else is a refusal.
      if (!error.code) throw error;
    }
  }

  async sendSome(url) {
    const [pending] = await ask(url, [["eth_getTransactionCount", [this.account.address, "pending"]]]);
    const nonce = Number(pending.result);
    const signed = await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => this.sign(nonce + at)));
    for (const { result, error } of await ask(url, signed.map((raw) => ["eth_sendRawTransaction", [raw]]))) {
      if (result) this.hashes.push(result);
      else if (!isSlowing(error)) throw new Error(`refused: ${error.message}`);
    }
  }

  sign(nonce) {
    return this.account.signTransaction({
      chainId: CHAIN_ID,
      type: "eip1559",
      nonce,
      gas: 21_000n,
      to: "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      value: 1n,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
    });
  }
}

/** More wait than one sender may have, or the first of a batch is included already. */
function isSlowing({ message }) {
  return /are waiting|nonce too low|already known/.test(message);
}
