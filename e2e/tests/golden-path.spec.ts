import type { Page } from "@playwright/test";
import { ADMIN, choose, expect, type House, isAccessible, paste, startHouse, switchOn, test } from "./house";

// One house for each colour scheme: the projects run in workers of their own.
let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse(["serve"], false);
});
test.afterAll(() => house?.stop());

const SEGMENT = "Community members who agreed to mail";
const LIST = `firstname,lastname,email,city,country,timezone,preferred_locale,newsletter
Ada,Lovelace,ada@people.example,London,United Kingdom,Europe/London,en_GB,yes
Björn,Ekström,bjorn@people.example,Uppsala,Sweden,Europe/Stockholm,sv,yes
Chiara,Ricci,chiara@people.example,Roma,Italy,Europe/Rome,it,no
Dmitri,Volkov,dmitri@people.example,Riga,Latvia,Europe/Riga,en_GB,yes
Ada,Lovelace,ada@people.example,London,United Kingdom,Europe/London,en_GB,yes
Broken,Row,not-an-address,Nowhere,Italy,Europe/Rome,it,yes
`;
const letter = (page: string) => `<!doctype html>
<html lang="en"><body style="font-family:Helvetica,Arial,sans-serif">
<p>Hi {contactfield=firstname|friend},</p>
<p>we meet on {time=2017-12-21T10:00:00[America/New_York]|l, F j, g:i a T} in #ama.</p>
<p><a href="${page}">Send in your question</a></p>
<p>{unsubscribe_text}</p>
</body></html>`;

test("a contact list becomes a campaign, and an answer to it reaches the dashboard", async ({ page, browser }) => {
  const at = (path: string) => page.goto(`${house!.url}/s${path}`);
  await test.step("set everything up at the first visit", async () => {
    await page.goto(house!.url);
    await page.waitForURL(/\/s\/setup/);
    await page.getByLabel("First name").fill("Mara");
    await page.getByLabel("Email").fill(ADMIN.email);
    await page.locator("input[type=password]").fill(ADMIN.password);
    await page.getByLabel(/^Name/).fill("Open Garden Community");
    await page.getByRole("button", { name: "Start" }).click();
    await expect(page.getByRole("heading", { name: "First steps" })).toBeVisible();
    await isAccessible(page, "empty dashboard");
  });

  await test.step("import the list, with a dry run first", async () => {
    await page.getByRole("link", { name: "Import contacts" }).first().click();
    await isAccessible(page, "upload");
    await page.locator("input[type=file]").setInputFiles({
      name: "people.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(LIST),
    });
    await expect(page.getByRole("button", { name: "Check without writing" })).toBeVisible();
    await expect(page.getByRole("combobox", { name: "Goes to: newsletter" })).toHaveValue("Agreed to the newsletter");
    await isAccessible(page, "matching of columns");
    await page.getByRole("button", { name: "Check without writing" }).click();
    const start = page.getByRole("button", { name: /^Import \d rows$/ });
    await expect(start).toBeVisible();
    await expect(page.getByRole("row", { name: /needs exactly one @/ })).toBeVisible();
    await isAccessible(page, "dry run");
    await start.click();
    await expect(page.getByRole("link", { name: "Show contacts" })).toBeVisible();
    await isAccessible(page, "finished import");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download the rejected rows" }).click();
    const rows = await readAll(await (await download).createReadStream());
    expect(rows).toContain("not-an-address");
    await page.getByRole("link", { name: "Show contacts" }).click();
    await expect(page.getByText("4 of 4")).toBeVisible();
    await isAccessible(page, "contacts");
  });

  await test.step("build the segment with live counts", async () => {
    await at("/segments/new");
    await page.getByLabel("Name").first().fill(SEGMENT);
    await page.getByRole("button", { name: "Add condition" }).click();
    await choose(page, "Field", "Agreed to “newsletter”");
    await expect(page.getByText("contacts match")).toBeVisible();
    await page.getByRole("button", { name: "Add condition" }).click();
    const fields = page.getByRole("combobox", { name: "Field", exact: true });
    await fields.nth(1).click();
    await page.getByRole("option", { name: "Email", exact: true }).first().click();
    await page.getByRole("combobox", { name: "Comparison" }).nth(1).click();
    await page.getByRole("option", { name: "is not empty" }).click();
    await expect(page.getByText("3 people")).toBeVisible();
    await isAccessible(page, "segment builder");
    await page.getByRole("button", { name: "Create segment" }).click();
    await expect(page.getByRole("heading", { name: SEGMENT })).toBeVisible();
    await expect(page.getByRole("link", { name: "Ada Lovelace" })).toBeVisible();
    await expect(page.getByText("3 of 3")).toBeVisible();
    await isAccessible(page, "segment");
  });

  await test.step("make the form", async () => {
    await at("/forms?new=1");
    await page.getByLabel("Name").fill("Ask a question");
    await page.getByRole("radio", { name: /Starts a campaign/ }).check();
    await isAccessible(page, "new form");
    await page.getByRole("button", { name: "Create form" }).click();
    await expect(page.getByRole("heading", { name: "Ask a question" })).toBeVisible();
    await page.getByRole("button", { name: "Add field" }).click();
    await page.getByRole("menuitem", { name: "Long text" }).click();
    await page.getByLabel("Label", { exact: true }).fill("Your question");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Saved").first()).toBeVisible();
    await isAccessible(page, "form");
  });

  await test.step("put up the landing page with the form in it", async () => {
    await at("/pages?new=1");
    await page.getByLabel("Title").fill("Ask us anything");
    await choose(page, "With this form", "Ask a question");
    await page.getByRole("button", { name: "Create page" }).click();
    await expect(page.getByRole("heading", { name: "Ask us anything" })).toBeVisible();
    await page.getByRole("tab", { name: "Address and more" }).click();
    await page.getByRole("textbox", { name: "Address" }).fill("ama-2017");
    await page.getByRole("tab", { name: "Content" }).click();
    await expect(page.frameLocator("iframe").getByLabel("Your question")).toBeVisible();
    await switchOn(page, "Live");
    await expect(page.getByText("Saved").first()).toBeVisible();
    await isAccessible(page, "page editor");
  });
  const landing = `${house!.url}/ama-2017`;

  await test.step("write the invitation, preview it as Ada and send a test", async () => {
    await at("/emails/new");
    await page.getByLabel("Name").fill("Invitation");
    await page.getByRole("radio", { name: /For campaigns/ }).check();
    await page.getByRole("radio", { name: "Own HTML" }).check();
    await page.getByRole("button", { name: "Create email" }).click();
    await expect(page.getByRole("heading", { name: "Invitation" })).toBeVisible();
    await page.getByRole("textbox", { name: "Subject" }).fill("Ask us anything, {contactfield=firstname}");
    await paste(page, letter(`${landing}?utm_source=newsletter&amp;utm_medium=email`));
    await page.getByPlaceholder("Preview as a contact").fill("ada@");
    await page.getByRole("option", { name: /Ada Lovelace/ }).click();
    await expect(page.getByText("Ask us anything, Ada")).toBeVisible();
    const preview = page.frameLocator("iframe");
    await expect(preview.getByText("Hi Ada,")).toBeVisible();
    await expect(preview.getByText("Thursday, December 21, 3:00 pm GMT")).toBeVisible();
    await switchOn(page, /Live/);
    await page.keyboard.press("Control+s");
    await expect(page.getByText("Saved").first()).toBeVisible();
    await isAccessible(page, "email editor");
    await page.getByRole("button", { name: "Send a test" }).click();
    await isAccessible(page, "test dialog");
    await page.getByRole("button", { name: "Send the test" }).click();
    await expect(page.getByText("Test caught in the outbox")).toBeVisible();
  });

  await test.step("write the thank-you for questions", async () => {
    await at("/emails/new");
    await page.getByLabel("Name").fill("Thank-you");
    await page.getByRole("radio", { name: /For campaigns/ }).check();
    await page.getByRole("radio", { name: "Own HTML" }).check();
    await page.getByRole("button", { name: "Create email" }).click();
    await page.getByRole("textbox", { name: "Subject" }).fill("Your question is on the list");
    await switchOn(page, /Live/);
    await page.keyboard.press("Control+s");
    await expect(page.getByText("Saved").first()).toBeVisible();
  });

  await test.step("draw the invitation campaign and start it", async () => {
    await at("/campaigns?new=1");
    await page.getByLabel("Name").fill("AMA invitation");
    await choose(page, "Who enters it", SEGMENT);
    await page.getByRole("button", { name: "Create campaign" }).click();
    await addStep(page, "Add a step after Starts with", "Send an email");
    await choose(page, "Email", "Invitation");
    await addStep(page, "Add a step after Send an email", "Clicks in the email?");
    await addStep(page, "Add a step after Clicks in the email?, yes", "Change tags");
    await page.getByRole("combobox", { name: "Add tags" }).fill("ama-interested");
    await page.keyboard.press("Enter");
    await addStep(page, "Add a step after Clicks in the email?, no", "Change points");
    await expect(page.getByText("Saved").first()).toBeVisible();
    await isAccessible(page, "campaign canvas");
    await page.getByRole("button", { name: "Start campaign" }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog.getByText("3 people enter at once.")).toBeVisible();
    await isAccessible(page, "start dialog");
    await dialog.getByRole("button", { name: "Start campaign" }).click();
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
    await expect(page.getByRole("button", { name: /Send an email.*3 done/ })).toBeVisible();
  });

  await test.step("draw the registration campaign and start it", async () => {
    await at("/campaigns?new=1");
    await page.getByLabel("Name").fill("AMA registration");
    await page.getByRole("button", { name: "Create campaign" }).click();
    await page.getByRole("button", { name: /Choose a segment or form/ }).click();
    await page.getByRole("combobox", { name: "Everybody who sends in these forms" }).click();
    await page.getByRole("option", { name: "Ask a question" }).click();
    await page.keyboard.press("Escape");
    await addStep(page, "Add a step after Starts with", "Change points");
    await addStep(page, "Add a step after Change points", "Send an email");
    await choose(page, "Email", "Thank-you");
    await expect(page.getByText("Saved").first()).toBeVisible();
    await page.getByRole("button", { name: "Start campaign" }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog.getByText(/who sends in: Ask a question/)).toBeVisible();
    await dialog.getByRole("button", { name: "Start campaign" }).click();
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
  });

  await test.step("open the invitation as Ada, click in it, and send in a question on the page", async () => {
    await at("/outbox?search=ada%40");
    await expect(page.getByText("Ask us anything, Ada").first()).toBeVisible();
    await isAccessible(page, "outbox");
    await page.getByRole("button", { name: "Open as recipient" }).click();
    await expect(page.getByText("Counted as opened by the recipient")).toBeVisible();
    const visit = page.waitForEvent("popup");
    await page.frameLocator("iframe").getByRole("link", { name: "Send in your question" }).click();
    const visited = await visit;
    await expect(visited.getByRole("heading", { name: "Ask us anything" })).toBeVisible();
    expect(new URL(visited.url()).pathname).toBe("/ama-2017");
    await visited.getByLabel("Email").fill("ada@people.example");
    await visited.getByLabel("Your question").fill("How do I take part?");
    await visited.getByRole("button", { name: "Send" }).click();
    await expect(visited.getByText("Thank you! We got your message.")).toBeVisible();
    await visited.close();
  });

  await test.step("somebody new comes from a blog and asks too", async () => {
    const userAgent = await page.evaluate(() => navigator.userAgent);
    const visitor = await (await browser.newContext({ userAgent })).newPage();
    await visitor.goto(`${landing}?utm_source=blog.example.org&utm_medium=blog-link`);
    await visitor.getByLabel("Email").fill("niko@people.example");
    await visitor.getByLabel("Your question").fill("Is there a mentoring programme?");
    await visitor.getByRole("button", { name: "Send" }).click();
    await expect(visitor.getByText("Thank you! We got your message.")).toBeVisible();
    await visitor.context().close();
  });

  await test.step("Ada's record tells all of it", async () => {
    await at("/contacts?search=ada%40");
    await page.getByRole("link", { name: "Ada Lovelace" }).click();
    await expect(page.getByRole("heading", { name: "Ada Lovelace" })).toBeVisible();
    await expect(page.getByText("ama-interested").first()).toBeVisible();
    const timeline = page.getByRole("list", { name: "Timeline" });
    for (const what of [/Invitation/, /opened/i, /clicked/i, /ask us anything/i, /Ask a question/, /Thank-you/, /10 points/]) {
      await expect(timeline.getByText(what).first()).toBeVisible();
    }
    await isAccessible(page, "contact");
    await page.getByRole("link", { name: "AMA invitation" }).last().click();
    await expect(page.getByText("What happened")).toBeVisible();
    await isAccessible(page, "way through the campaign");
  });

  await test.step("the campaign counts on its steps, and lists who is where", async () => {
    await at("/campaigns");
    await page.getByRole("link", { name: "AMA invitation" }).click();
    await expect(page.getByRole("button", { name: /Change tags.*1 done/ })).toBeVisible();
    await expect(page.getByRole("button", { name: /Clicks in the email\?.*2 waiting/ })).toBeVisible();
    await page.getByRole("link", { name: "People", exact: true }).click();
    await expect(page.getByRole("row", { name: /Björn Ekström/ })).toContainText("Clicks in the email?");
    await isAccessible(page, "people of the campaign");
    await page.getByRole("row", { name: /Björn Ekström/ }).getByText("Active").click();
    const way = page.getByRole("dialog");
    await expect(way.getByText("What comes next")).toBeVisible();
    await expect(way.getByText(/in 2 days/).first()).toBeVisible();
    await isAccessible(page, "what comes next for one person");
  });

  await test.step("the dashboard shows all of it", async () => {
    await at("/");
    await expect(tile(page, "Contacts")).toContainText("5");
    await expect(tile(page, "Emails sent")).toContainText("5");
    await expect(tile(page, "Opened")).toContainText("1 of 5");
    await expect(tile(page, "Clicked")).toContainText("1 of 5");
    await expect(tile(page, "Submissions")).toContainText("2");
    const sources = page.getByRole("table", { name: "Submissions by source" });
    await expect(sources.getByRole("row", { name: /blog\.example\.org/ })).toContainText("1");
    await expect(sources.getByRole("row", { name: /newsletter/ })).toContainText("1");
    await isAccessible(page, "dashboard with numbers");
    await at("/activity");
    await expect(page.getByRole("log").getByText("Ada Lovelace").first()).toBeVisible();
    await isAccessible(page, "activity");
    await at("/forms");
    await page.getByRole("link", { name: "Ask a question" }).click();
    await page.getByRole("tab", { name: "Submissions" }).click();
    await expect(page.getByText("How do I take part?")).toBeVisible();
    await isAccessible(page, "submissions");
    await at("/emails");
    await page.getByRole("link", { name: "Invitation", exact: true }).click();
    await expect(page.getByRole("row", { name: /Ada Lovelace/ })).toContainText("Clicked");
    await isAccessible(page, "results of the email");
  });
});

async function addStep(page: Page, place: string, step: string) {
  await page.getByRole("button", { name: place, exact: true }).click();
  await page.getByRole("menuitem", { name: step, exact: true }).click();
  await expect(page.getByRole("heading", { name: step })).toBeVisible();
}

/** A number of the dashboard with what it counts. */
function tile(page: Page, label: string) {
  return page.getByRole("group", { name: label, exact: true });
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString();
}
