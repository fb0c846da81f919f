// The buyer's page: binds a wallet to a ticket, or says with which code it is claimed later. `claim.html?layer=URL#TOKEN`
import { getAddress } from "viem";
import { askAddress, element, onClick, say } from "./page.mjs";

const layer = new URLSearchParams(location.search).get("layer")?.replace(/\/+$/, "");
const token = location.hash.slice(1);
if (!layer || !token) throw new Error("this page's address needs ?layer= and, behind #, the token of a claim link");
const STATES = {
  unclaimed: () => "Paid. Name the wallet that gets the ticket.",
  waiting: ({ recipient }) => `The ticket goes to ${getAddress(recipient)}.`,
  minted: ({ recipient }) => `The ticket is in the wallet ${getAddress(recipient)}.`,
  failed: ({ reason }) => `The ticket could not be made: ${reason}. Ask the organiser.`,
};
show(await ask());

onClick("connect", async () => void (element("address").value = await askAddress()));

element("wallet").addEventListener("submit", (event) => {
  event.preventDefault();
  claim(element("address").value).catch((error) => say(error.message));
});

async function claim(address) {
  const body = JSON.stringify({ address });
  show(await ask({ method: "POST", headers: { "content-type": "application/json" }, body }));
}

/** What the box office says of the ticket. Throws an `Error` with its words when it refuses. */
async function ask(request) {
  const answer = await fetch(`${layer}/claims/${token}`, request);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said;
}

function show(ticket) {
  say(STATES[ticket.state]?.(ticket) ?? "This ticket was paid back.");
  element("wallet").hidden = ticket.state !== "unclaimed";
  element("later").hidden = !ticket.code;
  element("code").textContent = ticket.code ?? "";
  element("command").textContent = ticket.code ? `mayfly claim --code ${ticket.code} --to ADDRESS --l1 URL --layer CONTRACT` : "";
}
