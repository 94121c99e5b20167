import {
  Alert,
  Badge,
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Tabs,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconInbox, IconMail } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { GeneralSettings, SendingSettings, TrackingSettings } from "../api/types";
import { useMayGovern } from "../app/session";
import { PageHeader } from "../ui/PageHeader";
import { Card, Copyable } from "../ui/parts";
import { ErrorState, ErrorSummary, Waiting } from "../ui/states";
import { said } from "../ui/toasts";
import { localesWith, timezones } from "../ui/zones";
import { BrandSection } from "./BrandSection";
import { CampaignsCard } from "./CampaignsCard";
import { CategoriesSection } from "./CategoriesSection";
import { DeliverabilitySection } from "./DeliverabilitySection";
import { PreferencesSection } from "./PreferencesSection";
import { PrivacySection } from "./PrivacySection";
import { UsersSection } from "./UsersSection";

const SECTIONS = [
  "general",
  "brand",
  "sending",
  "deliverability",
  "preferences",
  "tracking",
  "privacy",
  "categories",
  "users",
] as const;

export function SettingsPage() {
  const { t } = useTranslation("settings");
  const { section } = useParams({ strict: false }) as { section: string };
  const navigate = useNavigate();
  return (
    <>
      <PageHeader title={t("title")} />
      <Tabs
        value={section}
        onChange={(value) => navigate({ to: "/settings/$section", params: { section: value ?? "general" } })}
      >
        <Tabs.List mb="lg">
          {SECTIONS.map((key) => (
            <Tabs.Tab key={key} value={key}>
              {t(`tab.${key}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="general">
          {section === "general" && (
            <Stack gap="xl">
              <General />
              <CampaignsCard />
            </Stack>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="brand">{section === "brand" && <BrandSection />}</Tabs.Panel>
        <Tabs.Panel value="sending">{section === "sending" && <Sending />}</Tabs.Panel>
        <Tabs.Panel value="deliverability">
          {section === "deliverability" && <DeliverabilitySection />}
        </Tabs.Panel>
        <Tabs.Panel value="preferences">{section === "preferences" && <PreferencesSection />}</Tabs.Panel>
        <Tabs.Panel value="privacy">{section === "privacy" && <PrivacySection />}</Tabs.Panel>
        <Tabs.Panel value="tracking">{section === "tracking" && <Tracking />}</Tabs.Panel>
        <Tabs.Panel value="categories">{section === "categories" && <CategoriesSection />}</Tabs.Panel>
        <Tabs.Panel value="users">{section === "users" && <UsersSection />}</Tabs.Panel>
      </Tabs>
    </>
  );
}

/** A settings form: fields, its save button, and the errors that belong to no field. */
export function Panel(props: { submit: () => void; errors: string[]; busy: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const may = useMayGovern();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        props.submit();
      }}
    >
      <Stack maw={820}>
        <ErrorSummary errors={props.errors} />
        {props.children}
        {may && (
          <Group>
            <Button type="submit" loading={props.busy}>
              {t("save")}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

export function useSettingsForm<T extends Record<string, unknown>>(
  value: T,
  put: (body: T) => Promise<unknown>,
) {
  const { t } = useTranslation();
  const form = useForm<T>({ initialValues: value });
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    try {
      await put(form.getValues());
      setErrors([]);
      form.resetDirty();
      said(t("saved"));
      await refresh("/settings", "/session");
    } catch (error) {
      setErrors(showProblem(form, error));
    } finally {
      setBusy(false);
    }
  };
  return { form, errors, busy, submit };
}

function General() {
  const query = $api.useQuery("get", "/settings/general");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  return query.data ? <GeneralForm value={query.data as GeneralSettings} /> : <Waiting />;
}

function GeneralForm({ value }: { value: GeneralSettings }) {
  const { t } = useTranslation("settings");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/general", { body })));
  return (
    <Panel {...rest}>
      <Card title={t("general.site")}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: "end" }}>
          <TextInput label={t("general.siteName")} required {...form.getInputProps("site_name")} />
          <TextInput
            label={t("general.siteUrl")}
            description={t("general.siteUrlHint")}
            type="url"
            {...form.getInputProps("site_url")}
          />
          <Textarea
            label={t("general.postal")}
            description={t("general.postalHint")}
            autosize
            minRows={2}
            {...form.getInputProps("postal_address")}
          />
        </SimpleGrid>
      </Card>
      <Card title={t("general.formats")}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: "end" }}>
          <Select
            label={t("general.timezone")}
            description={t("general.timezoneHint")}
            data={timezones()}
            searchable
            allowDeselect={false}
            {...form.getInputProps("timezone")}
          />
          <Select
            label={t("general.locale")}
            data={localesWith(value.locale)}
            searchable
            allowDeselect={false}
            {...form.getInputProps("locale")}
          />
          <TextInput
            label={t("general.dateFormat")}
            description={t("general.dateFormatHint")}
            {...form.getInputProps("date_format")}
          />
        </SimpleGrid>
      </Card>
    </Panel>
  );
}

function Sending() {
  const query = $api.useQuery("get", "/settings/sending");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  return query.data ? <SendingForm value={query.data as SendingSettings} /> : <Waiting />;
}

function SendingForm({ value }: { value: SendingSettings }) {
  const { t } = useTranslation("settings");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/sending", { body })));
  const outbox = value.transport_in_use === "outbox";
  return (
    <Panel {...rest}>
      <Alert
        variant="default"
        radius="lg"
        icon={outbox ? <IconInbox aria-hidden /> : <IconMail aria-hidden />}
        title={
          <Group gap="xs">
            {outbox ? t("sending.outboxTitle") : t("sending.smtpTitle")}
            <Badge className="hg-badge" variant="default">
              {value.transport_in_use}
            </Badge>
          </Group>
        }
      >
        {outbox ? t("sending.outboxText") : t("sending.smtpText")}
      </Alert>
      <Card title={t("sending.sender")}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: "end" }}>
          <TextInput label={t("sending.senderName")} required {...form.getInputProps("sender_name")} />
          <TextInput
            label={t("sending.senderEmail")}
            type="email"
            required
            {...form.getInputProps("sender_email")}
          />
          <TextInput
            label={t("sending.replyTo")}
            description={t("sending.replyToHint")}
            type="email"
            {...form.getInputProps("reply_to")}
          />
          <NumberInput
            label={t("sending.connections")}
            description={t("sending.connectionsHint")}
            min={1}
            max={200}
            {...form.getInputProps("max_connections")}
          />
        </SimpleGrid>
      </Card>
      <Card title={t("sending.texts")}>
        <Stack>
          <Textarea
            label={t("sending.unsubscribeText")}
            description={t("sending.urlHint")}
            autosize
            minRows={2}
            {...form.getInputProps("unsubscribe_text")}
          />
          <Textarea
            label={t("sending.webviewText")}
            description={t("sending.urlHint")}
            autosize
            minRows={2}
            {...form.getInputProps("webview_text")}
          />
        </Stack>
      </Card>
      <Card title={t("sending.measuring")}>
        <Stack>
          <Switch
            label={t("sending.ownerSends")}
            description={t("sending.ownerSendsHint")}
            {...form.getInputProps("owner_sends", { type: "checkbox" })}
          />
          <Switch label={t("sending.opens")} {...form.getInputProps("track_opens", { type: "checkbox" })} />
          <Switch label={t("sending.clicks")} {...form.getInputProps("track_clicks", { type: "checkbox" })} />
          <Switch
            label={t("sending.onGet")}
            description={t("sending.onGetHint")}
            {...form.getInputProps("unsubscribe_on_get", { type: "checkbox" })}
          />
        </Stack>
      </Card>
    </Panel>
  );
}

function Tracking() {
  const query = $api.useQuery("get", "/settings/tracking");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  return query.data ? <TrackingForm value={query.data as TrackingSettings} /> : <Waiting />;
}

function TrackingForm({ value }: { value: TrackingSettings }) {
  const { t } = useTranslation("settings");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/tracking", { body })));
  return (
    <Panel {...rest}>
      <Card title={t("tracking.snippet")}>
        <Text size="sm" c="dimmed" mb="sm">
          {t("tracking.snippetText")}
        </Text>
        <Copyable value={value.script_snippet} label={t("tracking.snippet")} />
      </Card>
      <Card title={t("tracking.privacy")}>
        <Stack>
          <Switch label={t("tracking.gpc")} {...form.getInputProps("respect_gpc", { type: "checkbox" })} />
          <Switch label={t("tracking.dnt")} {...form.getInputProps("respect_dnt", { type: "checkbox" })} />
          <Switch
            label={t("tracking.ip")}
            description={t("tracking.ipHint")}
            {...form.getInputProps("anonymize_ip", { type: "checkbox" })}
          />
          <Switch
            label={t("tracking.machines")}
            description={t("tracking.machinesHint")}
            {...form.getInputProps("count_machines", { type: "checkbox" })}
          />
          <Switch
            label={t("tracking.hiddenLink")}
            description={t("tracking.hiddenLinkHint")}
            {...form.getInputProps("hidden_link", { type: "checkbox" })}
          />
          <Switch
            label={t("tracking.own")}
            description={t("tracking.ownHint")}
            {...form.getInputProps("track_own_users", { type: "checkbox" })}
          />
        </Stack>
      </Card>
      <Card title={t("tracking.rules")}>
        <Stack>
          <TagsInput
            label={t("tracking.domains")}
            description={t("tracking.domainsHint")}
            {...form.getInputProps("cors_valid_domains")}
          />
          <TagsInput
            label={t("tracking.ips")}
            description={t("tracking.ipsHint")}
            {...form.getInputProps("do_not_track_ips")}
          />
          <Select
            label={t("tracking.claims")}
            description={t("tracking.claimsHint")}
            allowDeselect={false}
            data={(["fill", "overwrite", "none"] as const).map((key) => ({
              value: key,
              label: t(`tracking.claim.${key}`),
            }))}
            {...form.getInputProps("public_update_unverified")}
          />
        </Stack>
      </Card>
    </Panel>
  );
}
