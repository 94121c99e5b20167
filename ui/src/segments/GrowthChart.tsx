import "@mantine/charts/styles.css";
import { AreaChart } from "@mantine/charts";
import { Table, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { SegmentDay } from "../api/types";
import { date, number, shortDate } from "../ui/format";

/** The size of a segment by day, with joins and leaves; the same numbers as a table for screen readers. */
export default function GrowthChart({ days }: { days: SegmentDay[] }) {
  const { t } = useTranslation("segments");
  return (
    <>
      <div aria-hidden>
        <AreaChart
          h={280}
          data={days.map((one) => ({ ...one, date: shortDate(one.date) }))}
          dataKey="date"
          series={[
            { name: "size", color: "indigo.6", label: t("growth.size") },
            { name: "joined", color: "teal.6", label: t("growth.joined") },
            { name: "left", color: "orange.6", label: t("growth.left") },
          ]}
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
        <Table aria-label={t("tab.growth")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("growth.day")}</Table.Th>
              <Table.Th>{t("growth.size")}</Table.Th>
              <Table.Th>{t("growth.joined")}</Table.Th>
              <Table.Th>{t("growth.left")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {days.map((one) => (
              <Table.Tr key={one.date}>
                <Table.Td>{date(one.date)}</Table.Td>
                <Table.Td>{number(one.size)}</Table.Td>
                <Table.Td>{number(one.joined)}</Table.Td>
                <Table.Td>{number(one.left)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </VisuallyHidden>
    </>
  );
}
