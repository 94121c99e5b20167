import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import {
  ActionIcon,
  Box,
  Button,
  Checkbox,
  Collapse,
  Group,
  Menu,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronDown,
  IconGripVertical,
  IconPlus,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { FormField, FormFieldKind } from "../api/types";
import { parseOptions, printOptions } from "../contacts/options";
import { useFields } from "../contacts/use-fields";
import { moved, newField } from "./fields";

const KINDS: FormFieldKind[] = ["text", "email", "textarea", "select", "consent", "hidden"];

type Props = { fields: FormField[]; onChange: (fields: FormField[]) => void; errors: Record<string, string> };

/** The fields of a form in their order: dragged, moved with the keyboard, or by buttons. */
export function FieldList({ fields, onChange, errors }: Props) {
  const { t } = useTranslation("forms");
  const [open, setOpen] = useState<string | null>(null);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 6 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const taken = fields.map((field) => field.alias);
  const indexOf = (alias: unknown) => fields.findIndex((field) => field.alias === alias);
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    if (over) onChange(moved(fields, indexOf(active.id), indexOf(over.id)));
  };
  const nameOf = (id: unknown) => fields[indexOf(id)]?.label ?? "";
  return (
    <Stack gap="sm">
      <DndContext
        sensors={sensors}
        collisionDetection={closestCenter}
        onDragEnd={onDragEnd}
        accessibility={{
          screenReaderInstructions: { draggable: t("drag.help") },
          announcements: {
            onDragStart: ({ active }) => t("drag.start", { name: nameOf(active.id) }),
            onDragOver: ({ active, over }) =>
              over ? t("drag.over", { name: nameOf(active.id), place: indexOf(over.id) + 1 }) : undefined,
            onDragEnd: ({ active, over }) =>
              t("drag.end", { name: nameOf(active.id), place: over ? indexOf(over.id) + 1 : "" }),
            onDragCancel: ({ active }) => t("drag.cancel", { name: nameOf(active.id) }),
          },
        }}
      >
        <SortableContext items={taken} strategy={verticalListSortingStrategy}>
          <Stack gap="xs">
            {fields.map((field, index) => (
              <FieldRow
                key={field.id || field.alias}
                field={field}
                index={index}
                last={index === fields.length - 1}
                open={open === field.alias}
                error={Object.entries(errors).find(([path]) => path.startsWith(`fields/${index}`))?.[1]}
                onOpen={() => setOpen(open === field.alias ? null : field.alias)}
                onChange={(patch) => {
                  if (patch.alias) setOpen(patch.alias);
                  onChange(fields.map((one, at) => (at === index ? { ...one, ...patch } : one)));
                }}
                onMove={(to) => onChange(moved(fields, index, to))}
                onRemove={() => onChange(fields.filter((_, at) => at !== index))}
              />
            ))}
          </Stack>
        </SortableContext>
      </DndContext>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button
            variant="light"
            className="hg-light"
            leftSection={<IconPlus size={15} aria-hidden />}
            style={{ alignSelf: "flex-start" }}
          >
            {t("addField")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {KINDS.map((kind) => (
            <Menu.Item
              key={kind}
              onClick={() => {
                const made = newField(kind, taken, t(`types.${kind}`));
                onChange([...fields, made]);
                setOpen(made.alias);
              }}
            >
              {t(`types.${kind}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Stack>
  );
}

type RowProps = {
  field: FormField;
  index: number;
  last: boolean;
  open: boolean;
  error?: string;
  onOpen: () => void;
  onChange: (patch: Partial<FormField>) => void;
  onMove: (to: number) => void;
  onRemove: () => void;
};

function FieldRow({ field, index, last, open, error, onOpen, onChange, onMove, onRemove }: RowProps) {
  const { t } = useTranslation("forms");
  const sortable = useSortable({ id: field.alias });
  return (
    <Box
      ref={sortable.setNodeRef}
      className="hg-card"
      p="xs"
      style={{
        transform: CSS.Transform.toString(sortable.transform),
        transition: sortable.transition,
        borderColor: error ? "var(--mantine-color-error)" : undefined,
      }}
    >
      <Group gap={6} wrap="nowrap">
        <ActionIcon
          variant="subtle"
          color="gray"
          c="dimmed"
          style={{ cursor: "grab", touchAction: "none" }}
          {...sortable.attributes}
          {...sortable.listeners}
          aria-label={t("dragField", { name: field.label })}
        >
          <IconGripVertical size={16} aria-hidden />
        </ActionIcon>
        <UnstyledButton onClick={onOpen} aria-expanded={open} style={{ flex: 1, minHeight: 32 }}>
          <Group gap={8}>
            <Text size="sm" fw={550}>
              {field.label || field.alias}
            </Text>
            <Text size="xs" c="dimmed">
              {t(`types.${field.type}`)}
              {field.required && ` · ${t("required").toLowerCase()}`}
            </Text>
            <IconChevronDown
              size={14}
              aria-hidden
              style={{ transform: open ? "rotate(180deg)" : undefined }}
            />
          </Group>
          {error && (
            <Text size="xs" c="var(--mantine-color-error)">
              {error}
            </Text>
          )}
        </UnstyledButton>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="dimmed"
          disabled={index === 0}
          onClick={() => onMove(index - 1)}
          aria-label={t("moveUp", { name: field.label })}
        >
          <IconArrowUp size={16} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="dimmed"
          disabled={last}
          onClick={() => onMove(index + 1)}
          aria-label={t("moveDown", { name: field.label })}
        >
          <IconArrowDown size={16} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="dimmed"
          onClick={onRemove}
          aria-label={t("removeField", { name: field.label })}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      </Group>
      <Collapse expanded={open} transitionDuration={100}>
        {open && <FieldSettings field={field} onChange={onChange} />}
      </Collapse>
    </Box>
  );
}

function FieldSettings({ field, onChange }: Pick<RowProps, "field" | "onChange">) {
  const { t } = useTranslation("forms");
  const contactFields = useFields();
  const text = (key: "placeholder" | "help" | "default_value" | "validation_message") => ({
    label: t(`field.${key}`),
    value: field[key],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [key]: event.currentTarget.value }),
  });
  const [options, setOptions] = useState(printOptions(field.options));
  return (
    <Stack gap="sm" p="sm">
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label={t("field.label")}
          value={field.label}
          onChange={(event) => onChange({ label: event.currentTarget.value })}
        />
        <Select
          label={t("field.mapped")}
          description={undefined}
          placeholder={t("field.notMapped")}
          clearable
          searchable
          clearButtonProps={{ "aria-label": t("field.notMapped"), "aria-hidden": false, tabIndex: 0 }}
          disabled={field.type === "consent"}
          data={contactFields.map((one) => ({ value: one.alias, label: one.label }))}
          value={field.mapped_field}
          onChange={(mapped_field) => onChange({ mapped_field })}
        />
        {field.type !== "consent" && field.type !== "hidden" && <TextInput {...text("placeholder")} />}
        {field.type !== "consent" && <TextInput {...text("default_value")} />}
        {field.type !== "hidden" && <TextInput {...text("help")} />}
        {field.type !== "hidden" && <TextInput {...text("validation_message")} />}
      </SimpleGrid>
      {field.type === "select" && (
        <Textarea
          label={t("field.options")}
          description={t("contacts:fieldsPage.optionsHint")}
          autosize
          minRows={3}
          value={options}
          onChange={(event) => {
            setOptions(event.currentTarget.value);
            onChange({ options: parseOptions(event.currentTarget.value) });
          }}
        />
      )}
      {field.type === "consent" && (
        <>
          <TextInput
            label={t("field.purpose")}
            description={t("contacts:record.purposeHint")}
            value={field.purpose}
            onChange={(event) => onChange({ purpose: event.currentTarget.value })}
          />
          <Textarea
            label={t("field.consentText")}
            description={t("field.consentTextHint")}
            autosize
            minRows={2}
            value={field.consent_text}
            onChange={(event) => onChange({ consent_text: event.currentTarget.value })}
          />
        </>
      )}
      {field.type !== "hidden" && (
        <Checkbox
          label={t("required")}
          checked={field.required}
          onChange={(event) => onChange({ required: event.currentTarget.checked })}
        />
      )}
    </Stack>
  );
}
