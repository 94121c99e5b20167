import { Button, Group, NumberInput, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, API, http, refresh, take } from "../api/client";
import type { IdentitySettings, OutgoingSettings, RetentionSettings } from "../api/types";
import { useMayGovern } from "../app/session";
import { number } from "../ui/format";
import { Card } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { attempt, said } from "../ui/toasts";
import { Panel, useSettingsForm } from "./SettingsPage";

const RULES = ["visitors", "contacts", "events", "addresses"] as const;

/** What is forgotten when it has grown old, and who is the same person. */
export function PrivacySection() {
  const retention = $api.useQuery("get", "/settings/retention");
  const identity = $api.useQuery("get", "/settings/identity");
  const outgoing = $api.useQuery("get", "/settings/outgoing");
  const failed = [retention, identity, outgoing].find((q) => q.isError);
  if (failed) return <ErrorState error={failed.error} retry={failed.refetch} />;
  if (!retention.data || !identity.data || !outgoing.data) return <Waiting />;
  return (
    <Stack>
      <RetentionForm value={retention.data} />
      <IdentityForm value={identity.data} />
      <OutgoingForm value={outgoing.data} />
      <Proofs />
    </Stack>
  );
}

/** Every word on consents as a file, for whoever asks for the proofs. */
function Proofs() {
  const { t } = useTranslation("persons");
  return (
    <Card title={t("settings.proofs")}>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {t("settings.proofsText")}
        </Text>
        <Button component="a" href={`${API}/exports/consents.csv`} variant="default">
          {t("settings.proofsGet")}
        </Button>
      </Group>
    </Card>
  );
}

function RetentionForm({ value }: { value: RetentionSettings }) {
  const { t } = useTranslation("persons");
  const may = useMayGovern();
  const [would, setWould] = useState<Record<string, string> | null>(null);
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/retention", { body })));
  const count = () =>
    attempt(async () => {
      const found = await take(http.POST("/settings/retention/count", { body: form.getValues() }));
      setWould(Object.fromEntries(RULES.map((key) => [key, number(found[key])])));
    });
  const run = () =>
    attempt(async () => {
      await take(http.POST("/settings/retention/run"));
      said(t("settings.started"));
      await refresh("/tasks");
    });
  return (
    <Panel {...rest}>
      <Card title={t("settings.retention")}>
        <Text size="sm" c="dimmed" mb="md">
          {t("settings.retentionText")}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {RULES.map((key) => (
            <NumberInput
              key={key}
              label={t(`settings.${key}`)}
              min={0}
              {...form.getInputProps(`${key}_days`)}
            />
          ))}
        </SimpleGrid>
        {may && (
          <Group mt="md">
            <Button variant="default" onClick={count}>
              {t("settings.count")}
            </Button>
            <Button variant="default" onClick={run}>
              {t("settings.run")}
            </Button>
          </Group>
        )}
        {would && (
          <Text size="sm" mt="sm" role="status">
            {t("settings.would", would)}
          </Text>
        )}
      </Card>
    </Panel>
  );
}

function IdentityForm({ value }: { value: IdentitySettings }) {
  const { t } = useTranslation("persons");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/identity", { body })));
  return (
    <Panel {...rest}>
      <Card title={t("settings.identity")}>
        <Switch
          label={t("settings.allIdentifiers")}
          description={t("settings.allIdentifiersHint")}
          {...form.getInputProps("all_identifiers", { type: "checkbox" })}
        />
        <Switch
          mt="md"
          label={t("settings.allCompanyIdentifiers")}
          description={t("settings.allCompanyIdentifiersHint")}
          {...form.getInputProps("all_company_identifiers", { type: "checkbox" })}
        />
        <Switch
          mt="md"
          label={t("settings.oneCompany")}
          description={t("settings.oneCompanyHint")}
          {...form.getInputProps("one_company", { type: "checkbox" })}
        />
      </Card>
    </Panel>
  );
}

function OutgoingForm({ value }: { value: OutgoingSettings }) {
  const { t } = useTranslation("persons");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/outgoing", { body })));
  return (
    <Panel {...rest}>
      <Card title={t("settings.outgoing")}>
        <Switch
          label={t("settings.allowPrivate")}
          description={t("settings.allowPrivateHint")}
          {...form.getInputProps("allow_private_addresses", { type: "checkbox" })}
        />
      </Card>
    </Panel>
  );
}
