import { Group, NumberInput, Select, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { PreferenceSettings } from "../api/types";
import { Card } from "../ui/parts";
import { ThingSelect } from "../ui/pickers";
import { ErrorState, Waiting } from "../ui/states";
import { Panel, useSettingsForm } from "./SettingsPage";

const PERIODS = ["day", "week", "month"] as const;
const SHOWN = [
  "show_frequency",
  "show_pause_dates",
  "show_preferred_channel",
  "show_categories",
  "show_segments",
  "show_consents",
] as const;

/** How often people hear from us, and what their own page shows. */
export function PreferencesSection() {
  const query = $api.useQuery("get", "/settings/preferences");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  return query.data ? <PreferencesForm value={query.data} /> : <Waiting />;
}

function PreferencesForm({ value }: { value: PreferenceSettings }) {
  const { t } = useTranslation("persons");
  const { form, ...rest } = useSettingsForm(value, (body) =>
    take(http.PUT("/settings/preferences", { body })),
  );
  const periods = PERIODS.map((key) => ({ value: key, label: t(`reach.periods.${key}`) }));
  const shown = form.getValues().show_preferences;
  return (
    <Panel {...rest}>
      <Card title={t("settings.limits")}>
        <Text size="sm" c="dimmed" mb="md">
          {t("settings.limitsText")}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Group grow align="flex-start">
            <NumberInput
              label={t("settings.emailMost")}
              description={t("settings.mostHint")}
              min={0}
              {...form.getInputProps("email_most")}
            />
            <Select
              label={t("settings.period")}
              description=" "
              allowDeselect={false}
              data={periods}
              {...form.getInputProps("email_period")}
            />
          </Group>
          <Group grow align="flex-start">
            <NumberInput
              label={t("settings.smsMost")}
              description={t("settings.mostHint")}
              min={0}
              {...form.getInputProps("sms_most")}
            />
            <Select
              label={t("settings.period")}
              description=" "
              allowDeselect={false}
              data={periods}
              {...form.getInputProps("sms_period")}
            />
          </Group>
        </SimpleGrid>
      </Card>
      <Card title={t("settings.centre")}>
        <Text size="sm" c="dimmed" mb="md">
          {t("settings.centreText")}
        </Text>
        <Stack gap="sm">
          <Switch
            label={t("settings.show_preferences")}
            {...form.getInputProps("show_preferences", { type: "checkbox" })}
          />
          {SHOWN.map((key) => (
            <Switch
              key={key}
              ml="xl"
              disabled={!shown}
              label={t(`settings.${key}`)}
              {...form.getInputProps(key, { type: "checkbox" })}
            />
          ))}
          <ThingSelect
            kind="pages"
            label={t("settings.page")}
            clearable
            value={form.getValues().page_id ?? null}
            onChange={(id) => form.setFieldValue("page_id", id)}
          />
          <Text size="xs" c="dimmed">
            {t("settings.pageHint")}
          </Text>
        </Stack>
      </Card>
    </Panel>
  );
}
