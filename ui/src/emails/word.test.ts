import { expect, it } from "vitest";
import { looksLikeWord } from "./word";

it("knows Word by its classes and tags", () => {
  expect(looksLikeWord("<p class=MsoNormal>a</p>")).toBe(true);
  expect(looksLikeWord('<p class="MsoListParagraph">a</p>')).toBe(true);
  expect(looksLikeWord("a<o:p></o:p>")).toBe(true);
});

it("leaves mails alone that are designed for Outlook", () => {
  const designed = '<html xmlns:o="urn:schemas-microsoft-com:office:office"><!--[if mso]><table><![endif]-->';
  expect(looksLikeWord(designed)).toBe(false);
});
