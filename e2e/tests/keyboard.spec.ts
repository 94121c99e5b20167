import type { Page } from "@playwright/test";
import { expect, type House, ONCE, signIn, startHouse, test } from "./house";

let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(() => house?.stop());

/** Presses Tab until the element with this name has the focus: only the keyboard, as some people must. */
async function tabTo(page: Page, name: string | RegExp, backwards = false) {
  for (let step = 0; step < 120; step += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (!element || element === document.body) return "";
      const labelledby = element.getAttribute("aria-labelledby");
      const label =
        element.getAttribute("aria-label") ||
        (labelledby && document.getElementById(labelledby)?.textContent) ||
        (element as HTMLInputElement).labels?.[0]?.textContent ||
        element.textContent;
      return (label ?? "").trim();
    });
    if (typeof name === "string" ? focused === name : name.test(focused)) return;
    await page.keyboard.press(backwards ? "Shift+Tab" : "Tab");
  }
  throw new Error(`the keyboard never reached ${name}`);
}

test("a segment is built with the keyboard alone", ONCE, async ({ page }, info) => {
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/segments/new`);
  await page.getByLabel("Name").first().waitFor();
  const name = `Keyboard ${info.project.name}`;
  await tabTo(page, /^Name/);
  await page.keyboard.type(name);
  await tabTo(page, "Add condition");
  await page.keyboard.press("Enter");
  await tabTo(page, "Field");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("City");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await tabTo(page, "Value for City");
  await page.keyboard.type("Prague");
  await tabTo(page, "Add condition", true);
  await page.keyboard.press("Enter");
  await tabTo(page, "Value for City");
  await tabTo(page, "Field");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Email");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await tabTo(page, "Value for Email");
  await page.keyboard.type("ada@people.example");
  await tabTo(page, "Move up");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Field").first()).toHaveValue("Email");
  await expect(page.getByText("contacts match")).toBeVisible();
  await tabTo(page, "Create segment", true);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name })).toBeVisible();
});

test("a campaign is drawn in the outline with the keyboard alone", ONCE, async ({ page }, info) => {
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/campaigns?new=1`);
  await page.getByRole("dialog").waitFor();
  await tabTo(page, /^Name/);
  await page.keyboard.type(`By keyboard ${info.project.name}`);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/campaigns\/\d+/);
  await page.goto(`${page.url().split("?")[0]}?view=outline`);
  await page.getByRole("navigation", { name: "Outline" }).waitFor();
  await tabTo(page, "Add a step after Starts with");
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await tabTo(page, "Name of the step", true);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Mark them");
  await expect(page.getByRole("navigation", { name: "Outline" }).getByText("Mark them")).toBeVisible();
  await tabTo(page, "Remove Mark them with all below", true);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("navigation", { name: "Outline" }).getByText("Mark them")).toHaveCount(0);
});

test("the palette finds a place and goes there, and shortcuts never steal from a text field", ONCE, async ({ page }) => {
  await signIn(page, house!);
  await page.keyboard.press("Control+k");
  // No wait between: whoever types fast loses no letter, and the first line found is chosen.
  await page.keyboard.type("Outbox");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Outbox" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await expect(page.getByRole("heading", { name: "Contacts", level: 1 })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("gs");
  await expect(page.getByLabel("Search by name or email")).toHaveValue("gs");
  await expect(page).toHaveURL(/\/contacts/);
});
