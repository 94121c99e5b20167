import {
  Alert,
  Badge,
  Button,
  Checkbox,
  Group,
  Progress,
  Select,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { IconBuilding, IconDownload, IconPlayerPlay, IconPlayerStop, IconUsers } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, API, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Import } from "../api/types";
import { useMayEdit } from "../app/session";
import { number, percent } from "../ui/format";
import { ButtonLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, StatTile } from "../ui/parts";
import { TagNames, ThingSelect } from "../ui/pickers";
import { ErrorState, Spinner, StateBadge, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";
import { ImportSteps } from "./ImportSteps";
import { ImportUndo } from "./ImportUndo";
import { SavedMappings } from "./SavedMappings";

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
      {one.message && one.state !== "done" && (
        <Alert variant="default" mb="md" role="alert">
          {one.message}
        </Alert>
      )}
      {mapping ? (
        <Mapping key={`${one.version}-${one.delimiter}`} one={one} done={() => setRemap(false)} />
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

function Mapping({ one, done }: { one: Import; done: () => void }) {
  const { t } = useTranslation("contacts");
  const { data: targets = [] } = $api.useQuery("get", "/imports/targets", {
    params: { query: { object: one.object } },
  });
  const [mapping, setMapping] = useState(one.mapping);
  const [options, setOptions] = useState(one.options);
  const [busy, setBusy] = useState(false);
  useEffect(() => setMapping(one.mapping), [one.mapping]);
  const chosen = mapping.flatMap((column) => column.target ?? []);
  const twice = chosen.find((target, index) => chosen.indexOf(target) !== index);
  const labelOf = (target: string) => targets.find((one) => one.target === target)?.label ?? target;
  const data = [
    {
      group: t("record.facts"),
      items: targets
        .filter((target) => !target.special)
        .map((target) => ({ value: target.target, label: target.label })),
    },
    {
      group: t("common:actions"),
      items: targets
        .filter((target) => target.special)
        .map((target) => ({ value: target.target, label: target.label })),
    },
  ].filter((group) => group.items.length);
  const params = { path: { id: one.id } };
  const reread = (patch: Partial<Import>) =>
    attempt(async () => {
      await take(http.PATCH("/imports/{id}", { params, body: patch }));
      await refresh("/imports");
    });
  const save = async () => {
    await take(http.PATCH("/imports/{id}", { params, body: { mapping, options } }));
  };
  const change = (column: number, patch: Partial<Import["mapping"][number]>) => {
    const before = mapping.find((map) => map.column === column) ?? {
      column,
      target: null,
      guessed: false,
      policy: "always",
    };
    setMapping([...mapping.filter((map) => map.column !== column), { ...before, ...patch }]);
  };
  const policies = (target: string | null | undefined) => {
    const several = targets.find((one) => one.target === target)?.type === "multiselect";
    return (several ? ["always", "if_empty", "append"] : ["always", "if_empty"]).map((value) => ({
      value,
      label: t(`imports.policies.${value}`),
    }));
  };
  const ofField = (target: string | null | undefined) => {
    const found = targets.find((one) => one.target === target);
    return found && (!found.special || found.label.includes(": "));
  };
  const check = async () => {
    setBusy(true);
    await attempt(async () => {
      await save();
      await take(http.POST("/imports/{id}/dry-run", { params }));
      done();
      await refresh("/imports");
    });
    setBusy(false);
  };
  return (
    <Stack>
      <SavedMappings one={one} save={save} />
      <Card p={0} scroll>
        <Table aria-label={t("imports.steps.map")} className="hg-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th className="hg-th">{t("imports.column")}</Table.Th>
              <Table.Th className="hg-th">{t("imports.samples")}</Table.Th>
              <Table.Th className="hg-th">{t("imports.goesTo")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {one.headers.map((header, column) => {
              const entry = mapping.find((map) => map.column === column);
              return (
                <Table.Tr key={column}>
                  <Table.Td>
                    <Text size="sm" fw={550}>
                      {header || `#${column + 1}`}
                    </Text>
                  </Table.Td>
                  <Table.Td maw={300}>
                    <Text size="sm" c="dimmed" truncate>
                      {one.sample
                        .map((row) => row[column])
                        .filter(Boolean)
                        .slice(0, 3)
                        .join(", ")}
                    </Text>
                  </Table.Td>
                  <Table.Td w={540}>
                    <Group gap="xs" wrap="nowrap">
                      <Select
                        aria-label={`${t("imports.goesTo")}: ${header}`}
                        data={data}
                        value={entry?.target ?? null}
                        placeholder={t("imports.skipColumn")}
                        searchable
                        clearable
                        clearButtonProps={{ "aria-label": t("imports.skipColumn") }}
                        error={entry?.target != null && entry.target === twice}
                        onChange={(target) => change(column, { target, guessed: false, policy: "always" })}
                        w={220}
                      />
                      {ofField(entry?.target) && (
                        <Select
                          aria-label={`${t("imports.policy")}: ${header}`}
                          allowDeselect={false}
                          data={policies(entry?.target)}
                          value={entry?.policy ?? "always"}
                          onChange={(policy) => policy && change(column, { policy })}
                          w={180}
                        />
                      )}
                      {entry?.guessed && entry.target && (
                        <Badge className="hg-badge" variant="default" style={{ flex: "none" }}>
                          {t("imports.guessed")}
                        </Badge>
                      )}
                    </Group>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Card>
      <Card title={t("imports.settings")}>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {one.object === "contact" && (
            <>
              <TagNames
                label={t("imports.tagAll")}
                description={t("tagsHint")}
                value={options.tags ?? []}
                onChange={(tags) => setOptions({ ...options, tags })}
              />
              <ThingSelect
                kind="segments"
                label={t("imports.toSegment")}
                description={t("bulk.segmentHint")}
                value={options.segment_id ?? null}
                onChange={(segment_id) => setOptions({ ...options, segment_id })}
                clearable
              />
              <TextInput
                label={t("imports.purpose")}
                description={t("imports.purposeHint")}
                value={options.purpose ?? ""}
                onChange={(event) => setOptions({ ...options, purpose: event.currentTarget.value || null })}
              />
              <TextInput
                label={t("imports.consentText")}
                description={t("imports.consentTextHint")}
                value={options.consent_text ?? ""}
                onChange={(event) =>
                  setOptions({ ...options, consent_text: event.currentTarget.value || null })
                }
              />
            </>
          )}
          {one.format === "csv" && (
            <Group grow align="flex-end">
              <Select
                label={t("imports.delimiter")}
                allowDeselect={false}
                data={[
                  { value: ",", label: t("imports.delimiters.comma") },
                  { value: ";", label: t("imports.delimiters.semicolon") },
                  { value: "\t", label: t("imports.delimiters.tab") },
                ]}
                value={one.delimiter}
                onChange={(delimiter) => delimiter && reread({ delimiter })}
              />
              <Select
                label={t("imports.encoding")}
                allowDeselect={false}
                data={[...new Set([one.encoding, "utf-8", "utf-16le", "utf-16be", "windows-1252"])]}
                value={one.encoding}
                onChange={(encoding) => encoding && reread({ encoding })}
              />
            </Group>
          )}
          <Checkbox
            label={t("imports.skipExisting")}
            checked={options.skip_existing}
            onChange={(event) => setOptions({ ...options, skip_existing: event.currentTarget.checked })}
          />
        </SimpleGrid>
      </Card>
      {(twice || !chosen.length) && (
        <Alert variant="default" role="alert">
          {twice ? t("imports.twice", { name: labelOf(twice) }) : t("imports.nothingMapped")}
        </Alert>
      )}
      <Group>
        <Button onClick={check} loading={busy} disabled={Boolean(twice) || !chosen.length}>
          {t("imports.check")}
        </Button>
      </Group>
    </Stack>
  );
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
        {progress.rejected > 0 && (
          <Button
            component="a"
            href={`${API}/imports/${one.id}/rejected.csv`}
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t("imports.downloadRejected")}
          </Button>
        )}
      </Group>
      <ImportUndo one={one} />
    </Stack>
  );
}
