import {
  Button,
  Checkbox,
  Group,
  Menu,
  Select,
  SimpleGrid,
  Stack,
  Tabs,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconTableColumn } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Field, FieldType } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList, inOnePage } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { ErrorSummary, NothingFound } from "../ui/states";
import { useView } from "../ui/view";
import { ConvertField } from "./ConvertField";
import { DeleteField, FieldUses } from "./FieldUses";
import { parseOptions, printOptions } from "./options";

const TYPES: FieldType[] = [
  "text",
  "long_text",
  "number",
  "date",
  "datetime",
  "boolean",
  "select",
  "multiselect",
  "email",
  "url",
  "phone",
  "country",
  "region",
  "timezone",
  "locale",
];

/** All fields come at once: they are searched and sorted here. */
function sorted(fields: Field[], search: string, sort: string): Field[] {
  const wanted = search.trim().toLowerCase();
  const by = sort.replace(/^-/, "") as "label" | "alias" | "order";
  const turn = sort.startsWith("-") ? -1 : 1;
  return fields
    .filter((field) => `${field.label} ${field.alias}`.toLowerCase().includes(wanted))
    .sort((a, b) => turn * (by === "order" ? a.order - b.order : a[by].localeCompare(b[by])));
}

export function FieldsPage() {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [search, setSearch] = useState("");
  const [sort, setSort] = useState("order");
  const [editing, setEditing] = useState<Field | "new" | null>(null);
  const [view, change] = useView<{ of?: "company" }>();
  const object = view.of ?? "contact";
  const query = $api.useQuery("get", "/fields", { params: { query: { object } } });
  const [removing, setRemoving] = useState<Field | null>(null);
  const [converting, setConverting] = useState<Field | null>(null);
  return (
    <>
      <PageHeader
        title={t("fieldsPage.title")}
        description={t("fieldsPage.text")}
        actions={may && <NewButton onClick={() => setEditing("new")}>{t("fieldsPage.new")}</NewButton>}
      />
      <Tabs
        value={object}
        onChange={(of) => change({ of: of === "company" ? "company" : undefined })}
        mb="md"
      >
        <Tabs.List aria-label={t("fieldsPage.of")}>
          <Tabs.Tab value="contact">{t("fieldsPage.ofContacts")}</Tabs.Tab>
          <Tabs.Tab value="company">{t("fieldsPage.ofCompanies")}</Tabs.Tab>
        </Tabs.List>
      </Tabs>
      <FilterBar search={search} onSearch={setSearch} placeholder={t("fieldsPage.search")} />
      <DataList
        label={t("fieldsPage.title")}
        query={inOnePage(query, sorted(query.data?.items ?? [], search, sort))}
        rowKey={(field) => field.id}
        rowLabel={(field) => field.label}
        onOpen={may ? setEditing : undefined}
        sort={sort}
        onSort={setSort}
        columns={[
          {
            key: "label",
            title: t("fieldsPage.label"),
            sort: "label",
            render: (field) => (
              <Text size="sm" fw={550}>
                {field.label}
              </Text>
            ),
          },
          {
            key: "alias",
            title: t("fieldsPage.alias"),
            sort: "alias",
            render: (field) => (
              <Text size="sm" ff="monospace">
                {field.alias}
              </Text>
            ),
          },
          {
            key: "type",
            title: t("fieldsPage.type"),
            render: (field) => t(`fieldsPage.types.${field.type}`),
          },
          {
            key: "group",
            title: t("fieldsPage.group"),
            render: (field) => t(`fieldsPage.groups.${field.group}`, { defaultValue: field.group }),
          },
          {
            key: "marks",
            title: "",
            render: (field) => (
              <Text size="xs" c="dimmed">
                {[
                  field.fixed && t("fieldsPage.fixed"),
                  field.unique && t("fieldsPage.unique").toLowerCase(),
                  field.required && t("fieldsPage.required").toLowerCase(),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </Text>
            ),
          },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (field) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: field.label })}>
                  <Menu.Item onClick={() => setEditing(field)}>{t("common:edit")}</Menu.Item>
                  <Menu.Item disabled={field.fixed || field.unique} onClick={() => setConverting(field)}>
                    {t("convert.action")}
                  </Menu.Item>
                  <Menu.Item disabled={field.fixed} onClick={() => setRemoving(field)}>
                    {t("common:delete")}
                  </Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={<NothingFound icon={IconTableColumn} />}
      />
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("fieldsPage.new") : t("fieldsPage.edit")}
        size="lg"
      >
        {editing && (
          <FieldForm
            object={object}
            field={editing === "new" ? null : editing}
            close={() => setEditing(null)}
          />
        )}
      </FormModal>
      <FormModal
        opened={converting !== null}
        close={() => setConverting(null)}
        title={t("convert.title", { name: converting?.label ?? "" })}
        size="lg"
      >
        {converting && <ConvertField field={converting} types={TYPES} close={() => setConverting(null)} />}
      </FormModal>
      <DeleteField field={removing} close={() => setRemoving(null)} />
    </>
  );
}

type FormProps = { object: Field["object"]; field: Field | null; close: () => void };

function FieldForm({ object, field, close }: FormProps) {
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
    },
  });
  const { type } = form.values;
  const submit = form.onSubmit(async ({ yes, no, options, alias, default_value, ...rest }) => {
    const shared = {
      ...rest,
      default_value: default_value || null,
      ...(type === "select" || type === "multiselect" ? { options: parseOptions(options) } : {}),
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
  });
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
            data={TYPES.map((key) => ({ value: key, label: t(`fieldsPage.types.${key}`) }))}
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
        {(type === "select" || type === "multiselect") && (
          <Textarea
            label={t("fieldsPage.options")}
            description={t("fieldsPage.optionsHint")}
            autosize
            minRows={3}
            required
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
        {field && <FieldUses field={field} />}
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
