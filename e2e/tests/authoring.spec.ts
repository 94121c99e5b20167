import { api, expect, type House, importPeople, isAccessible, ONCE, paste, signIn, startHouse, switchOn, test } from "./house";

let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(() => house?.stop());

test("why an email was not sent is explained on the page of the email and of the contact", async ({ page }) => {
  const { call } = api(house!);
  await importPeople(house!, "firstname,lastname,email\nWanda,Why,wanda@why.example\n");
  const person = (await call("GET", "/contacts?search=wanda@why.example")).items[0];
  const name = `Asked about ${Date.now()}`;
  const made = await call("POST", "/emails", { name, subject: "Why", kind: "template", source: "<p>Why</p>" });
  await signIn(page, house!);

  await page.goto(`${house!.url}/s/emails/${made.id}?tab=why`);
  await page.getByRole("combobox", { name: "Whom are you asking about?" }).or(page.getByLabel("Whom are you asking about?")).first().fill("wanda");
  await page.getByRole("option", { name: /Wanda Why/ }).click();
  await expect(page.getByText(/^Never sent: no campaign step/)).toBeVisible();
  await expect(page.getByText(/What comes next: All rules hold/)).toBeVisible();
  const rules = page.getByRole("list", { name: "The rules, as they stand now" });
  await expect(rules.getByRole("listitem")).toHaveCount(8);
  await expect(rules.getByText("wanda@why.example")).toBeVisible();
  await isAccessible(page, "why an email was sent or not");

  await call("PATCH", `/emails/${made.id}`, { published: false });
  await page.goto(`${house!.url}/s/contacts/${person.id}`);
  await page.getByLabel("Choose an email").first().fill(name);
  await page.getByRole("option", { name }).click();
  const dialog = page.getByRole("dialog", { name: "Why this email?" });
  await expect(dialog.getByText("It is not live.")).toBeVisible();
  await expect(dialog.getByRole("img", { name: "Stands in the way" })).toHaveCount(1);
  await isAccessible(page, "why an email, on the contact's page");
});

test("HTML from Word is offered to be cleaned, and stays letter by letter until somebody says yes", ONCE, async ({ page }) => {
  const { call } = api(house!);
  const made = await call("POST", "/emails", { name: "From Word", subject: "Word", kind: "template", source: "<p>a</p>" });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${made.id}/edit`);
  const word =
    "<p class=MsoNormal style='mso-pagination:none'>Dear <a href=\"https://a.example/\">reader</a><o:p></o:p></p><!--[if mso]>x<![endif]-->";
  await paste(page, word);
  await expect(page.getByText("This looks like HTML from Word or Outlook")).toBeVisible();
  await isAccessible(page, "the offer to clean HTML from Word");
  await expect.poll(async () => (await call("GET", `/emails/${made.id}`)).source).toBe(word);

  await page.getByRole("button", { name: "Clean it up" }).click();
  await expect(page.getByText(/Taken out: 1 comment, /)).toBeVisible();
  await expect
    .poll(async () => (await call("GET", `/emails/${made.id}`)).source)
    .toBe('<p>Dear <a href="https://a.example/">reader</a></p>');
  await page.getByRole("main").getByRole("button", { name: "Undo" }).first().click();
  await expect.poll(async () => (await call("GET", `/emails/${made.id}`)).source).toBe(word);
});

const DESIGN = `<mjml><mj-body><mj-section><mj-column><mj-text>Our street 1</mj-text></mj-column></mj-section></mj-body></mjml>`;

test("a block is saved from a design, linked into another email, and changed in both at once", ONCE, async ({ page }) => {
  const { call } = api(house!);
  const design = (name: string) =>
    call("POST", "/emails", { name, subject: name, kind: "template", format: "mjml", source: DESIGN });
  const [first, second] = [await design("With a footer"), await design("Wants a footer")];
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${first.id}/design`);
  const canvas = page.frameLocator('iframe[title="Canvas"]');
  await canvas.getByText("Our street 1").click();
  await page.getByRole("button", { name: "Save as a block" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Address");
  await dialog.getByLabel("Category").fill("Footers");
  await isAccessible(page, "save as a block");
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("“Address” is saved")).toBeVisible();

  await page.goto(`${house!.url}/s/emails/${second.id}/design`);
  await canvas.getByText("Our street 1").click();
  await page.getByRole("button", { name: "Saved blocks" }).click();
  await expect(page.getByRole("button", { name: "Put in Address, linked" })).toBeVisible();
  await isAccessible(page, "saved blocks to put in");
  await page.getByRole("button", { name: "Put in Address, linked" }).click();
  await expect(canvas.getByText("Linked block: Address")).toBeVisible();
  await expect(page.getByText(/“Address” is a saved block/)).toBeVisible();
  await expect.poll(async () => (await call("GET", `/emails/${second.id}`)).source).toContain("<hg-block id=");

  await page.goto(`${house!.url}/s/emails/blocks`);
  await expect(page.getByText("Footers")).toBeVisible();
  await isAccessible(page, "saved blocks");
  await page.getByRole("button", { name: /More actions for Address|More.*Address/ }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await expect(page.getByRole("dialog").getByRole("link", { name: "Wants a footer" })).toBeVisible();
  await paste(page, "<mj-text>Our street 2</mj-text>");
  await isAccessible(page, "a saved block");
  await page.getByRole("button", { name: "Save, and change 1 email" }).click();
  await expect.poll(async () => (await call("GET", `/emails/${second.id}`)).source).toContain("Our street 2");

  await page.getByRole("button", { name: /More.*Address/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(page.getByRole("dialog").getByText("Wants a footer")).toBeVisible();
  await isAccessible(page, "a block that is used goes");
  await page.getByRole("button", { name: "Delete, and let them keep a copy" }).click();
  await expect(page.getByText("No saved blocks yet")).toBeVisible();
  const { source } = await call("GET", `/emails/${second.id}`);
  expect(source).toContain("Our street 2");
  expect(source).not.toContain("hg-block");
});

test("an email that readers get is changed in a draft, which is looked at and published", async ({ page }, info) => {
  const { call } = api(house!);
  const made = await call("POST", "/emails", { name: `Live ${info.project.name}`, subject: "Old words", kind: "template", source: "<p>Dear reader,</p><p>old news.</p>" });
  const tag = await call("POST", "/segments", { name: `Nobody ${info.project.name}` });
  const campaign = await call("POST", "/campaigns", {
    name: `Sends it ${info.project.name}`,
    sources: [{ kind: "segment", id: tag.id }],
    steps: [{ key: "a", name: "Send", type: "email.send", settings: { email_id: made.id } }],
  });
  await call("POST", `/campaigns/${campaign.id}/publish`, {});
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${made.id}/edit`);
  await expect(page.getByText("Readers get this email already")).toBeVisible();
  await paste(page, "<p>Dear reader,</p><p>new news.</p>");
  await expect(page.getByText(/Your changes are kept as a draft/)).toBeVisible();
  expect((await call("GET", `/emails/${made.id}`)).source).toContain("old news");
  await isAccessible(page, "an email with a draft");

  await page.reload();
  await expect(page.locator(".cm-content")).toContainText("new news");
  await page.getByRole("button", { name: "Publish changes" }).click();
  const dialog = page.getByRole("dialog", { name: "Publish these changes?" });
  await expect(dialog.getByText("old news.")).toBeVisible();
  await expect(dialog.getByText("new news.")).toBeVisible();
  await isAccessible(page, "what publishing changes");
  await dialog.getByRole("button", { name: "Publish changes" }).click();
  await expect.poll(async () => (await call("GET", `/emails/${made.id}`)).source).toContain("new news");
  await expect(page.getByText(/What you change is kept as a draft/)).toBeVisible();

  await paste(page, "<p>Never mind</p>");
  await page.getByRole("button", { name: "Discard" }).click();
  await isAccessible(page, "discard a draft");
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await expect(page.locator(".cm-content")).toContainText("new news");
  expect((await call("GET", `/emails/${made.id}/draft`)).draft).toBeNull();
});

test("a colleague is named in a comment, which is settled and opened again", ONCE, async ({ page }) => {
  const { call } = api(house!);
  const made = await call("POST", "/emails", { name: "Talked about", subject: "Talk", kind: "template", source: "<p>a</p>" });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${made.id}/edit?comments=1`);
  const drawer = page.getByRole("dialog", { name: "Comments" });
  await drawer.getByLabel("Say something about this email").fill("Is the price right?");
  await drawer.getByRole("button", { name: "Name a colleague" }).click();
  await page.getByRole("menuitem").first().click();
  await expect(drawer.getByLabel("Say something about this email")).toHaveValue(/^Is the price right\? @\S+ $/);
  await drawer.getByRole("button", { name: "Send" }).first().click();
  await expect(drawer.getByText(/Is the price right/)).toBeVisible();
  await isAccessible(page, "comments");
  await drawer.getByRole("button", { name: "Settled", exact: true }).click();
  await expect(drawer.getByText(/Nothing is open/)).toBeVisible();
  await switchOn(page, "Show what is settled");
  await drawer.getByRole("button", { name: "Open again" }).click();
  await expect(drawer.getByRole("button", { name: "Settled", exact: true })).toBeVisible();
});
