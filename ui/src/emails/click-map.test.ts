import { expect, test } from "vitest";
import { withCounts } from "./click-map";

const LINKS = [
  { url: "https://x.io/a", clicks: 12, people: 9, machines: 3 },
  { url: "https://x.io/b", clicks: 0, people: 0, machines: 0 },
];

test("each counted link shows its people, and no link leads anywhere", () => {
  const mail = [
    '<p><a href="https://hg.io/r/0?ct=">First</a> <a href="https://hg.io/r/1?ct=&utm_source=x">Second</a>',
    '<a href="#" target="_blank">Unsubscribe</a></p>',
  ].join("");
  const shown = withCounts(mail, LINKS, (people) => `${people} people`);
  expect(shown).not.toContain("href");
  expect(shown).not.toContain("target");
  expect(shown).toMatch(/First<span[^>]*>9 people<\/span>/);
  expect(shown).toMatch(/Second<span[^>]*>0 people<\/span>/);
  expect(shown).toMatch(/Unsubscribe<\/a>/);
  expect(shown).toContain('title="https://x.io/a"');
});
