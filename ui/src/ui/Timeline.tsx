import { Box, Group, Stack, Text } from "@mantine/core";
import {
  IconArrowBarRight,
  IconBuilding,
  IconCoin,
  IconForms,
  IconInfoCircle,
  IconMail,
  IconMailOff,
  IconMailOpened,
  IconPointer,
  IconRoute,
  IconTag,
  IconUpload,
  IconUserPlus,
  IconUsersGroup,
  IconWorld,
} from "@tabler/icons-react";
import type { ComponentType, ReactNode } from "react";
import { dateTime, day, time } from "./format";

type IconType = ComponentType<{ size?: number | string; stroke?: number; "aria-hidden"?: boolean }>;

const ICONS: [RegExp, IconType][] = [
  [/unsub|dnc|do_not_contact|bounce/, IconMailOff],
  [/open|read/, IconMailOpened],
  [/click/, IconPointer],
  [/email|send|sent|mail/, IconMail],
  [/form|submission/, IconForms],
  [/page|hit|visit/, IconWorld],
  [/campaign|step/, IconRoute],
  [/company/, IconBuilding],
  [/segment/, IconUsersGroup],
  [/tag/, IconTag],
  [/point/, IconCoin],
  [/import/, IconUpload],
  [/creat|identif/, IconUserPlus],
  [/redirect/, IconArrowBarRight],
];

export function kindIcon(kind: string): IconType {
  return ICONS.find(([pattern]) => pattern.test(kind))?.[1] ?? IconInfoCircle;
}

export type TimelineEntry = {
  key: string | number;
  kind: string;
  at: string;
  title: ReactNode;
  detail?: ReactNode;
};

/** What happened, newest first, grouped by day. */
export function Timeline({ entries, label }: { entries: TimelineEntry[]; label: string }) {
  const days: [string, TimelineEntry[]][] = [];
  for (const entry of entries) {
    const title = day(entry.at);
    const last = days.at(-1);
    if (last?.[0] === title) last[1].push(entry);
    else days.push([title, [entry]]);
  }
  return (
    <Stack gap="md" role="list" aria-label={label}>
      {days.map(([title, list]) => (
        <Box key={title} role="listitem">
          <Text size="xs" fw={600} c="dimmed" mb={8}>
            {title}
          </Text>
          <Stack gap={0} role="list">
            {list.map((entry) => {
              const Icon = kindIcon(entry.kind);
              return (
                <Group key={entry.key} role="listitem" gap="sm" align="flex-start" wrap="nowrap" py={7}>
                  <Box className="hg-dot">
                    <Icon size={15} stroke={1.8} aria-hidden />
                  </Box>
                  <Box style={{ flex: 1, minWidth: 0 }}>
                    <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
                      {entry.title}
                    </Text>
                    {entry.detail && (
                      <Text size="xs" c="dimmed" component="div" style={{ overflowWrap: "anywhere" }}>
                        {entry.detail}
                      </Text>
                    )}
                  </Box>
                  <Text
                    size="xs"
                    c="dimmed"
                    className="hg-num"
                    style={{ flex: "none" }}
                    title={dateTime(entry.at)}
                    component="time"
                    dateTime={entry.at}
                  >
                    {time(entry.at)}
                  </Text>
                </Group>
              );
            })}
          </Stack>
        </Box>
      ))}
    </Stack>
  );
}
