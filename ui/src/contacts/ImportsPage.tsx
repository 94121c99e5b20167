import { IconCalendarRepeat, IconUpload } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, byCursor, refresh } from "../api/client";
import { useLive } from "../api/live";
import type { Import } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { ago, number } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, StateBadge } from "../ui/states";

export function ImportsPage() {
  const { t } = useTranslation("contacts");
  const navigate = useNavigate();
  const may = useMayEdit();
  const query = $api.useInfiniteQuery(
    "get",
    "/imports",
    { params: { query: { sort: "-created_at", limit: 50 } } },
    byCursor,
  );
  useLive("task", () => refresh("/imports"));
  const schedules = (
    <ButtonLink
      to="/imports/schedules"
      variant="default"
      leftSection={<IconCalendarRepeat size={16} aria-hidden />}
    >
      {t("schedules.title")}
    </ButtonLink>
  );
  const start = may && (
    <ButtonLink
      to="/contacts/import"
      data-shortcut="create"
      leftSection={<IconUpload size={16} aria-hidden />}
    >
      {t("imports.new")}
    </ButtonLink>
  );
  return (
    <>
      <PageHeader
        title={t("imports.title")}
        description={t("imports.text")}
        actions={
          <>
            {schedules}
            {start}
          </>
        }
      />
      <DataList<Import>
        label={t("imports.title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.file_name}
        onOpen={(row) => navigate({ to: "/imports/$id", params: { id: String(row.id) } })}
        columns={[
          {
            key: "file",
            title: t("imports.file"),
            render: (row) => (
              <TextLink to="/imports/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                {row.file_name}
              </TextLink>
            ),
          },
          { key: "state", title: t("imports.state"), render: (row) => <StateBadge state={row.state} /> },
          {
            key: "rows",
            title: t("imports.rows"),
            align: "right",
            render: (row) => number(row.progress?.done ?? row.row_count_estimate),
          },
          {
            key: "created",
            title: t("imports.created"),
            align: "right",
            render: (row) => number(row.progress?.created),
          },
          {
            key: "rejected",
            title: t("imports.rejected"),
            align: "right",
            render: (row) => number(row.progress?.rejected),
          },
          { key: "when", title: t("imports.when"), render: (row) => ago(row.created_at) },
        ]}
        empty={
          <EmptyState icon={IconUpload} title={t("imports.emptyTitle")} action={start}>
            {t("imports.emptyText")}
          </EmptyState>
        }
      />
    </>
  );
}
