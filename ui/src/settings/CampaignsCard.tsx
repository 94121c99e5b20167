import { Select, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { CampaignSettings } from "../api/types";
import { Card } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { Panel, useSettingsForm } from "./SettingsPage";

const CHOICES = ["count_all_time", "count_only_while_published", "restart_on_publish"] as const;

/** What holds for campaigns that do not say otherwise. */
export function CampaignsCard() {
  const query = $api.useQuery("get", "/settings/campaigns");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  return query.data ? <CampaignsForm value={query.data} /> : <Waiting lines={2} />;
}

function CampaignsForm({ value }: { value: CampaignSettings }) {
  const { t } = useTranslation("settings");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/campaigns", { body })));
  return (
    <Panel {...rest}>
      <Card title={t("campaigns.title")}>
        <Text size="sm" c="dimmed" mb="sm">
          {t("campaigns.text")}
        </Text>
        <Select
          label={t("campaigns:source.republish")}
          description={t("campaigns:source.republishHint")}
          allowDeselect={false}
          data={CHOICES.map((key) => ({ value: key, label: t(`campaigns:source.republishChoice.${key}`) }))}
          {...form.getInputProps("republish")}
        />
      </Card>
    </Panel>
  );
}
