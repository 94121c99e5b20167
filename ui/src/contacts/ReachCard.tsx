import { Badge, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconMailCheck, IconMailOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { ago } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { attempt, undoable } from "../ui/toasts";

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
          />
        ))}
      </Stack>
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

type RowProps = { contact: Contact; channel: string; name: string; stop?: Stop; ask: () => void };

function ChannelRow({ contact, channel, name, stop, ask }: RowProps) {
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
      {stop && (
        <Text size="xs" c="dimmed" mt={4}>
          {[stop.comments, ago(stop.at)].filter(Boolean).join(" · ")}
        </Text>
      )}
    </div>
  );
}
