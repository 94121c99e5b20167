import { MultiSelect, Select, TagsInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import type { Contact } from "../api/types";

export type ThingKind =
  | "segments"
  | "company_segments"
  | "emails"
  | "forms"
  | "pages"
  | "tags"
  | "campaigns"
  | "stages"
  | "categories"
  | "point_groups"
  | "users";
const PATHS = {
  segments: "/segments",
  company_segments: "/company-segments",
  emails: "/emails",
  forms: "/forms",
  pages: "/pages",
  tags: "/tags",
  campaigns: "/campaigns",
  stages: "/stages",
  categories: "/categories",
  point_groups: "/points/groups",
  // Whoever may own contacts, by name: everybody who signs in may read these.
  users: "/contacts/owners",
} as const;

/** The things of a kind as options, by name. */
export function useThings(kind: ThingKind, enabled = true): { value: string; label: string }[] {
  const { data } = $api.useQuery(
    "get",
    PATHS[kind],
    { params: { query: { limit: 200 } } },
    { enabled, staleTime: 15_000 },
  );
  const items = Array.isArray(data) ? data : (data?.items ?? []);
  return (items as { id: number; name?: string; title?: string }[]).map((thing) => ({
    value: String(thing.id),
    label: thing.name ?? thing.title ?? `#${thing.id}`,
  }));
}

type One = {
  kind: ThingKind;
  label?: string;
  "aria-label"?: string;
  description?: string;
  placeholder?: string;
  value: number | null;
  onChange: (id: number | null) => void;
  error?: string;
  required?: boolean;
  disabled?: boolean;
  w?: number | string;
  clearable?: boolean;
};

/** Choose one thing by name. */
export function ThingSelect({ kind, value, onChange, ...rest }: One) {
  const { t } = useTranslation();
  const options = useThings(kind);
  return (
    <Select
      data={options}
      value={value == null ? null : String(value)}
      onChange={(next) => onChange(next == null ? null : Number(next))}
      searchable
      nothingFoundMessage={t("nothingFound")}
      comboboxProps={{ withinPortal: true }}
      clearButtonProps={{ "aria-label": t("remove"), "aria-hidden": false, tabIndex: 0 }}
      {...rest}
    />
  );
}

type Many = Omit<One, "value" | "onChange" | "clearable"> & {
  value: number[];
  onChange: (ids: number[]) => void;
};

/** Choose several things by name. */
export function ThingsSelect({ kind, value, onChange, ...rest }: Many) {
  const { t } = useTranslation();
  const options = useThings(kind);
  return (
    <MultiSelect
      data={options}
      value={value.map(String)}
      onChange={(next) => onChange(next.map(Number))}
      searchable
      hidePickedOptions
      nothingFoundMessage={t("nothingFound")}
      {...rest}
    />
  );
}

type TagsProps = {
  label?: string;
  "aria-label"?: string;
  description?: string;
  placeholder?: string;
  value: string[];
  onChange: (names: string[]) => void;
  error?: string;
  autoFocus?: boolean;
};

/** Tags by name: known ones are suggested, new ones are made by typing. */
export function TagNames(props: TagsProps) {
  const known = useThings("tags").map((tag) => tag.label);
  return <TagsInput data={[...new Set(known)]} splitChars={[","]} {...props} />;
}

type PersonProps = {
  label?: string;
  "aria-label"?: string;
  placeholder?: string;
  value: number | null;
  onChange: (id: number | null, contact: Contact | null) => void;
  w?: number | string;
  description?: string;
};

/** Choose a contact by name or email; searches on the server. */
export function ContactSelect({ value, onChange, ...rest }: PersonProps) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text, 200);
  // The people found before stay until the next are there: a click on one of them is never lost.
  const { data } = $api.useQuery(
    "get",
    "/contacts",
    { params: { query: { search: search || undefined, limit: 12 } } },
    { placeholderData: keepPreviousData },
  );
  const { data: chosen } = $api.useQuery(
    "get",
    "/contacts/{id}",
    { params: { path: { id: value ?? 0 } } },
    { enabled: value != null },
  );
  const list = data?.items ?? [];
  const options =
    value != null && chosen?.id === value && !list.some((one) => one.id === value) ? [chosen, ...list] : list;
  return (
    <Select
      data={options.map((one) => ({
        value: String(one.id),
        label:
          one.name && one.email && one.name !== one.email
            ? `${one.name} · ${one.email}`
            : one.name || one.email || `#${one.id}`,
      }))}
      value={value == null ? null : String(value)}
      onChange={(next) => {
        const id = next == null ? null : Number(next);
        onChange(id, options.find((one) => one.id === id) ?? null);
      }}
      searchable
      onSearchChange={setText}
      filter={({ options: all }) => all}
      clearable
      clearButtonProps={{ "aria-label": t("remove"), "aria-hidden": false, tabIndex: 0 }}
      nothingFoundMessage={t("nothingFound")}
      {...rest}
    />
  );
}
