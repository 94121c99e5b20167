import { $api } from "../api/client";
import type { Field } from "../api/types";

const NONE: Field[] = [];

/** The visible fields of contacts, or of companies, in their order. */
export function useFields(object: Field["object"] = "contact"): Field[] {
  const params = { query: { object } };
  const { data } = $api.useQuery("get", "/fields", { params }, { staleTime: 30_000, select: visible });
  return data ?? NONE;
}

function visible(list: { items: Field[] }): Field[] {
  return list.items.filter((field) => field.visible).sort((a, b) => a.order - b.order);
}
