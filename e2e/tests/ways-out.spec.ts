import { createServer, type Server } from "node:net";
import { api, expect, type House, isAccessible, ONCE, signIn, startHouse, test } from "./house";

let house: House | undefined;
let servers: Server[] = [];
test.beforeAll(async () => {
  house = await startHouse();
});
test.afterAll(async () => {
  for (const server of servers) server.close();
  servers = [];
  await house?.stop();
});

/** A mail server that takes everything; its port, and what it was given. */
async function mailServer(): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = createServer((socket) => {
    let data: string | null = null;
    socket.write("220 ready\r\n");
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString().split("\r\n").slice(0, -1)) {
        if (data !== null) {
          if (line === ".") {
            mails.push(data);
            data = null;
            socket.write("250 taken\r\n");
          } else data += `${line}\n`;
        } else if (line === "DATA") {
          data = "";
          socket.write("354 go ahead\r\n");
        } else socket.write("250 fine\r\n");
      }
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { port: (server.address() as { port: number }).port, mails };
}

test("an administrator adds, tries, orders and removes ways out for mail", ONCE, async ({ page }) => {
  const [first, second] = [await mailServer(), await mailServer()];
  const names = [first, second].map(({ port }) => `127.0.0.1:${port}`);
  const { call } = api(house!);
  const sending = await call("GET", "/settings/sending");
  await call("PUT", "/settings/sending", { ...sending, sender_email: "team@example.org" });
  await signIn(page, house!);
  await page.goto(`${house!.url}/s/settings/deliverability`);
  const dialog = page.getByRole("dialog");
  const add = async (address: string) => {
    await page.getByRole("button", { name: "Add a way out" }).click();
    await dialog.getByLabel("Address").fill(address);
    await dialog.getByRole("button", { name: "Save" }).click();
  };
  await add("fax://nobody");
  await expect(dialog.getByLabel("Address")).toHaveAttribute("data-invalid", "true");
  await isAccessible(page, "a refused address");
  await page.keyboard.press("Escape");
  for (const name of names) {
    await add(`smtp://${name}?tls=none`);
    await expect(dialog).toHaveCount(0);
    await expect(page.getByText(name, { exact: true })).toBeVisible();
  }
  const shown = () => page.getByText(/^127\.0\.0\.1:\d+$/).allTextContents();
  expect(await shown()).toEqual(names);

  await page.getByRole("button", { name: `Send a test through ${names[1]}` }).click();
  await dialog.getByLabel("To").fill("ada@example.org");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect.poll(() => second.mails.length).toBe(1);
  expect(first.mails).toEqual([]);
  expect(second.mails[0]).toContain("[TEST]");

  await page.getByRole("button", { name: `More actions for ${names[1]}` }).click();
  await page.getByRole("menuitem", { name: "Ask earlier" }).click();
  await expect.poll(shown).toEqual([names[1], names[0]]);
  await isAccessible(page, "ways out");
  await page.getByRole("button", { name: `More actions for ${names[0]}` }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect.poll(shown).toEqual([names[1]]);
});
