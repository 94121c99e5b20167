import {
  Button,
  Checkbox,
  Group,
  Menu,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Tabs,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconExternalLink } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Page, PageWrite } from "../api/types";
import { useMayEdit } from "../app/session";
import { CodeField } from "../ui/CodeField";
import { DotsMenu } from "../ui/DotsMenu";
import { SaveTools, useEditor } from "../ui/editor";
import { number } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { PreviewFrame } from "../ui/PreviewFrame";
import { Card } from "../ui/parts";
import { ThingCategory } from "../ui/publish";
import { ErrorState, ErrorSummary, StateBadge, Waiting } from "../ui/states";
import { TokenMenu } from "../ui/TokenMenu";
import { localesWith } from "../ui/zones";
import { useDeletePage } from "./PagesPage";

export function PageEditPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery("get", "/pages/{id}", { params: { path: { id: Number(id) } } });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data || query.data.id !== Number(id)) return <Waiting lines={12} />;
  return <PageEditor key={id} page={query.data} />;
}

function writable(page: Page): PageWrite {
  const { title, alias, html, language, published, no_index, version } = page;
  return {
    title,
    alias,
    html,
    language,
    published,
    no_index,
    version,
    meta_description: page.meta_description,
    head_script: page.head_script,
    footer_script: page.footer_script,
    redirect_type: page.redirect_type,
    redirect_url: page.redirect_url,
  };
}

function PageEditor({ page }: { page: Page }) {
  const { t } = useTranslation("pages");
  const may = useMayEdit();
  const navigate = useNavigate();
  const remove = useDeletePage();
  const params = { path: { id: page.id } };
  const editor = useEditor<Page>({
    initial: page,
    autosave: !page.published,
    save: async (draft) => {
      const kept = await take(http.PATCH("/pages/{id}", { params, body: writable(draft) }));
      await refresh("/pages");
      return kept;
    },
    reload: () => take(http.GET("/pages/{id}", { params })),
  });
  const { draft, set } = editor;
  const insert = useRef<((text: string) => void) | null>(null);
  const { version: _version, ...fields } = writable(draft);
  const [body] = useDebouncedValue(fields, 400);
  const preview = useQuery({
    queryKey: ["post", "/pages/preview", body],
    queryFn: () => take(http.POST("/pages/preview", { body })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <>
      <PageHeader
        title={draft.title || t("untitled")}
        aside={
          <Group gap="xs">
            <StateBadge state={draft.published ? "published" : "draft"} />
            <ThingCategory kind="page" id={page.id} />
          </Group>
        }
        description={t("numbers", {
          hits: number(page.hits),
          visitors: number(page.unique_hits),
        })}
        back={{ path: "/pages", label: t("title") }}
        actions={
          <>
            <SaveTools editor={editor} />
            <Switch
              label={t("live")}
              checked={draft.published}
              disabled={!may}
              onChange={async (event) => {
                set({ published: event.currentTarget.checked });
                await editor.save();
              }}
            />
            <Button
              component="a"
              href={page.url}
              target="_blank"
              rel="noreferrer"
              variant="default"
              leftSection={<IconExternalLink size={16} aria-hidden />}
            >
              {t("open")}
            </Button>
            {may && (
              <DotsMenu button label={t("common:moreActions", { name: page.title })}>
                <Menu.Item
                  onClick={async () => {
                    if (await remove(page)) navigate({ to: "/pages" });
                  }}
                >
                  {t("common:delete")}
                </Menu.Item>
              </DotsMenu>
            )}
          </>
        }
      />
      <ErrorSummary errors={editor.errors} />
      <div className="hg-split">
        <Card p="md">
          <Tabs defaultValue="content" keepMounted={false}>
            <Tabs.List mb="md">
              <Tabs.Tab value="content">{t("tab.content")}</Tabs.Tab>
              <Tabs.Tab value="settings">{t("tab.settings")}</Tabs.Tab>
              <Tabs.Tab value="scripts">{t("tab.scripts")}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="content">
              <Stack gap="sm">
                <TextInput
                  label={t("pageTitle")}
                  required
                  value={draft.title}
                  error={editor.fieldErrors.title}
                  onChange={(event) => set({ title: event.currentTarget.value })}
                />
                <Group justify="flex-end">
                  <TokenMenu where="page" compact onPick={(token) => insert.current?.(token)} />
                </Group>
                <CodeField
                  label={t("source")}
                  value={draft.html}
                  onChange={(html) => set({ html })}
                  insert={insert}
                />
              </Stack>
            </Tabs.Panel>
            <Tabs.Panel value="settings">
              <Stack gap="sm">
                <TextInput
                  label={t("alias")}
                  description={t("aliasHint")}
                  value={draft.alias}
                  error={editor.fieldErrors.alias}
                  leftSection="/"
                  onChange={(event) => set({ alias: event.currentTarget.value })}
                />
                <Textarea
                  label={t("metaDescription")}
                  autosize
                  minRows={2}
                  value={draft.meta_description}
                  onChange={(event) => set({ meta_description: event.currentTarget.value })}
                />
                <Select
                  label={t("language")}
                  allowDeselect={false}
                  data={localesWith(draft.language)}
                  value={draft.language}
                  onChange={(language) => language && set({ language })}
                />
                <Checkbox
                  label={t("noIndex")}
                  checked={draft.no_index}
                  onChange={(event) => set({ no_index: event.currentTarget.checked })}
                />
                <SimpleGrid cols={{ base: 1, sm: 2 }}>
                  <Select
                    label={t("redirect")}
                    description={t("redirectHint")}
                    clearable
                    clearButtonProps={{ "aria-label": t("common:remove"), "aria-hidden": false, tabIndex: 0 }}
                    placeholder={t("common:none")}
                    data={["301", "302", "303", "307", "308"]}
                    value={draft.redirect_type === null ? null : String(draft.redirect_type)}
                    onChange={(kind) => set({ redirect_type: kind === null ? null : Number(kind) })}
                  />
                  <TextInput
                    label={t("redirectUrl")}
                    type="url"
                    disabled={!draft.redirect_type}
                    value={draft.redirect_url}
                    error={editor.fieldErrors.redirect_url}
                    inputWrapperOrder={["label", "description", "input", "error"]}
                    description={t("redirectUrlHint")}
                    onChange={(event) => set({ redirect_url: event.currentTarget.value })}
                  />
                </SimpleGrid>
              </Stack>
            </Tabs.Panel>
            <Tabs.Panel value="scripts">
              <Stack gap="sm">
                <Text size="sm" c="dimmed">
                  {t("scriptsHint")}
                </Text>
                <Textarea
                  label={t("headScript")}
                  autosize
                  minRows={4}
                  value={draft.head_script}
                  onChange={(event) => set({ head_script: event.currentTarget.value })}
                  styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
                />
                <Textarea
                  label={t("footerScript")}
                  autosize
                  minRows={4}
                  value={draft.footer_script}
                  onChange={(event) => set({ footer_script: event.currentTarget.value })}
                  styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
                />
              </Stack>
            </Tabs.Panel>
          </Tabs>
        </Card>
        <Card p="md">
          <PreviewFrame html={preview.data?.html ?? ""} title={t("previewTitle")} height={680} />
          {preview.error && (
            <Text size="sm" c="var(--mantine-color-error)" role="alert" mt="xs">
              {preview.error.message}
            </Text>
          )}
        </Card>
      </div>
    </>
  );
}
