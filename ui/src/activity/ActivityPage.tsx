import { Button, Chip, Group, Stack, Text } from "@mantine/core";
import { IconActivity, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor } from "../api/client";
import { useLive } from "../api/live";
import type { Activity } from "../api/types";
import { isIn, kindsOf, TIMELINE_GROUPS } from "../contacts/timeline-groups";
import { rowsOf } from "../ui/DataList";
import { number } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { Card } from "../ui/parts";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { useView } from "../ui/view";
import { ActivityRow, merge } from "./RecentActivity";

/** Everything that happens, as it happens. */
export function ActivityPage() {
  const { t } = useTranslation("activity");
  const [view, change] = useView<{ kinds?: string }>();
  const kinds = view.kinds ? view.kinds.split(",") : [];
  const [live, setLive] = useState<Activity[]>([]);
  const [paused, setPaused] = useState(false);
  const [held, setHeld] = useState<Activity[]>([]);
  const query = $api.useInfiniteQuery(
    "get",
    "/activity",
    { params: { query: { limit: 60, kinds: kindsOf(kinds) } } },
    byCursor,
  );
  useLive<Activity>("activity", (event) => {
    if (paused) setHeld((known) => [event, ...known].slice(0, 500));
    else setLive((known) => [event, ...known].slice(0, 500));
  });
  const { rows } = rowsOf<Activity>(query);
  const all = merge(live, rows, 5_000);
  const shown = all.filter((row) => isIn(kinds, row.kind));
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("text")}
        actions={
          <Button
            variant="default"
            leftSection={
              paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />
            }
            onClick={() => {
              if (paused) {
                setLive((known) => [...held, ...known]);
                setHeld([]);
              }
              setPaused(!paused);
            }}
          >
            {paused ? t("resume", { count: held.length, shown: number(held.length) }) : t("pause")}
          </Button>
        }
      />
      <Chip.Group
        multiple
        value={kinds}
        onChange={(next) => change({ kinds: next.length ? next.join(",") : undefined })}
      >
        <Group gap={6} mb="md">
          {TIMELINE_GROUPS.map((group) => (
            <Chip key={group} value={group} size="xs" variant="outline">
              {t(`contacts:record.${group}`)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.isPending ? (
        <Waiting />
      ) : shown.length ? (
        <Card p="md">
          <Stack gap={0} role="log" aria-label={t("title")} aria-live={paused ? "off" : "polite"}>
            {shown.map((row) => (
              <ActivityRow key={row.id} row={row} />
            ))}
          </Stack>
          {query.hasNextPage && (
            <Button mt="md" size="xs" variant="default" onClick={() => query.fetchNextPage()}>
              {t("contacts:record.older")}
            </Button>
          )}
        </Card>
      ) : (
        <div className="hg-card">
          <EmptyState icon={IconActivity} title={t("empty.title")}>
            {t("empty.text")}
          </EmptyState>
        </div>
      )}
      <Text size="xs" c="dimmed" mt="sm">
        {t("count", { count: shown.length, shown: number(shown.length) })}
      </Text>
    </>
  );
}
