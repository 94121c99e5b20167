import { Button, Checkbox, Group, Progress, Skeleton, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Catalogue, Segment, Group as SegmentFilter, SegmentPreview } from "../api/types";
import { useDisplayName } from "../contacts/ContactsPage";
import { SaveTools, useEditor } from "../ui/editor";
import { number } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, Why } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { ErrorState, ErrorSummary, Waiting } from "../ui/states";
import { Builder, fieldsByName } from "./Builder";
import { ExplainNode } from "./ExplainNode";
import { countable, type Tree, toGroup, toTree } from "./filter";
import { ReachedCard } from "./Reached";
import { usePreview } from "./usePreview";

const NEW: Segment = {
  id: 0,
  version: 0,
  created_at: "",
  updated_at: "",
  name: "",
  public_name: "",
  alias: "",
  description: null,
  published: true,
  include_anonymous: false,
  filter: null,
  count: 0,
  building: false,
  last_built_at: null,
  last_built_ms: null,
  broken: null,
  expires_at: null,
  used_by: [],
  depends_on: [],
  category: null,
  is_global: true,
  in_preferences: false,
};

export function SegmentNewPage() {
  return <WithCatalogue segment={NEW} />;
}

export function SegmentEditPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery("get", "/segments/{id}", { params: { path: { id: Number(id) } } });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data || query.data.id !== Number(id)) return <Waiting />;
  return <WithCatalogue key={id} segment={query.data} />;
}

function WithCatalogue({ segment }: { segment: Segment }) {
  const query = $api.useQuery("get", "/segments/catalogue", {}, { staleTime: 60_000 });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  return <SegmentEditor segment={segment} catalogue={query.data} />;
}

function SegmentEditor({ segment, catalogue }: { segment: Segment; catalogue: Catalogue }) {
  const { t } = useTranslation("segments");
  const navigate = useNavigate();
  const [tree, setTree] = useState<Tree>(() => toTree(segment.filter));
  const fields = useMemo(() => fieldsByName(catalogue), [catalogue]);
  const editor = useEditor<Segment>({
    initial: segment,
    autosave: false,
    save: async (draft) => {
      const body = {
        name: draft.name,
        description: draft.description,
        include_anonymous: draft.include_anonymous,
        filter: draft.filter?.rules.length ? draft.filter : null,
      };
      const kept = draft.id
        ? await take(
            http.PATCH("/segments/{id}", {
              params: { path: { id: draft.id } },
              body: { ...body, version: draft.version },
            }),
          )
        : await take(http.POST("/segments", { body }));
      await refresh("/segments");
      return kept;
    },
    reload: () => take(http.GET("/segments/{id}", { params: { path: { id: segment.id } } })),
  });
  const { draft } = editor;

  const edit = (next: Tree) => {
    setTree(next);
    const filter = toGroup(next);
    // The builder also tells when it only prepared the tree: that is no change.
    if (JSON.stringify(filter) !== JSON.stringify(toGroup(toTree(draft.filter)))) {
      editor.set({ filter });
    }
  };
  const shown = useMemo(() => {
    const same = JSON.stringify(toGroup(tree)) === JSON.stringify(toGroup(toTree(draft.filter)));
    return same ? tree : toTree(draft.filter);
  }, [tree, draft.filter]);

  const ready = useMemo(
    () => countable(shown, (field, op) => fields.get(field)?.operators.find((one) => one.op === op)?.value),
    [shown, fields],
  );
  const [filter] = useDebouncedValue(ready.filter, 250);
  const preview = usePreview({
    filter,
    include_anonymous: draft.include_anonymous,
    segment_id: segment.id || null,
  });
  const counts = useMemo(() => {
    const byRow = new Map<string, number>();
    for (const { pointer, count } of preview.data?.conditions ?? []) {
      const row = ready.pointers.get(pointer);
      if (row !== undefined) byRow.set(row, count);
    }
    return byRow;
  }, [preview.data, ready.pointers]);

  const save = async () => {
    const kept = await editor.save();
    if (kept) {
      await navigate({ to: "/segments/$id", params: { id: String(kept.id) }, ignoreBlocker: true });
    }
  };

  return (
    <>
      <PageHeader
        title={segment.id ? t("editTitle", { name: segment.name }) : t("new")}
        back={{
          path: segment.id ? `/segments/${segment.id}` : "/segments",
          label: segment.id ? segment.name : t("title"),
        }}
        actions={
          <>
            <SaveTools editor={editor} />
            <Button onClick={save} disabled={!draft.name.trim()} loading={editor.busy}>
              {segment.id ? t("saveAndShow") : t("createSegment")}
            </Button>
          </>
        }
      />
      <ErrorSummary errors={editor.errors} />
      <div className="hg-two">
        <Stack>
          <Card>
            <Stack>
              <TextInput
                label={t("common:name")}
                placeholder={t("namePlaceholder")}
                required
                autoFocus={!segment.id}
                value={draft.name}
                error={editor.fieldErrors.name}
                onChange={(event) => editor.set({ name: event.currentTarget.value })}
              />
              <Textarea
                label={t("common:description")}
                autosize
                minRows={1}
                value={draft.description ?? ""}
                onChange={(event) => editor.set({ description: event.currentTarget.value || null })}
              />
            </Stack>
          </Card>
          <Card
            title={t("builder.title")}
            aside={
              <Why title={t("builder.title")}>
                <Text size="sm">{t("builder.help1")}</Text>
                <Text size="sm">{t("builder.help2")}</Text>
                <Text size="sm">{t("builder.help3")}</Text>
              </Why>
            }
          >
            <Builder tree={shown} onChange={edit} catalogue={catalogue} counts={counts} />
            {!shown.rules.length && (
              <Text size="sm" c="dimmed" mt="sm">
                {t("builder.noConditions")}
              </Text>
            )}
            <Checkbox
              mt="md"
              label={t("includeAnonymous")}
              description={t("includeAnonymousHint")}
              checked={draft.include_anonymous}
              onChange={(event) => editor.set({ include_anonymous: event.currentTarget.checked })}
            />
          </Card>
        </Stack>
        <Stack className="hg-sticky">
          <ReachedCard segment={segment} />
          <PreviewCard
            empty={!ready.filter.rules.length}
            pending={preview.pending}
            error={preview.error}
            data={preview.data}
            filter={ready.filter}
          />
          {ready.filter.rules.length > 0 && (
            <TryCard filter={ready.filter} includeAnonymous={draft.include_anonymous} />
          )}
        </Stack>
      </div>
    </>
  );
}

type PreviewProps = {
  empty: boolean;
  pending: boolean;
  error: unknown;
  data: SegmentPreview | undefined;
  filter: unknown;
};

/** How many match now, five of them, and the filter in plain words. */
function PreviewCard({ empty, pending, error, data, filter }: PreviewProps) {
  const { t } = useTranslation("segments");
  const nameOf = useDisplayName();
  if (empty) {
    return (
      <Card title={t("preview.title")}>
        <Text size="sm" c="dimmed">
          {t("preview.empty")}
        </Text>
      </Card>
    );
  }
  return (
    <Card title={t("preview.title")}>
      {error ? (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error instanceof Error ? error.message : String(error)}
        </Text>
      ) : (
        <Stack gap="sm" aria-busy={pending}>
          <div aria-live="polite">
            <Text fz={34} fw={680} lh={1.1} className="hg-num">
              {data ? (
                data.exact ? (
                  number(data.count)
                ) : (
                  t("common:about", { shown: number(data.count) })
                )
              ) : (
                <Skeleton h={36} w={90} />
              )}
            </Text>
            <Text size="sm" c="dimmed">
              {t("preview.match", { count: data?.count ?? 0 })}
            </Text>
          </div>
          {data?.would_join != null && (data.would_join > 0 || (data.would_leave ?? 0) > 0) && (
            <Text size="sm" className="hg-num">
              {t("preview.moves", {
                join: number(data.would_join),
                leave: number(data.would_leave),
              })}
            </Text>
          )}
          {data?.summary && (
            <Text size="sm" p="sm" style={{ background: "var(--hg-soft)", borderRadius: 10 }}>
              {data.summary}
            </Text>
          )}
          {data && data.funnel.length > 1 && <Funnel data={data} />}
          {data && data.sample.length > 0 && (
            <div>
              <Text size="xs" fw={600} c="dimmed" mb={4}>
                {t("preview.sample")}
              </Text>
              <Stack gap={4}>
                {data.sample.map((contact) => (
                  <Group key={contact.id} gap={6} wrap="nowrap">
                    <TextLink
                      to="/contacts/$id"
                      params={{ id: String(contact.id) }}
                      size="sm"
                      target="_blank"
                      truncate
                    >
                      {nameOf(contact)}
                    </TextLink>
                    {contact.email && contact.email !== contact.name && (
                      <Text size="xs" c="dimmed" truncate>
                        {contact.email}
                      </Text>
                    )}
                  </Group>
                ))}
              </Stack>
            </div>
          )}
          <TextLink to="/contacts" search={{ filter: JSON.stringify(filter) }} size="sm" target="_blank">
            {t("preview.all")}
          </TextLink>
        </Stack>
      )}
    </Card>
  );
}

/** What each part of the filter leaves: everybody first, those who match last. */
function Funnel({ data }: { data: SegmentPreview }) {
  const { t } = useTranslation("segments");
  const steps = [data.everyone, ...data.funnel.map((step) => step.count)];
  return (
    <div>
      <Text size="xs" fw={600} c="dimmed" mb={4}>
        {t("preview.funnel")}
      </Text>
      <Stack gap={4} component="ol" m={0} p={0} style={{ listStyle: "none" }}>
        {steps.map((count, index) => (
          <li key={index}>
            <Group justify="space-between" gap={8} wrap="nowrap">
              <Text size="xs">{index === 0 ? t("preview.everyone") : t("preview.after", { n: index })}</Text>
              <Text size="xs" className="hg-num">
                {number(count)}
              </Text>
            </Group>
            <Progress
              size={6}
              value={data.everyone ? (100 * count) / data.everyone : 0}
              aria-label={index === 0 ? t("preview.everyone") : t("preview.after", { n: index })}
            />
          </li>
        ))}
      </Stack>
    </div>
  );
}

/** Tries the filter on one person before it is saved. */
function TryCard({ filter, includeAnonymous }: { filter: SegmentFilter; includeAnonymous: boolean }) {
  const { t } = useTranslation("segments");
  const [contact, setContact] = useState<number | null>(null);
  const query = useQuery({
    queryKey: ["post", "/segments/try", filter, includeAnonymous, contact],
    queryFn: () =>
      take(
        http.POST("/segments/try", {
          body: { filter, include_anonymous: includeAnonymous, contact_id: contact ?? 0 },
        }),
      ),
    enabled: contact !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <Card title={t("try.title")}>
      <Stack gap="sm">
        <ContactSelect
          label={t("try.whom")}
          placeholder={t("try.placeholder")}
          value={contact}
          onChange={setContact}
        />
        {contact !== null && query.isError && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {query.error instanceof Error ? query.error.message : String(query.error)}
          </Text>
        )}
        {contact !== null && query.data && (
          <div aria-live="polite">
            <Text size="sm" fw={600} mb={6}>
              {query.data.member ? t("try.in") : t("try.out")}
            </Text>
            <ExplainNode node={query.data.tree} />
          </div>
        )}
      </Stack>
    </Card>
  );
}
