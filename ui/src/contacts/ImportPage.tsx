import { Alert, Button, Group, Progress, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { IconBuilding, IconPlayerPlay, IconPlayerStop, IconUsers } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Import } from "../api/types";
import { useMayEdit } from "../app/session";
import { number, percent } from "../ui/format";
import { ButtonLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, StatTile } from "../ui/parts";
import { ErrorState, Spinner, StateBadge, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";
import { ImportMapping } from "./ImportMapping";
import { ImportResult } from "./ImportResult";
import { ImportSteps } from "./ImportSteps";
import { ImportUndo } from "./ImportUndo";

const WORKING = new Set(["dry_running", "queued", "running"]);
const STEP: Record<Import["state"], number> = {
  mapping: 1,
  dry_running: 2,
  ready: 2,
  queued: 3,
  running: 3,
  stopped: 3,
  done: 4,
  failed: 3,
};

export function ImportPage() {
  const { t } = useTranslation("contacts");
  const { id } = useParams({ strict: false }) as { id: string };
  const [remap, setRemap] = useState(false);
  const query = $api.useQuery(
    "get",
    "/imports/{id}",
    { params: { path: { id: Number(id) } } },
    {
      refetchInterval: (q) => {
        const data = q.state.data as Import | undefined;
        return WORKING.has(data?.state ?? "") || WORKING.has(data?.undo?.state ?? "") ? 700 : false;
      },
    },
  );
  useLive("task", () => refresh("/imports/{id}"));
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const one = query.data;
  if (!one) return <Waiting />;
  const mapping = one.state === "mapping" || (one.state === "ready" && remap);
  return (
    <>
      <PageHeader
        title={one.file_name}
        aside={<StateBadge state={one.state} />}
        description={`${number(one.row_count_estimate)} ${t("imports.rows").toLowerCase()} · ${one.format === "csv" ? one.encoding : one.format.toUpperCase()}`}
        back={{ path: "/imports", label: t("imports.title") }}
      />
      <ImportSteps active={mapping ? 1 : STEP[one.state]} />
      {one.message && (
        <Alert variant="default" mb="md" role={one.state === "done" ? "status" : "alert"}>
          {one.state === "done" ? t("imports.outcome", { said: one.message }) : one.message}
        </Alert>
      )}
      {mapping ? (
        <ImportMapping key={`${one.version}-${one.delimiter}`} one={one} done={() => setRemap(false)} />
      ) : one.state === "dry_running" ? (
        <Card>
          <Stack>
            <Spinner label={t("imports.checking")} />
            <Progress value={share(one)} aria-label={t("imports.checking")} />
          </Stack>
        </Card>
      ) : one.state === "ready" ? (
        <DryRun one={one} back={() => setRemap(true)} />
      ) : (
        <Running one={one} />
      )}
    </>
  );
}

function share(one: Import): number {
  const total = one.progress?.total ?? one.row_count_estimate;
  return total ? Math.min(100, (100 * (one.progress?.done ?? 0)) / total) : 0;
}

function Counts({
  counts,
}: {
  counts: { created: number; updated: number; skipped: number; rejected: number };
}) {
  const { t } = useTranslation("contacts");
  const all = counts.created + counts.updated + counts.skipped + counts.rejected;
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }}>
      {(["created", "updated", "skipped", "rejected"] as const).map((key) => (
        <StatTile
          key={key}
          label={t(`imports.${key}`)}
          value={number(counts[key])}
          note={
            all > 0 &&
            `${percent(counts[key], all)} · ${t("common:ofBase", { part: number(counts[key]), whole: number(all) })}`
          }
        />
      ))}
    </SimpleGrid>
  );
}

function DryRun({ one, back }: { one: Import; back: () => void }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const result = one.dry_run;
  if (!result) return null;
  const start = () =>
    attempt(async () => {
      await take(http.POST("/imports/{id}/start", { params: { path: { id: one.id } } }));
      await refresh("/imports", "/tasks");
    });
  return (
    <Stack>
      <Counts counts={result} />
      {result.reasons.length > 0 && (
        <Card title={t("imports.reasons")}>
          <Table aria-label={t("imports.reasons")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th className="hg-th">{t("imports.reason")}</Table.Th>
                <Table.Th className="hg-th" ta="right">
                  {t("imports.reasonRows")}
                </Table.Th>
                <Table.Th className="hg-th" ta="right">
                  {t("imports.exampleLine")}
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {result.reasons.map((reason) => (
                <Table.Tr key={reason.reason}>
                  <Table.Td>{reason.reason}</Table.Td>
                  <Table.Td ta="right">{number(reason.count)}</Table.Td>
                  <Table.Td ta="right">{number(reason.example_line)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
      {may && (
        <Group>
          <Button onClick={start} leftSection={<IconPlayerPlay size={16} aria-hidden />}>
            {t("imports.start", { count: result.created + result.updated })}
          </Button>
          <Button variant="default" onClick={back}>
            {t("imports.backToMap")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Running({ one }: { one: Import }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const progress = one.progress ?? {
    done: 0,
    total: null,
    created: 0,
    updated: 0,
    skipped: 0,
    rejected: 0,
    rows_per_second: null,
  };
  const params = { path: { id: one.id } };
  const total = progress.total ?? one.row_count_estimate;
  const run = (call: Promise<{ data?: unknown }>) =>
    attempt(async () => {
      await take(call);
      await refresh("/imports", "/tasks");
    });
  return (
    <Stack>
      <Card>
        <Stack gap="xs">
          <Group justify="space-between">
            <Text size="sm" className="hg-num" role="status">
              {t("imports.progress", { done: number(progress.done), total: number(total) })}
              {one.state === "running" &&
                progress.rows_per_second != null &&
                ` · ${t("imports.perSecond", { count: Math.round(progress.rows_per_second) })}`}
            </Text>
            <Group gap="xs">
              {may && (one.state === "running" || one.state === "queued") && (
                <Button
                  size="xs"
                  variant="default"
                  leftSection={<IconPlayerStop size={14} aria-hidden />}
                  onClick={() => run(http.POST("/imports/{id}/stop", { params }))}
                >
                  {t("imports.stop")}
                </Button>
              )}
              {may && (one.state === "stopped" || one.state === "failed") && (
                <Button
                  size="xs"
                  leftSection={<IconPlayerPlay size={14} aria-hidden />}
                  onClick={() => run(http.POST("/imports/{id}/resume", { params }))}
                >
                  {t("imports.resume")}
                </Button>
              )}
            </Group>
          </Group>
          <Progress
            value={one.state === "done" ? 100 : share(one)}
            aria-label={t("imports.progress", { done: progress.done, total: total ?? "?" })}
          />
        </Stack>
      </Card>
      <Counts counts={progress} />
      <Group>
        {one.state === "done" &&
          (one.object === "company" ? (
            <ButtonLink to="/companies" leftSection={<IconBuilding size={16} aria-hidden />}>
              {t("imports.showCompanies")}
            </ButtonLink>
          ) : (
            <>
              <ButtonLink
                to="/contacts"
                search={{ search: `import_id:${one.id}`, sort: "-created_at" }}
                leftSection={<IconUsers size={16} aria-hidden />}
              >
                {t("imports.showContacts")}
              </ButtonLink>
              <ButtonLink to="/segments/new" variant="default">
                {t("imports.buildSegment")}
              </ButtonLink>
            </>
          ))}
      </Group>
      <ImportResult one={one} />
      <ImportUndo one={one} />
    </Stack>
  );
}
