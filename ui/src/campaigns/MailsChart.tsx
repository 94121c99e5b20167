import "@mantine/charts/styles.css";
import { BarChart } from "@mantine/charts";
import { Table, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { CampaignSimulationReport } from "../api/types";
import { date, number, shortDate } from "../ui/format";

/** Mails by day; the same numbers as a table for screen readers. */
export default function MailsChart({ days }: { days: CampaignSimulationReport["days"] }) {
  const { t } = useTranslation("campaigns");
  return (
    <>
      <div aria-hidden>
        <BarChart
          h={220}
          data={days.map((one) => ({ day: shortDate(one.day), sent: one.sent }))}
          dataKey="day"
          series={[{ name: "sent", color: "indigo.6", label: t("try.mails") }]}
          gridAxis="x"
          tickLine="none"
          valueFormatter={(value) => number(value)}
          barChartProps={{ accessibilityLayer: false }}
        />
      </div>
      <VisuallyHidden>
        <Table aria-label={t("try.perDay")}>
          <Table.Tbody>
            {days.map((one) => (
              <Table.Tr key={one.day}>
                <Table.Td>{date(one.day)}</Table.Td>
                <Table.Td>{number(one.sent)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </VisuallyHidden>
    </>
  );
}
