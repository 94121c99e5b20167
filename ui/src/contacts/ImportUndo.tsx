import { Button, Group, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconArrowBackUp, IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Import } from "../api/types";
import { useMayEdit } from "../app/session";
import { ago, date, number } from "../ui/format";
import { Card, ConsequenceDialog, StatTile } from "../ui/parts";
import { StateBadge, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";

type Counts = NonNullable<Import["undo"]>["counts"];
const PARTS = ["deleted", "restored", "kept", "gone"] as const;

function UndoCounts({ counts }: { counts: Counts }) {
  const { t } = useTranslation("contacts");
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }}>
      {PARTS.map((part) => (
        <StatTile
          key={part}
          label={t(`imports.undo.${part}`)}
          value={number(counts[part])}
          note={t(`imports.undo.${part}Note`)}
        />
      ))}
    </SimpleGrid>
  );
}

/** Taking a whole import back: what that would do, how far it is, what came of it. */
export function ImportUndo({ one }: { one: Import }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [asks, setAsks] = useState(false);
  const params = { path: { id: one.id } };
  const preview = $api.useQuery("get", "/imports/{id}/undo", { params }, { enabled: asks });
  const undo = one.undo;
  if (!undo && !one.can_undo_until) return null;
  const stop = () =>
    attempt(async () => {
      await take(http.POST("/imports/{id}/stop", { params }));
      await refresh("/imports", "/tasks");
    });
  const works = undo?.state === "queued" || undo?.state === "running";
  return (
    <Card title={t("imports.undo.title")}>
      <Stack>
        {undo && undo.state !== "expired" && (
          <Group justify="space-between">
            <Group gap="xs">
              <StateBadge state={undo.state} />
              <Text size="sm" role="status" className="hg-num">
                {works
                  ? t("imports.undo.progress", { done: number(undo.done), total: number(undo.total) })
                  : (undo.message ?? ago(undo.started_at))}
              </Text>
            </Group>
            {may && works && (
              <Button
                size="xs"
                variant="default"
                leftSection={<IconPlayerStop size={14} aria-hidden />}
                onClick={stop}
              >
                {t("imports.stop")}
              </Button>
            )}
          </Group>
        )}
        {works && (
          <Progress
            value={undo.total ? (100 * undo.done) / undo.total : 0}
            aria-label={t("imports.undo.title")}
          />
        )}
        {undo && undo.state !== "expired" && <UndoCounts counts={undo.counts} />}
        {one.can_undo_until && (
          <Group justify="space-between">
            <Text size="sm" c="dimmed" maw={560}>
              {t("imports.undo.text", { until: date(one.can_undo_until) })}
            </Text>
            {may && (
              <Button
                variant="default"
                leftSection={<IconArrowBackUp size={16} aria-hidden />}
                onClick={() => setAsks(true)}
              >
                {undo ? t("imports.undo.goOn") : t("imports.undo.ask")}
              </Button>
            )}
          </Group>
        )}
        {undo?.state === "expired" && (
          <Text size="sm" c="dimmed">
            {t("imports.undo.expired")}
          </Text>
        )}
      </Stack>
      <ConsequenceDialog
        opened={asks}
        close={() => setAsks(false)}
        title={t("imports.undo.askTitle", { name: one.file_name })}
        confirm={t("imports.undo.confirm")}
        disabled={!preview.data?.until}
        run={async () => {
          await take(http.POST("/imports/{id}/undo", { params }));
          await refresh("/imports", "/tasks", "/contacts");
        }}
      >
        {preview.data ? (
          <>
            {preview.data.reason && <Text size="sm">{preview.data.reason}</Text>}
            <UndoCounts counts={preview.data.counts} />
            {!preview.data.exact && (
              <Text size="xs" c="dimmed">
                {t("imports.undo.about")}
              </Text>
            )}
          </>
        ) : (
          <Waiting />
        )}
      </ConsequenceDialog>
    </Card>
  );
}
