// The holder's page and the door's page in a browser: a code goes from one screen to the other.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { mnemonicToAccount } from "viem/accounts";
import encodeQR from "qr";
import { startBrowser } from "./browser.mjs";
import { ACCOUNTS, MNEMONIC, RPC } from "./chain.mjs";
import { openEvent } from "./event.mjs";
import { directory } from "./mayfly.mjs";

const [organiser, verifier, holder] = ACCOUNTS.pages.map((addressIndex) => mnemonicToAccount(MNEMONIC, { addressIndex }));
const GATE = 7;
/** What the door's camera sees. */
const film = join(directory(), "film.y4m");
let event, browser, ids;

before(async () => {
  event = await openEvent(organiser, verifier, 3600n);
  ids = [];
  while (ids.length < 3) ids.push(await event.mintTo(holder));
  const camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
  browser = await startBrowser(...camera, `--use-file-for-fake-video-capture=${film}`);
});

after(() => browser.stop());

/** A page whose wallet is this account. */
async function open(name, account, more = "") {
  const { client, wallet, contract } = event;
  const answer = ({ method, params: [first] = [], ...rest }) => {
    if (method === "eth_requestAccounts" || method === "eth_accounts") return [account.address];
    if (method !== "eth_sendTransaction") return client.request({ method, ...rest });
    return wallet.sendTransaction({ account, to: first.to, data: first.data });
  };
  const setUp = async (page) => {
    await page.exposeFunction("askWallet", answer);
    await page.evaluateOnNewDocument(() => void (window.ethereum = { request: window.askWallet, on() {}, removeListener() {} }));
  };
  const query = new URLSearchParams({ rpc: RPC, contract: contract.address });
  const opened = await browser.open(`${name}.html?${query}${more}`, setUp);
  await says(opened.page, "#state", /^Connect the wallet/);
  await opened.page.click("#connect");
  return opened;
}

/** Waits until an element says something. */
async function says(page, selector, pattern) {
  const matches = (selector, source) => new RegExp(source).test(document.querySelector(selector).textContent);
  await page.waitForFunction(matches, { timeout: 30_000 }, selector, pattern.source).catch(async (error) => {
    const text = await page.$eval(selector, (found) => found.textContent);
    throw new Error(`${selector} says ${text}, and not ${pattern}`, { cause: error });
  });
}

/** Text of the code on a holder's screen, read from its pixels. */
async function codeOnScreen(page, id) {
  await page.$eval("#code", (code) => code.replaceChildren());
  await page.select("#tickets", String(id));
  await page.waitForSelector("#code svg");
  return page.evaluate(async () => {
    const { decodeQR } = await import("https://esm.sh/qr@0.7.0/decode.js");
    const image = new Image();
    const markup = document.querySelector("#code").innerHTML;
    image.src = `data:image/svg+xml,${encodeURIComponent(markup.replace("<svg", '<svg width="600" height="600"'))}`;
    await image.decode();
    const canvas = new OffscreenCanvas(600, 600);
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, 600, 600);
    context.drawImage(image, 0, 0, 600, 600);
    return decodeQR(context.getImageData(0, 0, 600, 600));
  });
}

async function type(page, code) {
  await page.type("#text", code);
  await page.keyboard.press("Enter");
}

test("a code goes from the holder's screen to the door, once", async () => {
  const { page, faults } = await open("ticket", holder);
  await says(page, "#state", /^Once, your wallet/);
  await page.click("#key");
  await says(page, "#state", /^Show this code/);
  const shown = await page.$$eval("#tickets option", (options) => options.map(({ value }) => value));
  assert.deepEqual(shown, ids.map(String));
  const code = await codeOnScreen(page, ids[0]);

  const door = await open("door", verifier, `&gate=${GATE}`);
  await says(door.page, "#state", /^Gate 7/);
  await type(door.page, code);
  await says(door.page, "#verdict", new RegExp(`^No. ${ids[0]}: welcome$`));
  const { time, gate } = await event.client.readContract({ ...event.tickets, functionName: "redemptionOf", args: [ids[0]] });
  assert.equal(gate, GATE);
  await type(door.page, await codeOnScreen(page, ids[0]));
  await says(door.page, "#verdict", /was here before/);
  const clock = await door.page.evaluate((time) => new Date(time * 1000).toLocaleTimeString(), Number(time));
  await says(door.page, "#verdict", new RegExp(`${clock} at gate ${GATE}$`));
  await type(door.page, "no code");
  await says(door.page, "#verdict", /begins with MAYFLY1/);

  // The camera sees the same as a scanner that types.
  writeFileSync(film, filmOf(await codeOnScreen(page, ids[1])));
  await door.page.click("#camera");
  await says(door.page, "#verdict", new RegExp(`^No. ${ids[1]}: welcome$`));
  assert.deepEqual([...faults, ...door.faults], []);
});

test("a door goes on without connection, and reports when it is back", async () => {
  const { page } = await open("ticket", holder);
  await says(page, "#state", /^Show this code|^Once/);
  if (await page.$eval("#key", (button) => !button.hidden)) await page.click("#key");
  await says(page, "#state", /^Show this code/);
  const code = await codeOnScreen(page, ids[2]);

  const door = await open("door", verifier, "&gate=8");
  await says(door.page, "#state", /^Gate 8/);
  await door.page.setOfflineMode(true);
  await type(door.page, code);
  await says(door.page, "#verdict", /welcome \(without connection\)$/);
  await type(door.page, code);
  await says(door.page, "#verdict", /was here before, .* at gate 8$/);
  await says(door.page, "#waiting", /^1$/);

  // anvil makes calls at the time of its newest block, which must not be before the scan.
  await event.mintTo(organiser);
  await door.page.setOfflineMode(false);
  await door.page.reload();
  await says(door.page, "#waiting", /^1$/);
  await door.page.click("#connect");
  await says(door.page, "#waiting", /^0$/);
  const { gate } = await event.client.readContract({ ...event.tickets, functionName: "redemptionOf", args: [ids[2]] });
  assert.equal(gate, 8);
});

/** A film of one picture that shows a QR code, as Chromium takes it from a camera: YUV4MPEG2. */
function filmOf(code) {
  const [width, height] = [640, 640];
  const modules = encodeQR(code, "raw", { ecc: "low" });
  const scale = Math.floor(height / modules.length);
  const luma = Buffer.alloc(width * height, 235);
  modules.forEach((row, y) =>
    row.forEach((dark, x) => {
      for (let line = 0; dark && line < scale; line += 1) {
        const start = (y * scale + line) * width + x * scale;
        luma.fill(16, start, start + scale);
      }
    }),
  );
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((width * height) / 2, 128)]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C420jpeg\n`), frame, frame]);
}
