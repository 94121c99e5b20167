import "@mantine/charts/styles.css";
import { AreaChart } from "@mantine/charts";
import { Table, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Dashboard } from "../api/types";
import { date, number, shortDate } from "../ui/format";

const LINES = [
  { name: "sent", color: "indigo.6" },
  { name: "opened", color: "teal.6" },
  { name: "clicked", color: "orange.6" },
  { name: "submissions", color: "grape.6" },
] as const;

/** Sent, opened, clicked and submissions by day, with the same numbers as a table for screen readers. */
export default function SeriesChart({ series }: { series: Dashboard["series"] }) {
  const { t } = useTranslation("dashboard");
  const data = series.map((one) => ({ ...one, date: shortDate(one.date) }));
  return (
    <>
      <div aria-hidden>
        <AreaChart
          h={260}
          data={data}
          dataKey="date"
          series={LINES.map((line) => ({ ...line, label: t(line.name) }))}
          curveType="monotone"
          withLegend
          withDots={false}
          strokeWidth={2}
          fillOpacity={0.12}
          gridAxis="x"
          tickLine="none"
          valueFormatter={(value) => number(value)}
          areaChartProps={{ accessibilityLayer: false }}
        />
      </div>
      <VisuallyHidden>
        <Table aria-label={t("overTime")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("day")}</Table.Th>
              {LINES.map((line) => (
                <Table.Th key={line.name}>{t(line.name)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {series.map((one) => (
              <Table.Tr key={one.date}>
                <Table.Td>{date(one.date)}</Table.Td>
                {LINES.map((line) => (
                  <Table.Td key={line.name}>{number(one[line.name])}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </VisuallyHidden>
    </>
  );
}
