import { api, choose, expect, type House, importPeople, isAccessible, signIn, startHouse, test } from "./house";

let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(() => house?.stop());

test("variants are made, get their shares, and a test between them begins", async ({ page }, info) => {
  const { call } = api(house!);
  const made = await call("POST", "/emails", {
    name: `Tested ${info.project.name}`,
    subject: "First",
    kind: "template",
    source: "<p>a</p>",
  });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${made.id}?tab=variants`);
  await expect(page.getByText("One version for everybody")).toBeVisible();
  await isAccessible(page, "no variants");
  await page.getByRole("button", { name: "Add a variant" }).click();
  const table = page.getByRole("table", { name: "Variants" });
  await expect(table.getByRole("row")).toHaveCount(3);
  const share = page.getByLabel(/^Share of readers for/);
  await share.fill("30");
  await share.blur();
  await expect(table).toContainText("70 % (the rest)");
  await isAccessible(page, "shares of variants");

  await choose(page, "What counts", "Clicks");
  await page.getByRole("button", { name: "Begin the test" }).click();
  await expect(page.getByText("There is no clear winner yet.")).toBeVisible();
  await isAccessible(page, "a running test");
  expect((await call("GET", `/emails/${made.id}/family`)).test.criterion).toBe("clicks");
  await page.getByRole("button", { name: "End without a winner" }).click();
  await expect(page.getByText("Ended without a winner.")).toBeVisible();
});

test("a running campaign is changed with a look at what differs, and every version can come back", async ({ page }, info) => {
  const { call } = api(house!);
  const city = `Ostrava${info.project.name}`;
  await importPeople(house!, `firstname,email,city\nVera,vera-${info.project.name}@version.example,${city}\n`);
  const filter = { match: "all", rules: [{ field: "city", op: "=", value: city }] };
  const segment = await call("POST", "/segments", { name: city, filter });
  const campaign = await call("POST", "/campaigns", {
    name: `Versions ${info.project.name}`,
    sources: [{ kind: "segment", id: segment.id }],
    steps: [
      {
        key: "mark",
        name: "Mark them",
        type: "contact.tags",
        settings: { add: ["seen"] },
        timing: { mode: "interval", amount: 3, unit: "d" },
      },
    ],
    rules: [{ key: "g", aim: "goal", type: "contact.in_segments", settings: { segments: [segment.id] } }],
  });
  await call("POST", `/campaigns/${campaign.id}/publish`, {});
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/campaigns/${campaign.id}?view=outline&step=mark`);
  const panel = page.getByLabel("Name of the step");
  await expect(panel).toHaveValue("Mark them");
  await isAccessible(page, "panel of a step");
  await panel.fill("Mark them well");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Publish the changes?" });
  await expect(dialog.getByRole("table", { name: "What changes" })).toContainText("Mark them well");
  await isAccessible(page, "what a change of a running campaign does");
  await dialog.getByRole("button", { name: "Publish the changes" }).click();
  await expect(dialog).toHaveCount(0);
  await expect.poll(async () => (await call("GET", `/campaigns/${campaign.id}`)).steps[0].name).toBe("Mark them well");

  await page.goto(`${house!.url}/s/campaigns/${campaign.id}/versions`);
  const versions = page.getByRole("table", { name: "Versions" });
  await expect(versions).toContainText("1 changed");
  await isAccessible(page, "versions of a campaign");
  await page.getByRole("button", { name: "Go back to 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back", exact: true }).click();
  await expect(page.getByText("The campaign is as it was in version 1")).toBeVisible();
  await expect.poll(async () => (await call("GET", `/campaigns/${campaign.id}`)).steps[0].name).toBe("Mark them");
});

test("a goal is set in a campaign's settings, a person reaches it, and the figures above say so", async ({ page }, info) => {
  const { call } = api(house!);
  const city = `Goalville${info.project.name}`;
  await importPeople(house!, `firstname,email,city\nVera,vera-${info.project.name}@goal.example,${city}\n`);
  const only = (field: string, value: string) => ({ match: "all", rules: [{ field, op: "=", value }] });
  const segment = await call("POST", "/segments", { name: city, filter: only("city", city) });
  const asked = `Asked ${info.project.name}`;
  await call("POST", "/segments", { name: asked, filter: only("firstname", asked) });
  const campaign = await call("POST", "/campaigns", {
    name: `Goals ${info.project.name}`,
    sources: [{ kind: "segment", id: segment.id }],
    steps: [
      {
        key: "mark",
        name: "Mark them",
        type: "contact.tags",
        settings: { add: ["seen"] },
        timing: { mode: "interval", interval: 3, unit: "d" },
      },
    ],
  });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/campaigns/${campaign.id}?view=outline&step=source`);
  await page.getByRole("button", { name: "Add a goal or exit" }).click();
  await page.getByRole("group", { name: "Is in a segment?" }).getByLabel("Name").fill(asked);
  await choose(page, "Any of these segments", asked);
  await page.keyboard.press("Escape");
  await isAccessible(page, "goals of a campaign");
  await expect.poll(async () => (await call("GET", `/campaigns/${campaign.id}`)).rules.length).toBe(1);
  await call("POST", `/campaigns/${campaign.id}/publish`, {});
  const people = async () => (await call("GET", `/campaigns/${campaign.id}/people`)).items;
  await expect.poll(async () => (await people()).length).toBe(1);
  const vera = (await call("GET", `/contacts?search=vera-${info.project.name}@goal.example`)).items[0];
  await call("PATCH", `/contacts/${vera.id}`, { fields: { firstname: asked } });
  await expect.poll(async () => (await call("GET", `/campaigns/${campaign.id}`)).goals?.people.reached).toBe(1);
  await page.goto(`${house!.url}/s/campaigns/${campaign.id}`);
  await expect(page.getByText("of 1 who entered")).toBeVisible();
  await expect(page.getByText("100 %", { exact: true })).toBeVisible();
  await isAccessible(page, "figures of a campaign with a goal");
});
