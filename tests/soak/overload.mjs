import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { post } from "./layer.mjs";

/** More than the requests that the runner answers at a time (`MAX_IN_FLIGHT` in functions/rpc). */
const SLOW = 1_100;

/** Requests on top of them. */
const MORE = 50;

/** How long to try again, in milliseconds. */
const PATIENCE_MS = 30_000;

const BODY = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });

/**
 * Takes every place with requests that do not come to their end, and asks for more: that is refused with 429, which says
 * when to come back. Then lets go, and comes back: `after` says whether it was answered.
 */
export async function overload(url) {
  const { hostname, port } = new URL(url);
  const slow = await Promise.all(Array.from({ length: SLOW }, () => begin(hostname, port)));
  // All of them are sent; a busy runner takes them in later.
  const taken = performance.now() + PATIENCE_MS;
  while ((await post(url, BODY)).status !== 429 && performance.now() < taken) await sleep(50);
  const answers = await Promise.all(Array.from({ length: MORE }, () => post(url, BODY)));
  const refused = answers.filter(({ status }) => status === 429);
  const withoutTime = refused.filter(({ retryAfter }) => !(Number(retryAfter) > 0)).length;
  slow.forEach((socket) => socket.destroy());
  const until = performance.now() + PATIENCE_MS;
  let after = false;
  while (!after && performance.now() < until) {
    await sleep(200);
    after = (await post(url, BODY)).status === 200;
  }
  return { refused: refused.length, withoutTime, after };
}

/** Sends a request but for its last byte. */
function begin(host, port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => {
      const head = `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n`;
      socket.write(head + BODY.slice(0, -1), () => resolve(socket));
    });
    socket.on("error", reject);
  });
}
