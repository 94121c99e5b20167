import { defineConfig } from "@playwright/test";

/** What a person's browser says. */
const PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/** Runs against the real binary (`HONEYGUIDE_BIN`), which every test file starts for itself. */
export default defineConfig({
  testDir: "tests",
  timeout: 300_000,
  expect: { timeout: 20_000 },
  fullyParallel: false,
  workers: 1,
  retries: 0,
  reporter: [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    actionTimeout: 15_000,
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    contextOptions: { reducedMotion: "reduce" },
    // A browser without a screen says so, and Honeyguide does not count robots.
    userAgent: PERSON,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "light", use: { colorScheme: "light" } },
    { name: "dark", grepInvert: /@once/, use: { colorScheme: "dark" } },
  ],
});
