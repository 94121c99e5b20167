import { api, expect, type House, importPeople, isAccessible, ONCE, paste, signIn, startHouse, test } from "./house";

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
