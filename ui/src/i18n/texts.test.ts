import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { english } from "../app/i18n";

const root = join(import.meta.dirname, "..");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
  /(?<!\.test)\.tsx?$/.test(name),
);

function has(namespace: string, key: string): boolean {
  let at: unknown = english[namespace];
  for (const part of key.split(".")) at = (at as Record<string, unknown> | undefined)?.[part];
  if (typeof at === "string") return true;
  // Plural forms are kept as `key_one` and `key_other`.
  const last = key.split(".").at(-1)!;
  const parent = key.split(".").slice(0, -1);
  let holder: unknown = english[namespace];
  for (const part of parent) holder = (holder as Record<string, unknown> | undefined)?.[part];
  return typeof (holder as Record<string, unknown> | undefined)?.[`${last}_other`] === "string";
}

describe("the texts", () => {
  it("has every text that a screen asks for", () => {
    const missing: string[] = [];
    for (const file of files) {
      const source = readFileSync(join(root, file), "utf8");
      const own = /useTranslation\("(\w+)"\)/.exec(source)?.[1] ?? "common";
      for (const [, key] of source.matchAll(/\bt\(\s*"([^"]+)"/g)) {
        const [namespace, name] = key!.includes(":") ? key!.split(":") : [own, key];
        // A file may hold parts of two namespaces; a text in either is found.
        if (!has(namespace!, name!) && !has("common", name!)) missing.push(`${file}: ${key}`);
      }
    }
    expect(missing).toEqual([]);
  });
});
