#!/usr/bin/env node
// Writes `preinstalls.json`: the contracts that every layer has from its first block, each with the public
// package that its code comes from. `--check` writes nothing and fails when the file would change.
//
// Three kinds of origin: runtime code that a package lists; EIP system contracts from the alloy-eips crate;
// and creation code, which is executed on a local node through the deterministic deployer: that it arrives
// at the well-known address proves that it is the well-known code.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const { createTestClient, getContractAddress, http, publicActions, walletActions } = require("viem");
const { foundry } = require("viem/chains");
const modules = join(here, "../../node_modules");
const DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const PORT = 18_549;

/// Origin of the runtime codes that are listed in a Solidity library.
const bedrock = {
  package: "npm:@eth-optimism/contracts-bedrock@0.17.3",
  file: "src/libraries/Preinstalls.sol",
};
const listed = [
  { name: "Multicall3", constant: "MultiCall3", license: "MIT" },
  { name: "DeterministicDeploymentProxy", constant: "DeterministicDeploymentProxy", license: "MIT" },
  { name: "SafeSingletonFactory", constant: "SafeSingletonFactory", license: "MIT" },
  {
    name: "Permit2",
    constant: "Permit2",
    code: "Permit2TemplateCode",
    license: "MIT",
    patches: [
      { value: "chainId", offset: 6945 },
      { value: "permit2Domain", offset: 6983 },
    ],
  },
  { name: "EntryPoint v0.6", constant: "EntryPoint", license: "GPL-3.0" },
  { name: "SenderCreator v0.6", constant: "SenderCreator", license: "GPL-3.0" },
];

/// Creation code in a package, and the salt with which it is deployed on every chain.
const created = [
  {
    version: "v0.7",
    folder: "aa-07",
    package: "npm:@account-abstraction/contracts@0.7.0",
    salt: "0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3",
    address: "0x0000000071727De22E5E9d8BAf0edAc6f37da032",
  },
  {
    // Its EIP-712 domain is cached for the chain on which it was created and computed anew on any other.
    version: "v0.8",
    folder: "@account-abstraction/contracts",
    package: "npm:@account-abstraction/contracts@0.8.0",
    salt: "0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9",
    address: "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108",
  },
];

const system = [
  { name: "BeaconRoots (EIP-4788)", module: "eip4788", prefix: "BEACON_ROOTS" },
  { name: "HistoryStorage (EIP-2935)", module: "eip2935", prefix: "HISTORY_STORAGE" },
  { name: "WithdrawalRequests (EIP-7002)", module: "eip7002", prefix: "WITHDRAWAL_REQUEST_PREDEPLOY" },
  { name: "ConsolidationRequests (EIP-7251)", module: "eip7251", prefix: "CONSOLIDATION_REQUEST_PREDEPLOY" },
];

function capture(text, pattern, what) {
  const found = text.match(pattern);
  if (!found) throw new Error(`${what} not found`);
  return found[1];
}

function fromBedrock() {
  const path = join(modules, "@eth-optimism/contracts-bedrock", bedrock.file);
  const source = readFileSync(path, "utf8");
  return listed.map(({ name, constant, code = `${constant}Code`, license, patches }) => ({
    name,
    address: capture(source, new RegExp(`address internal constant ${constant} = (0x[0-9a-fA-F]{40})`), constant),
    code: `0x${capture(source, new RegExp(`bytes internal constant ${code} =\\s*hex"([0-9a-f]+)"`), code)}`,
    ...(patches && { patches }),
    source: { ...bedrock, license },
  }));
}

async function fromCreation() {
  const anvil = spawn(join(modules, ".bin/anvil"), ["--port", PORT, "--silent", "--code-size-limit", 65_536]);
  try {
    const transport = http(`http://127.0.0.1:${PORT}`, { retryCount: 20, retryDelay: 100 });
    const client = createTestClient({ chain: foundry, mode: "anvil", transport });
    const node = client.extend(publicActions).extend(walletActions);
    const entries = [];
    for (const one of created) entries.push(...(await create(node, one)));
    return entries;
  } finally {
    anvil.kill();
  }
}

async function create(node, { version, folder, package: name, salt, address }) {
  const file = "artifacts/EntryPoint.json";
  const { bytecode } = JSON.parse(readFileSync(join(modules, folder, file), "utf8"));
  const at = getContractAddress({ opcode: "CREATE2", from: DEPLOYER, salt, bytecode });
  if (at !== address) throw new Error(`EntryPoint ${version} would be at ${at}, not ${address}`);
  const [account] = await node.getAddresses();
  const hash = await node.sendTransaction({ account, to: DEPLOYER, data: salt + bytecode.slice(2), gas: 16_000_000n });
  await node.waitForTransactionReceipt({ hash, pollingInterval: 50 });
  // The constructor creates the sender creator as its first contract.
  const senderCreator = getContractAddress({ from: address, nonce: 1n });
  const source = { package: name, file, license: "GPL-3.0" };
  return [
    { name: `EntryPoint ${version}`, address, code: await node.getCode({ address }), source },
    { name: `SenderCreator ${version}`, address: senderCreator, code: await node.getCode({ address: senderCreator }), source },
  ];
}

function fromAlloy() {
  const metadata = execFileSync("cargo", ["metadata", "--format-version", "1", "--offline"], {
    cwd: here,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const crate = JSON.parse(metadata).packages.find(({ name }) => name === "alloy-eips");
  return system.map(({ name, module, prefix }) => {
    const file = `src/${module}.rs`;
    const text = readFileSync(join(dirname(crate.manifest_path), file), "utf8");
    const value = (kind) => new RegExp(`${prefix}_${kind}:\\s*\\w+\\s*=\\s*\\w+!\\(\\s*"(?:0x)?([0-9a-fA-F]+)"`);
    return {
      name,
      address: `0x${capture(text, value("ADDRESS"), `${prefix}_ADDRESS`)}`,
      code: `0x${capture(text, value("CODE"), `${prefix}_CODE`)}`,
      source: { package: `crate:alloy-eips@${crate.version}`, file, license: "CC0-1.0 (EIP)" },
    };
  });
}

const preinstalls = [...fromBedrock(), ...(await fromCreation()), ...fromAlloy()];
const text = `${JSON.stringify({ preinstalls }, null, 1)}\n`;
const path = join(here, "preinstalls.json");
if (!process.argv.includes("--check")) {
  writeFileSync(path, text);
} else if (readFileSync(path, "utf8") !== text) {
  console.error("preinstalls.json is not what its sources give; run infra/contracts/preinstalls.mjs");
  process.exitCode = 1;
}
