import { Box, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import { useLive } from "../api/live";
import type { Activity } from "../api/types";
import { readable } from "../contacts/moments";
import { ago, dateTime } from "../ui/format";
import { TextLink } from "../ui/links";
import { Waiting } from "../ui/states";
import { kindIcon } from "../ui/Timeline";

/** New events in front of those read before, each once, newest first. */
export function merge(live: Activity[], read: Activity[], limit: number): Activity[] {
  const seen = new Set<number>();
  return [...live, ...read].filter((one) => !seen.has(one.id) && seen.add(one.id)).slice(0, limit);
}

/** The last things that happened, growing by themselves. */
export function RecentActivity({ limit }: { limit: number }) {
  const { t } = useTranslation("activity");
  const [live, setLive] = useState<Activity[]>([]);
  const query = $api.useQuery("get", "/activity", { params: { query: { limit } } });
  useLive<Activity>("activity", (event) => setLive((known) => [event, ...known].slice(0, limit)));
  if (query.isPending) return <Waiting lines={4} />;
  const rows = merge(live, query.data?.items ?? [], limit);
  if (!rows.length) {
    return (
      <Text size="sm" c="dimmed">
        {t("quiet")}
      </Text>
    );
  }
  return (
    <Stack gap={2}>
      {rows.map((row) => (
        <ActivityRow key={row.id} row={row} />
      ))}
    </Stack>
  );
}

export function ActivityRow({ row }: { row: Activity }) {
  const { t } = useTranslation();
  const Icon = kindIcon(row.kind);
  return (
    <Group gap="sm" wrap="nowrap" py={6}>
      <Box className="hg-dot">
        <Icon size={15} stroke={1.8} aria-hidden />
      </Box>
      <Box style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
          {row.contact && (
            <>
              <TextLink
                to="/contacts/$id"
                params={{ id: String(row.contact.id) }}
                size="sm"
                fw={550}
                td="underline"
              >
                {row.contact.name || t("anonymous")}
              </TextLink>{" "}
            </>
          )}
          {readable(row.title)}
        </Text>
      </Box>
      <Text size="xs" c="dimmed" title={dateTime(row.occurred_at)} style={{ flex: "none" }}>
        {ago(row.occurred_at)}
      </Text>
    </Group>
  );
}
