import { expect, type House, isAccessible, startHouse, test } from "./house";

let house: House | undefined;
test.beforeEach(async () => {
  house = await startHouse(["serve"], false);
});
test.afterEach(() => house?.stop());

test("the first visit sets everything up, and leads to a dashboard that says what to do next", async ({
  page,
}) => {
  await page.goto(house!.url);
  await page.waitForURL(/\/s\/setup/);
  await isAccessible(page, "set-up");
  await page.getByLabel("First name").fill("Mara");
  await page.getByLabel("Email").fill("mara@garden.example");
  await page.locator("input[type=password]").fill("short");
  await page.getByLabel(/^Name/).fill("Open Garden Community");
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByText("Use at least 10 characters.")).toBeVisible();
  await page.locator("input[type=password]").fill("a long enough passphrase");
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("heading", { name: "Hello Mara" })).toBeVisible();
  await expect(page.getByText("First steps")).toBeVisible();
  await isAccessible(page, "dashboard");
});
