import { Button, Code, Group, Select, Text } from "@mantine/core";
import { IconDownload, IconHistory } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, API, byCursor } from "../api/client";
import type { AuditRow } from "../api/types";
import { DataList } from "../ui/DataList";
import { dateTime } from "../ui/format";
import { PathLink, pathOf } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState } from "../ui/states";

const OBJECTS = [
  "contact",
  "company",
  "segment",
  "tag",
  "field",
  "stage",
  "category",
  "email",
  "page",
  "form",
  "campaign",
  "user",
  "settings",
];
const ACTIONS = [
  "create",
  "update",
  "delete",
  "restore",
  "merge",
  "erase",
  "export",
  "import",
  "undo",
  "bulk",
];

/** Who changed what, with the values before and after. */
export function AuditPage() {
  const { t } = useTranslation("house");
  const [object, setObject] = useState<string | null>(null);
  const [action, setAction] = useState<string | null>(null);
  const filter = { object: object ?? undefined, action: action ?? undefined };
  const query = $api.useInfiniteQuery(
    "get",
    "/audit",
    { params: { query: { ...filter, limit: 50 } } },
    byCursor,
  );
  const chosen = Object.entries(filter).flatMap(([key, value]) => (value ? [[key, value]] : []));
  const clear = {
    clearable: true,
    clearButtonProps: { "aria-label": t("common:remove"), "aria-hidden": false, tabIndex: 0 },
  } as const;
  return (
    <>
      <PageHeader
        title={t("audit.title")}
        description={t("audit.text")}
        actions={
          <Button
            component="a"
            variant="default"
            href={`${API}/audit/export?${new URLSearchParams(chosen)}`}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t("audit.export")}
          </Button>
        }
      />
      <Group mb="md">
        <Select
          aria-label={t("audit.object")}
          placeholder={t("audit.anyObject")}
          data={OBJECTS.map((key) => ({ value: key, label: t(`kinds.${key}`) }))}
          value={object}
          onChange={setObject}
          w={200}
          {...clear}
        />
        <Select
          aria-label={t("audit.action")}
          placeholder={t("audit.anyAction")}
          data={ACTIONS.map((key) => ({ value: key, label: t(`deeds.${key}`) }))}
          value={action}
          onChange={setAction}
          w={200}
          {...clear}
        />
      </Group>
      <DataList
        label={t("audit.title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => `${row.actor}, ${row.name ?? row.object}`}
        preview={(row) => <Detail row={row} />}
        columns={[
          {
            key: "at",
            title: t("audit.at"),
            render: (row) => <span className="hg-nowrap">{dateTime(row.at)}</span>,
          },
          { key: "actor", title: t("audit.who"), render: (row) => row.actor },
          {
            key: "action",
            title: t("audit.action"),
            render: (row) => t(`deeds.${row.action}`, { defaultValue: row.action }),
          },
          { key: "object", title: t("audit.what"), render: (row) => <Thing row={row} /> },
          { key: "changed", title: t("audit.changed"), render: (row) => changed(row) },
        ]}
        empty={
          <EmptyState icon={IconHistory} title={t("audit.emptyTitle")}>
            {t("audit.emptyText")}
          </EmptyState>
        }
      />
    </>
  );
}

function Thing({ row }: { row: AuditRow }) {
  const { t } = useTranslation("house");
  const words = `${t(`kinds.${row.object}`, { defaultValue: row.object })} ${row.name ?? ""}`.trim();
  const path = row.object_id == null ? null : pathOf(row.object, row.object_id);
  return path && row.action !== "delete" ? (
    <PathLink path={path} size="sm">
      {words}
    </PathLink>
  ) : (
    words
  );
}

function changed(row: AuditRow): string {
  return row.detail ? Object.keys(row.detail).slice(0, 5).map(readableKey).join(", ") : "";
}

/** The key of a stored value as words: `reply_to` is "reply to". */
function readableKey(key: string): string {
  return key.replaceAll("_", " ");
}

function Detail({ row }: { row: AuditRow }) {
  const { t } = useTranslation("house");
  return (
    <>
      {row.address && (
        <Text size="sm" mb="sm">
          {t("audit.address", { address: row.address })}
        </Text>
      )}
      <Code block>{JSON.stringify(row.detail ?? {}, null, 2)}</Code>
    </>
  );
}
