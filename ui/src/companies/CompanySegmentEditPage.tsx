import { Button, Skeleton, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Catalogue, CompanySegment, Group as SegmentFilter } from "../api/types";
import { Builder, fieldsByName } from "../segments/Builder";
import { countable, type Tree, toGroup, toTree } from "../segments/filter";
import { SaveTools, useEditor } from "../ui/editor";
import { number } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card } from "../ui/parts";
import { CategorySelect } from "../ui/publish";
import { ErrorState, ErrorSummary, Waiting } from "../ui/states";

const NEW: CompanySegment = {
  id: 0,
  version: 0,
  created_at: "",
  updated_at: "",
  name: "",
  public_name: "",
  alias: "",
  description: null,
  published: true,
  category: null,
  filter: null,
  count: 0,
  building: false,
  last_built_at: null,
  last_built_ms: null,
  broken: null,
  used_by: [],
};

export function CompanySegmentNewPage() {
  return <WithCatalogue segment={NEW} />;
}

export function CompanySegmentEditPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery("get", "/company-segments/{id}", { params: { path: { id: Number(id) } } });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data || query.data.id !== Number(id)) return <Waiting />;
  return <WithCatalogue key={id} segment={query.data} />;
}

function WithCatalogue({ segment }: { segment: CompanySegment }) {
  const query = $api.useQuery("get", "/company-segments/catalogue", {}, { staleTime: 60_000 });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  return <Editor segment={segment} catalogue={query.data} />;
}

function Editor({ segment, catalogue }: { segment: CompanySegment; catalogue: Catalogue }) {
  const { t } = useTranslation("companies");
  const navigate = useNavigate();
  const [tree, setTree] = useState<Tree>(() => toTree(segment.filter));
  const fields = useMemo(() => fieldsByName(catalogue), [catalogue]);
  const editor = useEditor<CompanySegment>({
    initial: segment,
    autosave: false,
    save: async (draft) => {
      const filter = draft.filter?.rules.length ? draft.filter : null;
      const body = {
        name: draft.name,
        description: draft.description,
        category_id: draft.category?.id ?? null,
        filter,
      };
      const params = { path: { id: draft.id } };
      const kept = draft.id
        ? await take(
            http.PATCH("/company-segments/{id}", { params, body: { ...body, version: draft.version } }),
          )
        : await take(http.POST("/company-segments", { body }));
      await refresh("/company-segments");
      return kept;
    },
    reload: () => take(http.GET("/company-segments/{id}", { params: { path: { id: segment.id } } })),
  });
  const { draft } = editor;
  const edit = (next: Tree) => {
    setTree(next);
    const filter = toGroup(next);
    // The builder also tells when it only prepared the tree: that is no change.
    if (JSON.stringify(filter) !== JSON.stringify(toGroup(toTree(draft.filter)))) editor.set({ filter });
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
  const preview = usePreview(filter);
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
      const params = { id: String(kept.id) };
      await navigate({ to: "/companies/segments/$id", params, ignoreBlocker: true });
    }
  };
  return (
    <>
      <PageHeader
        title={segment.id ? t("segments.editTitle", { name: segment.name }) : t("segments.new")}
        back={{
          path: segment.id ? `/companies/segments/${segment.id}` : "/companies/segments",
          label: segment.id ? segment.name : t("segments.title"),
        }}
        actions={
          <>
            <SaveTools editor={editor} />
            <Button onClick={save} disabled={!draft.name.trim()} loading={editor.busy}>
              {t(segment.id ? "segments.saveAndShow" : "segments.create")}
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
                placeholder={t("segments.namePlaceholder")}
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
              <CategorySelect
                bundle="segment"
                value={draft.category?.id ?? null}
                onChange={(id) =>
                  editor.set({ category: id === null ? null : { id, title: "", color: null } })
                }
                error={editor.fieldErrors.category_id}
              />
            </Stack>
          </Card>
          <Card title={t("segments.conditions")}>
            <Builder
              tree={shown}
              onChange={edit}
              catalogue={catalogue}
              counts={counts}
              counted={(count) => t("segments.companies", { count, shown: number(count) })}
            />
            {!shown.rules.length && (
              <Text size="sm" c="dimmed" mt="sm">
                {t("segments.noConditions")}
              </Text>
            )}
          </Card>
        </Stack>
        <div className="hg-sticky">
          <Matches preview={preview} empty={!ready.filter.rules.length} />
        </div>
      </div>
    </>
  );
}

function usePreview(filter: SegmentFilter) {
  return useQuery({
    queryKey: ["post", "/company-segments/preview", filter],
    queryFn: () => take(http.POST("/company-segments/preview", { body: { filter } })),
    enabled: filter.rules.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 2_000,
    retry: false,
  });
}

/** How many companies match now, a few of them, and the filter in plain words. */
function Matches({ preview, empty }: { preview: ReturnType<typeof usePreview>; empty: boolean }) {
  const { t } = useTranslation("companies");
  const { data, error } = preview;
  return (
    <Card title={t("segments.preview")}>
      {empty ? (
        <Text size="sm" c="dimmed">
          {t("segments.previewEmpty")}
        </Text>
      ) : error ? (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error.message}
        </Text>
      ) : (
        <Stack gap="sm" aria-busy={preview.isFetching}>
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
            {data && (
              <Text size="sm" c="dimmed">
                {t("segments.of", { shown: number(data.everyone) })}
              </Text>
            )}
          </div>
          {data?.summary && (
            <Text size="sm" p="sm" style={{ background: "var(--hg-soft)", borderRadius: 10 }}>
              {data.summary}
            </Text>
          )}
          {data && data.sample.length > 0 && (
            <div>
              <Text size="xs" fw={600} c="dimmed" mb={4}>
                {t("segments.sample")}
              </Text>
              <Stack gap={4}>
                {data.sample.map((company) => (
                  <TextLink
                    key={company.id}
                    to="/companies/$id"
                    params={{ id: String(company.id) }}
                    size="sm"
                    target="_blank"
                    truncate
                  >
                    {company.name}
                  </TextLink>
                ))}
              </Stack>
            </div>
          )}
        </Stack>
      )}
    </Card>
  );
}
