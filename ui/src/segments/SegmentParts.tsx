import { Button, Group, SegmentedControl, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { Segment, SegmentOverride } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { ago, number } from "../ui/format";
import { TextLink } from "../ui/links";
import { Card, StatTile } from "../ui/parts";
import { ThingSelect } from "../ui/pickers";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { attempt, said } from "../ui/toasts";

const GrowthChart = lazy(() => import("./GrowthChart"));
const SPANS = ["30", "90", "365"];

/** How the segment grew. */
export function Growth({ segment }: { segment: Segment }) {
  const { t } = useTranslation("segments");
  const [days, setDays] = useState("90");
  const query = $api.useQuery("get", "/segments/{id}/history", {
    params: { path: { id: segment.id }, query: { days: Number(days) } },
  });
  return (
    <Card
      title={t("tab.growth")}
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t("growth.span")}
          value={days}
          onChange={setDays}
          data={SPANS.map((value) => ({ value, label: t("growth.days", { count: Number(value) }) }))}
        />
      }
    >
      {query.isError && <ErrorState error={query.error} retry={query.refetch} />}
      {query.data && (
        <Suspense fallback={<Waiting />}>
          <GrowthChart days={query.data} />
        </Suspense>
      )}
    </Card>
  );
}

/** Who was put in or taken out by hand, and how to let the conditions decide again. */
export function Overrides({ segment }: { segment: Segment }) {
  const { t } = useTranslation("segments");
  const may = useMayEdit();
  const [which, setWhich] = useState("all");
  const query = $api.useInfiniteQuery(
    "get",
    "/segments/{id}/overrides",
    {
      params: {
        path: { id: segment.id },
        query: { limit: 50, pinned: which === "all" ? undefined : which === "pinned" },
      },
    },
    byCursor,
  );
  const forget = (row: SegmentOverride) =>
    attempt(async () => {
      const params = { path: { id: segment.id, contact: row.contact_id } };
      const { member } = await take(http.DELETE("/segments/{id}/overrides/{contact}", { params }));
      said(member ? t("hands.nowIn", { name: row.name }) : t("hands.nowOut", { name: row.name }));
      await refresh("/segments", "/contacts");
    });
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed" maw={560}>
          {t("hands.text")}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={t("hands.which")}
          value={which}
          onChange={setWhich}
          data={["all", "pinned", "removed"].map((value) => ({ value, label: t(`hands.${value}`) }))}
        />
      </Group>
      <DataList<SegmentOverride>
        label={t("tab.hands")}
        query={query}
        rowKey={(row) => row.contact_id}
        rowLabel={(row) => row.name}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            render: (row) => (
              <TextLink to="/contacts/$id" params={{ id: String(row.contact_id) }} size="sm" fw={550}>
                {row.name}
              </TextLink>
            ),
          },
          {
            key: "state",
            title: t("hands.state"),
            render: (row) => (row.pinned ? t("hands.isPinned") : t("hands.isRemoved")),
          },
          {
            key: "origin",
            title: t("hands.by"),
            render: (row) => t(`contacts:record.origin.${row.origin}`, { defaultValue: row.origin }),
          },
          { key: "at", title: t("when"), render: (row) => ago(row.at) },
          {
            key: "undo",
            title: "",
            width: 220,
            render: (row) =>
              may && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={t("hands.forgetOf", { name: row.name })}
                  onClick={() => forget(row)}
                >
                  {t("hands.forget")}
                </Button>
              ),
          },
        ]}
        empty={
          <EmptyState icon={IconHandStop} title={t("hands.emptyTitle")}>
            {t("hands.emptyText")}
          </EmptyState>
        }
      />
    </>
  );
}

/** The filter of the contact list that shows the people behind a number. */
function peopleOf(inside: number[], outside: number[]) {
  const rules = [
    ...inside.map((id) => ({ field: "segments", op: "in", value: [id] })),
    ...outside.map((id) => ({ field: "segments", op: "!in", value: [id] })),
  ];
  return { filter: JSON.stringify({ match: "all", rules }), anonymous: true };
}

/** Two segments side by side. */
export function Compare({ segment }: { segment: Segment }) {
  const { t } = useTranslation("segments");
  const [other, setOther] = useState<number | null>(null);
  const query = $api.useQuery(
    "get",
    "/segments/compare",
    { params: { query: { a: segment.id, b: other ?? 0 } } },
    { enabled: other !== null && other !== segment.id },
  );
  const found = other === null ? undefined : query.data;
  const part = (label: string, count: number, inside: number[], outside: number[]) => (
    <StatTile
      label={label}
      value={number(count)}
      note={
        <TextLink to="/contacts" search={peopleOf(inside, outside)} size="xs">
          {t("showAll")}
        </TextLink>
      }
    />
  );
  return (
    <Card title={t("tab.compare")}>
      <Stack>
        <ThingSelect
          kind="segments"
          label={t("compare.with")}
          value={other}
          onChange={setOther}
          error={other === segment.id ? t("compare.same") : undefined}
          w={380}
        />
        {query.isError && other !== null && <ErrorState error={query.error} />}
        {found && other !== null && other !== segment.id && (
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            {part(t("compare.only", { name: found.a }), found.only_a, [segment.id], [other])}
            {part(t("compare.both"), found.both, [segment.id, other], [])}
            {part(t("compare.only", { name: found.b }), found.only_b, [other], [segment.id])}
          </SimpleGrid>
        )}
      </Stack>
    </Card>
  );
}
