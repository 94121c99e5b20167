import {
  Button,
  Checkbox,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Field, FieldType } from "../api/types";
import { ErrorSummary } from "../ui/states";
import { FieldUses } from "./FieldUses";
import { parseOptions, printOptions } from "./options";

export const FIELD_TYPES: FieldType[] = [
  "text",
  "long_text",
  "html",
  "number",
  "date",
  "datetime",
  "time",
  "boolean",
  "select",
  "multiselect",
  "lookup",
  "email",
  "url",
  "phone",
  "country",
  "region",
  "timezone",
  "locale",
];

/** Types whose values have a longest length. */
const LIMITED: FieldType[] = ["text", "select", "email", "url", "phone", "lookup"];

type FormProps = { object: Field["object"]; field: Field | null; close: () => void };

/** Makes a field, or changes one. */
export function FieldForm({ object, field, close }: FormProps) {
  const { t } = useTranslation("contacts");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: {
      label: field?.label ?? "",
      alias: field?.alias ?? "",
      type: (field?.type ?? "text") as FieldType,
      group: field?.group ?? "core",
      default_value: field?.default_value ?? "",
      options: printOptions(field?.options ?? []),
      yes: field?.labels?.yes ?? "",
      no: field?.labels?.no ?? "",
      required: field?.required ?? false,
      unique: field?.unique ?? false,
      publicly_updatable: field?.publicly_updatable ?? false,
      listable: field?.listable ?? true,
      visible: field?.visible ?? true,
      short_visible: field?.short_visible ?? false,
      published: field?.published ?? true,
      char_limit: field?.char_limit ?? 64,
      decimals: (field?.decimals ?? "") as number | "",
    },
  });
  const { type } = form.values;
  const mustChoose = type === "select" || type === "multiselect";
  const withOptions = mustChoose || type === "lookup";
  const submit = form.onSubmit(
    async ({ yes, no, options, alias, default_value, char_limit, decimals, ...rest }) => {
      const shared = {
        ...rest,
        default_value: default_value || null,
        ...(withOptions ? { options: parseOptions(options) } : {}),
        ...(LIMITED.includes(type) ? { char_limit: Number(char_limit) } : {}),
        ...(type === "number" ? { decimals: decimals === "" ? null : Number(decimals) } : {}),
        ...(type === "boolean" && (yes || no) ? { labels: { yes: yes || "Yes", no: no || "No" } } : {}),
      };
      try {
        if (field) {
          const { type: _fixed, ...changeable } = shared;
          await take(
            http.PATCH("/fields/{id}", {
              params: { path: { id: field.id } },
              body: { ...changeable, version: field.version },
            }),
          );
        } else {
          await take(http.POST("/fields", { body: { ...shared, object, ...(alias ? { alias } : {}) } }));
        }
        close();
        await refresh("/fields", "/segments/catalogue", "/imports/targets");
      } catch (error) {
        setErrors(showProblem(form, error));
      }
    },
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <SimpleGrid cols={2}>
          <TextInput label={t("fieldsPage.label")} required data-autofocus {...form.getInputProps("label")} />
          <TextInput
            label={t("fieldsPage.alias")}
            disabled={field !== null}
            {...form.getInputProps("alias")}
          />
          <Select
            label={t("fieldsPage.type")}
            allowDeselect={false}
            disabled={field !== null}
            data={FIELD_TYPES.map((key) => ({ value: key, label: t(`fieldsPage.types.${key}`) }))}
            {...form.getInputProps("type")}
          />
          <Select
            label={t("fieldsPage.group")}
            allowDeselect={false}
            data={["core", "social", "personal", "professional"].map((key) => ({
              value: key,
              label: t(`fieldsPage.groups.${key}`),
            }))}
            {...form.getInputProps("group")}
          />
        </SimpleGrid>
        <Text size="xs" c="dimmed" mt={-8}>
          {t("fieldsPage.aliasHint")}
        </Text>
        {withOptions && (
          <Textarea
            label={t("fieldsPage.options")}
            description={t("fieldsPage.optionsHint")}
            autosize
            minRows={3}
            required={mustChoose}
            {...form.getInputProps("options")}
          />
        )}
        {type === "boolean" && (
          <SimpleGrid cols={2}>
            <TextInput
              label={t("fieldsPage.yes")}
              placeholder={t("common:yes")}
              {...form.getInputProps("yes")}
            />
            <TextInput
              label={t("fieldsPage.no")}
              placeholder={t("common:no")}
              {...form.getInputProps("no")}
            />
          </SimpleGrid>
        )}
        {LIMITED.includes(type) && (
          <NumberInput
            label={t("fieldsPage.limit")}
            description={t("fieldsPage.limitHint")}
            min={1}
            max={191}
            allowDecimal={false}
            {...form.getInputProps("char_limit")}
          />
        )}
        {type === "number" && (
          <NumberInput
            label={t("fieldsPage.decimals")}
            description={t("fieldsPage.decimalsHint")}
            min={0}
            max={9}
            allowDecimal={false}
            {...form.getInputProps("decimals")}
          />
        )}
        <TextInput label={t("fieldsPage.default")} {...form.getInputProps("default_value")} />
        <Checkbox
          label={t("fieldsPage.required")}
          {...form.getInputProps("required", { type: "checkbox" })}
        />
        <Checkbox
          label={t("fieldsPage.unique")}
          description={t("fieldsPage.uniqueHint")}
          {...form.getInputProps("unique", { type: "checkbox" })}
        />
        <Checkbox
          label={t("fieldsPage.publicly")}
          {...form.getInputProps("publicly_updatable", { type: "checkbox" })}
        />
        <Checkbox
          label={t("fieldsPage.listable")}
          disabled={type === "time"}
          description={type === "time" ? t("fieldsPage.timeHint") : undefined}
          {...form.getInputProps("listable", { type: "checkbox" })}
        />
        <Checkbox label={t("fieldsPage.visible")} {...form.getInputProps("visible", { type: "checkbox" })} />
        <Checkbox
          label={t("fieldsPage.quick")}
          {...form.getInputProps("short_visible", { type: "checkbox" })}
        />
        <Checkbox
          label={t("fieldsPage.published")}
          description={t("fieldsPage.publishedHint")}
          disabled={field?.fixed}
          {...form.getInputProps("published", { type: "checkbox" })}
        />
        {field && <FieldUses field={field} />}
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
