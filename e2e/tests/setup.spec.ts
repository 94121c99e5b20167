import { expect, type House, isAccessible, startHouse, test } from "./house";

let house: House;
test.beforeAll(async () => {
  house = await startHouse(["serve"], false);
});
test.afterAll(() => house.stop());

test("the first visit sets everything up, and leads to a dashboard that says what to do next", async ({
  page,
}) => {
  await page.goto(house.url);
  // The second colour scheme meets a house that is set up already.
  if (page.url().endsWith("/s/setup") || (await page.getByRole("heading", { name: "Set up Honeyguide" }).isVisible().catch(() => false))) {
    await page.getByRole("heading", { name: "Set up Honeyguide" }).waitFor();
  }
  await page.waitForURL(/\/s\/(setup|login)/);
  if (page.url().includes("/login")) {
    await isAccessible(page, "sign-in");
    return;
  }
  await isAccessible(page, "set-up");
  await page.getByLabel("First name").fill("Mara");
  await page.getByLabel("Email").fill("mara@garden.example");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByLabel("Name", { exact: true }).fill("Open Garden Community");
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByText("Use at least 10 characters.")).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill("a long enough passphrase");
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("heading", { name: "Hello Mara" })).toBeVisible();
  await expect(page.getByText("First steps")).toBeVisible();
  await isAccessible(page, "dashboard");
});
