import type { Step } from "../api/types";
import { childrenIn, type Slot, slotsOf } from "./tree";

const NODE = { width: 248, height: 104 };
const END = { width: 44, height: 44 };
const GAP = { x: 44, y: 74 };

export type Placed = { id: string; x: number; y: number; width: number; height: number };
type EndNode = Placed & { slot: Slot };
type Link = { id: string; source: string; target: string; slot: Slot; toEnd: boolean };
export type Layout = {
  source: Placed;
  steps: (Placed & { key: string })[];
  ends: EndNode[];
  links: Link[];
};

/** A node with what hangs below it and the width that all of it needs. */
type Twig = {
  id: string;
  width: number;
  height: number;
  key?: string;
  slot?: Slot;
  below: Twig[];
  span: number;
};

function slotId(slot: Slot): string {
  return `${slot.parent ?? "source"}:${slot.path ?? ""}`;
}

/**
 * Places the flow from top to bottom: a parent stands in the middle above its children, the yes path always
 * left of the no path. Each slot without a step gets an end with a plus sign. A campaign is a tree, so a walk
 * is enough, and the same steps always give the same picture.
 */
export function layout(steps: Step[]): Layout {
  const links: Link[] = [];

  const twig = (id: string, slots: Slot[], key?: string): Twig => {
    const below = slots.flatMap((slot) => {
      const children = childrenIn(steps, slot);
      if (!children.length) {
        const end = `end-${slotId(slot)}`;
        links.push({ id: `${slotId(slot)}>end`, source: id, target: end, slot, toEnd: true });
        return [{ id: end, ...END, slot, below: [], span: slots.length > 1 ? NODE.width / 2 : END.width }];
      }
      return children.map((child) => {
        links.push({
          id: `${slotId(slot)}>${child.key}`,
          source: id,
          target: child.key,
          slot,
          toEnd: false,
        });
        return twig(child.key, slotsOf(child), child.key);
      });
    });
    const needed = below.reduce((sum, one) => sum + one.span, 0) + GAP.x * Math.max(0, below.length - 1);
    return { id, ...NODE, key, below, span: Math.max(NODE.width, needed) };
  };

  const result: Layout = { source: { id: "source", x: 0, y: 0, ...NODE }, steps: [], ends: [], links };
  const place = (one: Twig, left: number, top: number) => {
    const { id, width, height } = one;
    const placed = { id, width, height, x: left + (one.span - width) / 2, y: top };
    if (one.slot) result.ends.push({ ...placed, slot: one.slot });
    else if (one.key) result.steps.push({ ...placed, key: one.key });
    else result.source = placed;
    const taken = one.below.reduce((sum, child) => sum + child.span, 0) + GAP.x * (one.below.length - 1);
    let at = left + (one.span - taken) / 2;
    for (const child of one.below) {
      place(child, at, top + height + GAP.y);
      at += child.span + GAP.x;
    }
  };
  place(twig("source", [{ parent: null, path: null }]), 0, 0);
  return result;
}
