import type { Page } from "@playwright/test";
import { expect, type House, isAccessible, signIn, startHouse, test } from "./house";

let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(() => house?.stop());

const PEOPLE = [
  ["Ada", "Lovelace", "ada@people.example", "London", "yes"],
  ["Björn", "Ekström", "bjorn@people.example", "Uppsala", "yes"],
  ["Chiara", "Ricci", "chiara@people.example", "Roma", "no"],
  ["Dmitri", "Volkov", "dmitri@people.example", "Riga", "yes"],
];

function csv(suffix: string): Buffer {
  const rows = PEOPLE.map(([first, last, email, city, yes]) =>
    [first, last, email!.replace("@", `.${suffix}@`), city, yes, suffix].join(","),
  );
  return Buffer.from(
    ["firstname,lastname,email,city,newsletter,tags", ...rows, `Broken,Row,not-an-address,Nowhere,yes,${suffix}`].join("\n"),
  );
}

async function choose(page: Page, label: string, option: string | RegExp) {
  await page.getByRole("combobox", { name: label }).or(page.getByRole("textbox", { name: label })).first().click();
  await page.getByRole("option", { name: option }).first().click();
}

test("a contact list becomes a segment, a form, a page and an email, each screen accessible", async ({ page }, info) => {
  const scheme = info.project.name;
  const name = (thing: string) => `${thing} ${scheme}`;
  await signIn(page, house!);
  await isAccessible(page, "dashboard");

  await test.step("import the list, with a dry run first", async () => {
    await page.goto(`${house!.url}/s/contacts/import`);
    await isAccessible(page, "upload");
    await page.locator("input[type=file]").setInputFiles({
      name: `people-${scheme}.csv`,
      mimeType: "text/csv",
      buffer: csv(scheme),
    });
    await expect(page.getByRole("button", { name: "Check without writing" })).toBeVisible();
    await isAccessible(page, "matching of columns");
    await page.getByRole("button", { name: "Check without writing" }).click();
    await expect(page.getByRole("button", { name: "Import 4 rows" })).toBeVisible();
    await isAccessible(page, "dry run");
    await page.getByRole("button", { name: "Import 4 rows" }).click();
    await expect(page.getByRole("link", { name: "Show contacts" })).toBeVisible();
    await expect(page.getByRole("link", { name: "Download the rejected rows" })).toBeVisible();
  });

  await test.step("find one of them, and look at her page", async () => {
    await page.goto(`${house!.url}/s/contacts`);
    await page.getByLabel("Search by name or email").fill(`ada.${scheme}`);
    await expect(page.getByRole("link", { name: "Ada Lovelace" })).toHaveCount(1);
    await expect(page).toHaveURL(/search=/);
    await isAccessible(page, "contacts");
    await page.getByRole("link", { name: "Ada Lovelace" }).click();
    await expect(page.getByRole("heading", { name: "Ada Lovelace" })).toBeVisible();
    await isAccessible(page, "contact");
  });

  await test.step("build the segment with live counts", async () => {
    await page.goto(`${house!.url}/s/segments/new`);
    await page.getByLabel("Name").first().fill(name("Londoners and others"));
    await page.getByRole("button", { name: "Add condition" }).click();
    await choose(page, "Field", "Email");
    await choose(page, "Comparison", /contains/);
    await page.getByRole("textbox", { name: "Value for Email" }).fill(`.${scheme}@`);
    await expect(page.getByText("contacts match")).toBeVisible();
    await isAccessible(page, "segment builder");
    await page.getByRole("button", { name: "Create segment" }).click();
    await expect(page.getByRole("heading", { name: name("Londoners and others") })).toBeVisible();
    await expect(page.getByRole("link", { name: "Ada Lovelace" })).toBeVisible();
    await isAccessible(page, "segment");
  });

  await test.step("make the form and the page around it", async () => {
    await page.goto(`${house!.url}/s/forms?new=1`);
    await page.getByLabel("Name").fill(name("Ask a question"));
    await page.getByRole("radio", { name: /Starts a campaign/ }).check();
    await page.getByRole("button", { name: "Create form" }).click();
    await expect(page.getByRole("heading", { name: name("Ask a question") })).toBeVisible();
    await page.getByRole("button", { name: "Add field" }).click();
    await page.getByRole("menuitem", { name: "Long text" }).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Saved").first()).toBeVisible();
    await isAccessible(page, "form");
    const form = /forms\/(\d+)/.exec(page.url())![1]!;

    await page.goto(`${house!.url}/s/pages?new=1`);
    await page.getByLabel("Title").fill(name("Ask me anything"));
    await page.getByRole("button", { name: "Create page" }).click();
    await expect(page.getByRole("heading", { name: name("Ask me anything") })).toBeVisible();
    await page.getByRole("button", { name: "Insert token" }).waitFor();
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(`{form=${form}}`);
    await page.getByRole("switch", { name: "Live" }).click({ force: true });
    await expect(page.getByText("Saved").first()).toBeVisible();
    await isAccessible(page, "page editor");
  });

  await test.step("write the email and preview it as Ada", async () => {
    await page.goto(`${house!.url}/s/emails?new=1`);
    await page.getByLabel("Name").fill(name("Invitation"));
    await page.getByRole("radio", { name: /For campaigns/ }).check();
    await page.getByRole("button", { name: "Create email" }).click();
    await expect(page.getByRole("heading", { name: name("Invitation") })).toBeVisible();
    await page.getByRole("textbox", { name: "Subject" }).fill("Ask us anything, {contactfield=firstname}");
    await page.getByPlaceholder("Preview as a contact").fill(`ada.${scheme}`);
    await page.getByRole("option", { name: /Ada Lovelace/ }).click();
    await expect(page.getByText("Ask us anything, Ada")).toBeVisible();
    await page.getByRole("switch", { name: /Live/ }).setChecked(true, { force: true });
    await page.keyboard.press("Control+s");
    await expect(page.getByText("Saved").first()).toBeVisible();
    await isAccessible(page, "email editor");
  });
});

test("every other screen is there and accessible", async ({ page }) => {
  await signIn(page, house!);
  const screens: [string, string][] = [
    ["/segments", "Segments"],
    ["/emails", "Emails"],
    ["/pages", "Pages"],
    ["/forms", "Forms"],
    ["/campaigns", "Campaigns"],
    ["/tags", "Tags"],
    ["/fields", "Fields"],
    ["/imports", "Imports"],
    ["/tasks", "Tasks"],
    ["/settings/general", "Settings"],
    ["/settings/sending", "Settings"],
    ["/settings/tracking", "Settings"],
    ["/settings/users", "Settings"],
    ["/me", "My profile"],
  ];
  for (const [path, title] of screens) {
    await page.goto(`${house!.url}/s${path}`);
    await expect(page.getByRole("heading", { name: title, level: 1 })).toBeVisible();
    await page.waitForLoadState("networkidle").catch(() => {});
    await isAccessible(page, path);
  }
});
