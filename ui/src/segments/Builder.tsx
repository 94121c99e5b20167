import { ActionIcon, Button, Group, Select, Text } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import {
  type ActionProps,
  type CombinatorSelectorProps,
  type FieldSelectorProps,
  type NotToggleProps,
  type OperatorSelectorProps,
  QueryBuilder,
  type ShiftActionsProps,
  type ValueEditorProps,
} from "react-querybuilder";
import type { Catalogue, CatalogueField } from "../api/types";
import { number } from "../ui/format";
import { carryValue, emptyValue, type Tree } from "./filter";
import { NotSwitch, ValueInput } from "./ValueEditor";

type Context = {
  /** Number of people per row, by the path of the row. */
  counts: Map<string, number>;
  counted: (count: number) => string;
  fieldOf: Map<string, CatalogueField>;
};

type Props = {
  tree: Tree;
  onChange: (tree: Tree) => void;
  catalogue: Catalogue;
  counts: Map<string, number>;
  /** How a number of those who match is written; people when absent. */
  counted?: (count: number) => string;
};

/** Every field of the catalogue by its name. */
export function fieldsByName(catalogue: Catalogue): Map<string, CatalogueField> {
  return new Map(catalogue.groups.flatMap((group) => group.fields.map((field) => [field.field, field])));
}

/** Conditions and groups of conditions, each with the number of people it matches. */
export function Builder({ tree, onChange, catalogue, counts, counted }: Props) {
  const { t } = useTranslation("segments");
  const fieldOf = useMemo(() => fieldsByName(catalogue), [catalogue]);
  const fields = useMemo(
    () =>
      catalogue.groups.map((group) => ({
        label: group.label,
        options: group.fields.map((field) => ({
          name: field.field,
          value: field.field,
          label: field.label,
        })),
      })),
    [catalogue],
  );
  const people = (count: number) => t("builder.people", { count, shown: number(count) });
  const context: Context = { counts, counted: counted ?? people, fieldOf };
  const kindOf = (field: string, op: string) =>
    fieldOf.get(field)?.operators.find((one) => one.op === op)?.value;
  return (
    <QueryBuilder
      query={tree}
      onQueryChange={(next) => onChange(next as Tree)}
      fields={fields}
      context={context}
      getOperators={(field) =>
        (fieldOf.get(field)?.operators ?? []).map((one) => ({
          name: one.op,
          value: one.op,
          label: one.label,
        }))
      }
      getDefaultField={() => catalogue.groups[0]?.fields[0]?.field ?? ""}
      getDefaultValue={(rule) => emptyValue(kindOf(rule.field, rule.operator), fieldOf.get(rule.field))}
      resetOnFieldChange
      resetOnOperatorChange={false}
      showNotToggle
      showShiftActions
      controlElements={{
        addRuleAction: AddCondition,
        addGroupAction: AddGroup,
        removeRuleAction: RemoveRow,
        removeGroupAction: RemoveRow,
        combinatorSelector: MatchSelect,
        fieldSelector: FieldSelect,
        operatorSelector: OperatorSelect,
        valueEditor: RowValue,
        notToggle: NotRow,
        shiftActions: MoveRow,
      }}
      controlClassnames={{ queryBuilder: "hg-qb", ruleGroup: "hg-group", rule: "hg-rule" }}
      translations={{
        fields: { title: t("builder.field") },
        operators: { title: t("builder.operator") },
        value: { title: t("builder.value") },
      }}
      accessibleDescriptionGenerator={({ path }) =>
        path.length
          ? t("builder.groupLabel", { path: path.map((step) => step + 1).join(".") })
          : t("builder.label")
      }
    />
  );
}

function AddCondition({ handleOnClick }: ActionProps) {
  const { t } = useTranslation("segments");
  return (
    <Button
      size="xs"
      variant="light"
      className="hg-light"
      leftSection={<IconPlus size={14} aria-hidden />}
      onClick={(event) => handleOnClick(event)}
    >
      {t("builder.addCondition")}
    </Button>
  );
}

function AddGroup({ handleOnClick, level }: ActionProps) {
  const { t } = useTranslation("segments");
  if (level > 3) return null;
  return (
    <Button size="xs" variant="default" onClick={(event) => handleOnClick(event)}>
      {t("builder.addGroup")}
    </Button>
  );
}

function RemoveRow({ handleOnClick, level, path }: ActionProps) {
  const { t } = useTranslation("segments");
  if (level === 0 && path.length === 0) return null;
  return (
    <ActionIcon
      className="hg-removerow"
      variant="subtle"
      color="gray"
      c="dimmed"
      aria-label={t("builder.remove")}
      title={t("builder.remove")}
      onClick={(event) => handleOnClick(event)}
    >
      <IconTrash size={16} aria-hidden />
    </ActionIcon>
  );
}

/** Moving without dragging. */
function MoveRow({ shiftUp, shiftDown, shiftUpDisabled, shiftDownDisabled, path }: ShiftActionsProps) {
  const { t } = useTranslation("segments");
  if (!path.length) return null;
  return (
    <span className="hg-shift">
      <ActionIcon
        variant="subtle"
        color="gray"
        c="dimmed"
        aria-label={t("builder.up")}
        title={t("builder.up")}
        disabled={shiftUpDisabled}
        onClick={shiftUp}
      >
        <IconArrowUp size={16} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        c="dimmed"
        aria-label={t("builder.down")}
        title={t("builder.down")}
        disabled={shiftDownDisabled}
        onClick={shiftDown}
      >
        <IconArrowDown size={16} aria-hidden />
      </ActionIcon>
    </span>
  );
}

function MatchSelect({ value, handleOnChange, path, context }: CombinatorSelectorProps) {
  const { t } = useTranslation("segments");
  return (
    <Group gap={8} wrap="nowrap">
      <Select
        size="xs"
        w={150}
        aria-label={t("builder.match")}
        allowDeselect={false}
        data={[
          { value: "and", label: t("builder.all") },
          { value: "or", label: t("builder.any") },
        ]}
        value={value ?? "and"}
        onChange={handleOnChange}
      />
      {path.length > 0 && <RowCount path={path} context={context as Context} />}
    </Group>
  );
}

function NotRow({ checked, handleOnChange }: NotToggleProps) {
  return <NotSwitch checked={checked ?? false} onChange={handleOnChange} />;
}

function FieldSelect({ value, handleOnChange, options }: FieldSelectorProps) {
  const { t } = useTranslation("segments");
  const groups = options as unknown as { label: string; options: { name: string; label: string }[] }[];
  return (
    <Select
      aria-label={t("builder.field")}
      className="hg-rule-field"
      searchable
      allowDeselect={false}
      data={groups.map((group) => ({
        group: group.label,
        items: group.options.map((option) => ({ value: option.name, label: option.label })),
      }))}
      value={value ?? null}
      onChange={(next) => next && handleOnChange(next)}
      nothingFoundMessage={t("common:nothingFound")}
      maxDropdownHeight={340}
    />
  );
}

function OperatorSelect({
  value,
  handleOnChange,
  options,
  field,
  rule,
  schema,
  path,
  context,
}: OperatorSelectorProps) {
  const { t } = useTranslation("segments");
  const { fieldOf } = context as Context;
  const flat = options as unknown as { name: string; label: string }[];
  const kindOf = (op: string | undefined) =>
    fieldOf.get(String(field))?.operators.find((one) => one.op === op)?.value;
  return (
    <Select
      aria-label={t("builder.operator")}
      w={150}
      allowDeselect={false}
      data={flat.map((option) => ({ value: option.name, label: option.label }))}
      value={value ?? null}
      onChange={(next) => {
        if (!next) return;
        const carried = carryValue(kindOf(value), kindOf(next), rule.value);
        handleOnChange(next);
        if (carried !== rule.value) {
          const at = schema.getQuery();
          schema.dispatchQuery(replaceAt(at as Tree, path, { operator: next, value: carried }));
        }
      }}
    />
  );
}

function replaceAt(tree: Tree, path: number[], patch: object): Tree {
  const [first, ...rest] = path;
  if (first === undefined) return tree;
  return {
    ...tree,
    rules: tree.rules.map((rule, index) =>
      index !== first
        ? rule
        : rest.length
          ? replaceAt(rule as Tree, rest, patch)
          : ({ ...rule, ...patch } as typeof rule),
    ),
  };
}

function RowValue({ field, operator, value, handleOnChange, path, context }: ValueEditorProps) {
  const { fieldOf } = context as Context;
  const known = fieldOf.get(String(field));
  const kind = known?.operators.find((one) => one.op === operator)?.value;
  return (
    <>
      {known && kind && (
        <ValueInput field={known} kind={kind} operator={operator} value={value} onChange={handleOnChange} />
      )}
      <RowCount path={path} context={context as Context} />
    </>
  );
}

function RowCount({ path, context }: { path: number[]; context: Context }) {
  const { t } = useTranslation("segments");
  const count = context.counts.get(path.join("-"));
  if (count === undefined) return null;
  return (
    <Text size="xs" c="dimmed" className="hg-num hg-count" title={t("builder.countHint")}>
      {context.counted(count)}
    </Text>
  );
}
