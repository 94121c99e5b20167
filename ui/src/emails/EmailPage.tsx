import { Alert, Menu, Select, SimpleGrid, Tabs, Text } from "@mantine/core";
import { IconPencil, IconSend, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Email, Recipient } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { dateTime, number, percent, spoken } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { PreviewFrame } from "../ui/PreviewFrame";
import { Card, StatTile } from "../ui/parts";
import { EmptyState, ErrorState, StateBadge, Waiting } from "../ui/states";
import { useView } from "../ui/view";
import { useDeleteEmail } from "./EmailsPage";
import { LanguagesPanel } from "./LanguagesPanel";
import { LinksPanel } from "./LinksPanel";
import { OriginsPanel } from "./OriginsPanel";
import { emailState } from "./state";
import { VariantsPanel } from "./VariantsPanel";
import { WhyPanel } from "./WhyPanel";
import { writable } from "./writable";

type View = { tab?: string; state?: string; contact?: number };

export function EmailPage() {
  const { t } = useTranslation("emails");
  const { id } = useParams({ strict: false }) as { id: string };
  const [view, change] = useView<View>();
  const may = useMayEdit();
  const navigate = useNavigate();
  const remove = useDeleteEmail();
  const query = $api.useQuery("get", "/emails/{id}", { params: { path: { id: Number(id) } } });
  useLive<{ email_id: number }>("send", (event) => {
    if (event.email_id === Number(id)) refresh("/emails/{id}");
  });
  useLive<{ kind: string }>("activity", (event) => {
    if (/mail|click|open/.test(event.kind)) refresh("/emails/{id}");
  });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const email = query.data;
  if (!email || email.id !== Number(id)) return <Waiting />;
  const { counts } = email;
  const delivered = Math.max(0, counts.sent);
  const tile = (key: "opened" | "clicked" | "unsubscribed", machines = 0) => (
    <StatTile
      label={t(`counts.${key}`)}
      value={percent(counts[key], delivered)}
      note={
        <>
          {delivered > 0 && t("common:ofBase", { part: number(counts[key]), whole: number(delivered) })}
          {machines > 0 && ` ${t("machinesNote", { shown: number(machines) })}`}
        </>
      }
    />
  );
  const back = (["bounced", "complained", "replied"] as const).filter((key) => counts[key] > 0);
  return (
    <>
      <PageHeader
        title={email.name}
        aside={<StateBadge state={emailState(email)} />}
        description={spoken(email.subject)}
        back={{ path: "/emails", label: t("title") }}
        actions={
          may && (
            <>
              <ButtonLink
                to="/emails/$id/edit"
                params={{ id }}
                variant={email.kind === "segment" ? "default" : "filled"}
                data-shortcut="edit"
                leftSection={<IconPencil size={16} aria-hidden />}
              >
                {t("common:edit")}
              </ButtonLink>
              {email.kind === "segment" && (
                <ButtonLink
                  to="/emails/$id/send"
                  params={{ id }}
                  leftSection={<IconSend size={16} aria-hidden />}
                >
                  {t("toSend")}
                </ButtonLink>
              )}
              <DotsMenu button label={t("common:moreActions", { name: email.name })}>
                <Menu.Item
                  onClick={async () => {
                    if (await remove(email)) navigate({ to: "/emails" });
                  }}
                >
                  {t("common:delete")}
                </Menu.Item>
              </DotsMenu>
            </>
          )
        }
      />
      <DraftNotice id={email.id} />
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} mb="lg">
        <StatTile
          label={t("counts.sent")}
          value={number(counts.sent)}
          note={counts.queued > 0 && t("waiting", { shown: number(counts.queued) })}
        />
        {tile("opened", counts.machine_opened)}
        {tile("clicked", counts.machine_clicked)}
        {tile("unsubscribed")}
        <StatTile
          label={t("counts.failed")}
          value={number(counts.failed)}
          note={
            <>
              {counts.unknown > 0 && t("unknownNote", { shown: number(counts.unknown) })}
              {counts.skipped > 0 && ` ${t("skippedNote", { shown: number(counts.skipped) })}`}
            </>
          }
        />
        {back.map((key) => (
          <StatTile
            key={key}
            label={t(`counts.${key}`)}
            value={number(counts[key])}
            note={delivered > 0 && percent(counts[key], delivered)}
          />
        ))}
      </SimpleGrid>
      <Tabs
        value={view.tab ?? "recipients"}
        onChange={(tab) => change({ tab: tab ?? undefined })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="recipients">{t("tab.recipients")}</Tabs.Tab>
          <Tabs.Tab value="links">{t("tab.links")}</Tabs.Tab>
          <Tabs.Tab value="origins">{t("tab.origins")}</Tabs.Tab>
          <Tabs.Tab value="variants">{t("tab.variants")}</Tabs.Tab>
          <Tabs.Tab value="languages">{t("tab.languages")}</Tabs.Tab>
          <Tabs.Tab value="why">{t("tab.why")}</Tabs.Tab>
          <Tabs.Tab value="preview">{t("tab.preview")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="recipients">
          <Recipients email={email} state={view.state} onState={(state) => change({ state })} />
        </Tabs.Panel>
        <Tabs.Panel value="links">
          <LinksPanel email={email} />
        </Tabs.Panel>
        <Tabs.Panel value="origins">
          <OriginsPanel email={email} />
        </Tabs.Panel>
        <Tabs.Panel value="variants">
          <VariantsPanel email={email} />
        </Tabs.Panel>
        <Tabs.Panel value="languages">
          <LanguagesPanel email={email} />
        </Tabs.Panel>
        <Tabs.Panel value="why">
          <WhyPanel
            email={email}
            contact={view.contact ?? null}
            onContact={(contact) => change({ contact: contact ?? undefined })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="preview">
          <Preview email={email} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** Says that changes wait which readers do not get yet. */
function DraftNotice({ id }: { id: number }) {
  const { t } = useTranslation("emails");
  const { data } = $api.useQuery("get", "/emails/{id}/draft", { params: { path: { id } } });
  if (!data?.draft) return null;
  return (
    <Alert variant="default" mb="md">
      {t("draft.onPage")}{" "}
      <TextLink to="/emails/$id/edit" params={{ id: String(id) }} search={{}} size="sm" td="underline">
        {t("draft.toDraft")}
      </TextLink>
    </Alert>
  );
}

/** How far a message got: opened and clicked are more than sent. */
function furthest(row: Recipient): string {
  if (row.state !== "sent") return row.state;
  return row.clicked_at ? "clicked" : row.opened_at ? "opened" : "sent";
}

type RecipientsProps = { email: Email; state?: string; onState: (state?: string) => void };

function Recipients({ email, state, onState }: RecipientsProps) {
  const { t } = useTranslation("emails");
  const navigate = useNavigate();
  const query = $api.useInfiniteQuery(
    "get",
    "/emails/{id}/recipients",
    { params: { path: { id: email.id }, query: { state, limit: 50 } } },
    byCursor,
  );
  return (
    <>
      <Select
        mb="sm"
        w={220}
        aria-label={t("recipientState")}
        placeholder={t("recipientState")}
        clearable
        clearButtonProps={{ "aria-label": t("common:clearFilters"), "aria-hidden": false, tabIndex: 0 }}
        data={(["sent", "opened", "clicked", "failed", "unknown", "skipped", "queued"] as const).map(
          (key) => ({ value: key, label: t(`common:state.${key}`) }),
        )}
        value={state ?? null}
        onChange={(next) => onState(next ?? undefined)}
      />
      <DataList<Recipient>
        label={t("tab.recipients")}
        query={query}
        rowKey={(row) => row.contact.id}
        rowLabel={(row) => row.contact.name || row.contact.email || ""}
        onOpen={(row) => navigate({ to: "/contacts/$id", params: { id: String(row.contact.id) } })}
        columns={[
          {
            key: "contact",
            title: t("contact"),
            render: (row) => (
              <>
                <TextLink to="/contacts/$id" params={{ id: String(row.contact.id) }} size="sm" fw={550}>
                  {row.contact.name || row.contact.email || t("common:anonymous")}
                </TextLink>
                <Text size="xs" c="dimmed">
                  {row.contact.email}
                </Text>
              </>
            ),
          },
          {
            key: "state",
            title: t("state"),
            render: (row) => (
              <>
                <StateBadge state={furthest(row)} />
                {row.reason && (
                  <Text size="xs" c="dimmed">
                    {t(`skipped.${row.reason}`, { defaultValue: row.reason })}
                  </Text>
                )}
              </>
            ),
          },
          { key: "sent", title: t("counts.sent"), render: (row) => dateTime(row.sent_at) },
          { key: "opened", title: t("counts.opened"), render: (row) => dateTime(row.opened_at) },
          { key: "clicked", title: t("counts.clicked"), render: (row) => dateTime(row.clicked_at) },
          {
            key: "why",
            title: "",
            render: (row) => (
              <TextLink
                to="/emails/$id"
                params={{ id: String(email.id) }}
                search={{ tab: "why", contact: row.contact.id }}
                size="xs"
                td="underline"
                aria-label={t("why.linkOf", { name: row.contact.name || row.contact.email })}
              >
                {t("why.link")}
              </TextLink>
            ),
          },
        ]}
        empty={
          <EmptyState icon={IconUsers} title={t("noRecipients.title")}>
            {t("noRecipients.text")}
          </EmptyState>
        }
      />
    </>
  );
}

function Preview({ email }: { email: Email }) {
  const { t } = useTranslation("emails");
  const { version: _version, ...fields } = writable(email);
  const query = useQuery({
    queryKey: ["post", "/emails/preview", fields, null],
    queryFn: () => take(http.POST("/emails/preview", { body: { ...fields, contact_id: null } })),
    retry: false,
  });
  if (query.isError) return <ErrorState error={query.error} />;
  return (
    <Card p="md">
      <PreviewFrame html={query.data?.html ?? ""} title={t("previewTitle")} night />
    </Card>
  );
}
