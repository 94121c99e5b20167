import {
  Badge,
  Button,
  Checkbox,
  Group,
  NumberInput,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconMailCheck, IconMailOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { ChannelRule, Contact } from "../api/types";
import { useMayEdit, useSession } from "../app/session";
import { ago, date } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { ErrorSummary } from "../ui/states";
import { attempt, undoable } from "../ui/toasts";
import { fromLocalInput, toLocalInput } from "../ui/zoned";

const CHANNELS = ["email", "sms"];

type Stop = Contact["do_not_contact"][number];

async function stopContact(id: number, channel: string, comments: string) {
  await take(
    http.POST("/contacts/{id}/do-not-contact", { params: { path: { id } }, body: { channel, comments } }),
  );
  await refresh("/contacts");
}

async function allowContact(id: number, channel: string) {
  await take(http.DELETE("/contacts/{id}/do-not-contact/{channel}", { params: { path: { id, channel } } }));
  await refresh("/contacts");
}

/** Red labels beside the name, one for each channel that is shut. */
export function StopLabels({ contact }: { contact: Contact }) {
  const { t } = useTranslation("persons");
  return contact.do_not_contact.map((stop) => (
    <Badge key={stop.channel} className="hg-badge" color="red" variant="light" ml={6}>
      {t("reach.label", { channel: t(`reach.channels.${stop.channel}`, { defaultValue: stop.channel }) })}
    </Badge>
  ));
}

/** On which channels somebody may be contacted, and why not. */
export function ReachCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("persons");
  const [stopping, setStopping] = useState<string | null>(null);
  const [comments, setComments] = useState("");
  const [ruling, setRuling] = useState<string | null>(null);
  const { data: rules } = $api.useQuery("get", "/contacts/{id}/preferences", {
    params: { path: { id: contact.id } },
  });
  const channels = [...new Set([...CHANNELS, ...contact.do_not_contact.map((stop) => stop.channel)])];
  const close = () => {
    setStopping(null);
    setComments("");
  };
  const nameOf = (channel: string) => t(`reach.channels.${channel}`, { defaultValue: channel });
  return (
    <Card title={t("reach.title")}>
      <Stack gap="sm">
        {channels.map((channel) => (
          <ChannelRow
            key={channel}
            contact={contact}
            channel={channel}
            name={nameOf(channel)}
            stop={contact.do_not_contact.find((one) => one.channel === channel)}
            ask={() => setStopping(channel)}
            rule={rules?.find((one) => one.channel === channel)}
            edit={() => setRuling(channel)}
          />
        ))}
      </Stack>
      <FormModal
        opened={ruling !== null}
        close={() => setRuling(null)}
        title={`${t("reach.often")}: ${nameOf(ruling ?? "email")}`}
      >
        {ruling && (
          <RuleForm
            contact={contact}
            channel={ruling}
            rule={rules?.find((one) => one.channel === ruling)}
            close={() => setRuling(null)}
          />
        )}
      </FormModal>
      <FormModal
        opened={stopping !== null}
        close={close}
        title={t("reach.stopTitle", { channel: nameOf(stopping ?? "email") })}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            attempt(async () => {
              await stopContact(contact.id, stopping!, comments);
              close();
            }, t("reach.stopped"));
          }}
        >
          <Stack>
            <Textarea
              label={t("reach.comments")}
              description={t("reach.commentsHint")}
              data-autofocus
              autosize
              minRows={2}
              value={comments}
              onChange={(event) => setComments(event.currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button type="submit">{t("reach.stop")}</Button>
            </Group>
          </Stack>
        </form>
      </FormModal>
    </Card>
  );
}

type RowProps = {
  contact: Contact;
  channel: string;
  name: string;
  stop?: Stop;
  ask: () => void;
  rule?: ChannelRule;
  edit: () => void;
};

function ChannelRow({ contact, channel, name, stop, ask, rule, edit }: RowProps) {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const allow = () =>
    attempt(async () => {
      await allowContact(contact.id, channel);
      // What somebody said herself cannot be said again for her: a colleague's entry takes its place.
      undoable(t("reach.allowed"), () => stopContact(contact.id, channel, stop?.comments ?? ""));
    });
  return (
    <div>
      <Group justify="space-between" wrap="nowrap">
        <Group gap={8} wrap="nowrap">
          {stop ? <IconMailOff size={18} aria-hidden /> : <IconMailCheck size={18} aria-hidden />}
          <div>
            <Text size="sm">{name}</Text>
            <Text size="xs" c="dimmed">
              {stop ? t(`reach.reason.${stop.reason}`, { defaultValue: stop.reason }) : t("reach.may")}
            </Text>
          </div>
        </Group>
        {may && (
          <Button
            size="xs"
            variant="default"
            onClick={stop ? allow : ask}
            aria-label={`${stop ? t("reach.allow") : t("reach.stop")}: ${name}`}
          >
            {stop ? t("reach.allow") : t("reach.stop")}
          </Button>
        )}
      </Group>
      <Group justify="space-between" wrap="nowrap" mt={4}>
        <Text size="xs" c="dimmed">
          {rule &&
            [
              rule.most &&
                rule.period &&
                t("reach.limit", { count: rule.most, period: t(`reach.periods.${rule.period}`) }),
              rule.pause_until
                ? t("reach.paused", { when: date(rule.pause_until) })
                : rule.pause_from && t("reach.pausedOpen"),
              rule.preferred && t("reach.best"),
            ]
              .filter(Boolean)
              .join(" · ")}
        </Text>
        {may && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={edit}
            aria-label={`${t("reach.edit")}: ${name}`}
          >
            {t("reach.edit")}
          </Button>
        )}
      </Group>
      {stop && (
        <Text size="xs" c="dimmed" mt={4}>
          {[stop.comments, ago(stop.at)].filter(Boolean).join(" · ")}
        </Text>
      )}
    </div>
  );
}

type RuleProps = { contact: Contact; channel: string; rule?: ChannelRule; close: () => void };

/** How often at most, and when not at all. */
function RuleForm({ contact, channel, rule, close }: RuleProps) {
  const { t } = useTranslation("persons");
  const zone = useSession().site.timezone;
  const [errors, setErrors] = useState<string[]>([]);
  const day = (iso: string | null | undefined) => toLocalInput(iso, zone);
  const form = useForm({
    initialValues: {
      most: (rule?.most ?? "") as number | "",
      period: rule?.period ?? ("week" as NonNullable<ChannelRule["period"]>),
      preferred: rule?.preferred ?? false,
      pause_from: day(rule?.pause_from),
      pause_until: day(rule?.pause_until),
    },
  });
  const submit = form.onSubmit(async (values) => {
    try {
      const most = values.most === "" ? null : Number(values.most);
      await take(
        http.PUT("/contacts/{id}/preferences", {
          params: { path: { id: contact.id } },
          body: {
            channel,
            most,
            period: most === null ? null : values.period,
            preferred: values.preferred,
            pause_from: values.pause_from ? fromLocalInput(values.pause_from, zone) : null,
            pause_until: values.pause_until ? fromLocalInput(values.pause_until, zone) : null,
          },
        }),
      );
      close();
      await refresh("/contacts");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <Group grow align="flex-start">
          <NumberInput
            label={t("reach.most")}
            description={t("reach.mostHint")}
            min={1}
            data-autofocus
            {...form.getInputProps("most")}
          />
          <Select
            label={t("reach.period")}
            description=" "
            allowDeselect={false}
            data={(["day", "week", "month"] as const).map((key) => ({
              value: key,
              label: t(`reach.periods.${key}`),
            }))}
            {...form.getInputProps("period")}
          />
        </Group>
        <Group grow>
          <TextInput
            type="datetime-local"
            label={t("reach.pauseFrom")}
            {...form.getInputProps("pause_from")}
          />
          <TextInput
            type="datetime-local"
            label={t("reach.pauseUntil")}
            {...form.getInputProps("pause_until")}
          />
        </Group>
        <Checkbox label={t("reach.preferred")} {...form.getInputProps("preferred", { type: "checkbox" })} />
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
