import { keepPreviousData, QueryClient } from "@tanstack/react-query";
import createFetchClient from "openapi-fetch";
import createQueryClient from "openapi-react-query";
import type { paths } from "./schema";
import type { Problem, Session } from "./types";

/** What a failed call throws: the server's problem document, or our words when there was none. */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }
  get status() {
    return this.problem.status;
  }
  /** `segment.in-use` out of `/problems/segment.in-use`. */
  get code() {
    return this.problem.type.replace(/^.*\/problems\//, "");
  }
}

export const API = "/s/api/v1";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
let csrf = "";
let onSignedOut = () => {};

/** The token that unsafe calls carry; it comes with the session. */
export function rememberSession(session: Session | null) {
  csrf = session?.csrf_token ?? "";
}
export function csrfHeaders(): Record<string, string> {
  return csrf ? { "x-csrf-token": csrf } : {};
}
/** Called when any answer says that the session ended. */
export function whenSignedOut(run: () => void) {
  onSignedOut = run;
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  const request_id = response.headers.get("x-request-id");
  try {
    const body = JSON.parse(text) as Problem;
    if (typeof body.title === "string")
      return { ...body, status: body.status ?? response.status, request_id };
  } catch {
    // Not JSON: a proxy in between, or a server that is starting. Our own words follow.
  }
  return {
    type: "/problems/unreadable",
    title: `The server answered ${response.status}`,
    status: response.status,
    detail: text.slice(0, 200) || null,
    request_id,
  };
}

/** Throws what a response says went wrong; used by plain fetches (uploads) too. */
export async function check(response: Response): Promise<Response> {
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401 && !response.url.endsWith("/session")) onSignedOut();
  throw new ApiError(problem);
}

export const http = createFetchClient<paths>({ baseUrl: API });
http.use({
  onRequest({ request }) {
    if (!SAFE.has(request.method) && csrf) request.headers.set("x-csrf-token", csrf);
    // The first page of a list has no cursor; an empty one is not sent.
    const url = new URL(request.url);
    if (url.searchParams.get("cursor") !== "") return request;
    url.searchParams.delete("cursor");
    return new Request(url, request);
  },
  async onResponse({ response }) {
    await check(response);
    return response;
  },
  onError({ error }) {
    if (error instanceof ApiError) return error;
    return new ApiError({ type: "/problems/offline", title: "offline", status: 0, detail: null });
  },
});

/** Query hooks over the same client. */
export const $api = createQueryClient(http);

/** The value of a call; the middleware has thrown already when there is none. */
export async function take<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      placeholderData: keepPreviousData,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400),
      refetchOnWindowFocus: false,
    },
  },
});

/** Everything read below these paths is read again. */
export function refresh(...prefixes: string[]) {
  return queries.invalidateQueries({
    predicate: ({ queryKey }) => prefixes.some((p) => String(queryKey[1] ?? "").startsWith(p)),
  });
}

/** Paging options for cursor lists: pass to `$api.useInfiniteQuery`. */
export const byCursor = {
  pageParamName: "cursor",
  // The first page: an empty cursor. With undefined the library would send 0.
  initialPageParam: "" as unknown,
  getNextPageParam: (last: unknown) => (last as { next_cursor?: string | null })?.next_cursor ?? undefined,
};
