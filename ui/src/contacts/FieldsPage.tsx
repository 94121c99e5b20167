import { Menu, Tabs, Text } from "@mantine/core";
import { IconTableColumn } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";

import type { Field } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList, inOnePage } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { NothingFound } from "../ui/states";
import { failed } from "../ui/toasts";
import { useView } from "../ui/view";
import { ConvertField } from "./ConvertField";
import { FIELD_TYPES, FieldForm } from "./FieldForm";
import { DeleteField } from "./FieldUses";

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
  const inOrder = sorted(query.data?.items ?? [], "", "order");
  const neighbour = (field: Field, step: number) =>
    inOrder[inOrder.findIndex((one) => one.id === field.id) + step];
  /** Two fields change places; forms, imports and the pages of contacts follow this order. */
  const swap = async (field: Field, step: number) => {
    const other = neighbour(field, step);
    if (!other) return;
    // Fields that stand at the same place are told apart first.
    const place = other.order === field.order ? other.order + step : other.order;
    const move = (one: Field, order: number) =>
      take(http.PATCH("/fields/{id}", { params: { path: { id: one.id } }, body: { order } }));
    try {
      await move(field, place);
      if (place === other.order) await move(other, field.order);
    } catch (error) {
      failed(error);
    }
    await refresh("/fields");
  };
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
                  !field.published && t("fieldsPage.unpublished"),
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
                  <Menu.Item disabled={!neighbour(field, -1)} onClick={() => swap(field, -1)}>
                    {t("fieldsPage.moveUp")}
                  </Menu.Item>
                  <Menu.Item disabled={!neighbour(field, 1)} onClick={() => swap(field, 1)}>
                    {t("fieldsPage.moveDown")}
                  </Menu.Item>
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
        {converting && (
          <ConvertField field={converting} types={FIELD_TYPES} close={() => setConverting(null)} />
        )}
      </FormModal>
      <DeleteField field={removing} close={() => setRemoving(null)} />
    </>
  );
}
