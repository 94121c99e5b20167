import {
  ActionIcon,
  Box,
  Group,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
  Tooltip,
} from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconCopy, IconTrash } from "@tabler/icons-react";
import type { Component } from "grapesjs";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { ImageInput } from "../../media/MediaPicker";
import { ColorField } from "../../ui/ColorField";
import { bodyOf, type Engine, element, move } from "./engine";
import { type Field, NO_IMAGE, SETTINGS, WORDED } from "./kinds";
import { boxed, linkedBlock } from "./source";

// Loaded when something is selected: the editor is large enough.
const SaveBlock = lazy(async () => ({ default: (await import("../../emails/BlockTools")).SaveBlock }));
const LinkedBlock = lazy(async () => ({ default: (await import("../../emails/BlockTools")).LinkedBlock }));

type Props = { engine: Engine; selected: Component | undefined };

/** What the selected element is made of, with labels; without a selection, the email's own ground. */
export function Settings({ engine, selected }: Props) {
  const { t } = useTranslation("design");
  const component = selected ?? bodyOf(engine.editor);
  if (!component) return null;
  const tag = String(component.get("tagName"));
  const body = tag === "mj-body";
  return (
    <Stack gap="sm">
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} fz="md">
          {t(`kind.${tag}`, { defaultValue: tag })}
        </Title>
        {!body && <Tools engine={engine} component={component} />}
      </Group>
      {!body && tag !== "hg-kept" && (
        <Suspense>
          <SaveBlock tag={tag} source={() => component.toHTML()} />
        </Suspense>
      )}
      {WORDED.includes(tag) && <Words key={component.getId()} component={component} tag={tag} />}
      {tag === "hg-kept" && <Kept engine={engine} component={component} />}
      {(SETTINGS[tag] ?? []).map((field) => (
        <One
          key={`${component.cid}-${field.attribute}`}
          field={field}
          value={settingOf(component, field.attribute)}
          onChange={(value) => write(component, field.attribute, value)}
          onAlt={(alt) => {
            if (tag === "mj-image" && alt && !settingOf(component, "alt")) write(component, "alt", alt);
          }}
        />
      ))}
      {!body && component.parent() && (
        <button
          type="button"
          className="hg-design-up"
          onClick={() => {
            const parent = element(component.parent());
            if (parent) engine.editor.select(parent, { scroll: true });
          }}
        >
          {t("parent", {
            name: t(`kind.${element(component.parent())?.get("tagName")}`, { defaultValue: "mj-body" }),
          })}
        </button>
      )}
    </Stack>
  );
}

function settingOf(component: Component, attribute: string): string {
  const value = component.getAttributes()[attribute];
  const text = value === undefined || value === null ? "" : String(value);
  return attribute === "src" && text === NO_IMAGE ? "" : text;
}

/** Writes a setting; nothing is as good as absent. */
function write(component: Component, attribute: string, value: string) {
  const text = attribute === "src" && !value ? NO_IMAGE : value;
  if (attribute === "src") component.set("src", text);
  if (text) component.addAttributes({ [attribute]: text });
  else component.removeAttributes(attribute);
}

function Tools({ engine, component }: { engine: Engine; component: Component }) {
  const { t } = useTranslation("design");
  const { editor } = engine;
  const tools = [
    ["up", IconArrowUp, () => move(editor, component, -1)],
    ["down", IconArrowDown, () => move(editor, component, 1)],
    [
      "duplicate",
      IconCopy,
      () => {
        const [copy] = component.parent()?.append(component.clone(), { at: component.index() + 1 }) ?? [];
        if (copy) editor.select(copy, { scroll: true });
      },
    ],
    [
      "delete",
      IconTrash,
      () => {
        const parent = element(component.parent());
        component.remove();
        if (parent) editor.select(parent);
      },
    ],
  ] as const;
  return (
    <Group gap={2} wrap="nowrap">
      {tools.map(([key, Icon, run]) => (
        <Tooltip key={key} label={t(`tool.${key}`)}>
          <ActionIcon variant="subtle" color="gray" c="dimmed" aria-label={t(`tool.${key}`)} onClick={run}>
            <Icon size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ))}
    </Group>
  );
}

/** The words of an element, for those who do not write on the canvas. */
function Words({ component, tag }: { component: Component; tag: string }) {
  const { t } = useTranslation("design");
  return (
    <Textarea
      label={t("words")}
      description={tag === "mj-text" ? t("wordsHint") : undefined}
      autosize
      minRows={tag === "mj-text" ? 3 : 1}
      maxRows={12}
      defaultValue={component.getInnerHTML()}
      onBlur={(event) => {
        const next = event.currentTarget.value;
        if (next !== component.getInnerHTML()) component.components(next);
      }}
    />
  );
}

function Kept({ engine, component }: { engine: Engine; component: Component }) {
  const { t } = useTranslation("design");
  const block = linkedBlock(decodeURIComponent(component.getAttributes()["data-source"] ?? ""));
  if (block) {
    return (
      <Suspense>
        <LinkedBlock
          name={block.name}
          onUnlink={() => {
            const [copy] = component.replaceWith(boxed(block.inner));
            if (copy) engine.editor.select(copy);
          }}
        />
      </Suspense>
    );
  }
  return (
    <Box>
      <Text size="sm" c="dimmed" mb={6}>
        {t("keptHint")}
      </Text>
      <Textarea
        label={t("code")}
        autosize
        minRows={4}
        maxRows={14}
        defaultValue={decodeURIComponent(component.getAttributes()["data-source"] ?? "")}
        onBlur={(event) =>
          component.addAttributes({ "data-source": encodeURIComponent(event.currentTarget.value) })
        }
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }}
      />
    </Box>
  );
}

type OneProps = {
  field: Field;
  label?: string;
  value: string;
  onChange: (value: string) => void;
  onAlt?: (alt: string) => void;
};

/** One setting with the input that suits it. */
export function One({ field, value, onChange, ...rest }: OneProps) {
  const { t } = useTranslation("design");
  const label = rest.label ?? t(`field.${field.attribute}`);
  switch (field.as) {
    case "color":
      return (
        <ColorField label={label} value={value} placeholder={t("asTheLook")} onChange={onChange} size="xs" />
      );
    case "choice":
      return (
        <Select
          label={label}
          size="xs"
          clearable
          placeholder={t("asTheLook")}
          data={(field.options ?? []).map((option) => ({
            value: option,
            label: option.includes(",") ? option.split(",")[0]!.replaceAll("'", "") : t(`option.${option}`),
          }))}
          value={value || null}
          onChange={(next) => onChange(next ?? "")}
          clearButtonProps={{ "aria-label": t("common:remove"), "aria-hidden": false, tabIndex: 0 }}
        />
      );
    case "image":
      return (
        <ImageInput
          label={label}
          placeholder="https://"
          size="xs"
          value={value}
          onChange={(url, file) => {
            onChange(url);
            if (file) rest.onAlt?.(file.alt);
          }}
        />
      );
    default:
      return (
        <TextInput
          label={label}
          description={field.as === "link" ? t("linkHint") : undefined}
          placeholder={field.as === "size" ? t("asTheLook") : field.as === "text" ? undefined : "https://"}
          size="xs"
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
