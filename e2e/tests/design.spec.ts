import { api, expect, type House, isAccessible, ONCE, signIn, startHouse, test } from "./house";

let house: House | undefined;
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(() => house?.stop());

const MJML = `<mjml lang="en">
  <mj-head><mj-attributes><mj-all font-family="Georgia, serif" /></mj-attributes></mj-head>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {contactfield=firstname|friend}</mj-text>
        <mj-table><tr><td>kept as it is</td></tr></mj-table>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>`;

test("an email is designed with blocks, and the server's preview shows them", async ({ page }) => {
  const { call } = api(house!);
  const made = await call("POST", "/emails", {
    name: "Spring",
    subject: "Spring",
    kind: "template",
    format: "mjml",
    source: MJML,
  });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${made.id}/design`);
  const canvas = page.frameLocator('iframe[title="Canvas"]');
  await expect(canvas.getByText("Hello {contactfield=firstname|friend}")).toBeVisible();
  await expect(canvas.getByText("Stays as code: mj-table")).toBeVisible();
  await isAccessible(page, "design editor");

  await canvas.getByText("Hello {contactfield=firstname|friend}").click();
  await page.getByRole("button", { name: "Button", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Button" })).toBeVisible();
  await page.getByLabel("Link", { exact: true }).fill("https://example.org/?a=1&b=2");
  await page.getByLabel("Words").fill("See the garden");
  await page.getByLabel("Text colour", { exact: true }).click();
  await expect(canvas.getByText("See the garden")).toBeVisible();
  await isAccessible(page, "a selected button");

  await page.getByRole("tab", { name: "Look" }).click();
  await page.getByLabel("Colour of buttons", { exact: true }).fill("#aa0000");
  await page.getByLabel("Colour of buttons", { exact: true }).blur();
  await page.getByRole("tab", { name: "Layers" }).click();
  await expect(page.getByRole("button", { name: /^Button See the garden/ })).toBeVisible();
  await isAccessible(page, "layers");
  await page.getByText("Preview", { exact: true }).click();
  const preview = page.frameLocator('iframe[title="Preview of the email"]');
  await expect(preview.getByRole("link", { name: "See the garden" })).toHaveAttribute("href", /a=1&b=2/);
  await expect(preview.getByText("kept as it is")).toBeVisible();
  await isAccessible(page, "preview of a design");

  await expect.poll(async () => (await call("GET", `/emails/${made.id}`)).source).toContain("#aa0000");
  const { source } = await call("GET", `/emails/${made.id}`);
  expect(source).toContain('<mj-all font-family="Georgia, serif" />');
  expect(source).toContain("<mj-table><tr><td>kept as it is</td></tr></mj-table>");
  expect(source).toContain("See the garden</mj-button>");
});

test("words pasted from Word into a text lose the looks of Word", async ({ page }) => {
  const { call } = api(house!);
  const mail = { name: "Pasted", subject: "Pasted", kind: "template", format: "mjml", source: MJML };
  const made = await call("POST", "/emails", mail);
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/emails/${made.id}/design`);
  const text = page.frameLocator('iframe[title="Canvas"]').getByText("Hello {contactfield=firstname|friend}");
  await text.dblclick();
  await page.frameLocator('iframe[title="Canvas"]').locator("[contenteditable=true]").evaluate((place) => {
    const data = new DataTransfer();
    const html =
      '<p class=MsoNormal style="mso-x:y"><b>Sow</b> <span style="color:red">now</span><o:p></o:p></p><img src="file:///C:/x.png">';
    data.setData("text/html", html);
    data.setData("text/plain", "Sow now");
    place.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await call("GET", `/emails/${made.id}`)).source).toMatch(/<b[^>]*>Sow<\/b>\s*now/);
  const { source } = await call("GET", `/emails/${made.id}`);
  expect(source).not.toMatch(/Mso|mso-|file:|o:p|color:\s*red/);
});

test("a template from the gallery becomes an email in the looks of the brand, and the library gives its image", ONCE, async ({
  page,
}) => {
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/settings/brand`);
  await page.getByLabel("Buttons", { exact: true }).fill("#0f766e");
  await isAccessible(page, "brand settings");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved").first()).toBeVisible();

  await page.goto(`${house!.url}/s/media`);
  await isAccessible(page, "an empty media library");
  const png = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles({ name: "Tulips.png", mimeType: "image/png", buffer: png });
  await page.getByRole("button", { name: /tulips\.png/ }).click();
  await page.getByLabel("What the image shows").fill("Tulips in spring");
  await isAccessible(page, "an image");
  await page.getByRole("button", { name: "Save", exact: true }).click();

  await page.goto(`${house!.url}/s/emails/new`);
  await expect(page.getByRole("radio", { name: "Newsletter" })).toBeVisible();
  await isAccessible(page, "gallery");
  await page.getByLabel("Name", { exact: false }).first().fill("June letter");
  await page.getByRole("radio", { name: "Newsletter" }).click();
  await page.getByRole("button", { name: "Create email" }).click();
  const canvas = page.frameLocator('iframe[title="Canvas"]');
  await expect(canvas.getByText("The story of the month")).toBeVisible();
  await canvas.getByText("The story of the month").click();
  await page.getByRole("button", { name: "Image", exact: true }).click();
  await page.getByRole("button", { name: "Choose from the media library" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /tulips\.png/ }).click();
  await expect(page.getByLabel("What the image says")).toHaveValue("Tulips in spring");
  await page.getByText("Preview", { exact: true }).click();
  const preview = page.frameLocator('iframe[title="Preview of the email"]');
  await expect(preview.getByRole("img", { name: "Tulips in spring" })).toHaveAttribute("src", /\/media\/[0-9a-f]{64}\/tulips\.png/);
  await expect(page.getByRole("heading", { name: "Before you send" })).toBeVisible();
  await expect(page.getByText("There is no sender's address.")).toBeVisible();
  await isAccessible(page, "the look over an email");
  await page.getByRole("button", { name: "History" }).click();
  await expect(page.getByText(/Version 1,/)).toBeVisible();
});
