import type { Step, StepKind } from "../api/types";
import type { ThingKind } from "../ui/pickers";

/** One input of a step's settings; its label is `set.<label>`, or `set.<key>`. */
export type Setting = {
  key: string;
  label?: string;
  /** The step is unfinished without it. Of several with the same word one is enough. */
  needed?: true | string;
} & (
  | { as: "thing" | "things"; of: ThingKind }
  | { as: "user" | "users" | "company" | "tags" | "step" | "filter" | "pairs" | "instant" | "switch" }
  | { as: "text" | "long" | "number" | "percent" }
  | { as: "texts"; known?: string[] }
  | { as: "choice"; options: string[] }
  | { as: "fields"; object: "contact" | "company" }
);

export type StepType = {
  type: string;
  kind: StepKind;
  /** Only directly under a step of this type. */
  under?: string;
  /** Nothing follows it. */
  end?: boolean;
  settings: Record<string, unknown>;
  /** Inputs of types that have no form of their own. */
  inputs?: Setting[];
};

const CHANNELS = ["email", "sms"];
const COMPARE = ["=", "!=", "gt", "gte", "lt", "lte"];
const DEVICES: Setting[] = [
  {
    key: "types",
    as: "texts",
    known: ["desktop", "smartphone", "tablet", "tv", "console"],
    needed: "device",
  },
  { key: "brands", as: "texts", known: ["Apple", "Google", "Samsung"], needed: "device" },
  {
    key: "systems",
    as: "texts",
    known: ["Android", "Chrome OS", "iOS", "Linux", "macOS", "Windows"],
    needed: "device",
  },
];
const NO_DEVICE = { types: [], brands: [], systems: [] };
const EMPTY_FILTER = { match: "all", rules: [] };

const action = (type: string, settings: Record<string, unknown>, inputs?: Setting[]): StepType => ({
  type,
  kind: "action",
  settings,
  inputs,
});
const decision = (type: string, settings: Record<string, unknown>, inputs?: Setting[]): StepType => ({
  type,
  kind: "decision",
  settings,
  inputs,
});
const condition = (type: string, settings: Record<string, unknown>, inputs: Setting[] = []): StepType => ({
  type,
  kind: "condition",
  settings,
  inputs,
});

export const STEP_TYPES: StepType[] = [
  action("email.send", { email_id: null }),
  action("contact.tags", { add: [], remove: [] }),
  action("contact.points", { points: 10 }),
  action("contact.stage", { stage_id: null }),
  action("contact.segments", { add: [], remove: [] }, [
    { key: "add", label: "addSegments", as: "things", of: "segments", needed: "segments" },
    { key: "remove", label: "removeSegments", as: "things", of: "segments", needed: "segments" },
  ]),
  action("contact.update", { fields: {} }, [
    { key: "fields", as: "fields", object: "contact", needed: true },
  ]),
  action("contact.owner", { owner_id: null }, [{ key: "owner_id", as: "user", needed: true }]),
  action("contact.campaigns", { add: [], add_this: false, remove: [], remove_this: false }, [
    { key: "add", label: "addCampaigns", as: "things", of: "campaigns", needed: "campaigns" },
    { key: "add_this", as: "switch", needed: "campaigns" },
    { key: "remove", label: "removeCampaigns", as: "things", of: "campaigns", needed: "campaigns" },
    { key: "remove_this", as: "switch", needed: "campaigns" },
  ]),
  action("contact.stop", { channels: ["email"], reason: "" }, [
    { key: "channels", as: "texts", known: CHANNELS, needed: true },
    { key: "reason", as: "text" },
  ]),
  action("contact.again", { channels: ["email"] }, [
    { key: "channels", as: "texts", known: CHANNELS, needed: true },
  ]),
  { ...action("contact.delete", {}, []), end: true },
  action("company.score", { score: 10 }),
  action("company.add", { company_id: null }, [{ key: "company_id", as: "company", needed: true }]),
  action("company.update", { fields: {} }, [
    { key: "fields", as: "fields", object: "company", needed: true },
  ]),
  action("team.email", { email_id: null, users: [], owner: true, to: [] }, [
    { key: "email_id", label: "email", as: "thing", of: "emails", needed: true },
    { key: "owner", as: "switch", needed: "team" },
    { key: "users", as: "users", needed: "team" },
    { key: "to", as: "texts", needed: "team" },
  ]),
  action("team.slack", { url: "", text: "" }, [
    { key: "url", label: "slackUrl", as: "text", needed: true },
    { key: "text", as: "long", needed: true },
  ]),
  action("web.call", { url: "", method: "post", headers: [], data: [] }, [
    { key: "url", label: "callUrl", as: "text", needed: true },
    { key: "method", as: "choice", options: ["get", "post", "put", "patch", "delete"] },
    { key: "data", as: "pairs" },
    { key: "headers", as: "pairs" },
  ]),
  {
    ...action("flow.jump", { to: null }, [{ key: "to", label: "jumpTo", as: "step", needed: true }]),
    end: true,
  },
  { ...decision("email.open", {}), under: "email.send" },
  { ...decision("email.click", { urls: [] }), under: "email.send" },
  { ...decision("email.reply", {}, []), under: "email.send" },
  decision("form.submit", { forms: [] }),
  decision("page.visit", { pages: [], url: "" }),
  decision("device.used", NO_DEVICE, DEVICES),
  decision("contact.becomes", { filter: EMPTY_FILTER }, [{ key: "filter", as: "filter", needed: true }]),
  condition("contact.field", { field: "", op: "=", value: "" }),
  condition("contact.filter", { filter: EMPTY_FILTER }, [{ key: "filter", as: "filter", needed: true }]),
  condition("contact.has_tags", { tags: [] }, [{ key: "tags", as: "tags", needed: true }]),
  condition("contact.in_segments", { segments: [] }, [
    { key: "segments", as: "things", of: "segments", needed: true },
  ]),
  condition("contact.in_stages", { stages: [] }, [
    { key: "stages", as: "things", of: "stages", needed: true },
  ]),
  condition("contact.points_are", { op: "gte", points: 10, group_id: null }, [
    { key: "op", label: "operator", as: "choice", options: COMPARE },
    { key: "points", as: "number" },
    { key: "group_id", label: "group", as: "thing", of: "point_groups" },
  ]),
  condition("contact.owned_by", { owners: [] }, [{ key: "owners", as: "users", needed: true }]),
  condition("contact.in_campaigns", { campaigns: [], ever: false, joined: null, joined_at: null }, [
    { key: "campaigns", as: "things", of: "campaigns", needed: true },
    { key: "ever", as: "switch" },
  ]),
  condition("contact.blocked", { channels: ["email"], reason: 0 }, [
    { key: "channels", as: "texts", known: CHANNELS, needed: true },
    { key: "reason", label: "blockReason", as: "choice", options: ["0", "1", "2", "3"] },
  ]),
  condition("contact.device", NO_DEVICE, DEVICES),
  condition("contact.visited", { pages: [], url: null, from: null, to: null }, [
    { key: "pages", as: "things", of: "pages" },
    { key: "url", as: "text" },
    { key: "from", as: "instant" },
    { key: "to", label: "until", as: "instant" },
  ]),
  condition("form.answer", { form_id: null, field: "", op: "=", value: "" }, [
    { key: "form_id", label: "form", as: "thing", of: "forms", needed: true },
    { key: "field", label: "formField", as: "text", needed: true },
    { key: "op", label: "operator", as: "choice", options: [...COMPARE, "empty", "!empty", "like", "!like"] },
    { key: "value", as: "text" },
  ]),
  condition("email.valid", {}),
  condition("flow.split", { percent: 50 }, [{ key: "percent", as: "percent" }]),
  condition("flow.holdout", { percent: 10 }, [{ key: "percent", label: "held", as: "percent" }]),
];

export function typeOf(step: Pick<Step, "type">): StepType | undefined {
  return STEP_TYPES.find((one) => one.type === step.type);
}

/** True when a setting says nothing. */
function isBlank(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value !== null && typeof value === "object") {
    return "rules" in value ? (value.rules as unknown[]).length === 0 : Object.keys(value).length === 0;
  }
  return value === undefined || value === null || value === "" || value === false;
}

/** True when a needed setting says nothing, or none of several of which one is enough. */
export function missesSettings(step: Step): boolean {
  const inputs = typeOf(step)?.inputs ?? [];
  const blank = (input: Setting) => isBlank(step.settings[input.key]);
  if (inputs.some((input) => input.needed === true && blank(input))) return true;
  // A visit with any device is a visit: only a fact about a device must say something.
  if (step.type === "device.used") return false;
  const groups = new Set(inputs.flatMap(({ needed }) => (typeof needed === "string" ? [needed] : [])));
  return [...groups].some((group) => inputs.filter((one) => one.needed === group).every(blank));
}
