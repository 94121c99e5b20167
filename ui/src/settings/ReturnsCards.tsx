import {
  Alert,
  Badge,
  Button,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Table,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { MailboxSettings, Returned, Webhook } from "../api/types";
import { useMayGovern } from "../app/session";
import { ago, dateTime } from "../ui/format";
import { PathLink } from "../ui/links";
import { Card, Copyable, FormModal } from "../ui/parts";
import { ErrorState, ErrorSummary, Waiting } from "../ui/states";
import { attempt, said } from "../ui/toasts";
import { Panel, useSettingsForm } from "./SettingsPage";

/** The mailbox, the providers that report, and what came back last. */
export function ReturnsCards() {
  const mailbox = $api.useQuery("get", "/settings/mailbox");
  const webhooks = $api.useQuery("get", "/settings/webhooks");
  const failed = mailbox.isError ? mailbox : webhooks.isError ? webhooks : null;
  if (failed) return <ErrorState error={failed.error} retry={failed.refetch} />;
  if (!mailbox.data || !webhooks.data) return <Waiting />;
  return (
    <>
      <MailboxForm value={mailbox.data as MailboxSettings} />
      <Webhooks list={webhooks.data} />
      <Returns />
    </>
  );
}

const SECURITY = ["tls", "starttls", "none"] as const;

function securityOf({ tls, start_tls }: MailboxSettings) {
  if (tls) return "tls";
  return start_tls ? "starttls" : "none";
}

/** Whether new mails are heard of at once. */
function Heard() {
  const { t } = useTranslation("deliverability");
  const { data: watch } = $api.useQuery("get", "/mailbox/watch");
  if (!watch || watch.state === "off") return null;
  return (
    <Text size="sm" c="dimmed">
      {t(`heard.${watch.state}`, { why: watch.why })}
    </Text>
  );
}

function MailboxForm({ value }: { value: MailboxSettings }) {
  const { t } = useTranslation("deliverability");
  const may = useMayGovern();
  const { data: look } = $api.useQuery("get", "/mailbox/look");
  const [busy, setBusy] = useState(false);
  const { form, ...rest } = useSettingsForm(value, async (body) => {
    await take(http.PUT("/settings/mailbox", { body }));
    form.setFieldValue("password", "");
  });
  const lookNow = async () => {
    setBusy(true);
    await attempt(async () => {
      const found = await take(http.POST("/mailbox/look"));
      await refresh("/mailbox", "/returns");
      if (!found.error) said(t("lookDone", { count: found.fetched }));
    });
    setBusy(false);
  };
  return (
    <Panel {...rest}>
      <Card
        title={t("mailbox")}
        aside={
          may &&
          value.enabled && (
            <Button variant="default" size="xs" loading={busy} onClick={lookNow}>
              {t("lookNow")}
            </Button>
          )
        }
      >
        <Stack>
          <Text size="sm" c="dimmed">
            {t("mailboxText")}
          </Text>
          {look?.error ? (
            <Alert variant="light" color="red" icon={<IconAlertTriangle aria-hidden />}>
              {t("lookedError", { at: dateTime(look.at), error: look.error })}
            </Alert>
          ) : (
            look && <Text size="sm">{t("looked", { at: dateTime(look.at), count: look.fetched })}</Text>
          )}
          {value.enabled && <Heard />}
          <Switch label={t("mailboxOn")} {...form.getInputProps("enabled", { type: "checkbox" })} />
          {form.getValues().enabled && (
            <>
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <TextInput
                  label={t("address")}
                  description={t("addressHint")}
                  type="email"
                  {...form.getInputProps("address")}
                />
                <TextInput label={t("folder")} {...form.getInputProps("folder")} />
                <TextInput label={t("host")} {...form.getInputProps("host")} />
                <NumberInput label={t("port")} min={1} max={65535} {...form.getInputProps("port")} />
                <TextInput label={t("user")} autoComplete="off" {...form.getInputProps("user")} />
                <PasswordInput
                  label={t("password")}
                  description={t("passwordHint")}
                  autoComplete="new-password"
                  {...form.getInputProps("password")}
                />
                <NumberInput label={t("every")} min={1} max={1440} {...form.getInputProps("every_minutes")} />
              </SimpleGrid>
              <Select
                label={t("security")}
                data={SECURITY.map((value) => ({ value, label: t(`securities.${value}`) }))}
                allowDeselect={false}
                value={securityOf(form.getValues())}
                onChange={(value) => {
                  form.setFieldValue("tls", value === "tls");
                  form.setFieldValue("start_tls", value === "starttls");
                }}
              />
              <Switch label={t("verify")} {...form.getInputProps("verify", { type: "checkbox" })} />
              <Switch label={t("removeRead")} {...form.getInputProps("remove", { type: "checkbox" })} />
            </>
          )}
        </Stack>
      </Card>
    </Panel>
  );
}

function Webhooks({ list }: { list: Webhook[] }) {
  const { t } = useTranslation("deliverability");
  const may = useMayGovern();
  const [open, setOpen] = useState<Webhook | null>(null);
  return (
    <Card title={t("webhooks")}>
      <Text size="sm" c="dimmed" mb="md">
        {t("webhooksText")}
      </Text>
      <Stack gap="xs">
        {list.map((one) => {
          const name = t(`provider.${one.provider}`);
          return (
            <Group key={one.provider} justify="space-between">
              <Group gap="xs">
                <Text size="sm" fw={550}>
                  {name}
                </Text>
                <Badge variant="default" className="hg-badge">
                  {one.is_set ? t("isSet") : t("isOff")}
                </Badge>
              </Group>
              {may && (
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={t("setUpOf", { name })}
                  onClick={() => setOpen(one)}
                >
                  {t("setUp")}
                </Button>
              )}
            </Group>
          );
        })}
      </Stack>
      <FormModal
        opened={open !== null}
        close={() => setOpen(null)}
        title={open ? t(`provider.${open.provider}`) : ""}
      >
        {open && <WebhookForm webhook={open} close={() => setOpen(null)} />}
      </FormModal>
    </Card>
  );
}

const OWN_HINTS = ["ses", "sendgrid", "mailgun", "resend"];

function WebhookForm({ webhook, close }: { webhook: Webhook; close: () => void }) {
  const { t } = useTranslation("deliverability");
  const form = useForm({ initialValues: { secret: "" } });
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const name = t(`provider.${webhook.provider}`);
  const hint = OWN_HINTS.includes(webhook.provider) ? webhook.provider : "shared";
  const submit = form.onSubmit(async (body) => {
    setBusy(true);
    try {
      const path = { provider: webhook.provider };
      await take(http.PUT("/settings/webhooks/{provider}", { params: { path }, body }));
      await refresh("/settings/webhooks");
      said(t("secretSaved"));
      close();
    } catch (error) {
      setErrors(showProblem(form, error));
    } finally {
      setBusy(false);
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <Copyable value={webhook.url} label={t("urlOf", { name })} />
        <Textarea
          label={t("providerSecret", { name })}
          description={t(`secretHint.${hint}`)}
          autosize
          minRows={2}
          data-autofocus
          {...form.getInputProps("secret")}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t("common:save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const REFUSED = ["forged", "stale", "unreadable"];

function Returns() {
  const { t } = useTranslation("deliverability");
  const { data } = $api.useQuery("get", "/returns", { params: { query: { limit: 25 } } });
  const { data: days } = $api.useQuery("get", "/returns/days");
  const refused = (days ?? [])
    .filter((day) => REFUSED.includes(day.outcome))
    .reduce((sum, day) => sum + day.times, 0);
  return (
    <Card title={t("returns")} scroll>
      {refused > 0 && (
        <Text size="sm" mb="sm">
          {t("refused", { count: refused })}
        </Text>
      )}
      {data?.items.length ? (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("whenCol")}</Table.Th>
              <Table.Th>{t("kindCol")}</Table.Th>
              <Table.Th>{t("whoCol")}</Table.Th>
              <Table.Th>{t("whyCol")}</Table.Th>
              <Table.Th>{t("followedCol")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </Table.Tbody>
        </Table>
      ) : (
        <Text size="sm" c="dimmed">
          {t("returnsEmpty")}
        </Text>
      )}
    </Card>
  );
}

function Row({ row }: { row: Returned }) {
  const { t } = useTranslation("deliverability");
  return (
    <Table.Tr>
      <Table.Td>{ago(row.received_at)}</Table.Td>
      <Table.Td>{t(`kind.${row.kind}`)}</Table.Td>
      <Table.Td>
        {row.contact_id ? (
          <PathLink path={`/contacts/${row.contact_id}`} size="sm">
            {row.address ?? row.contact_id}
          </PathLink>
        ) : (
          row.address
        )}
      </Table.Td>
      <Table.Td maw={320}>{row.reason}</Table.Td>
      <Table.Td>{t(`verdict.${row.verdict}`)}</Table.Td>
    </Table.Tr>
  );
}
