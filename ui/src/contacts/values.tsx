import { Autocomplete, MultiSelect, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Field, FieldValue } from "../api/types";
import { useSession } from "../app/session";
import { date, dateTime, number } from "../ui/format";
import { fromLocalInput, toLocalInput } from "../ui/zoned";
import { locales, localesWith, timezones } from "../ui/zones";

/** A value as people read it: the label of an option, a formatted date, Yes instead of true. */
function valueText(field: Field, value: FieldValue | undefined, yes: string, no: string): string {
  if (value === null || value === undefined || value === "") return "";
  const label = (one: string) => field.options.find((option) => option.value === one)?.label ?? one;
  switch (field.type) {
    case "boolean":
      return value === true || value === 1 || value === "1"
        ? (field.labels?.yes ?? yes)
        : (field.labels?.no ?? no);
    case "select":
      return label(String(value));
    case "multiselect":
      return (Array.isArray(value) ? value : String(value).split("|")).map(label).join(", ");
    case "date":
      return date(String(value));
    case "time":
      return String(value).slice(0, 5);
    case "datetime":
      return dateTime(String(value));
    case "number":
      return typeof value === "number" ? number(value) : String(value);
    default:
      return String(value);
  }
}

export function FieldText({ field, value }: { field: Field; value: FieldValue | undefined }): ReactNode {
  const { t } = useTranslation();
  return valueText(field, value, t("yes"), t("no")) || "–";
}

type InputProps = {
  field: Field;
  value: FieldValue;
  onChange: (value: FieldValue) => void;
  error?: string;
  autoFocus?: boolean;
  hideLabel?: boolean;
};

/** The input that fits the type of a field. */
export function FieldInput({ field, value, onChange, error, autoFocus, hideLabel }: InputProps) {
  const { t } = useTranslation();
  const zone = useSession().site.timezone;
  const common = {
    label: hideLabel ? undefined : field.label,
    "aria-label": field.label,
    error,
    autoFocus,
    required: field.required && !hideLabel,
  };
  const text = value == null ? "" : String(value);
  const choices = field.options.map((option) => ({ value: option.value, label: option.label }));
  const select = (data: { value: string; label: string }[] | string[]) => (
    <Select
      {...common}
      data={data}
      searchable
      clearable
      clearButtonProps={{ "aria-label": t("remove") }}
      value={text || null}
      onChange={(next) => onChange(next)}
    />
  );
  switch (field.type) {
    case "html":
    case "long_text":
      return (
        <Textarea
          {...common}
          autosize
          minRows={2}
          value={text}
          onChange={(e) => onChange(e.currentTarget.value)}
        />
      );
    case "number":
      return (
        <NumberInput
          {...common}
          value={value == null || value === "" ? "" : Number(value)}
          onChange={(next) => onChange(next === "" ? null : Number(next))}
        />
      );
    case "boolean":
      return (
        <Select
          {...common}
          clearable
          clearButtonProps={{ "aria-label": t("remove") }}
          data={[
            { value: "true", label: field.labels?.yes ?? t("yes") },
            { value: "false", label: field.labels?.no ?? t("no") },
          ]}
          value={
            value === null || value === "" ? null : String(value === true || value === 1 || value === "1")
          }
          onChange={(next) => onChange(next === null ? null : next === "true")}
        />
      );
    case "select":
      return select(choices);
    case "multiselect":
      return (
        <MultiSelect
          {...common}
          data={choices}
          searchable
          value={Array.isArray(value) ? value : text ? text.split("|") : []}
          onChange={onChange}
        />
      );
    case "timezone":
      return select(timezones());
    case "locale":
      return select(text ? localesWith(text) : locales());
    case "date":
      return (
        <TextInput
          {...common}
          type="date"
          value={text}
          onChange={(e) => onChange(e.currentTarget.value || null)}
        />
      );
    case "time":
      return (
        <TextInput
          {...common}
          type="time"
          value={text.slice(0, 5)}
          onChange={(e) => onChange(e.currentTarget.value || null)}
        />
      );
    case "lookup":
      return (
        <Autocomplete
          {...common}
          data={choices.map((choice) => choice.value)}
          value={text}
          maxLength={field.char_limit ?? undefined}
          onChange={onChange}
        />
      );
    case "datetime":
      return (
        <TextInput
          {...common}
          type="datetime-local"
          value={toLocalInput(text, zone)}
          onChange={(e) =>
            onChange(e.currentTarget.value ? fromLocalInput(e.currentTarget.value, zone) : null)
          }
        />
      );
    default: {
      const types: Record<string, string> = { email: "email", url: "url", phone: "tel" };
      return (
        <TextInput
          {...common}
          type={types[field.type] ?? "text"}
          value={text}
          maxLength={field.char_limit ?? undefined}
          onChange={(e) => onChange(e.currentTarget.value)}
        />
      );
    }
  }
}
