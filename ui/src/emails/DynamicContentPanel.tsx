import {
  ActionIcon,
  Box,
  Button,
  CopyButton,
  Group,
  MultiSelect,
  SegmentedControl,
  Select,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconBraces, IconPlus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DynamicBlock, DynamicRow, Email, Field } from "../api/types";
import { useFields } from "../contacts/use-fields";
import type { Editor } from "../ui/editor";
import { ThingsSelect } from "../ui/pickers";
import { EmptyState } from "../ui/states";

const SEGMENTS = "leadlist";
const TAGS = "tags";
const TEXT_OPERATORS = [
  "=",
  "!=",
  "empty",
  "!empty",
  "in",
  "!in",
  "contains",
  "startsWith",
  "endsWith",
  "like",
  "!like",
  "regexp",
  "!regexp",
] as const;
const NUMBER_OPERATORS = ["=", "!=", "gt", "gte", "lt", "lte", "empty", "!empty"] as const;
const LIST_OPERATORS = ["in", "!in", "empty", "!empty"] as const;
const YES_NO_OPERATORS = ["=", "!="] as const;

function operatorsOf(row: DynamicRow): readonly string[] {
  if (row.field === SEGMENTS || row.field === TAGS || row.kind === "multiselect") return LIST_OPERATORS;
  if (row.kind === "boolean") return YES_NO_OPERATORS;
  if (row.kind === "number" || row.kind === "date" || row.kind === "datetime") return NUMBER_OPERATORS;
  return TEXT_OPERATORS;
}

function takesList(row: DynamicRow): boolean {
  return row.operator === "in" || row.operator === "!in";
}

const newRow = (glue: string): DynamicRow => ({ glue, field: "", kind: "", operator: "=", value: "" });

/** Parts of the email that differ from person to person. */
export function DynamicContentPanel({ editor }: { editor: Editor<Email> }) {
  const { t } = useTranslation("emails");
  const blocks = editor.draft.dynamic;
  const put = (dynamic: DynamicBlock[]) => editor.set({ dynamic });
  const change = (at: number, patch: Partial<DynamicBlock>) =>
    put(blocks.map((block, number) => (number === at ? { ...block, ...patch } : block)));
  const add = () => {
    let number = blocks.length + 1;
    while (blocks.some((block) => block.name === t("dynamic.newName", { number }))) number += 1;
    put([...blocks, { name: t("dynamic.newName", { number }), content: "", variations: [] }]);
  };
  return (
    <Stack gap="md">
      {!blocks.length && (
        <EmptyState icon={IconBraces} title={t("dynamic.none.title")}>
          {t("dynamic.none.text")}
        </EmptyState>
      )}
      {blocks.map((block, at) => (
        <Block
          key={at}
          block={block}
          error={blockError(editor.fieldErrors, at)}
          change={(patch) => change(at, patch)}
          remove={() => put(blocks.filter((_, number) => number !== at))}
        />
      ))}
      <Group>
        <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={add}>
          {t("dynamic.add")}
        </Button>
      </Group>
    </Stack>
  );
}

function blockError(errors: Record<string, string>, at: number): string | undefined {
  return Object.entries(errors).find(([pointer]) => pointer.startsWith(`dynamic/${at}/`))?.[1];
}

type BlockProps = {
  block: DynamicBlock;
  error?: string;
  change: (patch: Partial<DynamicBlock>) => void;
  remove: () => void;
};

function Block({ block, error, change, remove }: BlockProps) {
  const { t } = useTranslation("emails");
  const token = `{dynamiccontent="${block.name}"}`;
  const setVariation = (at: number, patch: Partial<DynamicBlock["variations"][number]>) =>
    change({
      variations: block.variations.map((one, number) => (number === at ? { ...one, ...patch } : one)),
    });
  return (
    <Box className="hg-card" role="group" aria-label={block.name} p="md">
      <Stack gap="sm">
        <Group align="flex-end" wrap="nowrap">
          <TextInput
            label={t("dynamic.name")}
            value={block.name}
            error={error}
            onChange={(event) => change({ name: event.currentTarget.value })}
            style={{ flex: 1 }}
          />
          <CopyButton value={token}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t("dynamic.copied") : t("dynamic.copy")}
              </Button>
            )}
          </CopyButton>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t("dynamic.remove", { name: block.name })}
            onClick={remove}
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
        {block.variations.map((variation, at) => (
          <Stack
            key={at}
            gap="xs"
            pl="md"
            style={{ borderLeft: "2px solid var(--mantine-color-default-border)" }}
          >
            <Group justify="space-between">
              <Text size="sm" fw={550}>
                {t("dynamic.variation", { number: at + 1 })}
              </Text>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t("dynamic.removeVariation", { number: at + 1 })}
                onClick={() => change({ variations: block.variations.filter((_, number) => number !== at) })}
              >
                <IconX size={16} aria-hidden />
              </ActionIcon>
            </Group>
            <Rows rows={variation.rows} onChange={(rows) => setVariation(at, { rows })} />
            <Textarea
              label={t("dynamic.shows")}
              autosize
              minRows={2}
              value={variation.content}
              onChange={(event) => setVariation(at, { content: event.currentTarget.value })}
            />
          </Stack>
        ))}
        <Group>
          <Button
            variant="subtle"
            size="xs"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() =>
              change({ variations: [...block.variations, { content: "", rows: [newRow("and")] }] })
            }
          >
            {t("dynamic.addVariation")}
          </Button>
        </Group>
        <Textarea
          label={block.variations.length ? t("dynamic.default") : t("dynamic.shows")}
          description={t("dynamic.defaultHint")}
          autosize
          minRows={2}
          value={block.content}
          onChange={(event) => change({ content: event.currentTarget.value })}
        />
      </Stack>
    </Box>
  );
}

/** Who sees a variation: rows joined by "and", groups by "or". */
function Rows({ rows, onChange }: { rows: DynamicRow[]; onChange: (rows: DynamicRow[]) => void }) {
  const { t } = useTranslation("emails");
  const set = (at: number, row: DynamicRow) =>
    onChange(rows.map((old, number) => (number === at ? row : old)));
  return (
    <Stack gap={6}>
      {rows.map((row, at) => (
        <Group key={at} gap={6} align="flex-start">
          {at > 0 && (
            <SegmentedControl
              size="xs"
              aria-label={t("dynamic.glue")}
              data={[
                { value: "and", label: t("dynamic.and") },
                { value: "or", label: t("dynamic.or") },
              ]}
              value={row.glue === "or" ? "or" : "and"}
              onChange={(glue) => set(at, { ...row, glue })}
            />
          )}
          <RowFields row={row} onChange={(next) => set(at, next)} />
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t("dynamic.removeRow", { number: at + 1 })}
            onClick={() => onChange(rows.filter((_, number) => number !== at))}
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button
          variant="subtle"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange([...rows, newRow("and")])}
        >
          {t("dynamic.addRow")}
        </Button>
      </Group>
    </Stack>
  );
}

function useConditionFields() {
  const own = useFields();
  const company = useFields("company");
  return { own, company, all: [...own, ...company] };
}

function RowFields({ row, onChange }: { row: DynamicRow; onChange: (row: DynamicRow) => void }) {
  const { t } = useTranslation("emails");
  const { own, company, all } = useConditionFields();
  const field = all.find((one) => one.alias === row.field);
  const choose = (alias: string | null) => {
    if (!alias) return;
    const kind =
      alias === SEGMENTS || alias === TAGS ? alias : (all.find((one) => one.alias === alias)?.type ?? "");
    const next = { ...row, field: alias, kind, value: "" };
    const operators = operatorsOf(next);
    onChange({ ...next, operator: operators.includes(row.operator) ? row.operator : (operators[0] ?? "=") });
  };
  return (
    <>
      <Select
        aria-label={t("dynamic.field")}
        placeholder={t("dynamic.field")}
        w={190}
        searchable
        allowDeselect={false}
        data={[
          {
            group: t("dynamic.groups.membership"),
            items: [
              { value: SEGMENTS, label: t("dynamic.segment") },
              { value: TAGS, label: t("dynamic.tags") },
            ],
          },
          {
            group: t("dynamic.groups.contact"),
            items: own.map((one) => ({ value: one.alias, label: one.label })),
          },
          {
            group: t("dynamic.groups.company"),
            items: company.map((one) => ({ value: one.alias, label: one.label })),
          },
        ]}
        value={row.field || null}
        onChange={choose}
      />
      <Select
        aria-label={t("dynamic.operator")}
        w={170}
        allowDeselect={false}
        data={operatorsOf(row).map((value) => ({ value, label: t(`dynamic.op.${value}`) }))}
        value={row.operator}
        onChange={(operator) => {
          if (!operator) return;
          const list = operator === "in" || operator === "!in";
          const one = Array.isArray(row.value) ? (row.value[0] ?? "") : row.value;
          const many = Array.isArray(row.value) ? row.value : row.value === "" ? [] : [row.value];
          onChange({ ...row, operator, value: list ? many : one });
        }}
      />
      <RowValue row={row} field={field} onChange={(value) => onChange({ ...row, value })} />
    </>
  );
}

type ValueProps = { row: DynamicRow; field?: Field; onChange: (value: unknown) => void };

function RowValue({ row, field, onChange }: ValueProps) {
  const { t } = useTranslation("emails");
  const label = t("dynamic.value");
  if (row.operator === "empty" || row.operator === "!empty") return null;
  const list = Array.isArray(row.value) ? row.value.map(String) : row.value ? [String(row.value)] : [];
  if (row.field === SEGMENTS) {
    return (
      <ThingsSelect kind="segments" aria-label={label} w={240} value={list.map(Number)} onChange={onChange} />
    );
  }
  const options = field?.options.map((option) => ({ value: option.value, label: option.label })) ?? [];
  if (takesList(row)) {
    return options.length ? (
      <MultiSelect aria-label={label} w={240} data={options} searchable value={list} onChange={onChange} />
    ) : (
      <TagsInput aria-label={label} w={240} splitChars={[","]} value={list} onChange={onChange} />
    );
  }
  const value = typeof row.value === "string" || typeof row.value === "number" ? String(row.value) : "";
  if (row.kind === "boolean") {
    const answers = [
      { value: "1", label: t("common:yes") },
      { value: "0", label: t("common:no") },
    ];
    return (
      <Select
        aria-label={label}
        w={110}
        allowDeselect={false}
        data={answers}
        value={value || null}
        onChange={onChange}
      />
    );
  }
  if (options.length && (row.operator === "=" || row.operator === "!=")) {
    return (
      <Select
        aria-label={label}
        w={200}
        data={options}
        searchable
        value={value || null}
        onChange={onChange}
      />
    );
  }
  return (
    <TextInput
      aria-label={label}
      w={200}
      type={row.kind === "date" ? "date" : "text"}
      inputMode={row.kind === "number" ? "decimal" : undefined}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
