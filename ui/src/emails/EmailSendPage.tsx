import { Alert, Box, Button, Group, Progress, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconInbox, IconPlayerPause, IconPlayerPlay, IconRoute, IconSend } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Email, SendCounts, SendPlan } from "../api/types";
import { useMayEdit, useSession } from "../app/session";
import { useDisplayName } from "../contacts/ContactsPage";
import { number, percent, spoken } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, ConsequenceDialog, StatTile } from "../ui/parts";
import { EmptyState, ErrorState, StateBadge, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";
import { CheckPanel } from "./CheckPanel";
import { asBody, NO_WISH, PlanNotice, useSendPlan, type Wish, WishFields } from "./SendPlan";
import { emailState } from "./state";

export function EmailSendPage() {
  const { t } = useTranslation("emails");
  const { id } = useParams({ strict: false }) as { id: string };
  const [live, setLive] = useState<SendCounts | null>(null);
  const query = $api.useQuery(
    "get",
    "/emails/{id}",
    { params: { path: { id: Number(id) } } },
    {
      refetchInterval: (q) => (underWay(q.state.data as Email | undefined) ? 1500 : false),
    },
  );
  useLive<{ email_id: number; counts: SendCounts }>("send", (event) => {
    if (event.email_id !== Number(id)) return;
    setLive(event.counts);
    if (event.counts.queued === 0) refresh("/emails/{id}");
  });
  const { data: plan } = useSendPlan(Number(id));
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const email = query.data;
  if (!email || email.id !== Number(id)) return <Waiting />;
  if (email.kind !== "segment") return <NotToSegments email={email} />;
  return (
    <>
      <PageHeader
        title={t("send.title", { name: email.name })}
        aside={<StateBadge state={emailState(email)} />}
        description={spoken(email.subject)}
        back={{ path: `/emails/${email.id}/edit`, label: t("backToEdit") }}
      />
      {plan && <PlanNotice id={email.id} plan={plan} />}
      {(email.send_state === "sending" || email.send_state === "paused" || email.send_state === "sent") && (
        <ProgressCard email={email} counts={live ?? email.counts} />
      )}
      {plan && <AudienceCard email={email} plan={plan} />}
      {email.send_state === "idle" && (
        <Box mt="md">
          <CheckPanel draft={email} />
        </Box>
      )}
    </>
  );
}

/** Messages leave now; a send that goes on rests while nobody waits. */
function underWay(email?: Email) {
  return email?.send_state === "sending" && !(email.evergreen && email.counts.queued === 0);
}

/** Who comes here with an email of campaigns learns how that one leaves. */
function NotToSegments({ email }: { email: Email }) {
  const { t } = useTranslation("emails");
  return (
    <>
      <PageHeader
        title={t("send.title", { name: email.name })}
        back={{ path: `/emails/${email.id}`, label: t("toResults") }}
      />
      <div className="hg-card">
        <EmptyState
          icon={IconRoute}
          title={t("send.byCampaigns")}
          action={<ButtonLink to="/campaigns">{t("send.toCampaigns")}</ButtonLink>}
        >
          {t("send.byCampaignsText")}
        </EmptyState>
      </div>
    </>
  );
}

function ProgressCard({ email, counts }: { email: Email; counts: SendCounts }) {
  const { t } = useTranslation("emails");
  const may = useMayEdit();
  const outbox = useSession().mail.transport === "outbox";
  const [opened, cancelling] = useDisclosure();
  const total = counts.queued + counts.sent + counts.failed + counts.unknown + counts.skipped;
  const done = total - counts.queued;
  const params = { path: { id: email.id } };
  const run = (call: Promise<{ data?: unknown }>) =>
    attempt(async () => {
      await take(call);
      await refresh("/emails");
    });
  return (
    <Card title={t("send.progress")}>
      <Stack>
        <Progress
          value={total ? (100 * done) / total : 0}
          size="lg"
          aria-label={t("send.progress")}
          radius="md"
        />
        <Group justify="space-between">
          <Text size="sm" className="hg-num" role="status">
            {t("send.progressText", {
              done: number(done),
              total: number(total),
              share: percent(done, total),
            })}
          </Text>
          <Group gap="xs">
            {may && email.send_state === "sending" && (
              <Button
                size="xs"
                variant="default"
                leftSection={<IconPlayerPause size={14} aria-hidden />}
                onClick={() => run(http.POST("/emails/{id}/pause", { params }))}
              >
                {t("send.pause")}
              </Button>
            )}
            {may && email.send_state === "paused" && (
              <Button
                size="xs"
                leftSection={<IconPlayerPlay size={14} aria-hidden />}
                onClick={() => run(http.POST("/emails/{id}/resume", { params }))}
              >
                {t("send.resume")}
              </Button>
            )}
            {may && (email.send_state === "sending" || email.send_state === "paused") && (
              <Button size="xs" variant="default" onClick={cancelling.open}>
                {t("plan.cancelRest")}
              </Button>
            )}
            <ButtonLink to="/emails/$id" params={{ id: String(email.id) }} size="xs" variant="default">
              {t("toResults")}
            </ButtonLink>
            {outbox && (
              <ButtonLink
                to="/outbox"
                size="xs"
                variant="default"
                leftSection={<IconInbox size={14} aria-hidden />}
              >
                {t("send.showOutbox")}
              </ButtonLink>
            )}
          </Group>
        </Group>
        {email.evergreen && email.send_state !== "sent" && (
          <Switch
            label={t("plan.evergreen")}
            description={t("plan.goesOn")}
            checked
            disabled={!may}
            onChange={() => run(http.PATCH("/emails/{id}", { params, body: { evergreen: false } }))}
          />
        )}
        <SimpleGrid cols={{ base: 2, sm: 5 }}>
          {(["sent", "queued", "skipped", "failed", "unknown"] as const).map((key) => (
            <StatTile key={key} label={t(`counts.${key}`)} value={number(counts[key])} />
          ))}
        </SimpleGrid>
        <ConsequenceDialog
          opened={opened}
          close={cancelling.close}
          title={t("plan.cancelTitle")}
          confirm={t("plan.cancelRest")}
          run={() => run(http.POST("/emails/{id}/call-back", { params }))}
        >
          <Text>{t("plan.cancelText", { shown: number(counts.queued) })}</Text>
        </ConsequenceDialog>
      </Stack>
    </Card>
  );
}

function AudienceCard({ email, plan }: { email: Email; plan: SendPlan }) {
  const { t } = useTranslation("emails");
  const may = useMayEdit();
  const outbox = useSession().mail.transport === "outbox";
  const nameOf = useDisplayName();
  const [opened, dialog] = useDisclosure();
  const [wish, setWish] = useState<Wish>({
    ...NO_WISH,
    when: plan.undo_minutes > 0 ? "soon" : "now",
    evergreen: email.evergreen,
  });
  const query = $api.useQuery("get", "/emails/{id}/audience", { params: { path: { id: email.id } } });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  const { will_receive, skipped, sample } = query.data;
  const skippedTotal = skipped.reduce((sum, one) => sum + one.count, 0);
  const reasons = skipped
    .map((one) => `${number(one.count)} ${t(`skipped.${one.reason}`, { defaultValue: one.text })}`)
    .join(", ");
  const now = plan.you_may_send && wish.when === "now";
  const label = plan.you_may_send ? (now ? "send.confirm" : "plan.later") : "plan.ask";
  const send = async () => {
    const body = asBody(wish, plan.undo_minutes);
    await take(http.POST("/emails/{id}/send", { params: { path: { id: email.id } }, body }));
    await refresh("/emails", "/tasks");
  };
  return (
    <Stack mt="md">
      <Card title={t("send.audience")}>
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <div>
              <Text fz={40} fw={680} lh={1.1} className="hg-num">
                {number(will_receive)}
              </Text>
              <Text size="sm" c="dimmed">
                {t("send.willReceive", { count: will_receive })}
              </Text>
            </div>
            <div>
              <Text fz={40} fw={680} lh={1.1} className="hg-num">
                {number(skippedTotal)}
              </Text>
              <Text size="sm" c="dimmed">
                {t("send.skipped", { count: skippedTotal })}
              </Text>
              {skipped.map((one) => (
                <Text key={one.reason} size="sm">
                  {number(one.count)} {t(`skipped.${one.reason}`, { defaultValue: one.text })}
                </Text>
              ))}
            </div>
          </SimpleGrid>
          {sample.length > 0 && (
            <div>
              <Text size="xs" fw={600} c="dimmed" mb={4}>
                {t("send.sample")}
              </Text>
              <Group gap="md">
                {sample.map((contact) => (
                  <TextLink key={contact.id} to="/contacts/$id" params={{ id: String(contact.id) }} size="sm">
                    {nameOf(contact)}
                  </TextLink>
                ))}
              </Group>
            </div>
          )}
          {outbox && (
            <Alert variant="default" icon={<IconInbox aria-hidden />}>
              {t("send.outboxNote")}
            </Alert>
          )}
          {may && (email.send_state === "idle" || email.send_state === "sent") && (
            <Group>
              <Button
                size="md"
                leftSection={<IconSend size={18} aria-hidden />}
                disabled={will_receive === 0}
                onClick={dialog.open}
              >
                {t("send.button", { count: will_receive, shown: number(will_receive) })}
              </Button>
            </Group>
          )}
        </Stack>
      </Card>
      <ConsequenceDialog
        opened={opened}
        close={dialog.close}
        title={now ? t("send.confirmTitle") : t("plan.scheduleTitle")}
        confirm={t(label, { count: will_receive, shown: number(will_receive) })}
        disabled={wish.when === "at" && wish.at === null}
        run={send}
      >
        <Text>
          {t(now ? "send.consequence" : "plan.consequence", {
            count: will_receive,
            shown: number(will_receive),
          })}{" "}
          {skippedTotal > 0 && t("send.consequenceSkipped", { shown: number(skippedTotal), reasons })}
        </Text>
        <Card p="sm">
          <Text size="sm" fw={600}>
            {spoken(email.subject)}
          </Text>
          <Text size="xs" c="dimmed">
            {t("send.first", { names: sample.slice(0, 3).map(nameOf).join(", ") })}
          </Text>
        </Card>
        <WishFields value={wish} onChange={setWish} plan={plan} people={will_receive} />
        <Text size="sm" c="dimmed">
          {!plan.you_may_send
            ? t("plan.askNote")
            : outbox
              ? t("send.outboxNote")
              : now
                ? t("send.noReturn")
                : t("plan.soonNote")}
        </Text>
      </ConsequenceDialog>
    </Stack>
  );
}
