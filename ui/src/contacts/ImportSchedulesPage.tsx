import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import {
  IconCalendarRepeat,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlus,
  IconRefresh,
  IconTrash,
} from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import { useLive } from "../api/live";
import type { ImportSchedule } from "../api/types";
import { useMayEdit } from "../app/session";
import { ago, dateTime } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, ConsequenceDialog, FormModal } from "../ui/parts";
import { EmptyState, ErrorState, StateBadge, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";

const EVERY = [15, 60, 360, 1440, 10_080];

export function ImportSchedulesPage() {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [editing, setEditing] = useState<ImportSchedule | "new" | null>(null);
  const query = $api.useQuery("get", "/imports/schedules");
  useLive("task", () => refresh("/imports/schedules"));
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const create = may && (
    <Button
      data-shortcut="create"
      leftSection={<IconPlus size={16} aria-hidden />}
      onClick={() => setEditing("new")}
    >
      {t("schedules.new")}
    </Button>
  );
  return (
    <>
      <PageHeader
        title={t("schedules.title")}
        description={t("schedules.text")}
        back={{ path: "/imports", label: t("imports.title") }}
        actions={create}
      />
      <Stack>
        {!query.data ? (
          <Waiting />
        ) : query.data.length ? (
          <Schedules all={query.data} edit={setEditing} />
        ) : (
          <div className="hg-card">
            <EmptyState icon={IconCalendarRepeat} title={t("schedules.emptyTitle")} action={create}>
              {t("schedules.emptyText")}
            </EmptyState>
          </div>
        )}
        {may && <Limits />}
      </Stack>
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("schedules.new") : t("schedules.edit")}
      >
        {editing && <ScheduleForm one={editing === "new" ? null : editing} done={() => setEditing(null)} />}
      </FormModal>
    </>
  );
}

function Schedules({ all, edit }: { all: ImportSchedule[]; edit: (one: ImportSchedule) => void }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [going, setGoing] = useState<ImportSchedule | null>(null);
  const act = (call: Promise<{ data?: unknown }>) =>
    attempt(async () => {
      await take(call);
      await refresh("/imports/schedules", "/tasks");
    });
  return (
    <Card p={0} scroll>
      <Table aria-label={t("schedules.title")} className="hg-table">
        <Table.Thead>
          <Table.Tr>
            {["name", "source", "every", "last", "next"].map((key) => (
              <Table.Th key={key} className="hg-th">
                {t(`schedules.${key}`)}
              </Table.Th>
            ))}
            <Table.Th className="hg-th">{t("common:actions")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {all.map((one) => {
            const params = { path: { id: one.id } };
            const named = (what: string) => `${t(`schedules.${what}`)}: ${one.name}`;
            return (
              <Table.Tr key={one.id}>
                <Table.Td>
                  {may ? (
                    <Button variant="subtle" size="compact-sm" onClick={() => edit(one)}>
                      {one.name}
                    </Button>
                  ) : (
                    <Text size="sm" fw={550}>
                      {one.name}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td maw={280}>
                  <Text size="sm" truncate>
                    {one.kind === "folder" ? `inbox/${one.source}` : one.source.split("?")[0]}
                  </Text>
                </Table.Td>
                <Table.Td>{t("schedules.minutes", { count: one.every_minutes })}</Table.Td>
                <Table.Td maw={340}>
                  {one.last_state ? (
                    <Stack gap={2}>
                      <Group gap="xs">
                        <StateBadge
                          state={one.last_state === "failed" ? "failed" : "done"}
                          label={t(`schedules.states.${one.last_state}`)}
                        />
                        <Text size="xs" c="dimmed">
                          {ago(one.last_at)}
                        </Text>
                      </Group>
                      <Text size="xs">
                        {one.last_message}{" "}
                        {one.last_import != null && (
                          <TextLink to="/imports/$id" params={{ id: String(one.last_import) }}>
                            {t("schedules.lastImport")}
                          </TextLink>
                        )}
                      </Text>
                    </Stack>
                  ) : (
                    <Text size="sm" c="dimmed">
                      {t("schedules.never")}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  {one.paused ? (
                    <StateBadge state="paused" label={t("schedules.paused")} />
                  ) : (
                    dateTime(one.next_at)
                  )}
                </Table.Td>
                <Table.Td>
                  {may && (
                    <Group gap={4} wrap="nowrap">
                      <ActionIcon
                        variant="subtle"
                        aria-label={named("runNow")}
                        onClick={() => act(http.POST("/imports/schedules/{id}/run", { params }))}
                      >
                        <IconRefresh size={16} aria-hidden />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        aria-label={named(one.paused ? "goOn" : "pause")}
                        onClick={() =>
                          act(
                            http.PATCH("/imports/schedules/{id}", { params, body: { paused: !one.paused } }),
                          )
                        }
                      >
                        {one.paused ? (
                          <IconPlayerPlay size={16} aria-hidden />
                        ) : (
                          <IconPlayerPause size={16} aria-hidden />
                        )}
                      </ActionIcon>
                      <ActionIcon variant="subtle" aria-label={named("remove")} onClick={() => setGoing(one)}>
                        <IconTrash size={16} aria-hidden />
                      </ActionIcon>
                    </Group>
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {going && (
        <ConsequenceDialog
          opened
          close={() => setGoing(null)}
          title={t("schedules.removeTitle", { name: going.name })}
          confirm={t("schedules.remove")}
          run={async () => {
            await take(http.DELETE("/imports/schedules/{id}", { params: { path: { id: going.id } } }));
            await refresh("/imports/schedules");
          }}
        >
          <Text size="sm">{t("schedules.removeText")}</Text>
        </ConsequenceDialog>
      )}
    </Card>
  );
}

function ScheduleForm({ one, done }: { one: ImportSchedule | null; done: () => void }) {
  const { t } = useTranslation("contacts");
  const { data: mappings = [] } = $api.useQuery("get", "/imports/mappings");
  const form = useForm({
    initialValues: {
      name: one?.name ?? "",
      object: one?.object ?? "contact",
      kind: one?.kind ?? "url",
      source: one?.source ?? "",
      mapping_id: one?.mapping_id ?? null,
      every_minutes: one?.every_minutes ?? 1440,
    },
  });
  const { kind, object, every_minutes } = form.values;
  const save = form.onSubmit(async (values) => {
    try {
      if (one) {
        const { name, source, mapping_id, every_minutes } = values;
        const body = { version: one.version, name, source, mapping_id, every_minutes };
        await take(http.PATCH("/imports/schedules/{id}", { params: { path: { id: one.id } }, body }));
      } else {
        await take(http.POST("/imports/schedules", { body: values }));
      }
      await refresh("/imports/schedules", "/tasks");
      done();
    } catch (problem) {
      showProblem(form, problem);
    }
  });
  return (
    <form onSubmit={save} noValidate>
      <Stack>
        <TextInput data-autofocus required label={t("schedules.name")} {...form.getInputProps("name")} />
        {!one && (
          <SimpleGrid cols={2}>
            <Select
              label={t("imports.object")}
              allowDeselect={false}
              data={["contact", "company"].map((value) => ({ value, label: t(`imports.objects.${value}`) }))}
              {...form.getInputProps("object")}
            />
            <Select
              label={t("schedules.kind")}
              allowDeselect={false}
              data={["url", "folder"].map((value) => ({ value, label: t(`schedules.kinds.${value}`) }))}
              {...form.getInputProps("kind")}
            />
          </SimpleGrid>
        )}
        <TextInput
          required
          label={t(`schedules.sources.${kind}`)}
          description={t(`schedules.sourceHints.${kind}`)}
          {...form.getInputProps("source")}
        />
        <Select
          label={t("imports.saved.label")}
          description={t("schedules.mappingHint")}
          clearable
          clearButtonProps={{ "aria-label": t("common:remove") }}
          data={mappings
            .filter((mapping) => mapping.object === object)
            .map((mapping) => ({ value: String(mapping.id), label: mapping.name }))}
          value={form.values.mapping_id == null ? null : String(form.values.mapping_id)}
          onChange={(id) => form.setFieldValue("mapping_id", id == null ? null : Number(id))}
          error={form.errors.mapping_id}
        />
        <Select
          label={t("schedules.every")}
          allowDeselect={false}
          data={[...new Set([...EVERY, every_minutes])]
            .sort((a, b) => a - b)
            .map((count) => ({ value: String(count), label: t("schedules.minutes", { count }) }))}
          value={String(every_minutes)}
          onChange={(value) => value && form.setFieldValue("every_minutes", Number(value))}
          error={form.errors.every_minutes}
        />
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** How imports run: how many at once. */
function Limits() {
  const { t } = useTranslation("contacts");
  const query = $api.useQuery("get", "/settings/imports");
  const [value, setValue] = useState(query.data);
  useEffect(() => setValue(query.data), [query.data]);
  // Whoever may not see the settings does without.
  if (!value) return null;
  const save = () =>
    attempt(async () => {
      await take(http.PUT("/settings/imports", { body: value }));
      await refresh("/settings/imports");
    }, t("schedules.limits.saved"));
  return (
    <Card title={t("schedules.limits.title")}>
      <Stack align="flex-start">
        <NumberInput
          label={t("schedules.limits.parallel")}
          min={1}
          max={2}
          value={value.parallel}
          onChange={(parallel) => setValue({ ...value, parallel: Number(parallel) || 1 })}
        />
        <Button variant="default" onClick={save}>
          {t("common:save")}
        </Button>
      </Stack>
    </Card>
  );
}
