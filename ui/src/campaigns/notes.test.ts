import { describe, expect, it } from "vitest";
import { notesOf, placeNotes, withNotes } from "./notes";

describe("sticky notes", () => {
  it("are kept beside whatever else a picture holds", () => {
    const note = { id: "a", text: "Ask Grace first", at: null };
    const kept = withNotes({ zoom: 1 } as never, [note]);
    expect(kept).toMatchObject({ zoom: 1 });
    expect(notesOf(kept)).toEqual([note]);
    expect(notesOf(null)).toEqual([]);
    expect(notesOf({ notes: [{ id: 3 }, "x"] } as never)).toEqual([]);
  });

  it("stand at the height of their step and never cover each other", () => {
    const steps = [{ key: "mail", x: 0, y: 178 }];
    const notes = [
      { id: "a", text: "", at: "mail" },
      { id: "b", text: "", at: "mail" },
      { id: "c", text: "", at: null },
    ];
    const placed = placeNotes(notes, steps, { x: 0, y: 0 }, -300);
    expect(placed.map((note) => [note.id, note.y])).toEqual([
      ["c", 0],
      ["a", 178],
      ["b", 294],
    ]);
  });
});
