import {
  Checkbox,
  Chip,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Timing } from "../api/types";
import { useSession } from "../app/session";
import { fromLocalInput, toLocalInput } from "../ui/zoned";

type Props = {
  timing: Timing;
  onNoPath: boolean;
  /** Whether the step may wait for the hour at which the contact mostly answers. */
  hasBestTime: boolean;
  onChange: (timing: Timing) => void;
};

const UNITS = ["i", "h", "d", "m", "y"] as const;

/** When a step runs: at once, after a while, or at a date; with hours and days where a while is meant. */
export function TimingFields({ timing, onNoPath, hasBestTime, onChange }: Props) {
  const { t } = useTranslation("campaigns");
  const zone = useSession().site.timezone;
  const set = (patch: Partial<Timing>) => onChange({ ...timing, ...patch });
  const modes = (["immediate", "interval", "date", "optimized"] as const).filter((mode) => {
    if (mode === "immediate") return !onNoPath;
    return mode !== "optimized" || (hasBestTime && !onNoPath);
  });
  return (
    <Stack gap="sm">
      <div>
        <Text size="sm" fw={500} mb={4}>
          {onNoPath ? t("timing.titleNo") : t("timing.title")}
        </Text>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label={t("timing.title")}
          value={timing.mode}
          onChange={(mode) => {
            if (mode === "immediate") onChange({ mode });
            else if (mode === "interval") onChange({ mode, interval: 1, unit: "d" });
            else if (mode === "optimized") onChange({ mode, best: "hour" });
            else onChange({ mode: "date", at: null, if_past: "skip" });
          }}
          data={modes.map((mode) => ({ value: mode, label: t(`timing.mode.${mode}`) }))}
        />
      </div>
      {timing.mode === "interval" && (
        <>
          <Group gap="xs" grow>
            <NumberInput
              aria-label={t("timing.amount")}
              min={0}
              value={timing.interval ?? 1}
              onChange={(interval) => set({ interval: Number(interval) || 0 })}
            />
            <Select
              aria-label={t("timing.unit")}
              allowDeselect={false}
              data={UNITS.map((unit) => ({
                value: unit,
                label: t(`timing.unitNames.${unit}`, { count: timing.interval ?? 1 }),
              }))}
              value={timing.unit ?? "d"}
              onChange={(unit) => set({ unit: unit as Timing["unit"] })}
            />
          </Group>
          <Checkbox
            label={t("timing.restrictHour")}
            checked={timing.hour != null}
            onChange={(event) => set({ hour: event.currentTarget.checked ? "09:00" : null, between: null })}
          />
          {timing.hour != null && (
            <TextInput
              type="time"
              aria-label={t("timing.hour")}
              description={t("timing.zoneHint")}
              value={timing.hour}
              onChange={(event) => set({ hour: event.currentTarget.value || "09:00" })}
            />
          )}
          <Checkbox
            label={t("timing.restrictBetween")}
            checked={timing.between != null}
            onChange={(event) =>
              set({ between: event.currentTarget.checked ? ["09:00", "17:00"] : null, hour: null })
            }
          />
          {timing.between && (
            <Group grow>
              <TextInput
                type="time"
                aria-label={t("timing.from")}
                value={timing.between[0] ?? ""}
                onChange={(event) =>
                  set({ between: [event.currentTarget.value, timing.between![1] ?? "17:00"] })
                }
              />
              <TextInput
                type="time"
                aria-label={t("timing.to")}
                value={timing.between[1] ?? ""}
                onChange={(event) =>
                  set({ between: [timing.between![0] ?? "09:00", event.currentTarget.value] })
                }
              />
            </Group>
          )}
          <div>
            <Text size="sm" mb={6}>
              {t("timing.onlyOn")}
            </Text>
            <Chip.Group
              multiple
              value={(timing.weekdays ?? []).map(String)}
              onChange={(days) => set({ weekdays: days.map(Number).sort() })}
            >
              <Group gap={4}>
                {[1, 2, 3, 4, 5, 6, 0].map((day) => (
                  <Chip key={day} value={String(day)} size="xs" variant="outline">
                    {t(`timing.days.${day}`)}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </div>
        </>
      )}
      {timing.mode === "optimized" && (
        <Select
          label={t("timing.best")}
          description={t("timing.bestHint")}
          allowDeselect={false}
          data={(["hour", "day_and_hour"] as const).map((value) => ({
            value,
            label: t(`timing.bestOf.${value}`),
          }))}
          value={timing.best ?? "hour"}
          onChange={(best) => set({ best: best as Timing["best"] })}
        />
      )}
      {timing.mode === "date" && (
        <>
          <TextInput
            type="datetime-local"
            aria-label={t("timing.date")}
            description={t("timing.workspaceZone", { zone })}
            value={toLocalInput(timing.at, zone)}
            onChange={(event) => set({ at: fromLocalInput(event.currentTarget.value, zone) })}
          />
          <Select
            label={t("timing.ifPast")}
            allowDeselect={false}
            data={[
              { value: "skip", label: t("timing.pastSkip") },
              { value: "run", label: t("timing.pastRun") },
            ]}
            value={timing.if_past ?? "skip"}
            onChange={(next) => set({ if_past: next as Timing["if_past"] })}
          />
        </>
      )}
    </Stack>
  );
}
