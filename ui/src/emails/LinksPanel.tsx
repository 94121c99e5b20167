import { Stack, Table, Text } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import type { Email } from "../api/types";
import { number } from "../ui/format";
import { PreviewFrame } from "../ui/PreviewFrame";
import { Card } from "../ui/parts";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { withCounts } from "./click-map";

/** The links of an email with their clicks: over the mail itself, and as a list. */
export function LinksPanel({ email }: { email: Email }) {
  const { t } = useTranslation("emails");
  const query = $api.useQuery("get", "/emails/{id}/links", { params: { path: { id: email.id } } });
  const map = $api.useQuery("get", "/emails/{id}/click-map", { params: { path: { id: email.id } } });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  if (!query.data.length) {
    return (
      <div className="hg-card">
        <EmptyState icon={IconLink} title={t("noLinks.title")}>
          {t("noLinks.text")}
        </EmptyState>
      </div>
    );
  }
  const most = Math.max(1, ...query.data.map((link) => link.people));
  return (
    <Stack>
      {map.data && (
        <Card title={t("clickMap.title")}>
          <Text size="sm" c="dimmed" mb="sm">
            {t("clickMap.text")}
          </Text>
          <PreviewFrame
            html={withCounts(map.data.html, map.data.links, (people) => number(people))}
            title={t("clickMap.title")}
          />
        </Card>
      )}
      <Card p={0} scroll>
        <Table aria-label={t("tab.links")} className="hg-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th className="hg-th">{t("link")}</Table.Th>
              <Table.Th className="hg-th" ta="right">
                {t("clicks")}
              </Table.Th>
              <Table.Th className="hg-th" ta="right">
                {t("clickers")}
              </Table.Th>
              <Table.Th className="hg-th" ta="right">
                {t("byMachines")}
              </Table.Th>
              <Table.Th className="hg-th" w={200}>
                {t("share")}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {query.data.map((link) => (
              <Table.Tr key={link.url}>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{link.url}</Table.Td>
                <Table.Td ta="right">{number(link.clicks)}</Table.Td>
                <Table.Td ta="right">{number(link.people)}</Table.Td>
                <Table.Td ta="right">{number(link.machines)}</Table.Td>
                <Table.Td>
                  <div
                    aria-hidden
                    style={{
                      height: 8,
                      borderRadius: 4,
                      width: `${(100 * link.people) / most}%`,
                      background: "var(--mantine-color-indigo-filled)",
                    }}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
    </Stack>
  );
}
