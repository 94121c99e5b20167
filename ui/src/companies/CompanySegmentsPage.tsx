import { Badge, Menu, Text } from "@mantine/core";
import { IconAlertTriangle, IconBuildingCommunity, IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, take } from "../api/client";
import type { CompanySegment } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { ago, number } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, NothingFound } from "../ui/states";
import { removeWithUndo } from "../ui/toasts";
import { useView } from "../ui/view";

/** Deletes a company segment, with a way back; whether it is gone. */
export const deleteCompanySegment = (segment: CompanySegment) => {
  const params = { path: { id: segment.id } };
  return removeWithUndo(segment.name, ["/company-segments"], {
    remove: () => take(http.DELETE("/company-segments/{id}", { params })),
    restore: () => take(http.POST("/company-segments/{id}/restore", { params })),
  });
};

export function CompanySegmentsPage() {
  const { t } = useTranslation("companies");
  const [view, change] = useView<ListSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const query = $api.useInfiniteQuery(
    "get",
    "/company-segments",
    { params: { query: { search: view.search, sort: view.sort ?? "name", limit: 50 } } },
    { ...byCursor, refetchInterval: 10_000 },
  );
  const create = may && (
    <ButtonLink
      to="/companies/segments/new"
      data-shortcut="create"
      leftSection={<IconPlus size={16} aria-hidden />}
    >
      {t("segments.new")}
    </ButtonLink>
  );
  const open = (row: CompanySegment) =>
    navigate({ to: "/companies/segments/$id", params: { id: String(row.id) } });
  return (
    <>
      <PageHeader
        title={t("segments.title")}
        description={t("segments.text")}
        back={{ path: "/companies", label: t("title") }}
        actions={create}
      />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("segments.search")}
      />
      <DataList<CompanySegment>
        label={t("segments.title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={open}
        sort={view.sort ?? "name"}
        onSort={(sort) => change({ sort })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <>
                <TextLink to="/companies/segments/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                  {row.name}
                </TextLink>
                {row.description && (
                  <Text size="xs" c="dimmed" lineClamp={1}>
                    {row.description}
                  </Text>
                )}
                {row.category && (
                  <Badge className="hg-badge" variant="default">
                    {row.category.title}
                  </Badge>
                )}
                {!row.published && (
                  <Badge variant="default" size="sm">
                    {t("segments.unpublished")}
                  </Badge>
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
            title: t("title"),
            sort: "count",
            align: "right",
            render: (row) => (row.building ? t("segments.building") : number(row.count)),
          },
          {
            key: "kind",
            title: t("segments.kind"),
            render: (row) => t(row.filter?.rules.length ? "segments.dynamic" : "segments.static"),
          },
          {
            key: "used",
            title: t("segments.usedBy"),
            render: (row) => (
              <Text size="sm" lineClamp={1}>
                {row.used_by.map((use) => use.name).join(", ")}
              </Text>
            ),
          },
          {
            key: "updated",
            title: t("segments.changed"),
            sort: "updated_at",
            render: (row) => ago(row.updated_at),
          },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.name })}>
                  <Menu.Item
                    onClick={() =>
                      navigate({ to: "/companies/segments/$id/edit", params: { id: String(row.id) } })
                    }
                  >
                    {t("common:edit")}
                  </Menu.Item>
                  <Menu.Item onClick={() => deleteCompanySegment(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconBuildingCommunity} />
          ) : (
            <EmptyState icon={IconBuildingCommunity} title={t("segments.emptyTitle")} action={create}>
              {t("segments.emptyText")}
            </EmptyState>
          )
        }
      />
    </>
  );
}
