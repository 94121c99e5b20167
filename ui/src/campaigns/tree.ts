import type { Step, Timing } from "../api/types";
import { missesSettings, STEP_TYPES, type StepType, typeOf } from "./catalogue";

/** A place where steps hang: under a step, on its path, or directly under the sources. */
export type Slot = { parent: string | null; path: "yes" | "no" | null };

const IMMEDIATE: Timing = { mode: "immediate" };

function inSlot(step: Step, slot: Slot): boolean {
  return step.parent === slot.parent && (step.parent === null || step.path === slot.path);
}

export function childrenIn(steps: Step[], slot: Slot): Step[] {
  return steps.filter((step) => inSlot(step, slot));
}

/** The slots below a step: one below an action, a yes and a no below the others, none below the end of a way. */
export function slotsOf(step: Step): Slot[] {
  if (typeOf(step)?.end) return [];
  return step.kind === "action"
    ? [{ parent: step.key, path: null }]
    : [
        { parent: step.key, path: "yes" },
        { parent: step.key, path: "no" },
      ];
}

/**
 * The steps from a place on that follow one another without a choice, and the place behind the last of them.
 * A way that several steps leave ends before them.
 */
export function chainFrom(steps: Step[], slot: Slot): { links: { step: Step; slot: Slot }[]; rest: Slot } {
  const links: { step: Step; slot: Slot }[] = [];
  let rest = slot;
  for (;;) {
    const [only, ...others] = childrenIn(steps, rest);
    if (!only || others.length) return { links, rest };
    links.push({ step: only, slot: rest });
    const below = slotsOf(only);
    rest = { parent: only.key, path: null };
    if (below.length !== 1) return { links, rest };
  }
}

/** A step and everything below it. */
export function branch(steps: Step[], key: string): Step[] {
  const own = steps.find((step) => step.key === key);
  if (!own) return [];
  return [own, ...steps.filter((step) => step.parent === key).flatMap((child) => branch(steps, child.key))];
}

/** What may stand at a place: opens and clicks only under their email, never two decisions in a row. */
export function allowedTypes(steps: Step[], slot: Slot): StepType[] {
  const parent = steps.find((step) => step.key === slot.parent);
  return STEP_TYPES.filter((one) => {
    if (one.under && parent?.type !== one.under) return false;
    if (parent && typeOf(parent)?.end) return false;
    return !(one.kind === "decision" && parent?.kind === "decision");
  });
}

/** A key that no step has yet; short, and readable in addresses and logs. */
function freeKey(steps: Step[], type: string): string {
  const base = type.replace(/\W/g, "_");
  let number = 1;
  while (steps.some((step) => step.key === `${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}

/** The wait of a new step: on the no path of a decision it is the time the person gets to decide. */
function firstTiming(steps: Step[], slot: Slot): Timing {
  const parent = steps.find((step) => step.key === slot.parent);
  return parent?.kind === "decision" && slot.path === "no"
    ? { mode: "interval", interval: 2, unit: "d" }
    : IMMEDIATE;
}

/**
 * Adds a step at a place. With `between`, what hung there moves below the new step: onto its yes path when
 * it has paths, as far as the rules allow it there.
 */
export function addStep(
  steps: Step[],
  slot: Slot,
  type: StepType,
  name: string,
  between: boolean,
): { steps: Step[]; key: string } {
  const key = freeKey(steps, type.type);
  const made: Step = {
    key,
    kind: type.kind,
    type: type.type,
    name,
    parent: slot.parent,
    path: slot.path,
    settings: structuredClone(type.settings),
    timing: type.kind === "decision" ? IMMEDIATE : firstTiming(steps, slot),
  };
  const below: Slot = { parent: key, path: type.kind === "action" ? null : "yes" };
  const pushed = between
    ? steps.map((step) =>
        inSlot(step, slot) && mayHang(type, step)
          ? { ...step, parent: below.parent, path: below.path }
          : step,
      )
    : steps;
  return { steps: [...pushed, made], key };
}

function mayHang(parent: Pick<StepType, "type" | "kind" | "end">, step: Step): boolean {
  const rule = typeOf(step);
  if (parent.end) return false;
  if (rule?.under && rule.under !== parent.type) return false;
  return !(parent.kind === "decision" && step.kind === "decision");
}

/** Removes a step and everything below it. */
export function removeBranch(steps: Step[], key: string): Step[] {
  const gone = new Set(branch(steps, key).map((step) => step.key));
  return steps.filter((step) => !gone.has(step.key));
}

/** True when a branch may be moved to a place: not into itself, and only where its type may stand. */
export function mayMove(steps: Step[], key: string, slot: Slot): boolean {
  const own = steps.find((step) => step.key === key);
  if (!own || inSlot(own, slot)) return false;
  if (branch(steps, key).some((step) => step.key === slot.parent)) return false;
  return allowedTypes(steps, slot).some((one) => one.type === own.type);
}

export function moveBranch(steps: Step[], key: string, slot: Slot): Step[] {
  if (!mayMove(steps, key, slot)) return steps;
  return steps.map((step) => (step.key === key ? { ...step, parent: slot.parent, path: slot.path } : step));
}

/** Copies a branch beside itself, with keys of its own. */
export function copyBranch(steps: Step[], key: string): Step[] {
  const all = [...steps];
  const renamed = new Map<string, string>();
  for (const step of branch(steps, key)) {
    const copy = freeKey(all, step.type);
    renamed.set(step.key, copy);
    const { id: _id, counts: _counts, paused: _paused, ...rest } = step;
    all.push({
      ...structuredClone(rest),
      key: copy,
      parent: step.key === key ? step.parent : (renamed.get(step.parent ?? "") ?? step.parent),
    });
  }
  // A jump inside the branch leads to the copy, not back to the original.
  for (const step of all.slice(steps.length)) {
    const to = renamed.get(String(step.settings.to ?? ""));
    if (step.type === "flow.jump" && to) step.settings = { ...step.settings, to };
  }
  return all;
}

/** Every place of the campaign, in reading order: for "Move to …". */
export function allSlots(steps: Step[]): Slot[] {
  const walk = (slot: Slot): Slot[] => [
    slot,
    ...childrenIn(steps, slot).flatMap((step) => slotsOf(step).flatMap(walk)),
  ];
  return walk({ parent: null, path: null });
}

/** True when a step is not set up yet: no email chosen, no tag, no field. */
export function isUnfinished(step: Step): boolean {
  const { settings } = step;
  const list = (key: string) => (Array.isArray(settings[key]) ? (settings[key] as unknown[]).length : 0);
  switch (step.type) {
    case "email.send":
      return !settings.email_id;
    case "contact.tags":
      return list("add") + list("remove") === 0;
    case "contact.points":
      return !Number(settings.points);
    case "company.score":
      return !Number(settings.score);
    case "contact.stage":
      return !settings.stage_id;
    case "contact.field":
      return !settings.field;
    default:
      return missesSettings(step);
  }
}
