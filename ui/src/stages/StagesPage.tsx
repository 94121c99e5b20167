import {
  Box,
  Button,
  Group,
  Menu,
  NumberInput,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconStairs } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import { useLive } from "../api/live";
import type { Lane, LanePerson, Stage } from "../api/types";
import { useMayEdit } from "../app/session";
import { rowsOf } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { ago, number } from "../ui/format";
import { TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { CategorySelect, PublishFields } from "../ui/publish";
import { EmptyState, ErrorState, ErrorSummary, Waiting } from "../ui/states";
import { attempt, said, undoable } from "../ui/toasts";

export function StagesPage() {
  const { t } = useTranslation("stages");
  const may = useMayEdit();
  const [editing, setEditing] = useState<Stage | "new" | null>(null);
  const query = $api.useQuery("get", "/stages/board");
  useLive<{ kind: string }>("activity", (event) => {
    if (event.kind === "stage_changed") refresh("/stages");
  });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const lanes = query.data;
  const create = may && <NewButton onClick={() => setEditing("new")}>{t("new")}</NewButton>;
  return (
    <>
      <PageHeader title={t("title")} description={t("text")} actions={create} />
      {!lanes ? (
        <Waiting />
      ) : lanes.length ? (
        <Box
          role="list"
          aria-label={t("title")}
          style={{ display: "flex", gap: 16, overflowX: "auto", alignItems: "flex-start" }}
          pb="md"
        >
          {lanes.map((lane) => (
            <LaneColumn key={lane.stage.id} lane={lane} lanes={lanes} edit={setEditing} />
          ))}
        </Box>
      ) : (
        <div className="hg-card">
          <EmptyState
            icon={IconStairs}
            title={t("empty.title")}
            action={create}
            example={<Text size="sm">{t("empty.example")}</Text>}
          >
            {t("empty.text")}
          </EmptyState>
        </div>
      )}
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("new") : t("edit")}
      >
        {editing && (
          <StageForm
            stage={editing === "new" ? null : editing}
            next={Math.max(0, ...(lanes ?? []).map((lane) => lane.stage.weight)) + 10}
            close={() => setEditing(null)}
          />
        )}
      </FormModal>
    </>
  );
}

type ColumnProps = { lane: Lane; lanes: Lane[]; edit: (stage: Stage) => void };

function LaneColumn({ lane, lanes, edit }: ColumnProps) {
  const { t } = useTranslation("stages");
  const may = useMayEdit();
  const { stage } = lane;
  const query = $api.useInfiniteQuery(
    "get",
    "/stages/{id}/contacts",
    { params: { path: { id: stage.id }, query: { limit: 20 } } },
    byCursor,
  );
  const { rows } = rowsOf<LanePerson>(query);
  const remove = () =>
    attempt(async () => {
      const params = { path: { id: stage.id } };
      await take(http.DELETE("/stages/{id}", { params }));
      undoable(
        t("deleted", { name: stage.name, count: lane.people, shown: number(lane.people) }),
        async () => {
          await take(http.POST("/stages/{id}/restore", { params }));
          await refresh("/stages");
        },
      );
      await refresh("/stages");
    });
  return (
    <Box className="hg-card" role="listitem" p="md" w={280} style={{ flex: "0 0 280px" }}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" mb="sm">
        <Box>
          <Title order={2} fz="md" style={{ overflowWrap: "anywhere" }}>
            {stage.name}
          </Title>
          <Text size="xs" c="dimmed" className="hg-num">
            {t("people", { count: lane.people, shown: number(lane.people) })} ·{" "}
            {t("weightIs", { weight: stage.weight })}
            {!stage.published && ` · ${t("off")}`}
          </Text>
        </Box>
        {may && (
          <DotsMenu label={t("common:moreActions", { name: stage.name })}>
            <Menu.Item onClick={() => edit(stage)}>{t("common:edit")}</Menu.Item>
            <Menu.Item onClick={remove}>{t("common:delete")}</Menu.Item>
          </DotsMenu>
        )}
      </Group>
      {stage.description && (
        <Text size="xs" c="dimmed" mb="sm">
          {stage.description}
        </Text>
      )}
      <Stack gap={8}>
        {rows.map((person) => (
          <PersonCard key={person.id} person={person} stage={stage} lanes={lanes} />
        ))}
        {!rows.length && !query.isPending && (
          <Text size="sm" c="dimmed">
            {t("nobody")}
          </Text>
        )}
        {query.hasNextPage && (
          <Button size="xs" variant="default" onClick={() => query.fetchNextPage()}>
            {t("more")}
          </Button>
        )}
      </Stack>
    </Box>
  );
}

type CardProps = { person: LanePerson; stage: Stage; lanes: Lane[] };

function PersonCard({ person, stage, lanes }: CardProps) {
  const { t } = useTranslation("stages");
  const may = useMayEdit();
  const put = async (stage_id: number | null) => {
    await take(
      http.POST("/contacts/{id}/stage", { params: { path: { id: person.id } }, body: { stage_id } }),
    );
    await refresh("/stages", "/contacts");
  };
  const move = (to: number | null, words: string) =>
    attempt(async () => {
      await put(to);
      undoable(words, () => put(stage.id));
    });
  return (
    <Box p="xs" style={{ border: "1px solid var(--hg-line)", borderRadius: 10 }}>
      <Group justify="space-between" wrap="nowrap" gap={4}>
        <Box style={{ minWidth: 0 }}>
          <TextLink to="/contacts/$id" params={{ id: String(person.id) }} size="sm" fw={550}>
            {person.name}
          </TextLink>
          <Text size="xs" c="dimmed" truncate>
            {t("card", { points: number(person.points), since: person.since ? ago(person.since) : "" })}
          </Text>
        </Box>
        {may && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="compact-xs" variant="default" aria-label={t("moveName", { name: person.name })}>
                {t("move")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {lanes
                .filter((lane) => lane.stage.id !== stage.id)
                .map((lane) => (
                  <Menu.Item
                    key={lane.stage.id}
                    onClick={() =>
                      move(lane.stage.id, t("moved", { name: person.name, stage: lane.stage.name }))
                    }
                  >
                    {lane.stage.name}
                  </Menu.Item>
                ))}
              <Menu.Item onClick={() => move(null, t("takenOut", { name: person.name }))}>
                {t("none")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
    </Box>
  );
}

function StageForm({ stage, next, close }: { stage: Stage | null; next: number; close: () => void }) {
  const { t } = useTranslation("stages");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: {
      name: stage?.name ?? "",
      description: stage?.description ?? "",
      weight: stage?.weight ?? next,
      category_id: stage?.category_id ?? null,
      published: stage?.published ?? true,
      publish_up: stage?.publish_up ?? null,
      publish_down: stage?.publish_down ?? null,
    },
  });
  const submit = form.onSubmit(async (body) => {
    try {
      if (stage) {
        const params = { path: { id: stage.id } };
        await take(http.PATCH("/stages/{id}", { params, body: { ...body, version: stage.version } }));
      } else await take(http.POST("/stages", { body }));
      close();
      said(t("saved", { name: body.name }));
      await refresh("/stages", "/contacts");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("common:name")} required data-autofocus {...form.getInputProps("name")} />
        <Textarea
          label={t("common:description")}
          autosize
          minRows={2}
          {...form.getInputProps("description")}
        />
        <NumberInput label={t("weight")} description={t("weightHint")} {...form.getInputProps("weight")} />
        <CategorySelect
          bundle="stage"
          value={form.values.category_id}
          onChange={(id) => form.setFieldValue("category_id", id)}
        />
        <PublishFields
          value={form.values}
          onChange={(part) => form.setValues(part)}
          error={form.errors.publish_down as string | undefined}
        />
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
