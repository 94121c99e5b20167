// Fails the build when the interface grows heavier than promised.
// First load: everything the entry imports statically. A lazy page: what it adds on top of that.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const KB = 1024;
const LIMITS = { first: 300 * KB, page: 150 * KB, editor: 200 * KB, design: 700 * KB };
const limitOf = (key) =>
  key.includes("/editors/design/") ? LIMITS.design : key.includes("/editors/") ? LIMITS.editor : LIMITS.page;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const sizes = new Map();
const gzipped = (file) => {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(new URL(file, dist))).length);
  return sizes.get(file);
};

/** All chunks that loading `key` brings along, `key` included. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) closure(next, seen);
  return seen;
}

const weight = (keys) => [...keys].reduce((sum, key) => sum + gzipped(manifest[key].file), 0);
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = closure(entry);
const rows = [["first load", weight(first), LIMITS.first]];

for (const key of Object.keys(manifest).filter((k) => manifest[k].isDynamicEntry)) {
  const added = [...closure(key)].filter((k) => !first.has(k));
  rows.push([key, weight(added), limitOf(key)]);
}

let failed = false;
for (const [name, bytes, limit] of rows.sort((a, b) => b[1] - a[1])) {
  const over = bytes > limit;
  failed ||= over;
  if (over || bytes > 20 * KB || name === "first load") {
    console.log(
      `${over ? "OVER " : "ok   "}${(bytes / KB).toFixed(1).padStart(7)} KB of ${limit / KB} KB  ${name}`,
    );
  }
}
if (failed) process.exit(1);
