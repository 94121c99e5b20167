import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, API, byCursor, refresh } from "../api/client";
import { useLive } from "../api/live";
import type { Task } from "../api/types";
import { DataList } from "../ui/DataList";
import { ago, bytes, date, number } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, StateBadge } from "../ui/states";

/** Files of contacts that were asked for. */
export function ExportsPage() {
  const { t } = useTranslation("house");
  const query = $api.useInfiniteQuery("get", "/exports", { params: { query: { limit: 50 } } }, byCursor);
  useLive<Task>("task", () => refresh("/exports"));
  return (
    <>
      <PageHeader
        title={t("exports.title")}
        description={t("exports.text")}
        back={{ path: "/contacts", label: t("exports.back") }}
      />
      <DataList
        label={t("exports.title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => `${row.format} ${row.id}`}
        columns={[
          { key: "created", title: t("exports.asked"), render: (row) => ago(row.created_at) },
          { key: "object", title: t("exports.of"), render: (row) => t(`kinds.${row.object}`) },
          { key: "format", title: t("exports.format"), render: (row) => row.format.toUpperCase() },
          {
            key: "total",
            title: t("exports.rows"),
            align: "right",
            render: (row) =>
              row.state === "running" ? `${number(row.done)} / ${number(row.total)}` : number(row.total),
          },
          {
            key: "size",
            title: t("exports.size"),
            align: "right",
            render: (row) => (row.bytes ? bytes(row.bytes) : ""),
          },
          { key: "state", title: t("exports.state"), render: (row) => <StateBadge state={row.state} /> },
          { key: "until", title: t("exports.until"), render: (row) => date(row.expires_at) },
          {
            key: "file",
            title: "",
            width: 150,
            render: (row) =>
              row.state === "done" ? (
                <Button
                  component="a"
                  size="xs"
                  variant="default"
                  href={`${API}/exports/${row.id}/file`}
                  leftSection={<IconDownload size={14} aria-hidden />}
                  aria-label={t("exports.fetchNumbered", { id: row.id })}
                >
                  {t("exports.fetch")}
                </Button>
              ) : (
                row.message
              ),
          },
        ]}
        empty={
          <EmptyState icon={IconDownload} title={t("exports.emptyTitle")}>
            {t("exports.emptyText")}
          </EmptyState>
        }
      />
    </>
  );
}
