import { describe, expect, it } from "vitest";
import type { Step } from "../api/types";
import { STEP_TYPES, type StepType } from "./catalogue";
import { layout } from "./layout";
import {
  addStep,
  allowedTypes,
  branch,
  chainFrom,
  childrenIn,
  copyBranch,
  isUnfinished,
  mayMove,
  removeBranch,
  slotsOf,
} from "./tree";

const type = (name: string) => STEP_TYPES.find((one) => one.type === name) as StepType;
const root = { parent: null, path: null };

/** Email, then: clicked? yes: tag; no: reminder. */
function invitation(): Step[] {
  const one = addStep([], root, type("email.send"), "Invitation", false);
  const two = addStep(one.steps, { parent: one.key, path: null }, type("email.click"), "Clicked?", false);
  const three = addStep(two.steps, { parent: two.key, path: "yes" }, type("contact.tags"), "Tag", false);
  return addStep(three.steps, { parent: two.key, path: "no" }, type("email.send"), "Reminder", false).steps;
}

describe("a campaign's tree", () => {
  it("gives the step on the no path of a decision time to wait", () => {
    const reminder = invitation().find((step) => step.name === "Reminder");
    expect(reminder?.timing).toEqual({ mode: "interval", interval: 2, unit: "d" });
  });

  it("follows steps in a row until the ways part", () => {
    const way = chainFrom(invitation(), root);
    expect(way.links.map(({ step }) => step.name)).toEqual(["Invitation", "Clicked?"]);
    const one = addStep([], root, type("contact.tags"), "Tag", false);
    const two = addStep(one.steps, { parent: one.key, path: null }, type("contact.tags"), "Left", false);
    const three = addStep(two.steps, { parent: one.key, path: null }, type("contact.tags"), "Right", false);
    expect(chainFrom(three.steps, root)).toMatchObject({
      links: [{ step: { name: "Tag" } }],
      rest: { parent: one.key, path: null },
    });
  });

  it("offers opens and clicks only directly under an email", () => {
    const steps = invitation();
    const types = (slot: Parameters<typeof allowedTypes>[1]) =>
      allowedTypes(steps, slot).map((one) => one.type);
    expect(types(root)).not.toContain("email.click");
    expect(types({ parent: "email_send_1", path: null })).toContain("email.click");
  });

  it("never hangs a decision under a decision", () => {
    const kinds = allowedTypes(invitation(), { parent: "email_click_1", path: "yes" }).map((one) => one.kind);
    expect(kinds).not.toContain("decision");
  });

  it("pushes what was there below a step that is put between", () => {
    const { steps, key } = addStep(invitation(), root, type("contact.field"), "In Europe?", true);
    expect(childrenIn(steps, root).map((step) => step.key)).toEqual([key]);
    expect(childrenIn(steps, { parent: key, path: "yes" }).map((step) => step.name)).toEqual(["Invitation"]);
  });

  it("leaves a click decision under its email when something is put between that it may not hang under", () => {
    const slot = { parent: "email_send_1", path: null };
    const { steps } = addStep(invitation(), slot, type("contact.points"), "Points", true);
    expect(
      childrenIn(steps, slot)
        .map((step) => step.type)
        .sort(),
    ).toEqual(["contact.points", "email.click"]);
  });

  it("removes a step with everything below it", () => {
    expect(removeBranch(invitation(), "email_click_1").map((step) => step.name)).toEqual(["Invitation"]);
  });

  it("copies a branch with keys of its own", () => {
    const steps = copyBranch(invitation(), "email_click_1");
    expect(steps).toHaveLength(7);
    expect(new Set(steps.map((step) => step.key)).size).toBe(7);
    expect(branch(steps, "email_click_2").map((step) => step.name)).toEqual(["Clicked?", "Tag", "Reminder"]);
  });

  it("does not move a branch into itself", () => {
    expect(mayMove(invitation(), "email_send_1", { parent: "contact_tags_1", path: null })).toBe(false);
    expect(mayMove(invitation(), "contact_tags_1", { parent: "email_send_2", path: null })).toBe(true);
  });
});

describe("the layout", () => {
  it("puts every step below its parent, yes left of no, without overlap", () => {
    const steps = invitation();
    const placed = layout(steps);
    const at = (key: string) => placed.steps.find((step) => step.key === key)!;
    for (const step of steps) {
      const above = step.parent ? at(step.parent) : placed.source;
      expect(at(step.key).y).toBeGreaterThan(above.y + above.height);
    }
    expect(at("contact_tags_1").x + at("contact_tags_1").width).toBeLessThanOrEqual(at("email_send_2").x);
  });

  it("ends every open path with a plus sign", () => {
    expect(layout([]).ends).toHaveLength(1);
    expect(layout(invitation()).ends).toHaveLength(2);
  });

  it("lets nothing follow a jump, and a copied jump leads to the copy", () => {
    const email = addStep([], root, type("email.send"), "Mail", false);
    const jump = addStep(email.steps, { parent: email.key, path: null }, type("flow.jump"), "Again", false);
    const steps = jump.steps.map((step) =>
      step.key === jump.key ? { ...step, settings: { to: email.key } } : step,
    );
    expect(slotsOf(steps[1] as Step)).toEqual([]);
    expect(allowedTypes(steps, { parent: jump.key, path: null })).toEqual([]);
    const copied = copyBranch(steps, email.key);
    expect(copied[3]?.settings.to).toBe(copied[2]?.key);
    expect(steps[1]?.settings.to).toBe(email.key);
  });

  it("knows what is not set up yet", () => {
    const made = (name: string, settings: Record<string, unknown>): Step => {
      const step = addStep([], root, type(name), "x", false).steps[0] as Step;
      return { ...step, settings: { ...step.settings, ...settings } };
    };
    expect(isUnfinished(made("contact.segments", {}))).toBe(true);
    expect(isUnfinished(made("contact.segments", { remove: [3] }))).toBe(false);
    expect(isUnfinished(made("contact.update", {}))).toBe(true);
    expect(isUnfinished(made("contact.campaigns", { remove_this: true }))).toBe(false);
    expect(isUnfinished(made("flow.split", {}))).toBe(false);
    expect(isUnfinished(made("device.used", {}))).toBe(false);
    expect(isUnfinished(made("contact.device", {}))).toBe(true);
  });
});
