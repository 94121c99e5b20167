import { $api, http, refresh, take } from "../api/client";
import type { Email, EmailDraftState, EmailWrite } from "../api/types";
import { writable } from "./writable";

/** What belongs to the email itself and is never kept in a draft. */
const OWN = [
  "name",
  "kind",
  "published",
  "publish_up",
  "publish_down",
  "segments",
  "excluded_segments",
] as const;

/** An email with what waits to be published; undefined while it is being read. */
export function useEmailWithDraft(id: number) {
  const params = { path: { id } };
  const email = $api.useQuery("get", "/emails/{id}", { params });
  const state = $api.useQuery("get", "/emails/{id}/draft", { params });
  const there = email.data?.id === id && state.data ? { email: email.data, state: state.data } : undefined;
  return {
    there,
    error: email.error ?? state.error,
    retry: () => Promise.all([email.refetch(), state.refetch()]),
  };
}

/** The email as its author goes on writing it: with its draft, whose version counts then. */
export function begun(email: Email, state: EmailDraftState): Email {
  if (!state.live) return email;
  if (!state.draft) return { ...email, version: 0 };
  return { ...state.draft.email, plain_text_auto: email.plain_text_auto, version: state.draft.version };
}

const part = (email: Email, own: boolean) => {
  const all = Object.entries(writable(email));
  const is = (key: string) => (OWN as readonly string[]).includes(key);
  return Object.fromEntries(all.filter(([key]) => key !== "version" && is(key) === own)) as EmailWrite;
};
const same = (a: EmailWrite, b: EmailWrite) => JSON.stringify(a) === JSON.stringify(b);

/** Saves a live email: what readers get goes into the draft, the rest to the email itself. */
export async function saveDraft(draft: Email, before: Email): Promise<Email> {
  const params = { path: { id: draft.id } };
  let kept = draft;
  if (!same(part(draft, true), part(before, true))) {
    await take(http.PATCH("/emails/{id}", { params, body: part(draft, true) }));
  }
  if (!same(part(draft, false), part(before, false))) {
    const body = { ...part(draft, false), version: draft.version };
    const { email, version } = await take(http.PUT("/emails/{id}/draft", { params, body }));
    kept = { ...email, plain_text_auto: draft.plain_text_auto, version };
  }
  await refresh("/emails");
  return kept;
}

/** What the server has, after somebody else changed it. */
export async function readAgain(id: number): Promise<Email> {
  const params = { path: { id } };
  const [email, state] = await Promise.all([
    take(http.GET("/emails/{id}", { params })),
    take(http.GET("/emails/{id}/draft", { params })),
  ]);
  return begun(email, state);
}
