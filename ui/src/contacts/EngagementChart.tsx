import "@mantine/charts/styles.css";
import { CompositeChart } from "@mantine/charts";
import { Table, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { EngagementMonth } from "../api/types";
import { number } from "../ui/format";

/** What happened month by month, and the points; the same numbers as a table for screen readers. */
export default function EngagementChart({ months }: { months: EngagementMonth[] }) {
  const { t } = useTranslation("contacts");
  return (
    <>
      <div aria-hidden>
        <CompositeChart
          h={150}
          data={months}
          dataKey="month"
          series={[
            { name: "events", type: "bar", color: "indigo.6", label: t("engagement.events") },
            { name: "points", type: "line", color: "orange.6", label: t("engagement.points") },
          ]}
          withLegend
          gridAxis="x"
          tickLine="none"
          valueFormatter={(value) => number(value)}
          composedChartProps={{ accessibilityLayer: false }}
        />
      </div>
      <VisuallyHidden>
        <Table aria-label={t("engagement.title")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("engagement.month")}</Table.Th>
              <Table.Th>{t("engagement.events")}</Table.Th>
              <Table.Th>{t("engagement.points")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {months.map((one) => (
              <Table.Tr key={one.month}>
                <Table.Td>{one.month}</Table.Td>
                <Table.Td>{number(one.events)}</Table.Td>
                <Table.Td>{number(one.points)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </VisuallyHidden>
    </>
  );
}
