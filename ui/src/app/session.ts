import { useSuspenseQuery } from "@tanstack/react-query";
import { API, ApiError, check, queries, rememberSession } from "../api/client";
import type { Session } from "../api/types";
import { setFormat } from "../ui/format";

export const SESSION_KEY = ["get", "/session"] as const;

/** Who is signed in, or null. Also teaches the client its token and the formats of the workspace. */
export async function readSession(): Promise<Session | null> {
  try {
    const session = (await (await check(await fetch(`${API}/session`))).json()) as Session;
    adopt(session);
    return session;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export function adopt(session: Session | null) {
  rememberSession(session);
  if (session) setFormat(session.site.timezone, session.site.locale);
  queries.setQueryData(SESSION_KEY, session);
}

/** The session of a screen behind the sign-in; the router has loaded it before. */
export function useSession(): Session {
  const { data } = useSuspenseQuery({
    queryKey: SESSION_KEY,
    queryFn: readSession,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data as Session;
}

/** Viewers look at everything and change nothing. The server decides; this hides what would be refused. */
export function useMayEdit(): boolean {
  return useSession().user.role !== "viewer";
}

/** Settings and users are for administrators. */
export function useMayGovern(): boolean {
  return useSession().user.role === "administrator";
}
