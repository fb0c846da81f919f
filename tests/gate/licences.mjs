// Every crate that is linked has a licence that goes with MIT OR Apache-2.0.

import { execFileSync } from "node:child_process";

const ALLOWED = new Set([
  "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
  "CC0-1.0", "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "NCSA", "OpenSSL", "Unicode-3.0",
  "Unlicense", "Zlib",
]);

/** The model is a workspace of its own. */
const packages = ["Cargo.toml", "tests/model/Cargo.toml"].flatMap(
  (manifest) =>
    JSON.parse(
      execFileSync("cargo", ["metadata", "--format-version=1", "--locked", "--manifest-path", manifest], {
        maxBuffer: 1 << 28,
      }),
    ).packages,
);
const complaints = [];
for (const { name, version, license, source } of packages) {
  if (!license || !allowed(license)) complaints.push(`${name} ${version}: ${license ?? "no licence"}`);
  if (source && source !== "registry+https://github.com/rust-lang/crates.io-index") {
    complaints.push(`${name} ${version}: from ${source}, not from crates.io`);
  }
}
if (complaints.length > 0) {
  console.error(`not allowed:\n${complaints.join("\n")}`);
  process.exit(1);
}
console.log(`${packages.length} crates, all with an allowed licence, all from crates.io`);

/** An SPDX expression: every AND part needs one allowed OR part. */
function allowed(expression) {
  const parts = expression.replaceAll("/", " OR ").replace(/[()]/g, "").split(" AND ");
  return parts.every((part) => part.split(" OR ").some((one) => ALLOWED.has(one.trim())));
}
