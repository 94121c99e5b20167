import { Button, Select } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { Trashed } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { ago, date } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState } from "../ui/states";
import { attempt, said } from "../ui/toasts";

const KINDS = [
  "contact",
  "segment",
  "tag",
  "email",
  "page",
  "form",
  "campaign",
  "stage",
  "category",
  "point_action",
  "point_trigger",
  "point_group",
  "image",
  "email_block",
  "company",
  "company_segment",
];

/** What was deleted, and the way back. */
export function TrashPage() {
  const { t } = useTranslation("house");
  const may = useMayEdit();
  const [kind, setKind] = useState<string | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/trash",
    { params: { query: { kind: kind ?? undefined, limit: 50 } } },
    byCursor,
  );
  const restore = (row: Trashed) =>
    attempt(async () => {
      await take(
        http.POST("/trash/{kind}/{id}/restore", { params: { path: { kind: row.kind, id: row.id } } }),
      );
      said(t("trash.restored", { name: row.name }));
      await refresh(
        "/trash",
        "/contacts",
        "/segments",
        "/tags",
        "/emails",
        "/pages",
        "/forms",
        "/campaigns",
        "/companies",
      );
    });
  return (
    <>
      <PageHeader title={t("trash.title")} description={t("trash.text")} />
      <Select
        aria-label={t("trash.kind")}
        placeholder={t("trash.all")}
        data={KINDS.map((key) => ({ value: key, label: t(`kinds.${key}`) }))}
        value={kind}
        onChange={setKind}
        clearable
        clearButtonProps={{ "aria-label": t("common:remove"), "aria-hidden": false, tabIndex: 0 }}
        w={220}
        mb="md"
      />
      <DataList
        label={t("trash.title")}
        query={query}
        // Ids of different kinds may be the same; the order within a kind tells them apart.
        rowKey={(row) => row.id * 16 + Math.max(0, KINDS.indexOf(row.kind))}
        rowLabel={(row) => row.name}
        columns={[
          { key: "name", title: t("common:name"), render: (row) => row.name },
          {
            key: "kind",
            title: t("trash.kind"),
            render: (row) => t(`kinds.${row.kind}`, { defaultValue: row.kind }),
          },
          { key: "deleted", title: t("trash.deleted"), render: (row) => ago(row.deleted_at) },
          { key: "until", title: t("trash.until"), render: (row) => date(row.until) },
          {
            key: "restore",
            title: "",
            width: 130,
            render: (row) =>
              may && (
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t("trash.restoreNamed", { name: row.name })}
                  onClick={() => restore(row)}
                >
                  {t("trash.restore")}
                </Button>
              ),
          },
        ]}
        empty={
          <EmptyState icon={IconTrash} title={t("trash.emptyTitle")}>
            {t("trash.emptyText")}
          </EmptyState>
        }
      />
    </>
  );
}
