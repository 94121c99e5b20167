import type { Page } from "@playwright/test";
import { api, expect, type House, importPeople, isAccessible, ONCE, signIn, startHouse, test } from "./house";

let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(() => house?.stop());

/** Opens a dialog, looks at it, and closes it as people do who have no mouse. */
async function looksAtDialog(page: Page, what: string, open: () => Promise<unknown>) {
  await open();
  const dialog = page.getByRole("dialog");
  await expect(dialog, what).toBeVisible();
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
  await isAccessible(page, what);
  await page.keyboard.press("Escape");
  await expect(dialog, what).toHaveCount(0);
}

const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first().click();

async function fromMenu(page: Page, item: string | RegExp) {
  await page.getByRole("button", { name: /More actions|more/i }).first().click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("each dialog that makes something new is there and accessible", async ({ page }) => {
  await signIn(page, house!);
  for (const path of [
    "/contacts",
    "/companies",
    "/tags",
    "/fields",
    "/fields?of=company",
    "/points",
    "/points/triggers",
    "/points/groups",
    "/stages",
    "/imports/schedules",
  ]) {
    await page.goto(`${house!.url}/s${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await looksAtDialog(page, `new on ${path}`, () => page.locator("[data-shortcut=create]").first().click());
  }
});

test("the dialogs around contacts, companies and segments are accessible", async ({ page }) => {
  const { call } = api(house!);
  await importPeople(house!, "firstname,lastname,email,city\nDina,Dialog,dina@dialog.example,Prague\n");
  const person = (await call("GET", "/contacts?search=dina@dialog.example")).items[0];
  const company = await call("POST", "/companies", { fields: { companyname: `Dialog ${Date.now()}` } });
  const segment = await call("POST", "/segments", { name: "Dialogs" });
  const firms = await call("POST", "/company-segments", { name: "Firms" });
  await signIn(page, house!);

  await page.goto(`${house!.url}/s/contacts/${person.id}`);
  for (const name of ["Write a note", "Record consent", "Change points", "Change tags"]) {
    await looksAtDialog(page, name, () => press(page, name));
  }
  await looksAtDialog(page, "erase", () => fromMenu(page, /Erase/));

  await page.goto(`${house!.url}/s/companies/${company.id}`);
  await looksAtDialog(page, "add a contact", () => press(page, "Add a contact"));
  await looksAtDialog(page, "merge companies", () => fromMenu(page, "Merge with another company"));

  await page.goto(`${house!.url}/s/companies`);
  await page.getByLabel(`Select ${company.name}`).check();
  await isAccessible(page, "chosen companies");
  await looksAtDialog(page, "change segments", () => press(page, "Change segments"));

  await page.goto(`${house!.url}/s/companies/segments/${firms.id}`);
  await looksAtDialog(page, "put a company in", () => press(page, "Put a company in"));

  await page.goto(`${house!.url}/s/segments/${segment.id}`);
  await looksAtDialog(page, "add by hand", () => press(page, /by hand/));
  await looksAtDialog(page, "about this segment", () => fromMenu(page, /Name in public/));
  await looksAtDialog(page, "split", () => fromMenu(page, /Split into random parts/));
});

test("a segment is split by chance, and many segments are switched off and on", ONCE, async ({ page }) => {
  const { call } = api(house!);
  const rows = Array.from({ length: 40 }, (_, at) => `Part${at},Parts,part${at}@parts.example`);
  await importPeople(house!, ["firstname,lastname,email", ...rows].join("\n"));
  const all = await call("POST", "/segments", {
    name: "Parts",
    filter: { match: "all", rules: [{ field: "lastname", op: "=", value: "Parts" }] },
  });
  await expect.poll(async () => (await call("GET", `/segments/${all.id}`)).count).toBe(40);
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/segments/${all.id}`);
  await fromMenu(page, /Split into random parts/);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("status")).toHaveText("100 % together");
  await dialog.getByRole("button", { name: "Another part" }).click();
  await expect(dialog.getByRole("status")).toHaveText("0.01 % are in none of them");
  await dialog.getByRole("button", { name: "Remove part C" }).click();
  await dialog.getByRole("button", { name: "Make 2 segments" }).click();
  await expect(page.getByRole("link", { name: "Parts (A)" })).toBeVisible();
  const parts = (await call("GET", "/segments?search=parts")).items as { id: number; name: string }[];
  const halves = parts.filter((one) => one.id !== all.id);
  const size = async () => {
    const found = await Promise.all(halves.map((one) => call("GET", `/segments/${one.id}`)));
    return found.reduce((sum: number, one) => sum + one.count, 0);
  };
  await expect.poll(size).toBe(40);

  await page.getByLabel("Select Parts (A)").check();
  await page.getByLabel("Select Parts (B)").check();
  await isAccessible(page, "chosen segments");
  await page.getByRole("button", { name: "Switch off" }).click();
  await expect(page.getByText("2 segments switched off")).toBeVisible();
  await expect(page.getByText("switched off", { exact: true })).toHaveCount(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("switched off", { exact: true })).toHaveCount(0);
});

test("the bell tells how an import ended and leads to it", ONCE, async ({ page }) => {
  await signIn(page, house!);
  // News is what comes in after the page knows what there was, and hears what happens.
  const known = page.waitForResponse((answer) => answer.url().includes("/me/notices"));
  const heard = page.waitForResponse((answer) => answer.url().includes("/api/v1/live"));
  await page.goto(`${house!.url}/s/tags`);
  await Promise.all([known, heard]);
  await importPeople(house!, "firstname,email\nBell,bell@bell.example\nNobody,nobody\n");
  await expect(page.getByText("“people.csv” was imported").first()).toBeVisible();
  await page.getByRole("button", { name: /unread notice/ }).click();
  await isAccessible(page, "bell");
  const news = page.getByRole("menuitem", { name: /“people.csv” was imported/ }).first();
  await expect(news).toContainText("1 created, 0 updated, 0 unchanged, 1 rejected.");
  await news.click();
  await expect(page).toHaveURL(/\/s\/imports\/\d+/);
  await expect(page.getByText("Imported: 1 created, 0 updated, 0 unchanged, 1 rejected.")).toBeVisible();
});
