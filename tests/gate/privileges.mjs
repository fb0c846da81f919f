// No function of the L1 contracts is privileged beyond this list: every place where the caller matters is in it,
// and nothing that owners, pauses or upgrades are made of is used.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const SOURCES = "infra/contracts/src";

/** What runs on the layer, or is an example: not the L1's. */
const ELSEWHERE = /^(ExitSealer|Guarded|L1Info|L2Bridge|Wrapped\w*)\.sol$/;

/** Who may call, or what the caller is for. */
const ALLOWED = {
  "Alias.caller": "names the depositor; no permission",
  "ClaimVault.constructor": "names who deployed it",
  "ClaimVault.act": "ClaimVaults, on the word of the key",
  "FlashFactory.open": "organiser: opens in its own name only",
  "LayerBatches._dataOf": "whoever posts: a plain account, so that the data is in the transaction",
  "LayerBatches._mayRescue": "organiser (A) or attestor (B), from T1 on: posts batches for a rescue",
  "LayerBatches._requirePoster": "operator: posts batches",
  "LayerBonds.accept": "operator: accepts the layer with its bond",
  "LayerBonds.slashEquivocation": "names who gets the reward; no permission",
  "LayerClaims.publishLeaves": "a plain account, so that the leaves are in the transaction",
  "LayerDeposits.closeDeposits": "organiser, operator: end deposits early",
  "LayerDeposits.depositERC1155": "takes the caller's own tokens",
  "LayerDeposits.depositERC20": "takes the caller's own tokens",
  "LayerDeposits.depositERC721": "takes the caller's own tokens",
  "LayerDeposits.onERC1155Received": "the token whose deposit is under way",
  "LayerSettlement._requireProposer": "operator: settles; from T1 on also the organiser (A) and anybody with signatures",
  "LayerSettlement.settle": "names the proposer in the event; no permission",
  "LayerState._requireCaller": "the check behind LayerBonds.accept",
};

/** Twins: the layer mints, holders move their own. */
const TWIN = /^(Flash(Twin|Bulk)\w*\.mint\w*|Twin\.modifier onlyLayer)$/;

const CALLER = /\bmsg\.sender\b|\btx\.origin\b|\b_requireCaller\(|\b_msgSender\(/;
const BANNED = /\bselfdestruct\b|\bOwnable|\bAccessControl|\bPausable|\bUUPS|\bERC1967|\bcallcode\b/;
const DELEGATES = "FlashLayer.fallback";

const found = new Set();
const faults = [];
for (const file of readdirSync(SOURCES).filter((name) => name.endsWith(".sol") && !ELSEWHERE.test(name))) {
  const contract = file.replace(/\.sol$/, "");
  let place = contract;
  for (const [number, line] of readFileSync(join(SOURCES, file), "utf8").split("\n").entries()) {
    const code = line.replace(/\/\/.*$/, "");
    const opened = code.match(/^ {4}(?:function (\w+)|(fallback|receive|constructor|modifier \w+))\b/);
    if (opened) place = `${contract}.${opened[1] ?? opened[2]}`;
    const at = `${join(SOURCES, file)}:${number + 1}`;
    if (BANNED.test(code)) faults.push(`${at}: ${code.trim()}`);
    if (/\bdelegatecall\b/.test(code) && place !== DELEGATES) faults.push(`${at}: delegatecall in ${place}`);
    if (!CALLER.test(code) || TWIN.test(place)) continue;
    found.add(place);
    if (!(place in ALLOWED)) faults.push(`${at}: ${place} looks at its caller`);
  }
}
for (const place of Object.keys(ALLOWED)) {
  if (!found.has(place)) faults.push(`${place} is in the list, but does not look at its caller any more`);
}
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
console.log(`L1 contracts: the caller matters in ${found.size} places, all of them known; no owner, pause or upgrade`);
