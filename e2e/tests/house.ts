import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect, type Page } from "@playwright/test";

export const ADMIN = { email: "mara@garden.example", password: "a long enough passphrase" };

/** A test of what happens, not of how it looks: one colour scheme is enough. */
export const ONCE = { tag: "@once" };

export type House = { url: string; stop: () => Promise<void> };

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
    probe.on("error", reject);
  });
}

async function answers(url: string, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server stopped:\n${log()}`);
    try {
      if ((await fetch(`${url}/s/api/v1/setup`)).ok) return;
    } catch {
      // Not listening yet; the next look follows.
    }
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`the server did not answer:\n${log()}`);
}

/** Starts the real binary on a free port with an empty folder of its own. */
export async function startHouse(args: string[] = ["serve"], withAdmin = true): Promise<House> {
  const binary = process.env.HONEYGUIDE_BIN;
  if (!binary) throw new Error("HONEYGUIDE_BIN must name the binary");
  const folder = mkdtempSync(join(tmpdir(), "honeyguide-e2e-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const lines: string[] = [];
  const child = spawn(binary, [...args, "--listen", `127.0.0.1:${port}`, "--data-dir", folder], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      HONEYGUIDE__SITE__URL: url,
      ...(withAdmin
        ? { HONEYGUIDE__ADMIN__EMAIL: ADMIN.email, HONEYGUIDE__ADMIN__PASSWORD: ADMIN.password }
        : {}),
    },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text: Buffer) => {
      lines.push(text.toString());
      if (lines.length > 400) lines.shift();
    });
  }
  await answers(url, child, () => lines.join(""));
  const stop = () =>
    new Promise<void>((resolve) => {
      const done = () => {
        rmSync(folder, { recursive: true, force: true });
        resolve();
      };
      if (child.exitCode !== null) return done();
      child.once("exit", done);
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 5_000).unref();
    });
  return { url, stop };
}

/** Every test fails when a page asks anybody but our own server for anything. */
export const test = base.extend<{ ownOriginOnly: undefined }>({
  ownOriginOnly: [
    async ({ page }, use) => {
      const strangers: string[] = [];
      page.context().on("request", (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith("http") && hostname !== "127.0.0.1") strangers.push(request.url());
      });
      await use(undefined);
      expect(strangers, "requests that left our origin").toEqual([]);
    },
    { auto: true },
  ],
});

/** Signs in through the form, as a person does. */
export async function signIn(page: Page, house: House) {
  await page.goto(`${house.url}/s/`);
  await page.getByLabel("Email").fill(ADMIN.email);
  await page.locator("input[type=password]").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests that know them
type Answer = any;

/** The native API with Basic sign-in: for what a test needs beforehand, and for looking behind the screens. */
export function api(house: House) {
  const authorization = `Basic ${Buffer.from(`${ADMIN.email}:${ADMIN.password}`).toString("base64")}`;
  const send = async (method: string, path: string, body?: BodyInit, type?: string): Promise<Answer> => {
    const headers = { authorization, ...(type ? { "content-type": type } : {}) };
    const answer = await fetch(`${house.url}/api/v1${path}`, { method, headers, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const call = (method: string, path: string, body?: object) =>
    send(method, path, body && JSON.stringify(body), body && "application/json");
  return { send, call };
}

/** Takes a list in through the importer and waits until it is there. */
export async function importPeople(house: House, csv: string) {
  const { send, call } = api(house);
  const form = new FormData();
  form.append("file", new Blob([csv], { type: "text/csv" }), "people.csv");
  const made = await send("POST", "/imports", form);
  await call("POST", `/imports/${made.id}/start`);
  await expect.poll(async () => (await call("GET", `/imports/${made.id}`)).state, { timeout: 60_000 }).toBe("done");
}

/** Chooses an option of a select by its words. */
export async function choose(page: Page, label: string, option: string | RegExp) {
  const named = { name: label, exact: true } as const;
  await page.getByRole("combobox", named).or(page.getByRole("textbox", named)).first().click();
  await page.getByRole("option", { name: option, exact: typeof option === "string" }).first().click();
}

/** Replaces what is in the code editor. */
export async function paste(page: Page, text: string) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

/** Turns a switch on as a person does: by clicking on its words. */
export async function switchOn(page: Page, label: string | RegExp) {
  const found = page.getByRole("switch", { name: label });
  if (!(await found.isChecked())) await page.locator("label", { hasText: label }).first().click();
  await expect(found).toBeChecked();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * No violation of WCAG 2.2 AA on the screen as it is, contrast included. The insides of the code editor are
 * left out, and previews are foreign content in frames.
 */
export async function isAccessible(page: Page, screen: string) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const engine = (window as unknown as { axe: { run: (scope: object, options: object) => Promise<unknown> } })
      .axe;
    const result = (await engine.run(
      { exclude: [[".cm-editor"]] },
      {
        iframes: false,
        resultTypes: ["violations"],
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      },
    )) as { violations: { id: string; nodes: { target: string[]; failureSummary?: string }[] }[] };
    return result.violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary}`).join("; ")}`,
    );
  });
  expect(found, `accessibility of ${screen}`).toEqual([]);
}

export { expect };
