#!/usr/bin/env node
// Runs forge in this folder: `node infra/contracts/forge.mjs test`.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));

/// Path of the forge binary. npm may have been told to run no install scripts, so the platform's package is
/// asked directly and the launcher is not needed.
export function forgePath() {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch];
  const file = process.platform === "win32" ? "forge.exe" : "forge";
  const name = `@foundry-rs/forge-${process.platform}-${arch}/bin/${file}`;
  return createRequire(import.meta.url).resolve(name);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { status } = spawnSync(forgePath(), process.argv.slice(2), { cwd: here, stdio: "inherit" });
  process.exit(status ?? 1);
}
