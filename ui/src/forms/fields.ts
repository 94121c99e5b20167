import type { FormField, FormFieldKind } from "../api/types";

/** A short name for a field that no other field of the form has. */
export function freeAlias(wish: string, taken: string[]): string {
  const base =
    wish
      .normalize("NFKD")
      .replace(/[\u0300-\u036f]/g, "")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .replace(/^_+|_+$/g, "")
      .slice(0, 25) || "field";
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}

export function newField(type: FormFieldKind, taken: string[], label: string): FormField {
  return {
    id: 0,
    alias: freeAlias(type === "email" ? "email" : label, taken),
    label,
    type,
    required: false,
    placeholder: "",
    help: "",
    default_value: "",
    options: type === "select" ? [{ label: "One", value: "one" }] : [],
    validation_message: "",
    mapped_field: type === "email" && !taken.includes("email") ? "email" : null,
    purpose: type === "consent" ? "newsletter" : "",
    consent_text: "",
  };
}

/** The list with one entry at another place. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  if (to < 0 || to >= list.length || from === to) return list;
  const next = [...list];
  const [one] = next.splice(from, 1);
  next.splice(to, 0, one as T);
  return next;
}
