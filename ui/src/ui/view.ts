import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** The view state of a screen lives in its address: what is searched, filtered, sorted, opened. */
export function useView<S extends object>(): [S, (patch: Partial<S>) => void] {
  const view = useSearch({ strict: false } as never) as S;
  const navigate = useNavigate();
  const change = useCallback(
    (patch: Partial<S>) => {
      const blankless = Object.fromEntries(
        Object.entries(patch).map(([key, value]) => [key, value === "" ? undefined : value]),
      );
      navigate({
        to: ".",
        search: ((old: object) => ({ ...old, ...blankless })) as never,
        replace: true,
      });
    },
    [navigate],
  );
  return [view, change];
}
