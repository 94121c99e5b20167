import { NumberInput, SimpleGrid, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { PaceSettings } from "../api/types";
import { dateTime } from "../ui/format";
import { Card } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { Panel, useSettingsForm } from "./SettingsPage";

/** How much mail may leave, when, and when a send stops by itself. */
export function PaceCard() {
  const query = $api.useQuery("get", "/settings/pace");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  return query.data ? <PaceForm value={query.data as PaceSettings} /> : <Waiting />;
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

const minutesOf = (text: string) => {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
};

function PaceForm({ value }: { value: PaceSettings }) {
  const { t } = useTranslation("deliverability");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/pace", { body })));
  const now = form.getValues();
  const whole = (
    name:
      | "daily_most"
      | "warm_up_first"
      | "warm_up_growth"
      | "stop_bounced_percent"
      | "stop_complained_permille"
      | "undo_minutes",
    min: number,
    max: number,
  ) => ({
    ...form.getInputProps(name),
    min,
    max,
    allowDecimal: false,
  });
  const time = (name: "quiet_from" | "quiet_until") => ({
    type: "time",
    error: form.errors[name],
    value: clock(now[name]),
    onChange: (event: React.ChangeEvent<HTMLInputElement>) =>
      form.setFieldValue(name, minutesOf(event.currentTarget.value)),
  });
  return (
    <Panel {...rest}>
      <Card title={t("pace.title")}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t("pace.text")}
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <NumberInput
              label={t("pace.daily")}
              description={t("pace.dailyHint")}
              {...whole("daily_most", 0, 1_000_000_000)}
            />
            <NumberInput
              label={t("pace.undo")}
              description={t("pace.undoHint")}
              {...whole("undo_minutes", 0, 60)}
            />
          </SimpleGrid>
          <Switch
            label={t("pace.warmUp")}
            description={t("pace.warmUpHint")}
            {...form.getInputProps("warm_up", { type: "checkbox" })}
          />
          {now.warm_up && (
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <NumberInput label={t("pace.first")} {...whole("warm_up_first", 1, 1_000_000)} />
              <NumberInput
                label={t("pace.growth")}
                description={
                  value.warm_up ? t("pace.since", { at: dateTime(value.warm_up_since) }) : undefined
                }
                suffix=" %"
                {...whole("warm_up_growth", 1, 200)}
              />
            </SimpleGrid>
          )}
          <Switch
            label={t("pace.quiet")}
            description={t("pace.quietHint")}
            {...form.getInputProps("quiet", { type: "checkbox" })}
          />
          {now.quiet && (
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput label={t("pace.from")} {...time("quiet_from")} />
              <TextInput label={t("pace.until")} {...time("quiet_until")} />
            </SimpleGrid>
          )}
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <NumberInput
              label={t("pace.bounced")}
              description={t("pace.stopHint")}
              suffix=" %"
              {...whole("stop_bounced_percent", 0, 100)}
            />
            <NumberInput
              label={t("pace.complained")}
              description={t("pace.stopHint")}
              suffix=" ‰"
              {...whole("stop_complained_permille", 0, 1000)}
            />
          </SimpleGrid>
        </Stack>
      </Card>
    </Panel>
  );
}
