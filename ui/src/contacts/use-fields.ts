import { $api } from "../api/client";
import type { Field } from "../api/types";

const NONE: Field[] = [];

/** The visible contact fields in their order. */
export function useFields(): Field[] {
  const { data } = $api.useQuery("get", "/fields", {}, { staleTime: 30_000, select: visible });
  return data ?? NONE;
}

function visible(list: { items: Field[] }): Field[] {
  return list.items.filter((field) => field.visible).sort((a, b) => a.order - b.order);
}
