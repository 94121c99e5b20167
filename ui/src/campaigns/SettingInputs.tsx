import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Skeleton,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import type { Step } from "../api/types";
import { useSession } from "../app/session";
import { CompanySelect } from "../companies/CompanySelect";
import { useFields } from "../contacts/use-fields";
import { TagNames, ThingSelect, ThingsSelect } from "../ui/pickers";
import { fromLocalInput, toLocalInput } from "../ui/zoned";
import type { Setting } from "./catalogue";

const FilterInput = lazy(() => import("./FilterInput"));

type Values = Record<string, unknown>;
type Props = { inputs: Setting[]; step: Step; steps: Step[]; onChange: (settings: Values) => void };

/** The inputs of a step that has no form of its own. */
export function SettingInputs({ inputs, step, steps, onChange }: Props) {
  return inputs.map((input) => (
    <Input key={input.key} input={input} step={step} steps={steps} onChange={onChange} />
  ));
}

const list = <T,>(value: unknown) => (Array.isArray(value) ? (value as T[]) : []);

function Input({ input, step, steps, onChange }: Omit<Props, "inputs"> & { input: Setting }) {
  const { t } = useTranslation("campaigns");
  const zone = useSession().site.timezone;
  const name = input.label ?? input.key;
  const label = t(`set.${name}`);
  const description = t(`set.${name}Hint`, { defaultValue: "" }) || undefined;
  const required = input.needed === true;
  const value = step.settings[input.key];
  const set = (next: unknown) => onChange({ [input.key]: next });
  const common = { label, description, required };
  switch (input.as) {
    case "thing":
      return (
        <ThingSelect kind={input.of} {...common} clearable value={Number(value) || null} onChange={set} />
      );
    case "things":
      return <ThingsSelect kind={input.of} {...common} value={list<number>(value)} onChange={set} />;
    case "user":
      return <UserInput {...common} value={value == null ? [] : [Number(value)]} one onChange={set} />;
    case "users":
      return <UserInput {...common} value={list<number>(value)} onChange={set} />;
    case "company":
      return <CompanySelect label={label} value={Number(value) || null} onChange={set} />;
    case "tags":
      return <TagNames label={label} value={list<string>(value)} onChange={set} />;
    case "texts":
      return <TagsInput {...common} data={input.known} value={list<string>(value)} onChange={set} />;
    case "text":
      return (
        <TextInput
          {...common}
          value={String(value ?? "")}
          onChange={(event) => set(event.currentTarget.value)}
        />
      );
    case "long":
      return (
        <Textarea
          {...common}
          autosize
          minRows={2}
          value={String(value ?? "")}
          onChange={(event) => set(event.currentTarget.value)}
        />
      );
    case "number":
      return (
        <NumberInput {...common} value={Number(value ?? 0)} onChange={(next) => set(Number(next) || 0)} />
      );
    case "percent":
      return (
        <NumberInput
          {...common}
          min={0}
          max={100}
          clampBehavior="strict"
          suffix=" %"
          value={Number(value ?? 50)}
          onChange={(next) => set(Number(next) || 0)}
        />
      );
    case "switch":
      return (
        <Checkbox
          label={label}
          description={description}
          checked={value === true}
          onChange={(event) => set(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <Select
          {...common}
          allowDeselect={false}
          data={input.options.map((one) => ({
            value: one,
            label: t(`choice.${name}.${one}`, { defaultValue: one }),
          }))}
          value={String(value ?? input.options[0])}
          onChange={(next) => set(typeof value === "number" ? Number(next) : next)}
        />
      );
    case "instant":
      return (
        <TextInput
          {...common}
          type="datetime-local"
          value={toLocalInput(typeof value === "string" ? value : null, zone)}
          onChange={(event) => set(fromLocalInput(event.currentTarget.value, zone))}
        />
      );
    case "step":
      return (
        <Select
          {...common}
          data={steps
            .filter((one) => one.kind !== "decision" && one.key !== step.key)
            .map((one) => ({ value: one.key, label: one.name || t(`type.${one.type}`) }))}
          value={typeof value === "string" ? value : null}
          onChange={set}
        />
      );
    case "filter":
      return (
        <Suspense fallback={<Skeleton h={80} animate={false} />}>
          <FilterInput label={label} value={value} onChange={set} />
        </Suspense>
      );
    case "pairs":
      return <PairsInput label={label} description={description} value={list<Pair>(value)} onChange={set} />;
    case "fields":
      return (
        <FieldsInput object={input.object} value={(value ?? {}) as Record<string, unknown>} onChange={set} />
      );
  }
}

type UserProps = {
  label: string;
  required: boolean;
  description?: string;
  value: number[];
  one?: boolean;
  onChange: (value: unknown) => void;
};

function UserInput({ value, one, onChange, ...rest }: UserProps) {
  const { data } = $api.useQuery("get", "/users", {}, { staleTime: 60_000 });
  const options = (data?.items ?? []).map((user) => ({
    value: String(user.id),
    label: `${user.first_name} ${user.last_name}`.trim() || user.email,
  }));
  if (one) {
    return (
      <Select
        {...rest}
        data={options}
        searchable
        value={value.length ? String(value[0]) : null}
        onChange={(next) => onChange(next == null ? null : Number(next))}
      />
    );
  }
  return (
    <MultiSelect
      {...rest}
      data={options}
      searchable
      hidePickedOptions
      value={value.map(String)}
      onChange={(next) => onChange(next.map(Number))}
    />
  );
}

type Pair = { name: string; value: string };
type PairsProps = { label: string; description?: string; value: Pair[]; onChange: (pairs: Pair[]) => void };

function PairsInput({ label, description, value, onChange }: PairsProps) {
  const { t } = useTranslation("campaigns");
  const change = (at: number, patch: Partial<Pair>) =>
    onChange(value.map((pair, index) => (index === at ? { ...pair, ...patch } : pair)));
  return (
    <Stack gap={6} role="group" aria-label={label}>
      <div>
        <Text size="sm" fw={500}>
          {label}
        </Text>
        {description && (
          <Text size="xs" c="dimmed">
            {description}
          </Text>
        )}
      </div>
      {value.map((pair, index) => (
        <Group key={index} gap={6} wrap="nowrap">
          <TextInput
            aria-label={t("set.pairName", { label })}
            placeholder={t("common:name")}
            value={pair.name}
            onChange={(event) => change(index, { name: event.currentTarget.value })}
          />
          <TextInput
            aria-label={t("set.pairValue", { label })}
            placeholder={t("set.value")}
            value={pair.value}
            onChange={(event) => change(index, { value: event.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            aria-label={t("common:remove")}
            onClick={() => onChange(value.filter((_, at) => at !== index))}
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <Button
        size="xs"
        variant="default"
        w="fit-content"
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => onChange([...value, { name: "", value: "" }])}
      >
        {t("set.addPair")}
      </Button>
    </Stack>
  );
}

type FieldsProps = {
  object: "contact" | "company";
  value: Record<string, unknown>;
  onChange: (fields: Record<string, unknown>) => void;
};

/** Fields with what is written into them: as texts, so that tokens and dates like “+1 day” can stand there. */
function FieldsInput({ object, value, onChange }: FieldsProps) {
  const { t } = useTranslation("campaigns");
  const fields = useFields(object);
  const chosen = Object.keys(value);
  const label = (alias: string) => fields.find((one) => one.alias === alias)?.label ?? alias;
  return (
    <Stack gap={8}>
      {chosen.map((alias) => (
        <Group key={alias} gap={6} wrap="nowrap" align="flex-end">
          <TextInput
            flex={1}
            label={label(alias)}
            value={Array.isArray(value[alias]) ? value[alias].join("|") : String(value[alias] ?? "")}
            onChange={(event) => onChange({ ...value, [alias]: event.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            mb={4}
            aria-label={t("set.leaveField", { name: label(alias) })}
            onClick={() =>
              onChange(Object.fromEntries(Object.entries(value).filter(([key]) => key !== alias)))
            }
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <Select
        label={t("set.addField")}
        description={t("set.fieldsHint")}
        searchable
        value={null}
        data={fields
          .filter((one) => !chosen.includes(one.alias))
          .map((one) => ({ value: one.alias, label: one.label }))}
        onChange={(alias) => alias && onChange({ ...value, [alias]: "" })}
      />
    </Stack>
  );
}
