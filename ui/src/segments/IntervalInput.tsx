import { Group, NumberInput, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** A number of days, weeks, months or years. */
export function IntervalInput(props: { label: string; value: unknown; onChange: (value: unknown) => void }) {
  const { t } = useTranslation("segments");
  const { interval = 7, unit = "day" } = (props.value ?? {}) as { interval?: number; unit?: string };
  return (
    <Group gap={6} wrap="nowrap">
      <NumberInput
        aria-label={props.label}
        w={80}
        min={1}
        value={interval}
        onChange={(next) => props.onChange({ interval: Number(next) || 1, unit })}
      />
      <Select
        aria-label={t("builder.unit")}
        w={120}
        allowDeselect={false}
        data={["day", "week", "month", "year"].map((key) => ({
          value: key,
          label: t(`builder.units.${key}`, { count: interval }),
        }))}
        value={unit}
        onChange={(next) => props.onChange({ interval, unit: next ?? "day" })}
      />
    </Group>
  );
}
