import { Badge, Group, Menu, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlus, IconUsersGroup } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, refresh } from "../api/client";
import { useLive } from "../api/live";
import type { Segment } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { ago, number } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, NothingFound } from "../ui/states";
import { useView } from "../ui/view";
import { useDeleteSegment } from "./Reached";
import { SegmentsBulk } from "./SegmentsBulk";

export function SegmentsPage() {
  const { t } = useTranslation("segments");
  const [view, change] = useView<ListSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const { remove, dialog } = useDeleteSegment();
  const [selected, setSelected] = useState<Set<number>>(new Set());
  const query = $api.useInfiniteQuery(
    "get",
    "/segments",
    { params: { query: { search: view.search, sort: view.sort ?? "name", limit: 50 } } },
    byCursor,
  );
  useLive("segment", () => refresh("/segments"));
  const create = may && (
    <ButtonLink to="/segments/new" data-shortcut="create" leftSection={<IconPlus size={16} aria-hidden />}>
      {t("new")}
    </ButtonLink>
  );
  return (
    <>
      <PageHeader title={t("title")} description={t("text")} actions={create} />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
      />
      {selected.size > 0 && may && <SegmentsBulk ids={[...selected]} clear={() => setSelected(new Set())} />}
      <DataList<Segment>
        label={t("title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={(row) => navigate({ to: "/segments/$id", params: { id: String(row.id) } })}
        sort={view.sort ?? "name"}
        onSort={(sort) => change({ sort })}
        selected={may ? selected : undefined}
        onSelect={setSelected}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <>
                <TextLink to="/segments/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                  {row.name}
                </TextLink>
                {row.description && (
                  <Text size="xs" c="dimmed" lineClamp={1}>
                    {row.description}
                  </Text>
                )}
                {(row.category || !row.published) && (
                  <Group gap={6}>
                    {row.category && (
                      <Badge variant="default" size="sm">
                        {row.category.title}
                      </Badge>
                    )}
                    {!row.published && (
                      <Badge variant="default" size="sm">
                        {t("isUnpublished")}
                      </Badge>
                    )}
                  </Group>
                )}
                {row.broken && (
                  <Text size="xs" c="var(--mantine-color-error)">
                    <IconAlertTriangle size={12} aria-hidden /> {row.broken}
                  </Text>
                )}
              </>
            ),
          },
          {
            key: "count",
            title: t("people"),
            sort: "count",
            align: "right",
            render: (row) => (
              <TextLink to="/contacts" search={{ segment: row.id }} size="sm">
                {row.building ? t("building") : number(row.count)}
              </TextLink>
            ),
          },
          {
            key: "kind",
            title: t("kind"),
            render: (row) => (row.filter?.rules.length ? t("dynamic") : t("static")),
          },
          {
            key: "used",
            title: t("usedBy"),
            render: (row) => (
              <Text size="sm" lineClamp={1}>
                {row.used_by.map((use) => use.name).join(", ")}
              </Text>
            ),
          },
          { key: "updated", title: t("changed"), sort: "updated_at", render: (row) => ago(row.updated_at) },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.name })}>
                  <Menu.Item
                    onClick={() => navigate({ to: "/segments/$id/edit", params: { id: String(row.id) } })}
                  >
                    {t("common:edit")}
                  </Menu.Item>
                  <Menu.Item onClick={() => remove(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconUsersGroup} />
          ) : (
            <EmptyState
              icon={IconUsersGroup}
              title={t("empty.title")}
              action={create}
              example={<Text size="sm">{t("empty.example")}</Text>}
            >
              {t("empty.text")}
            </EmptyState>
          )
        }
      />
      {dialog}
    </>
  );
}
