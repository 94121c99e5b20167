import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";

type Props = {
  label: string;
  value: number | null;
  onChange: (id: number | null) => void;
  /** Companies that cannot be chosen. */
  without?: number[];
  autoFocus?: boolean;
};

/** Choose a company by name; searches on the server. */
export function CompanySelect({ value, onChange, without = [], autoFocus, label }: Props) {
  const { t } = useTranslation("companies");
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text, 200);
  const { data } = $api.useQuery("get", "/companies", {
    params: { query: { search: search || undefined, sort: "name", limit: 12 } },
  });
  const { data: chosen } = $api.useQuery(
    "get",
    "/companies/{id}",
    { params: { path: { id: value ?? 0 } } },
    { enabled: value != null },
  );
  const found = (data?.items ?? []).filter((one) => !without.includes(one.id));
  const options =
    value != null && chosen?.id === value && !found.some((one) => one.id === value)
      ? [chosen, ...found]
      : found;
  return (
    <Select
      label={label}
      data={options.map((one) => ({ value: String(one.id), label: one.name }))}
      value={value == null ? null : String(value)}
      onChange={(next) => onChange(next == null ? null : Number(next))}
      searchable
      onSearchChange={setText}
      filter={({ options: all }) => all}
      // An empty list of choices is no list: that nothing was found stands below the field.
      description={data && options.length === 0 ? t("common:nothingFound") : undefined}
      inputWrapperOrder={["label", "input", "description", "error"]}
      comboboxProps={{ withinPortal: false }}
      // In a dialog the field has the focus at once: the first Escape closes the dialog, not a list that nobody asked for.
      openOnFocus={false}
      data-autofocus={autoFocus || undefined}
    />
  );
}
