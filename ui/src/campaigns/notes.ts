import type { Campaign } from "../api/types";

/** A sticky note on the canvas, beside a step or beside the start. */
export type Note = { id: string; text: string; at: string | null };

type Layout = Campaign["layout"];

/** The notes that are kept with the picture of a campaign. */
export function notesOf(layout: Layout): Note[] {
  const notes = (layout as { notes?: unknown } | null | undefined)?.notes;
  if (!Array.isArray(notes)) return [];
  return notes.filter((one): one is Note => typeof one?.id === "string" && typeof one.text === "string");
}

/** The picture with other notes; what else is kept with it stays. */
export function withNotes(layout: Layout, notes: Note[]): Layout {
  return { ...(layout ?? {}), notes } as unknown as Layout;
}

const HEIGHT = 104;
const GAP = 12;

type Place = { x: number; y: number };

/** Notes stand left of the flow, each at the height of what it is beside; several at one height stand one below another. */
export function placeNotes(
  notes: Note[],
  steps: (Place & { key: string })[],
  source: Place,
  left: number,
): (Note & Place)[] {
  const wanted = notes
    .map((note) => ({ note, y: steps.find((step) => step.key === note.at)?.y ?? source.y }))
    .sort((a, b) => a.y - b.y);
  let free = Number.NEGATIVE_INFINITY;
  return wanted.map(({ note, y }) => {
    const top = Math.max(y, free);
    free = top + HEIGHT + GAP;
    return { ...note, x: left, y: top };
  });
}
