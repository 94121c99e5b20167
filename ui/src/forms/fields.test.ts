import { expect, it } from "vitest";
import { parseOptions, printOptions } from "../contacts/options";
import { freeAlias, moved, newField } from "./fields";

it("a field gets a short name that no other field has", () => {
  expect(freeAlias("Vaše otázka?", [])).toBe("vase_otazka");
  expect(freeAlias("Text", ["text", "text_2"])).toBe("text_3");
});

it("the first email field fills the contact's email, a second one does not", () => {
  expect(newField("email", [], "Email").mapped_field).toBe("email");
  expect(newField("email", ["email"], "Email").mapped_field).toBe(null);
});

it("moving beyond the ends changes nothing", () => {
  expect(moved([1, 2, 3], 0, -1)).toEqual([1, 2, 3]);
  expect(moved([1, 2, 3], 0, 2)).toEqual([2, 3, 1]);
});

it("options read as they print", () => {
  const options = [
    { value: "gold", label: "Gold" },
    { value: "x", label: "x" },
  ];
  expect(parseOptions(printOptions(options))).toEqual(options);
});
