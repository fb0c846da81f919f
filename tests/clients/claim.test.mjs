// The buyer's page in a browser: a link becomes a ticket in a wallet, once, and until then it has a code to keep.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { getAddress } from "viem";
import { startBrowser } from "./browser.mjs";
import { directory, serve } from "./mayfly.mjs";

const KEY = "a key of sixteen bytes";
const WALLET = getAddress(`0x${"2b".repeat(20)}`);
const EVENT = `
[claims]
secret = "a secret of the organiser"
page = "claim.html#"
unclaimed = "code"

[office]
key = "${KEY}"
`;
const folder = directory();
let layer, browser;

before(async () => {
  const event = join(folder, "event.toml");
  writeFileSync(event, EVENT);
  layer = await serve("up", "--port", "0", "--l1-port", "0", "--ends-in", "1h", "--dir", join(folder, "layer"), "--event", event);
  browser = await startBrowser();
});

after(async () => {
  await browser?.stop();
  await layer?.stop();
});

/** An order of a buyer without a wallet, as the organiser sees it. */
async function sell(user) {
  const headers = { "x-api-key": KEY, "idempotency-key": user };
  const answer = await fetch(`${layer.said.rpcUrl}/office/orders`, { method: "POST", headers, body: JSON.stringify({ user }) });
  const { orders } = await answer.json();
  return orders[0];
}

/** Opens the page of a link, in a browser with or without a wallet. */
async function open(link, address) {
  const setUp = (page) =>
    page.evaluateOnNewDocument((address) => {
      if (address) window.ethereum = { request: async () => [address] };
    }, address);
  const token = link.split("#")[1];
  return browser.open(`claim.html?layer=${encodeURIComponent(layer.said.rpcUrl)}#${token}`, setUp);
}

/** Waits until the page says something. */
async function says(page, pattern) {
  const matches = (source) => new RegExp(source).test(document.querySelector("#state").textContent);
  await page.waitForFunction(matches, { timeout: 30_000 }, pattern.source).catch(async (error) => {
    const text = await page.$eval("#state", (state) => state.textContent);
    throw new Error(`the page says ${text}, and not ${pattern}`, { cause: error });
  });
}

const text = (page, selector) => page.$eval(selector, (element) => (element.closest("[hidden]") ? null : element.textContent));

test("who has no wallet is told the code that claims the ticket on the L1", async () => {
  const { code, link } = await sell("ada");
  const { page, faults } = await open(link);
  await says(page, /^Paid\./);
  assert.equal(await text(page, "#code"), code);
  assert.match(await text(page, "#command"), new RegExp(`^mayfly claim --code ${code} --to `));
  await page.click("#connect");
  await says(page, /no wallet in this browser/);
  assert.deepEqual(faults, []);
});

test("a ticket goes to the wallet of the browser, once", async () => {
  const { link } = await sell("bob");
  const { page, faults } = await open(link, WALLET.toLowerCase());
  await says(page, /^Paid\./);
  await page.click("#connect");
  await page.waitForFunction((wallet) => document.querySelector("#address").value === wallet, {}, WALLET);
  await page.click("#wallet button:not(#connect)");
  await says(page, new RegExp(`^The ticket (goes to|is in the wallet) ${WALLET}\\.$`));
  assert.equal(await text(page, "#code"), null);
  const again = await open(link, WALLET);
  await says(again.page, new RegExp(`${WALLET}\\.$`));
  assert.equal(await text(again.page, "#wallet"), null);
  assert.deepEqual([...faults, ...again.faults], []);
});

test("a link that is not good says so", async () => {
  const { link } = await sell("eve");
  const { page } = await open(link.replace(/.$/, (last) => (last === "A" ? "B" : "A")));
  await says(page, /expected the token of a claim link/);
});
