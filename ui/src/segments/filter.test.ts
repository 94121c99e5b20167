import { describe, expect, it } from "vitest";
import type { Group } from "../api/types";
import { carryValue, countable, isComplete, printDate, readDate, toGroup, toTree } from "./filter";

const nested: Group = {
  match: "all",
  rules: [
    { field: "city", op: "=", value: "Prague" },
    {
      match: "any",
      not: true,
      rules: [
        { field: "points", op: "gte", value: 10 },
        { field: "email", op: "!empty" },
      ],
    },
  ],
};

describe("the filter tree", () => {
  it("comes back from the builder as it went in, groups and negation included", () => {
    expect(toGroup(toTree(nested))).toEqual(nested);
  });

  it("starts as one empty group when a segment has no filter", () => {
    expect(toGroup(toTree(null))).toEqual({ match: "all", rules: [] });
  });

  it("counts what is finished and leaves out what is not", () => {
    const tree = toTree({
      match: "all",
      rules: [
        { field: "city", op: "=", value: "" },
        { match: "any", rules: [{ field: "tags", op: "in", value: [] }] },
        { match: "any", rules: [{ field: "points", op: "gte", value: 5 }] },
      ],
    });
    const { filter, pointers } = countable(tree, (field) =>
      field === "tags" ? "ids" : field === "points" ? "number" : "text",
    );
    expect(filter).toEqual({
      match: "all",
      rules: [{ match: "any", rules: [{ field: "points", op: "gte", value: 5 }] }],
    });
    expect(pointers.get("/rules/0/rules/0")).toBe("2-0");
    expect(pointers.get("/rules/0")).toBe("2");
  });

  it("drops a condition on a field that the catalogue no longer knows", () => {
    expect(countable(toTree(nested), () => undefined).filter.rules).toEqual([]);
  });
});

describe("values", () => {
  it("zero is a complete number and an empty text is not a complete text", () => {
    expect(isComplete("number", 0)).toBe(true);
    expect(isComplete("text", "")).toBe(false);
    expect(isComplete("range", ["1", ""])).toBe(false);
  });

  it("one chosen option becomes a list of one when the operator asks for several", () => {
    expect(carryValue("option", "options", "gold")).toEqual(["gold"]);
    expect(carryValue("options", "option", ["gold", "silver"])).toBe("gold");
    expect(carryValue("text", "text", "kept")).toBe("kept");
  });

  it("relative dates survive the editor", () => {
    for (const text of ["-7 days", "+1 month", "this week", "2024-03-13"]) {
      expect(printDate(readDate(text))).toBe(text);
    }
  });
});
