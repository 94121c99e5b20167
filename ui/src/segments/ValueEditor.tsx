import { Group, MultiSelect, NumberInput, Select, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { CatalogueField, ValueKind } from "../api/types";
import { type ThingKind, ThingsSelect } from "../ui/pickers";
import { BehaviourInput } from "./BehaviourInput";
import { DATE_KEYWORDS, printDate, readDate } from "./filter";
import { IntervalInput } from "./IntervalInput";
import { ShareInput } from "./ShareInput";

type Props = {
  field: CatalogueField;
  kind: ValueKind;
  operator: string;
  value: unknown;
  onChange: (value: unknown) => void;
};

const SOURCES = new Set([
  "tags",
  "segments",
  "company_segments",
  "emails",
  "forms",
  "pages",
  "campaigns",
  "stages",
  "categories",
  "users",
]);

/** The value of a condition, in the way its operator wants it. */
export function ValueInput({ field, kind, operator, value, onChange }: Props) {
  const { t } = useTranslation("segments");
  const label = t("builder.valueOf", { name: field.label });
  const options = (field.options ?? []).map((option) => ({ value: option.value, label: option.label }));
  switch (kind) {
    case "none":
      return null;
    case "number":
      return (
        <NumberInput
          aria-label={label}
          w={130}
          value={value === "" || value == null ? "" : Number(value)}
          onChange={(next) => onChange(next === "" ? "" : Number(next))}
        />
      );
    case "boolean":
      return (
        <Select
          aria-label={label}
          w={110}
          allowDeselect={false}
          data={[
            { value: "true", label: t("common:yes") },
            { value: "false", label: t("common:no") },
          ]}
          value={String(value === true || value === 1 || value === "1")}
          onChange={(next) => onChange(next === "true")}
        />
      );
    case "option":
      return (
        <Select
          aria-label={label}
          w={200}
          data={options}
          searchable
          allowDeselect={false}
          value={value == null || value === "" ? null : String(value)}
          onChange={(next) => onChange(next ?? "")}
        />
      );
    case "options":
      return options.length ? (
        <MultiSelect
          aria-label={label}
          miw={220}
          data={options}
          searchable
          hidePickedOptions
          value={asList(value).map(String)}
          onChange={onChange}
        />
      ) : (
        <TagsInput
          aria-label={label}
          miw={220}
          placeholder={asList(value).length ? undefined : t("builder.listHint")}
          value={asList(value).map(String)}
          onChange={onChange}
        />
      );
    case "ids":
      return field.source && SOURCES.has(field.source) ? (
        <ThingsSelect
          aria-label={label}
          kind={field.source as ThingKind}
          w={260}
          value={asList(value).map(Number)}
          onChange={onChange}
        />
      ) : (
        <TagsInput aria-label={label} miw={220} value={asList(value).map(String)} onChange={onChange} />
      );
    case "date":
    case "datetime":
      return <DateInput label={label} value={value} onChange={onChange} exact={operator} kind={kind} />;
    case "interval":
      return <IntervalInput label={label} value={value} onChange={onChange} />;
    case "behaviour":
      return <BehaviourInput field={field} value={value} onChange={onChange} />;
    case "share":
      return <ShareInput value={value} onChange={onChange} />;
    case "range": {
      const [from, to] = asList(value).length === 2 ? asList(value) : ["", ""];
      const type = field.type === "number" ? "number" : field.type.startsWith("date") ? "date" : "text";
      const read = (text: string) => (type === "number" && text !== "" ? Number(text) : text);
      return (
        <Group gap={6} wrap="nowrap">
          <TextInput
            aria-label={t("builder.from")}
            type={type}
            w={140}
            value={String(from ?? "")}
            onChange={(event) => onChange([read(event.currentTarget.value), to])}
          />
          <Text size="sm">{t("builder.and")}</Text>
          <TextInput
            aria-label={t("builder.to")}
            type={type}
            w={140}
            value={String(to ?? "")}
            onChange={(event) => onChange([from, read(event.currentTarget.value)])}
          />
        </Group>
      );
    }
    default:
      return (
        <TextInput
          aria-label={label}
          w={200}
          placeholder={operator.includes("regexp") ? "^[a-c].*" : undefined}
          value={value == null ? "" : String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value == null || value === "" ? [] : [value];
}

type DateProps = {
  label: string;
  value: unknown;
  exact: string;
  kind: ValueKind;
  onChange: (value: unknown) => void;
};

/** A date as a word, as a distance from today, or as a day in the calendar. */
function DateInput({ label, value, kind, onChange }: DateProps) {
  const { t } = useTranslation("segments");
  const form = readDate(value);
  const choices = [
    ...DATE_KEYWORDS.map((keyword) => ({ value: keyword, label: t(`builder.dates.${keyword}`) })),
    { value: "ago", label: t("builder.dates.ago") },
    { value: "ahead", label: t("builder.dates.ahead") },
    { value: "on", label: t("builder.dates.on") },
  ];
  return (
    <Group gap={6}>
      <Select
        aria-label={label}
        w={170}
        data={choices}
        allowDeselect={false}
        value={form.mode === "keyword" ? form.keyword : form.mode}
        onChange={(next) => {
          if (next === "ago" || next === "ahead") {
            onChange(printDate({ mode: next, amount: 7, unit: "day" }));
          } else if (next === "on") onChange("");
          else if (next) onChange(next);
        }}
      />
      {(form.mode === "ago" || form.mode === "ahead") && (
        <>
          <NumberInput
            aria-label={t("builder.amount")}
            w={80}
            min={1}
            value={form.amount}
            onChange={(next) => onChange(printDate({ ...form, amount: Number(next) || 1 }))}
          />
          <Select
            aria-label={t("builder.unit")}
            w={120}
            allowDeselect={false}
            data={[...(kind === "datetime" ? ["hour"] : []), "day", "week", "month", "year"].map((key) => ({
              value: key,
              label: t(`builder.units.${key}`, { count: form.amount }),
            }))}
            value={form.unit}
            onChange={(next) => onChange(printDate({ ...form, unit: next ?? "day" }))}
          />
        </>
      )}
      {form.mode === "on" && (
        <TextInput
          type="date"
          aria-label={t("builder.dates.on")}
          value={form.date.slice(0, 10)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Group>
  );
}

/** "None of the following": turns the meaning of a group around. */
export function NotSwitch(props: { checked: boolean; onChange: (checked: boolean) => void }) {
  const { t } = useTranslation("segments");
  return (
    <Switch
      size="xs"
      label={t("builder.not")}
      checked={props.checked}
      onChange={(event) => props.onChange(event.currentTarget.checked)}
    />
  );
}
