import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { http, take } from "../api/client";
import type { SegmentPreview, SegmentPreviewIn } from "../api/types";

type Counted = { data: SegmentPreview | undefined; pending: boolean; error: Error | null };

/**
 * Whom a filter selects while it is edited: estimated at once where there are very many contacts, then, when the filter
 * has rested for a moment, counted among everybody.
 */
export function usePreview(body: SegmentPreviewIn): Counted {
  const ask = (everybody: boolean) => () =>
    take(http.POST("/segments/preview", { body: { ...body, everybody } }));
  const enabled = body.filter.rules.length > 0;
  const quick = useQuery({
    queryKey: ["post", "/segments/preview", body, "quick"],
    queryFn: ask(false),
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 2_000,
    retry: false,
  });
  const asked = JSON.stringify(body);
  const [rested] = useDebouncedValue(asked, 1_000);
  const whole = useQuery({
    queryKey: ["post", "/segments/preview", body, "whole"],
    queryFn: ask(true),
    enabled: enabled && rested === asked && !quick.isPlaceholderData && quick.data?.exact === false,
    staleTime: 10_000,
    retry: false,
  });
  return {
    data: whole.data ?? quick.data,
    pending: quick.isFetching || whole.isFetching,
    error: quick.error,
  };
}
