import {
  Alert,
  Button,
  Checkbox,
  Group,
  Menu,
  SegmentedControl,
  Select,
  Skeleton,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconAlertTriangle,
  IconFlask,
  IconPlayerPause,
  IconPlayerPlay,
  IconUsers,
} from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Campaign, Step } from "../api/types";
import { useMayEdit } from "../app/session";
import { DotsMenu } from "../ui/DotsMenu";
import { problemParts, SaveTools, useEditor, Withdrawn } from "../ui/editor";
import { number } from "../ui/format";
import { ButtonLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { ConsequenceDialog } from "../ui/parts";
import { ThingsSelect } from "../ui/pickers";
import { ThingCategory } from "../ui/publish";
import { ErrorState, ErrorSummary, StateBadge, Waiting } from "../ui/states";
import { attempt, said } from "../ui/toasts";
import { useView } from "../ui/view";
import { useDeleteCampaign } from "./CampaignsPage";
import type { StepType } from "./catalogue";
import { saveJson } from "./file";
import { GoalFields } from "./GoalFields";
import { GoalFigures } from "./GoalFigures";
import { NotePanel } from "./NotePanel";
import { type Note, notesOf, withNotes } from "./notes";
import { Outline } from "./Outline";
import { PanelHead } from "./PanelHead";
import { StepPanel } from "./StepPanel";
import { addStep, branch, copyBranch, isUnfinished, moveBranch, removeBranch, type Slot } from "./tree";
import { useEditDialog } from "./useEditDialog";

const Canvas = lazy(() => import("../editors/canvas/Canvas"));

type View = { view?: "canvas" | "outline"; step?: string };

export function CampaignPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery("get", "/campaigns/{id}", { params: { path: { id: Number(id) } } });
  useLive<{ id: number }>("campaign", (event) => {
    if (event.id === Number(id)) refresh("/campaigns/{id}");
  });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data || query.data.id !== Number(id)) return <Waiting lines={12} />;
  return <CampaignEditor key={id} live={query.data} />;
}

const REPUBLISH = [
  "workspace",
  "count_all_time",
  "count_only_while_published",
  "restart_on_publish",
] as const;

/** What the server takes of a campaign; counts are its own. */
function writable(campaign: Campaign) {
  const { name, description, allow_restart, republish, version } = campaign;
  return {
    name,
    description,
    allow_restart,
    republish,
    version,
    layout: campaign.layout,
    sources: campaign.sources.map(({ kind, id }) => ({ kind, id })),
    rules: campaign.rules.map(({ reached: _reached, ...rule }) => rule),
    steps: campaign.steps.map(({ counts: _counts, id: _id, paused: _paused, ...step }) => step),
  };
}

function CampaignEditor({ live }: { live: Campaign }) {
  const { t } = useTranslation("campaigns");
  const may = useMayEdit();
  const navigate = useNavigate();
  const remove = useDeleteCampaign();
  const [view, change] = useView<View>();
  const [publishing, publish] = useDisclosure();
  const [publishErrors, setPublishErrors] = useState<string[]>([]);
  const params = { path: { id: live.id } };
  const { ask, dialog } = useEditDialog();
  /** Of a campaign with people inside: what becomes of them when the steps change. */
  const askAbout = async (draft: Campaign) => {
    const { steps } = writable(draft);
    const differences = await take(http.POST("/campaigns/{id}/diff", { params, body: { steps } }));
    if (differences.length === 0) return {};
    const choice = await ask({ title: t("edit.title"), confirm: t("edit.publish"), differences, steps });
    if (!choice) throw new Withdrawn();
    return choice;
  };
  const editor = useEditor<Campaign>({
    initial: live,
    autosave: live.state === "draft",
    save: async (draft) => {
      const people = live.state === "draft" ? {} : await askAbout(draft);
      const body = { ...writable(draft), people };
      const kept = await take(http.PATCH("/campaigns/{id}", { params, body }));
      await refresh("/campaigns");
      return kept;
    },
    reload: () => take(http.GET("/campaigns/{id}", { params })),
  });
  const { draft, set } = editor;
  const counts = useMemo(
    () => new Map(live.steps.flatMap((step) => (step.counts ? [[step.key, step.counts] as const] : []))),
    [live.steps],
  );
  const problems = new Set(live.problems.flatMap((problem) => problem.step_id ?? []));
  const selected = view.step ?? null;
  const select = (key: string | null) => change({ step: key ?? undefined });
  const step = draft.steps.find((one) => one.key === selected);
  const notes = useMemo(() => notesOf(draft.layout), [draft.layout]);
  const note = notes.find((one) => `note:${one.id}` === selected);
  const setNotes = (next: Note[]) => set({ layout: withNotes(draft.layout, next) });
  const addNote = () => {
    const id = crypto.randomUUID().slice(0, 8);
    setNotes([...notes, { id, text: "", at: step?.key ?? null }]);
    select(`note:${id}`);
  };

  const flow = {
    steps: draft.steps,
    sources: draft.sources,
    counts,
    members: live.counts.members,
    selected,
    editable: may,
    problems,
    notes,
    onSelect: (key: string) => select(key),
    onAdd: (slot: Slot, type: StepType, between: boolean) => {
      const made = addStep(draft.steps, slot, type, t(`type.${type.type}`), between);
      set({ steps: made.steps });
      select(made.key);
    },
    onCopy: (key: string) => set({ steps: copyBranch(draft.steps, key) }),
    onRemove: (key: string) => {
      const gone = branch(draft.steps, key).length;
      set({ steps: removeBranch(draft.steps, key) });
      select(null);
      said(t("removedSteps", { count: gone }));
    },
  };

  const start = async () => {
    if (editor.dirty && !(await editor.save())) return;
    try {
      const kept = await take(http.POST("/campaigns/{id}/publish", { params }));
      editor.adopt(kept);
      setPublishErrors([]);
      said(t("started"));
      await refresh("/campaigns");
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) {
        setPublishErrors(problemParts(error).errors);
        await refresh("/campaigns");
      } else throw error;
    }
  };
  const copy = () =>
    attempt(async () => {
      const made = await take(http.POST("/campaigns/{id}/duplicate", { params }));
      await refresh("/campaigns");
      await navigate({ to: "/campaigns/$id", params: { id: String(made.id) } });
    }, t("duplicated"));
  const download = () =>
    attempt(async () => {
      const file = await take(http.GET("/campaigns/{id}/file", { params }));
      saveJson(file, `${draft.name || t("untitled")}.json`);
    });
  const pause = () =>
    attempt(async () => {
      editor.adopt(await take(http.POST("/campaigns/{id}/pause", { params })));
      await refresh("/campaigns");
    }, t("paused"));
  const unfinished = draft.steps.filter(isUnfinished);
  const troubles = [
    ...new Set([
      ...(draft.sources.length ? [] : [t("problem.noSource")]),
      ...(draft.steps.length ? [] : [t("problem.noSteps")]),
      ...unfinished.map((one) => t("problem.unfinished", { name: one.name || t(`type.${one.type}`) })),
      ...(editor.dirty ? [] : live.problems.map((problem) => problem.detail)),
    ]),
  ];

  return (
    <>
      <PageHeader
        title={draft.name || t("untitled")}
        aside={
          <Group gap="xs">
            <StateBadge state={live.state} />
            <ThingCategory kind="campaign" id={live.id} />
          </Group>
        }
        description={t("numbers", {
          members: number(live.counts.members),
          active: number(live.counts.active - live.counts.finished),
          finished: number(live.counts.finished),
        })}
        back={{ path: "/campaigns", label: t("title") }}
        actions={
          <>
            {may && <SaveTools editor={editor} />}
            <ButtonLink
              to="/campaigns/$id/people"
              params={{ id: String(live.id) }}
              variant="default"
              leftSection={<IconUsers size={16} aria-hidden />}
            >
              {t("people")}
            </ButtonLink>
            <ButtonLink
              to="/campaigns/$id/try"
              params={{ id: String(live.id) }}
              variant="default"
              leftSection={<IconFlask size={16} aria-hidden />}
            >
              {t("try.button")}
            </ButtonLink>
            {may &&
              (live.state === "published" ? (
                <Button
                  variant="default"
                  leftSection={<IconPlayerPause size={16} aria-hidden />}
                  onClick={pause}
                >
                  {t("pause")}
                </Button>
              ) : (
                <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={publish.open}>
                  {live.state === "paused" ? t("continue") : t("start")}
                </Button>
              ))}
            {may && (
              <DotsMenu button label={t("common:moreActions", { name: live.name })}>
                <Menu.Item onClick={() => select("source")}>{t("settings")}</Menu.Item>
                <Menu.Item onClick={addNote}>{t("note.add")}</Menu.Item>
                {live.state !== "draft" && (
                  <Menu.Item
                    onClick={() =>
                      navigate({ to: "/campaigns/$id/versions", params: { id: String(live.id) } })
                    }
                  >
                    {t("versions.button")}
                  </Menu.Item>
                )}
                <Menu.Item onClick={copy}>{t("duplicate")}</Menu.Item>
                <Menu.Item onClick={download}>{t("export")}</Menu.Item>
                <Menu.Item
                  onClick={async () => {
                    if (await remove(live)) navigate({ to: "/campaigns" });
                  }}
                >
                  {t("common:delete")}
                </Menu.Item>
              </DotsMenu>
            )}
          </>
        }
      />
      {live.goals && <GoalFigures goals={live.goals} />}
      <ErrorSummary errors={[...editor.errors, ...publishErrors]} />
      {live.state === "published" && editor.dirty && (
        <Alert variant="default" mb="md" icon={<IconAlertTriangle aria-hidden />}>
          {t("editRunning", { count: live.counts.active, shown: number(live.counts.active) })}
        </Alert>
      )}
      <Group justify="space-between" mb="sm">
        <SegmentedControl
          size="xs"
          aria-label={t("viewAs")}
          value={view.view === "outline" ? "outline" : "canvas"}
          onChange={(next) => change({ view: next === "outline" ? "outline" : undefined })}
          data={[
            { value: "canvas", label: t("canvas") },
            { value: "outline", label: t("outline") },
          ]}
        />
        {troubles.length > 0 && (
          <Text size="sm" c="dimmed">
            <IconAlertTriangle size={14} aria-hidden /> {t("problem.count", { count: troubles.length })}
          </Text>
        )}
      </Group>
      <div className="hg-flow" data-panel={selected === "source" || step || note ? true : undefined}>
        {view.view === "outline" ? (
          <Outline {...flow} />
        ) : (
          <div className="hg-canvas">
            <Suspense fallback={<Skeleton h="100%" animate={false} />}>
              <Canvas {...flow} />
            </Suspense>
          </div>
        )}
        {step && (
          <StepPanel
            key={step.key}
            campaign={live.id}
            step={{ ...step, paused: live.steps.find((one) => one.key === step.key)?.paused }}
            steps={draft.steps}
            counts={counts.get(step.key)}
            editable={may}
            errors={live.problems.filter((problem) => problem.step_id === step.key).map((one) => one.detail)}
            onChange={(patch: Partial<Step>) =>
              set({ steps: draft.steps.map((one) => (one.key === step.key ? { ...one, ...patch } : one)) })
            }
            onMove={(slot) => set({ steps: moveBranch(draft.steps, step.key, slot) })}
            onBeside={(type) => flow.onAdd({ parent: step.parent, path: step.path }, type, false)}
            onCopy={() => flow.onCopy(step.key)}
            onRemove={() => flow.onRemove(step.key)}
            close={() => select(null)}
          />
        )}
        {note && (
          <NotePanel
            key={note.id}
            note={note}
            steps={draft.steps}
            editable={may}
            onChange={(patch) =>
              setNotes(notes.map((one) => (one.id === note.id ? { ...one, ...patch } : one)))
            }
            onRemove={() => {
              setNotes(notes.filter((one) => one.id !== note.id));
              select(null);
            }}
            close={() => select(null)}
          />
        )}
        {selected === "source" && (
          <SourcePanel draft={draft} set={set} editable={may} close={() => select(null)} />
        )}
      </div>
      {dialog}
      <ConsequenceDialog
        opened={publishing}
        close={publish.close}
        title={t("startTitle", { name: draft.name })}
        confirm={t("start")}
        disabled={troubles.length > 0}
        run={start}
      >
        {troubles.length > 0 ? (
          <>
            <Text size="sm">{t("problem.first")}</Text>
            <Stack gap={6} component="ul" m={0} pl="lg">
              {troubles.map((trouble) => (
                <Text key={trouble} size="sm" component="li">
                  {trouble}
                </Text>
              ))}
            </Stack>
          </>
        ) : (
          <StartConsequence draft={draft} />
        )}
      </ConsequenceDialog>
    </>
  );
}

/** Who enters at once, and which emails they may get. */
function StartConsequence({ draft }: { draft: Campaign }) {
  const { t } = useTranslation("campaigns");
  const { data } = $api.useQuery("get", "/segments", { params: { query: { limit: 200 } } });
  const segments = draft.sources.filter((source) => source.kind === "segment");
  const forms = draft.sources.filter((source) => source.kind === "form");
  const companies = draft.sources.filter((source) => source.kind === "company_segment");
  const people = segments.reduce(
    (sum, source) => sum + (data?.items.find((segment) => segment.id === source.id)?.count ?? 0),
    0,
  );
  const emails = draft.steps.filter((step) => step.type === "email.send").length;
  return (
    <Stack gap="xs">
      {segments.length > 0 && (
        <Text>{t("consequence.segment", { count: people, shown: number(people) })}</Text>
      )}
      {companies.length > 0 && (
        <Text>{t("consequence.companies", { names: companies.map((one) => one.name).join(", ") })}</Text>
      )}
      {forms.length > 0 && (
        <Text>{t("consequence.form", { names: forms.map((form) => form.name).join(", ") })}</Text>
      )}
      <Text size="sm" c="dimmed">
        {t("consequence.emails", { count: emails })}
      </Text>
    </Stack>
  );
}

type SourceKind = Campaign["sources"][number]["kind"];

type SourceProps = {
  draft: Campaign;
  set: (patch: Partial<Campaign>) => void;
  editable: boolean;
  close: () => void;
};

/** Name, who enters and whether they may enter again. */
function SourcePanel({ draft, set, editable, close }: SourceProps) {
  const { t } = useTranslation("campaigns");
  const ids = (kind: SourceKind) =>
    draft.sources.filter((source) => source.kind === kind).map((source) => source.id);
  const choose = (kind: SourceKind, chosen: number[], names: (id: number) => string) =>
    set({
      sources: [
        ...draft.sources.filter((source) => source.kind !== kind),
        ...chosen.map((id) => ({ kind, id, name: names(id) })),
      ],
    });
  const segments = $api.useQuery("get", "/segments", { params: { query: { limit: 200 } } }).data?.items ?? [];
  const firms =
    $api.useQuery("get", "/company-segments", { params: { query: { limit: 200 } } }).data?.items ?? [];
  const forms = $api.useQuery("get", "/forms", { params: { query: { limit: 200 } } }).data?.items ?? [];
  const nameIn = (list: { id: number; name: string }[]) => (id: number) =>
    list.find((one) => one.id === id)?.name ?? `#${id}`;
  return (
    <section className="hg-card hg-panel" aria-label={t("settings")}>
      <Stack p="lg">
        <PanelHead title={t("settings")} close={close} />
        <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack>
            <TextInput
              label={t("common:name")}
              required
              value={draft.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <Textarea
              label={t("common:description")}
              autosize
              value={draft.description ?? ""}
              onChange={(event) => set({ description: event.currentTarget.value || null })}
            />
            <ThingsSelect
              kind="segments"
              label={t("source.segments")}
              description={t("source.segmentsHint")}
              value={ids("segment")}
              onChange={(chosen) => choose("segment", chosen, nameIn(segments))}
            />
            <ThingsSelect
              kind="company_segments"
              label={t("source.companies")}
              description={t("source.companiesHint")}
              value={ids("company_segment")}
              onChange={(chosen) => choose("company_segment", chosen, nameIn(firms))}
            />
            <ThingsSelect
              kind="forms"
              label={t("source.forms")}
              description={t("source.formsHint")}
              value={ids("form")}
              onChange={(chosen) => choose("form", chosen, nameIn(forms))}
            />
            <Checkbox
              label={t("source.restart")}
              description={t("source.restartHint")}
              checked={draft.allow_restart}
              onChange={(event) => set({ allow_restart: event.currentTarget.checked })}
            />
            <Select
              label={t("source.republish")}
              description={t("source.republishHint")}
              allowDeselect={false}
              data={REPUBLISH.map((value) => ({ value, label: t(`source.republishChoice.${value}`) }))}
              value={draft.republish}
              onChange={(republish) => set({ republish: republish as Campaign["republish"] })}
            />
            <GoalFields rules={draft.rules} onChange={(rules) => set({ rules })} />
          </Stack>
        </fieldset>
      </Stack>
    </section>
  );
}
