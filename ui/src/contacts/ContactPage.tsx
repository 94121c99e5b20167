import { Avatar, Button, Chip, Group, Menu, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconTimeline } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, API, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Activity, Contact, TimelineItem } from "../api/types";
import { initials } from "../app/Shell";
import { useMayEdit } from "../app/session";
import { CompaniesCard } from "../companies/CompaniesCard";
import { rowsOf } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { ago } from "../ui/format";
import { PathLink, pathOf, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card } from "../ui/parts";
import { EmptyState, ErrorState, StateBadge, Waiting } from "../ui/states";
import { Timeline } from "../ui/Timeline";
import { attempt, undoable } from "../ui/toasts";
import { ConsentCard } from "./ConsentCard";
import { useDisplayName } from "./ContactsPage";
import { EngagementCard } from "./EngagementCard";
import { EraseDialog } from "./EraseDialog";
import { FactsCard } from "./FactsCard";
import { MergesCard } from "./MergesCard";
import { momentDetail, readable } from "./moments";
import { NotesCard } from "./NotesCard";
import { PointsCard, StageCard } from "./PointsCard";
import { ReachCard, StopLabels } from "./ReachCard";
import { TagsCard } from "./TagsCard";
import { TracesCard } from "./TracesCard";
import { kindsOf, TIMELINE_GROUPS } from "./timeline-groups";
import { WaitingCard } from "./WaitingCard";
import { WhyMailCard } from "./WhyMailCard";

/** Moments of mail that somebody may ask about. */
const EXPLAINED = new Set(["email_sent", "email_failed", "email_bounced", "message_held"]);

export function ContactPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery("get", "/contacts/{id}", { params: { path: { id: Number(id) } } });
  useLive<Activity>("activity", (event) => {
    if (event.contact?.id === Number(id)) refresh("/contacts/{id}");
  });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data || query.data.id !== Number(id)) return <Waiting lines={10} />;
  return <Record contact={query.data} />;
}

function Record({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const nameOf = useDisplayName();
  const navigate = useNavigate();
  const [erasing, setErasing] = useState(false);
  const path = { path: { id: contact.id } };
  const remove = () =>
    attempt(async () => {
      await take(http.DELETE("/contacts/{id}", { params: path }));
      undoable(t("record.deletedUndo", { name: nameOf(contact) }), async () => {
        await take(http.POST("/contacts/{id}/restore", { params: path }));
        await refresh("/contacts");
      });
      await navigate({ to: "/contacts" });
      await refresh("/contacts");
    });
  return (
    <>
      <PageHeader
        title={nameOf(contact)}
        back={{ path: "/contacts", label: t("title") }}
        lead={
          <Avatar size={44} radius="xl" className="hg-avatar" aria-hidden>
            {initials(nameOf(contact))}
          </Avatar>
        }
        description={
          <>
            {contact.email && contact.email !== contact.name ? `${contact.email} · ` : ""}
            {t("record.added", { when: ago(contact.created_at) })}
            {contact.last_active_at && ` · ${t("record.active", { when: ago(contact.last_active_at) })}`}
            <StopLabels contact={contact} />
          </>
        }
        actions={
          may && (
            <DotsMenu button label={t("common:moreActions", { name: nameOf(contact) })}>
              <Menu.Item
                onClick={() =>
                  navigate({ to: "/contacts/$id/merge", params: { id: String(contact.id) }, search: {} })
                }
              >
                {t("persons:merge.action")}
              </Menu.Item>
              <Menu.Item component="a" href={`${API}/contacts/${contact.id}/export?format=xlsx`}>
                {t("exportMenu.one")}
              </Menu.Item>
              <Menu.Item component="a" href={`${API}/contacts/${contact.id}/timeline.csv`}>
                {t("engagement.file")}
              </Menu.Item>
              <Menu.Item component="a" href={`${API}/contacts/${contact.id}/archive.zip`}>
                {t("persons:erase.archive")}
              </Menu.Item>
              <Menu.Item onClick={remove}>{t("common:delete")}</Menu.Item>
              <Menu.Item color="red" onClick={() => setErasing(true)}>
                {t("persons:erase.action")}
              </Menu.Item>
            </DotsMenu>
          )
        }
      />
      <EraseDialog contact={contact} opened={erasing} close={() => setErasing(false)} />
      <div className="hg-record">
        <Stack>
          <FactsCard contact={contact} />
          <ReachCard contact={contact} />
          <NotesCard contact={contact} />
        </Stack>
        <TimelineCard contact={contact} />
        <Stack>
          <EngagementCard id={contact.id} />
          <WaitingCard id={contact.id} />
          <WhyMailCard id={contact.id} />
          <TagsCard
            tags={contact.tags}
            write={async (tags) => {
              await take(
                http.PATCH("/contacts/{id}", { params: { path: { id: contact.id } }, body: { tags } }),
              );
              await refresh("/contacts", "/tags");
            }}
          />
          <StageCard contact={contact} />
          <PointsCard contact={contact} />
          <CompaniesCard contact={contact} />
          <SegmentsCard contact={contact} />
          <CampaignsCard contact={contact} />
          <ConsentCard contact={contact} />
          <TracesCard contact={contact} />
          <MergesCard contact={contact} />
        </Stack>
      </div>
    </>
  );
}

function TimelineCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const [groups, setGroups] = useState<string[]>([]);
  const query = $api.useInfiniteQuery(
    "get",
    "/contacts/{id}/timeline",
    { params: { path: { id: contact.id }, query: { limit: 50, kinds: kindsOf(groups) } } },
    byCursor,
  );
  const { rows: shown } = rowsOf<TimelineItem>(query);
  return (
    <Card title={t("record.timeline")}>
      <Chip.Group multiple value={groups} onChange={setGroups}>
        <Group gap={6} mb="md">
          {TIMELINE_GROUPS.map((kind) => (
            <Chip key={kind} value={kind} size="xs" variant="outline">
              {t(`record.${kind}`)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.isPending ? (
        <Waiting />
      ) : shown.length ? (
        <>
          <Timeline
            label={t("record.timeline")}
            entries={shown.map((row) => ({
              key: row.id,
              kind: row.kind,
              at: row.occurred_at,
              title: <TimelineTitle item={row} />,
              detail: <TimelineDetail item={row} contact={contact.id} />,
            }))}
          />
          {query.hasNextPage && (
            <Button
              mt="md"
              size="xs"
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => query.fetchNextPage()}
            >
              {t("record.older")}
            </Button>
          )}
        </>
      ) : (
        <EmptyState icon={IconTimeline} title={t("record.timelineEmpty")}>
          {t("record.timelineEmptyText")}
        </EmptyState>
      )}
    </Card>
  );
}

/** What is worth a second line, and for mail the way to its explanation. */
function TimelineDetail({ item, contact }: { item: TimelineItem; contact: number }) {
  const { t } = useTranslation("contacts");
  const said = momentDetail(item.kind, item.detail, t);
  const explained = item.link?.type === "email" && EXPLAINED.has(item.kind);
  if (!item.link || !explained) return said;
  return (
    <>
      {said && `${said} · `}
      <TextLink
        to="/emails/$id"
        params={{ id: String(item.link.id) }}
        search={{ tab: "why", contact }}
        size="xs"
        td="underline"
        display="inline-block"
        mih={24}
        aria-label={t("whyMail.linkOf", { name: item.link.label })}
      >
        {t("record.whyHere")}
      </TextLink>
    </>
  );
}

function TimelineTitle({ item }: { item: TimelineItem }) {
  const path = item.link ? pathOf(item.link.type, item.link.id) : null;
  const title = readable(item.title);
  if (!item.link || !path) return <>{title}</>;
  const at = title.indexOf(item.link.label);
  if (at < 0) {
    return (
      <>
        {title}{" "}
        <PathLink path={path} size="sm" td="underline">
          {item.link.label}
        </PathLink>
      </>
    );
  }
  return (
    <>
      {title.slice(0, at)}
      <PathLink path={path} size="sm" td="underline">
        {item.link.label}
      </PathLink>
      {title.slice(at + item.link.label.length)}
    </>
  );
}

function SegmentsCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const { data } = $api.useQuery("get", "/contacts/{id}/segments", {
    params: { path: { id: contact.id } },
  });
  return (
    <Card title={t("record.segments")}>
      <Stack gap="sm">
        {data?.map((segment) => (
          <Group key={segment.id} justify="space-between" wrap="nowrap" align="flex-start">
            <div style={{ minWidth: 0 }}>
              <TextLink to="/segments/$id" params={{ id: String(segment.id) }} size="sm">
                {segment.name}
              </TextLink>
              <Text size="xs" c="dimmed">
                {t(`record.origin.${segment.origin}`, { defaultValue: segment.origin })} ·{" "}
                {ago(segment.joined_at)}
              </Text>
            </div>
            <TextLink
              to="/segments/$id"
              params={{ id: String(segment.id) }}
              search={{ tab: "explain", contact: contact.id }}
              size="xs"
              td="underline"
            >
              {t("record.whyHere")}
            </TextLink>
          </Group>
        ))}
        {data?.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("record.noSegments")}
          </Text>
        )}
      </Stack>
    </Card>
  );
}

function CampaignsCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const { data } = $api.useQuery("get", "/contacts/{id}/campaigns", {
    params: { path: { id: contact.id } },
  });
  return (
    <Card title={t("record.campaigns")}>
      <Stack gap="sm">
        {data?.map((campaign) => (
          <div key={campaign.id}>
            <SimpleGrid cols={1} spacing={2}>
              <Group justify="space-between" wrap="nowrap">
                <TextLink
                  to="/campaigns/$id/people"
                  params={{ id: String(campaign.id) }}
                  search={{ contact: contact.id }}
                  size="sm"
                >
                  {campaign.name}
                </TextLink>
                <StateBadge state={campaign.state} />
              </Group>
              {campaign.next.map((next) => (
                <Text key={next.step_key} size="xs" c="dimmed">
                  {t("record.next", {
                    name: next.due_at
                      ? t("record.dueAt", { name: next.name, when: ago(next.due_at) })
                      : next.name,
                  })}
                </Text>
              ))}
            </SimpleGrid>
          </div>
        ))}
        {data?.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("record.noCampaigns")}
          </Text>
        )}
      </Stack>
    </Card>
  );
}
