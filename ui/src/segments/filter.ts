import type { RuleGroupType, RuleType } from "react-querybuilder";
import type { CatalogueField, Condition, Group, ValueKind } from "../api/types";

/** The builder's tree: what react-querybuilder keeps, with ids that survive edits. */
export type Tree = RuleGroupType<RuleType, string>;

function isGroup(rule: Group | Condition): rule is Group {
  return "rules" in rule;
}

let counter = 0;
/** Ids only tell rows apart on this screen; they are never stored. */
function nextId(): string {
  counter += 1;
  return `r${counter}`;
}

/** From what the server keeps to what the builder edits. */
export function toTree(group: Group | null): Tree {
  return {
    id: nextId(),
    combinator: group?.match === "any" ? "or" : "and",
    not: group?.not ?? false,
    rules: (group?.rules ?? []).map((rule) =>
      isGroup(rule)
        ? toTree(rule)
        : { id: nextId(), field: rule.field, operator: rule.op, value: rule.value, zone: rule.zone },
    ),
  };
}

/** A rule as the builder keeps it; the zone that its dates count in travels with it. */
type Kept = RuleType & { zone?: Condition["zone"] };

function plain(rule: Kept): Pick<Condition, "field" | "op" | "zone"> {
  return { field: rule.field, op: rule.operator, ...(rule.zone ? { zone: rule.zone } : {}) };
}

/** From what the builder edits to what the server keeps. */
export function toGroup(tree: Tree): Group {
  return {
    match: tree.combinator === "or" ? "any" : "all",
    ...(tree.not ? { not: true } : {}),
    rules: tree.rules.map((rule) =>
      "rules" in rule
        ? toGroup(rule as Tree)
        : {
            ...plain(rule as Kept),
            ...(rule.value === undefined || rule.value === null ? {} : { value: rule.value }),
          },
    ),
  };
}

/** True when a condition says enough to be counted. */
export function isComplete(kind: ValueKind, value: unknown): boolean {
  switch (kind) {
    case "none":
      return true;
    case "options":
    case "ids":
      return Array.isArray(value) && value.length > 0;
    case "range":
      return Array.isArray(value) && value.length === 2 && value.every((one) => one !== "" && one != null);
    case "behaviour": {
      const block = (typeof value === "object" && value !== null ? value : null) as {
        url?: { text?: string };
        from?: string;
        to?: string;
      } | null;
      const dated =
        block?.from === undefined && block?.to === undefined ? true : Boolean(block.from || block.to);
      return block !== null && dated && (block.url === undefined || Boolean(block.url.text));
    }
    case "share":
      return Number((value as { percent?: number } | null)?.percent) > 0;
    case "interval":
      return (
        typeof value === "object" && value !== null && Number((value as { interval?: number }).interval) > 0
      );
    default:
      return value !== undefined && value !== null && value !== "";
  }
}

export type KindOf = (field: string, operator: string) => ValueKind | undefined;

/**
 * The part of a tree that can be counted already: unfinished conditions and groups left empty by that are
 * dropped. `pointers` leads from a pointer in the reduced filter to the path of the row on the screen.
 */
export function countable(tree: Tree, kindOf: KindOf): { filter: Group; pointers: Map<string, string> } {
  const pointers = new Map<string, string>();
  const walk = (node: Tree, path: number[], pointer: string): Group => {
    const rules: (Group | Condition)[] = [];
    node.rules.forEach((rule, index) => {
      const here = [...path, index];
      const target = `${pointer}/rules/${rules.length}`;
      if ("rules" in rule) {
        const group = walk(rule as Tree, here, target);
        if (group.rules.length) {
          pointers.set(target, here.join("-"));
          rules.push(group);
        }
        return;
      }
      const kind = kindOf(rule.field, rule.operator);
      if (!kind || !isComplete(kind, rule.value)) return;
      pointers.set(target, here.join("-"));
      rules.push({ ...plain(rule as Kept), ...(kind === "none" ? {} : { value: rule.value }) });
    });
    return { match: node.combinator === "or" ? "any" : "all", ...(node.not ? { not: true } : {}), rules };
  };
  return { filter: walk(tree, [], ""), pointers };
}

/** What a condition starts with when its operator wants a value of this kind. */
export function emptyValue(kind: ValueKind | undefined, field?: CatalogueField): unknown {
  switch (kind) {
    case "options":
    case "ids":
      return [];
    case "range":
      return ["", ""];
    case "behaviour":
      return { times: 1, last: { interval: 30, unit: "day" } };
    case "share":
      return { percent: 10 };
    case "interval":
      return { interval: 7, unit: "day" };
    case "boolean":
      return true;
    case "option":
      return field?.options?.[0]?.value ?? "";
    case "date":
    case "datetime":
      return "today";
    default:
      return "";
  }
}

/** Keeps a value across a change of operator where both want the same kind. */
export function carryValue(
  before: ValueKind | undefined,
  after: ValueKind | undefined,
  value: unknown,
): unknown {
  if (before === after) return value;
  const listy = (kind?: ValueKind) => kind === "options" || kind === "ids";
  if (before === "option" && listy(after)) return value === "" || value == null ? [] : [value];
  if (listy(before) && after === "option") return (value as unknown[])[0] ?? "";
  return emptyValue(after);
}

const RELATIVE = /^([+-])(\d+) (minute|hour|day|week|month|year)s?$/;
export type DateForm =
  | { mode: "keyword"; keyword: string }
  | { mode: "ago" | "ahead"; amount: number; unit: string }
  | { mode: "on"; date: string };

export const DATE_KEYWORDS = [
  "today",
  "yesterday",
  "tomorrow",
  "this week",
  "last week",
  "next week",
  "this month",
  "last month",
  "next month",
  "this year",
  "last year",
  "next year",
  "anniversary",
] as const;

/** `-7 days`, `this week` or `2024-03-13`, taken apart for the editor. */
export function readDate(value: unknown): DateForm {
  const text = String(value ?? "");
  const relative = RELATIVE.exec(text);
  if (relative) {
    return {
      mode: relative[1] === "-" ? "ago" : "ahead",
      amount: Number(relative[2]),
      unit: relative[3]!,
    };
  }
  if ((DATE_KEYWORDS as readonly string[]).includes(text)) return { mode: "keyword", keyword: text };
  if (text === "birthday") return { mode: "keyword", keyword: "anniversary" };
  return { mode: "on", date: text };
}

export function printDate(form: DateForm): string {
  if (form.mode === "keyword") return form.keyword;
  if (form.mode === "on") return form.date;
  const sign = form.mode === "ago" ? "-" : "+";
  return `${sign}${form.amount} ${form.unit}${form.amount === 1 ? "" : "s"}`;
}
