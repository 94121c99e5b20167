import { useRef, useState } from "react";
import { http, refresh, take } from "../api/client";
import type { Email, EmailDraftState } from "../api/types";
import { type Editor, useEditor } from "../ui/editor";
import { begun, readAgain, saveDraft } from "./draft";
import { writable } from "./writable";

export type EditorProps = { email: Email; state: EmailDraftState };

/** An email that saves itself; what readers get already is kept as a draft until it is published. */
export function useEmailEditor({ email, state }: EditorProps): Editor<Email> {
  const params = { path: { id: email.id } };
  // Whether it is live is decided when the editor opens: what was begun as a draft stays one.
  const [live] = useState(state.live);
  const known = useRef(begun(email, state));
  return useEditor<Email>({
    initial: known.current,
    autosave: true,
    save: async (draft) => {
      if (live) {
        known.current = await saveDraft(draft, known.current);
        return known.current;
      }
      const kept = await take(http.PATCH("/emails/{id}", { params, body: writable(draft) }));
      await refresh("/emails");
      return kept;
    },
    reload: async () => {
      known.current = await readAgain(email.id);
      return known.current;
    },
  });
}
