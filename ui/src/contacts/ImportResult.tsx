import { Button, Group, Table, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { $api, API } from "../api/client";
import type { Import } from "../api/types";
import { number } from "../ui/format";
import { Card } from "../ui/parts";
import { Waiting } from "../ui/states";

const PaceChart = lazy(() => import("./PaceChart"));

/** How fast it went, and the rows that were not imported. */
export function ImportResult({ one }: { one: Import }) {
  const { t } = useTranslation("contacts");
  const rejected = one.progress?.rejected ?? 0;
  return (
    <>
      {one.pace.length > 2 && (
        <Card title={t("imports.pace.title")}>
          <Suspense fallback={<Waiting />}>
            <PaceChart pace={one.pace} />
          </Suspense>
        </Card>
      )}
      {rejected > 0 && one.state !== "running" && <Rejected one={one} count={rejected} />}
    </>
  );
}

function Rejected({ one, count }: { one: Import; count: number }) {
  const { t } = useTranslation("contacts");
  const query = $api.useQuery("get", "/imports/{id}/rejected", {
    params: { path: { id: one.id }, query: { limit: 50 } },
  });
  const rows = query.data?.items ?? [];
  return (
    <Card title={t("imports.failedRows", { count, shown: number(count) })} scroll>
      {rows.length > 0 && (
        <Table aria-label={t("imports.failedRows", { count, shown: number(count) })} className="hg-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th className="hg-th">{t("imports.line")}</Table.Th>
              <Table.Th className="hg-th">{t("imports.reason")}</Table.Th>
              <Table.Th className="hg-th">{t("imports.row")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.line}>
                <Table.Td className="hg-num">{number(row.line)}</Table.Td>
                <Table.Td>{row.reason}</Table.Td>
                <Table.Td maw={420}>
                  <Text size="sm" c="dimmed" truncate>
                    {row.cells.filter(Boolean).join(" · ")}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Group mt="sm">
        <Button
          component="a"
          href={`${API}/imports/${one.id}/rejected.csv`}
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t("imports.downloadRejected")}
        </Button>
      </Group>
    </Card>
  );
}
