import i18n from "i18next";
import { expect, it } from "vitest";
import "../app/i18n";
import { momentDetail, readable, shortAddress } from "./moments";

const t = i18n.getFixedT("en");

it("addresses lose what only machines read", () => {
  expect(shortAddress(`${window.location.origin}/ama-2017?utm_source=x&ct=hg1.abc`)).toBe("/ama-2017");
  expect(shortAddress("https://example.org/")).toBe("example.org");
  expect(readable("Clicked https://example.org/tips?x=1 in the email “Tips”")).toBe(
    "Clicked example.org/tips in the email “Tips”",
  );
});

it("a moment tells where somebody came from and which way they went, never raw keys", () => {
  const hit = { url: `${window.location.origin}/a?ct=1`, utm: { source: "blog", medium: "link" } };
  expect(momentDetail("page_hit", hit, t)).toBe("/a · from blog · link");
  expect(momentDetail("campaign_step", { campaign: "Welcome", path: "no", type: "email.click" }, t)).toBe(
    "Welcome · went on at “no”",
  );
  expect(momentDetail("email_opened", { in_browser: false }, t)).toBeUndefined();
});
