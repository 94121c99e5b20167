import { api, choose, expect, type House, importPeople, isAccessible, ONCE, signIn, startHouse, test } from "./house";

let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(() => house?.stop());

const HTML = '<p>Hi {contactfield=firstname|friend}</p><p><a href="https://example.org/tips">Tips</a></p><p>{unsubscribe_text}</p>';

/** Many people of whom some may not be mailed, and a segment of all of them. */
async function crowd(count: number): Promise<{ segment: number }> {
  const { call } = api(house!);
  const rows = Array.from({ length: count }, (_, at) => `Person${at},Crowd,person${at}@people.example`);
  await importPeople(house!, ["firstname,lastname,email", ...rows].join("\n"));
  const made = await call("POST", "/segments", {
    name: `Crowd of ${count}`,
    filter: { match: "all", rules: [{ field: "lastname", op: "=", value: "Crowd" }] },
  });
  await expect.poll(async () => (await call("GET", `/segments/${made.id}`)).count).toBe(count);
  return { segment: made.id };
}

test("an email to a segment says its consequence in numbers, and can be paused and continued", ONCE, async ({ page }) => {
  const { call } = api(house!);
  const { segment } = await crowd(4_000);
  const people = (await call("GET", `/segments/${segment}/contacts?limit=3`)).items as { id: number }[];
  for (const { id } of people) await call("POST", `/contacts/${id}/do-not-contact`, { channel: "email", comments: "" });
  const email = await call("POST", "/emails", {
    name: "Spring letter",
    subject: "What spring brings",
    source: HTML,
    kind: "segment",
    segments: [segment],
    published: true,
  });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${email.id}/send`);
  await expect(page.getByText("3,997").first()).toBeVisible();
  await expect(page.getByText(/3 do not want email/)).toBeVisible();
  await isAccessible(page, "send page");
  await page.getByRole("button", { name: "Send to 3,997 people…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("This emails 3,997 people. 3 are skipped");
  await isAccessible(page, "consequence dialog");
  await dialog.getByRole("button", { name: "Email 3,997 people then" }).click();
  await expect(page.getByText(/It leaves on/)).toBeVisible();
  await isAccessible(page, "planned sending");
  await page.getByRole("button", { name: "Call it back" }).click();
  await page.getByRole("button", { name: "Send to 3,997 people…" }).click();
  await dialog.getByRole("radio", { name: "At once, without a way back" }).check();
  await dialog.getByRole("button", { name: "Email 3,997 people now" }).click();
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  await isAccessible(page, "paused sending");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("Sent", { exact: true }).first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(/4,000 of 4,000 done|3,997 of 3,997 done/)).toBeVisible();
  await page.getByRole("link", { name: "Results" }).click();
  await expect(page.getByRole("group", { name: "Sent" })).toContainText("3,997");
  await choose(page, "All recipients", "Skipped");
  await expect(page.getByText("3 of 3")).toBeVisible();
  await isAccessible(page, "results");
  expect((await call("GET", `/emails/${email.id}`)).counts.sent).toBe(3_997);
});

test("many contacts are tagged and deleted at once, and both can be taken back", ONCE, async ({ page }) => {
  await importPeople(house!, "firstname,lastname,email\nUma,Bulk,uma@bulk.example\nVera,Bulk,vera@bulk.example\n");
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/contacts?search=bulk.example`);
  await expect(page.getByText("2 of 2")).toBeVisible();
  await page.getByLabel("Select all shown").check();
  await isAccessible(page, "selection");
  await page.getByRole("button", { name: "Add tags" }).click();
  await page.getByRole("dialog").getByRole("combobox", { name: "Tags" }).fill("marked");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Apply to 2 contacts" }).click();
  await expect(page.getByText("Tagged 2 contacts")).toBeVisible();
  await expect(page.getByRole("table").getByText("marked")).toHaveCount(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("table").getByText("marked")).toHaveCount(0);
  await page.getByLabel("Select Uma Bulk").check();
  await page.getByRole("region", { name: "Selected contacts" }).getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("Deleted 1 contact")).toBeVisible();
  await expect(page.getByRole("link", { name: "Uma Bulk" })).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await expect(page.getByRole("link", { name: "Uma Bulk" })).toBeVisible();
});

test("a segment tells why somebody is in and somebody else is out", ONCE, async ({ page }) => {
  const { call } = api(house!);
  await importPeople(
    house!,
    "firstname,lastname,email,city\nIda,Inside,ida@why.example,Prague\nOtto,Outside,otto@why.example,Oslo\n",
  );
  const segment = await call("POST", "/segments", {
    name: "People in Prague",
    filter: { match: "all", rules: [{ field: "city", op: "=", value: "Prague" }] },
  });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/segments/${segment.id}`);
  await expect(page.getByRole("link", { name: "Ida Inside" })).toBeVisible();
  await page.getByRole("row", { name: /Ida Inside/ }).getByRole("link", { name: "Why?" }).click();
  await expect(page.getByText("In the segment")).toBeVisible();
  await isAccessible(page, "why in");
  await page.getByRole("combobox", { name: "Whom do you want to know about?" }).fill("otto@");
  await page.getByRole("option", { name: /Otto Outside/ }).click();
  await expect(page.getByText("Not in the segment")).toBeVisible();
  await expect(page.getByText(/Oslo/)).toBeVisible();
  await page.getByRole("tab", { name: "Joins and leaves" }).click();
  await isAccessible(page, "joins and leaves");
});

test("a campaign is tried on its people before anybody gets anything", ONCE, async ({ page }) => {
  const { call } = api(house!);
  await importPeople(
    house!,
    "firstname,lastname,email,city\nTea,Tried,tea@try.example,Turin\nTom,Tried,tom@try.example,Turin\n",
  );
  const segment = await call("POST", "/segments", {
    name: "People in Turin",
    filter: { match: "all", rules: [{ field: "city", op: "=", value: "Turin" }] },
  });
  const email = await call("POST", "/emails", {
    name: "Turin",
    kind: "template",
    subject: "Turin",
    source: "<p>Hello</p>",
    format: "html",
  });
  const campaign = await call("POST", "/campaigns", {
    name: "Turin",
    sources: [{ kind: "segment", id: segment.id }],
    steps: [
      { key: "hello", name: "Hello", type: "email.send", settings: { email_id: email.id } },
      { key: "opens", name: "Opens it", type: "email.open", parent: "hello" },
      { key: "reader", name: "Reader", type: "contact.tags", settings: { add: ["reader"] }, parent: "opens", path: "yes" },
    ],
  });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/campaigns/${campaign.id}`);
  await page.getByRole("link", { name: "Try it" }).click();
  await expect(page.getByText("Not tried yet")).toBeVisible();
  await isAccessible(page, "not tried yet");
  await page.getByRole("combobox", { name: "Only one person" }).fill("tea@");
  await page.getByRole("option", { name: /Tea Tried/ }).click();
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByRole("group", { name: "Mails" })).toContainText("1", { timeout: 30_000 });
  await expect(page.getByRole("table", { name: "Their way through the campaign" })).toContainText("Hello");
  await isAccessible(page, "tried");
  const after = await call("GET", `/campaigns/${campaign.id}`);
  expect(after.counts.members).toBe(0);
});

test("what happens shows up in the activity at once, and can be held", ONCE, async ({ page }) => {
  const { call } = api(house!);
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/activity`);
  await expect(page.getByText("Live: changes appear at once")).toBeVisible();
  await call("POST", "/contacts", { fields: { firstname: "Lea", lastname: "Live", email: "lea@live.example" } });
  await expect(page.getByRole("log").getByText("Lea Live").first()).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  await call("POST", "/contacts", { fields: { firstname: "Hugo", lastname: "Held", email: "hugo@live.example" } });
  await expect(page.getByRole("button", { name: /Continue/ })).toContainText("new");
  await expect(page.getByRole("log").getByText("Hugo Held")).toHaveCount(0);
  await page.getByRole("button", { name: /Continue/ }).click();
  await expect(page.getByRole("log").getByText("Hugo Held").first()).toBeVisible();
});

test("what the server refuses is shown at the field that it is about", ONCE, async ({ page }) => {
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/settings/users`);
  await page.getByRole("button", { name: "Add a user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Email").fill("mara@garden.example");
  await dialog.locator("input[type=password]").fill("another long passphrase");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByLabel("Email")).toHaveAttribute("aria-invalid", "true");
  await isAccessible(page, "refused user");
  await dialog.getByLabel("Email").fill("vic@garden.example");
  await dialog.locator("input[type=password]").fill("short");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.locator("input[type=password]")).toHaveAttribute("data-invalid", "true");
  await dialog.locator("input[type=password]").fill("another long passphrase");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("row", { name: /vic@garden\.example/ })).toBeVisible();

  await page.goto(`${house!.url}/s/settings/sending`);
  await page.getByLabel("Sender address").fill("hello@garden.example");
  await page.getByLabel("Sender name").fill("Garden");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved").first()).toBeVisible();

  await api(house!).call("POST", "/contacts", { fields: { email: "taken@garden.example" } });
  await page.goto(`${house!.url}/s/contacts?new=1`);
  const add = page.getByRole("dialog");
  await add.getByLabel("Email").fill("taken@garden.example");
  await add.getByRole("button", { name: "Create contact" }).click();
  await expect(add.getByLabel("Email")).toHaveAttribute("aria-invalid", "true");
  await expect(add.getByText("Another contact already has this Email.").first()).toBeVisible();
});

test("things that are not there and servers that do not answer are told kindly", ONCE, async ({ page }) => {
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/contacts/999999`);
  await expect(page.getByText("This is not here")).toBeVisible();
  await isAccessible(page, "missing contact");
  await page.goto(`${house!.url}/s/no/such/place`);
  await expect(page.getByRole("heading", { name: "There is no such page" }).first()).toBeVisible();
  await page.route("**/s/api/v1/tags*", (route) => route.abort());
  await page.goto(`${house!.url}/s/tags`);
  await expect(page.getByText("No connection to the server")).toBeVisible();
  await isAccessible(page, "no connection");
  await page.unroute("**/s/api/v1/tags*");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("the results of an email are accessible", async ({ page }) => {
  await signIn(page, house!);
  const { call } = api(house!);
  const content = { subject: "Results", source: "<p>Hello</p>", format: "html" };
  const email = await call("POST", "/emails", { name: "Results", kind: "template", ...content });
  for (const tab of ["links", "origins"]) {
    await page.goto(`${house!.url}/s/emails/${email.id}?tab=${tab}`);
    await expect(page.getByRole("heading", { name: email.name, level: 1 })).toBeVisible();
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    await isAccessible(page, tab);
  }
});

test("every other screen is there and accessible", async ({ page }) => {
  await signIn(page, house!);
  const screens: [string, string][] = [
    ["/companies", "Companies"],
    ["/companies?new=1", "Companies"],
    ["/fields?of=company", "Fields"],
    ["/segments", "Segments"],
    ["/emails", "Emails"],
    ["/emails/new", "New email"],
    ["/media", "Media library"],
    ["/settings/brand", "Settings"],
    ["/pages", "Pages"],
    ["/forms", "Forms"],
    ["/campaigns", "Campaigns"],
    ["/tags", "Tags"],
    ["/fields", "Fields"],
    ["/stages", "Stages"],
    ["/points", "Points"],
    ["/points/triggers", "Points"],
    ["/points/groups", "Points"],
    ["/settings/categories", "Settings"],
    ["/imports", "Imports"],
    ["/imports/schedules", "Scheduled imports"],
    ["/companies/segments", "Company segments"],
    ["/tasks", "Tasks"],
    ["/trash", "Trash"],
    ["/exports", "Exports"],
    ["/settings/audit", "Audit log"],
    ["/settings/general", "Settings"],
    ["/settings/sending", "Settings"],
    ["/settings/deliverability", "Settings"],
    ["/settings/tracking", "Settings"],
    ["/settings/users", "Settings"],
    ["/me", "My profile"],
    ["/contacts/duplicates", "Duplicates"],
    ["/deliverability/suppressions", "Suppressed addresses"],
    ["/settings/preferences", "Settings"],
    ["/settings/privacy", "Settings"],
  ];
  for (const [path, title] of screens) {
    await page.goto(`${house!.url}/s${path}`);
    await expect(page.getByRole("heading", { name: title, level: 1 })).toBeVisible();
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    await isAccessible(page, path);
  }
});
