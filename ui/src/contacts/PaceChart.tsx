import "@mantine/charts/styles.css";
import { AreaChart } from "@mantine/charts";
import { Table, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Import } from "../api/types";
import { number } from "../ui/format";

/** Rows by the seconds since the start; the same numbers as a table for screen readers. */
export default function PaceChart({ pace }: { pace: Import["pace"] }) {
  const { t } = useTranslation("contacts");
  return (
    <>
      <div aria-hidden>
        <AreaChart
          h={200}
          data={pace.map((point) => ({ seconds: `${Math.round(point.seconds)} s`, rows: point.rows }))}
          dataKey="seconds"
          series={[{ name: "rows", color: "indigo.6", label: t("imports.rows") }]}
          curveType="monotone"
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
        <Table aria-label={t("imports.pace.title")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("imports.pace.seconds")}</Table.Th>
              <Table.Th>{t("imports.rows")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pace.map((point, at) => (
              <Table.Tr key={`${at}-${point.rows}`}>
                <Table.Td>{number(Math.round(point.seconds))}</Table.Td>
                <Table.Td>{number(point.rows)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </VisuallyHidden>
    </>
  );
}
