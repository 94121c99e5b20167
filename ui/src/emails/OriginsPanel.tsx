import { SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { IconDevices } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import type { Email } from "../api/types";
import { number } from "../ui/format";
import { Card } from "../ui/parts";
import { EmptyState, ErrorState, Waiting } from "../ui/states";

const FACETS = ["device", "client", "domain", "country", "hour"] as const;

/** Where and when people respond, and how much of it machines did. */
export function OriginsPanel({ email }: { email: Email }) {
  const { t } = useTranslation("emails");
  const query = $api.useQuery("get", "/emails/{id}/origins", { params: { path: { id: email.id } } });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  const found = query.data;
  if (!found) return <Waiting />;
  const { machine_opened, machine_clicked } = email.counts;
  const machines =
    machine_opened || machine_clicked
      ? t("origins.machines", { opened: number(machine_opened), clicked: number(machine_clicked) })
      : t("origins.noMachines");
  if (!found.device.length) {
    return (
      <div className="hg-card">
        <EmptyState icon={IconDevices} title={t("origins.none.title")}>
          {machine_opened || machine_clicked ? machines : t("origins.none.text")}
        </EmptyState>
      </div>
    );
  }
  const shown = (facet: (typeof FACETS)[number], value: string) => {
    if (facet === "hour") return `${value}:00`;
    return value === "unknown" || value === "proxy" ? t(`origins.${value}`) : value;
  };
  return (
    <Stack>
      <Text size="sm">{machines}</Text>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {FACETS.map((facet) => (
          <Card key={facet} p={0} scroll>
            <Table aria-label={t(`origins.${facet}`)} className="hg-table" miw={0}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th className="hg-th">{t(`origins.${facet}`)}</Table.Th>
                  <Table.Th className="hg-th" ta="right">
                    {t("counts.opened")}
                  </Table.Th>
                  <Table.Th className="hg-th" ta="right">
                    {t("counts.clicked")}
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {found[facet].map((row) => (
                  <Table.Tr key={row.value}>
                    <Table.Td>{shown(facet, row.value)}</Table.Td>
                    <Table.Td ta="right">{number(row.opened)}</Table.Td>
                    <Table.Td ta="right">{number(row.clicked)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Card>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
