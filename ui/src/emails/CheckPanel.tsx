import { Badge, Group, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconAlertOctagon, IconAlertTriangle, IconBulb, IconCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { http, take } from "../api/client";
import type { Email, EmailCheck } from "../api/types";
import { number } from "../ui/format";
import { Card } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { writable } from "./writable";

const LOOKS = {
  error: { icon: IconAlertOctagon, badge: "hg-badge-red" },
  warning: { icon: IconAlertTriangle, badge: "hg-badge-orange" },
  hint: { icon: IconBulb, badge: "hg-badge-indigo" },
} as const;

/** The look over an email before it goes out: what was seen, and what to do about it. */
export function CheckPanel({ draft }: { draft: Email }) {
  const { t } = useTranslation("emails");
  const [body] = useDebouncedValue(writable(draft), 700);
  const { version: _version, ...fields } = body;
  const query = useQuery({
    queryKey: ["post", "/emails/check", draft.id, fields],
    queryFn: () => take(http.POST("/emails/check", { body: { ...fields, id: draft.id } })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <Card title={t("check.title")} p="md">
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.data ? (
        <Remarks found={query.data} />
      ) : (
        <Waiting lines={3} />
      )}
    </Card>
  );
}

function Remarks({ found }: { found: EmailCheck }) {
  const { t } = useTranslation("emails");
  const size = t("check.size", { shown: number(Math.ceil(found.bytes / 1024)) });
  if (!found.remarks.length) {
    return (
      <Group gap={6} role="status">
        <IconCheck size={18} aria-hidden />
        <Text size="sm">
          {t("check.nothing")} {size}
        </Text>
      </Group>
    );
  }
  return (
    <Stack gap="sm">
      <Text size="xs" c="dimmed" role="status">
        {t("check.found", { count: found.remarks.length })} {size}
      </Text>
      <ul style={{ listStyle: "none", margin: 0, padding: 0, display: "grid", gap: 12 }}>
        {found.remarks.map((remark, index) => {
          const { icon: Icon, badge } = LOOKS[remark.weight];
          return (
            <li key={index}>
              <Group gap={8} wrap="nowrap" align="flex-start">
                <Badge
                  className={`hg-badge ${badge}`}
                  leftSection={<Icon size={12} aria-hidden />}
                  style={{ flex: "none" }}
                >
                  {t(`check.${remark.weight}`)}
                </Badge>
                <div>
                  <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                    {remark.seen}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {remark.advice}
                  </Text>
                </div>
              </Group>
            </li>
          );
        })}
      </ul>
    </Stack>
  );
}
