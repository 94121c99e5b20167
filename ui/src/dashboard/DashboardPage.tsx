import { Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Table, Text } from "@mantine/core";
import { IconCalendarTime } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { RecentActivity } from "../activity/RecentActivity";
import { $api, refresh } from "../api/client";
import { useLive } from "../api/live";
import type { Dashboard } from "../api/types";
import { useSession } from "../app/session";
import { ago, dateTime, number, percent } from "../ui/format";
import { PathLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, StatTile } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { useView } from "../ui/view";
import { DemoTour } from "./DemoTour";
import { FirstSteps } from "./FirstSteps";

const Chart = lazy(() => import("./SeriesChart"));

/** The first day of a period that ends today, as a calendar date. */
export function daysAgo(days: number, now = new Date()): string {
  return new Date(now.getTime() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
}

export function DashboardPage() {
  const { t } = useTranslation("dashboard");
  const { user, site, demo } = useSession();
  const [view, change] = useView<{ days?: number }>();
  // The demo is a few days old: a month would be mostly empty.
  const usual = demo ? 7 : 30;
  const days = view.days ?? usual;
  const query = $api.useQuery(
    "get",
    "/dashboard",
    { params: { query: { from: `${daysAgo(days)}T00:00:00Z` } } },
    { refetchInterval: 30_000 },
  );
  useLive("dashboard", () => refresh("/dashboard"));
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const data = query.data;
  if (!data) return <Waiting lines={10} />;
  const { contacts, emails, submissions } = data;
  const base = (part: number) =>
    emails.sent > 0 && t("common:ofBase", { part: number(part), whole: number(emails.sent) });
  return (
    <>
      <PageHeader
        title={user.first_name ? t("hello", { name: user.first_name }) : t("title")}
        description={site.name}
        actions={
          <SegmentedControl
            aria-label={t("period")}
            value={String(days)}
            onChange={(value) => change({ days: Number(value) === usual ? undefined : Number(value) })}
            data={["7", "30", "90"].map((value) => ({ value, label: t("days", { count: Number(value) }) }))}
          />
        }
      />
      {demo ? <DemoTour /> : <FirstSteps list={data.checklist} />}
      <SimpleGrid cols={{ base: 2, md: 5 }} mb="md">
        <StatTile
          label={t("contacts")}
          value={
            <TextLink to="/contacts" inherit c="inherit">
              {number(contacts.identified)}
            </TextLink>
          }
          note={t("newContacts", { shown: number(contacts.new) })}
        />
        <StatTile
          label={t("sent")}
          value={
            <TextLink to="/emails" inherit c="inherit">
              {number(emails.sent)}
            </TextLink>
          }
          note={
            emails.unsubscribed > 0 || emails.bounced > 0
              ? t("lost", { unsubscribed: number(emails.unsubscribed), bounced: number(emails.bounced) })
              : t("inPeriod", { count: days })
          }
        />
        <StatTile
          label={t("opened")}
          value={percent(emails.opened, emails.sent)}
          note={base(emails.opened)}
        />
        <StatTile
          label={t("clicked")}
          value={percent(emails.clicked, emails.sent)}
          note={base(emails.clicked)}
        />
        <StatTile
          label={t("submissions")}
          value={
            <TextLink to="/forms" inherit c="inherit">
              {number(submissions.total)}
            </TextLink>
          }
          note={t("inPeriod", { count: days })}
        />
      </SimpleGrid>
      <div className="hg-dash">
        <Card title={t("overTime")}>
          <Suspense fallback={<Skeleton h={260} animate={false} />}>
            <Chart series={data.series} />
          </Suspense>
        </Card>
        <Sources data={submissions} />
        <Card
          title={t("recent")}
          aside={
            <TextLink to="/activity" size="sm">
              {t("allActivity")}
            </TextLink>
          }
        >
          <RecentActivity limit={8} />
        </Card>
        <Upcoming list={data.upcoming} />
      </div>
    </>
  );
}

function Sources({ data }: { data: Dashboard["submissions"] }) {
  const { t } = useTranslation("dashboard");
  const most = Math.max(1, ...data.by_source.map((one) => one.count));
  return (
    <Card title={t("bySource")}>
      {data.by_source.length ? (
        <Table aria-label={t("bySource")} horizontalSpacing={0} layout="fixed">
          <Table.Tbody>
            {data.by_source.map((one) => (
              <Table.Tr key={`${one.source}/${one.medium}`}>
                <Table.Td>
                  <Text size="sm" pr="sm" style={{ overflowWrap: "anywhere" }}>
                    {one.source ?? t("direct")}
                  </Text>
                  {one.medium && (
                    <Text size="xs" c="dimmed">
                      {one.medium}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td w="35%" aria-hidden>
                  <div
                    style={{
                      height: 8,
                      borderRadius: 4,
                      minWidth: 4,
                      width: `${(100 * one.count) / most}%`,
                      background: "var(--mantine-color-indigo-filled)",
                    }}
                  />
                </Table.Td>
                <Table.Td ta="right" className="hg-num" w={56}>
                  {number(one.count)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : (
        <Text size="sm" c="dimmed">
          {t("noSubmissions")}
        </Text>
      )}
    </Card>
  );
}

function Upcoming({ list }: { list: Dashboard["upcoming"] }) {
  const { t } = useTranslation("dashboard");
  return (
    <Card title={t("upcoming")}>
      {list.length ? (
        <Stack gap="sm">
          {list.map((one, index) => (
            <Group key={`${one.at}${index}`} gap="sm" wrap="nowrap" align="flex-start">
              <span className="hg-dot">
                <IconCalendarTime size={15} stroke={1.8} aria-hidden />
              </span>
              <div style={{ minWidth: 0 }}>
                {one.link ? (
                  <PathLink path={one.link} size="sm">
                    {one.title}
                  </PathLink>
                ) : (
                  <Text size="sm">{one.title}</Text>
                )}
                <Text size="xs" c="dimmed" title={dateTime(one.at)}>
                  {dateTime(one.at)} · {ago(one.at)}
                  {one.people > 0 && ` · ${t("people", { count: one.people, shown: number(one.people) })}`}
                </Text>
              </div>
            </Group>
          ))}
        </Stack>
      ) : (
        <Text size="sm" c="dimmed">
          {t("nothingUpcoming")}
        </Text>
      )}
    </Card>
  );
}
