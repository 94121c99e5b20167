import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Menu,
  NumberInput,
  Radio,
  Select,
  Stack,
  Switch,
  Table,
  Tabs,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconDownload, IconForms, IconPlus, IconTrash } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, API, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Form, FormAction, FormField, FormWrite, Submission } from "../api/types";
import { useMayEdit } from "../app/session";
import { GroupSelect } from "../points/GroupSelect";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { type Editor, SaveTools, useEditor } from "../ui/editor";
import { dateTime, number } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, Copyable } from "../ui/parts";
import { TagNames, ThingSelect, ThingsSelect } from "../ui/pickers";
import { ThingCategory } from "../ui/publish";
import { EmptyState, ErrorState, ErrorSummary, StateBadge, Waiting } from "../ui/states";
import { useView } from "../ui/view";
import { FieldList } from "./FieldList";
import { useDeleteForm } from "./FormsPage";

export function FormPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery("get", "/forms/{id}", { params: { path: { id: Number(id) } } });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data || query.data.id !== Number(id)) return <Waiting lines={10} />;
  return <FormEditor key={id} form={query.data as Form} />;
}

function writable(form: Form): FormWrite {
  const { name, description, kind, published, fields, actions, post_action, version } = form;
  return { name, description, kind, published, fields, actions, post_action, version };
}

function FormEditor({ form }: { form: Form }) {
  const { t } = useTranslation("forms");
  const [view, change] = useView<{ tab?: string }>();
  const may = useMayEdit();
  const navigate = useNavigate();
  const remove = useDeleteForm();
  const params = { path: { id: form.id } };
  const editor = useEditor<Form>({
    initial: form,
    autosave: !form.published,
    save: async (draft) => {
      const kept = await take(http.PATCH("/forms/{id}", { params, body: writable(draft) }));
      await refresh("/forms");
      return kept as Form;
    },
    reload: async () => (await take(http.GET("/forms/{id}", { params }))) as Form,
  });
  const { draft, set } = editor;
  return (
    <>
      <PageHeader
        title={draft.name || t("untitled")}
        aside={
          <Group gap="xs">
            <StateBadge state={draft.published ? "published" : "draft"} />
            <ThingCategory kind="form" id={form.id} />
          </Group>
        }
        description={t("submissionCount", { count: form.submissions, shown: number(form.submissions) })}
        back={{ path: "/forms", label: t("title") }}
        actions={
          may && (
            <>
              <SaveTools editor={editor} />
              <Switch
                label={t("live")}
                checked={draft.published}
                onChange={async (event) => {
                  set({ published: event.currentTarget.checked });
                  await editor.save();
                }}
              />
              <DotsMenu button label={t("common:moreActions", { name: form.name })}>
                <Menu.Item
                  onClick={async () => {
                    if (await remove(form)) navigate({ to: "/forms" });
                  }}
                >
                  {t("common:delete")}
                </Menu.Item>
              </DotsMenu>
            </>
          )
        }
      />
      <ErrorSummary errors={editor.errors} />
      <Tabs
        value={view.tab ?? "build"}
        onChange={(tab) => change({ tab: tab ?? undefined })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="build">{t("tab.build")}</Tabs.Tab>
          <Tabs.Tab value="after">{t("tab.after")}</Tabs.Tab>
          <Tabs.Tab value="embed">{t("tab.embed")}</Tabs.Tab>
          <Tabs.Tab value="results">{t("tab.results")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="build">
          <div className="hg-split">
            <Stack>
              <Card>
                <Stack gap="sm">
                  <TextInput
                    label={t("common:name")}
                    required
                    value={draft.name}
                    error={editor.fieldErrors.name}
                    onChange={(event) => set({ name: event.currentTarget.value })}
                  />
                  <Textarea
                    label={t("common:description")}
                    autosize
                    value={draft.description}
                    onChange={(event) => set({ description: event.currentTarget.value })}
                  />
                </Stack>
              </Card>
              <Card title={t("fields")}>
                <FieldList
                  fields={draft.fields}
                  onChange={(fields) => set({ fields })}
                  errors={editor.fieldErrors}
                />
              </Card>
            </Stack>
            <div className="hg-sticky">
              <Card title={t("preview")}>
                <FormPreview fields={draft.fields} />
              </Card>
            </div>
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="after">
          <AfterCard editor={editor} />
        </Tabs.Panel>
        <Tabs.Panel value="embed">
          <EmbedCard form={form} />
        </Tabs.Panel>
        <Tabs.Panel value="results">
          <Results form={form} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** How visitors will see the fields; nothing in it is sent. */
function FormPreview({ fields }: { fields: FormField[] }) {
  const { t } = useTranslation("forms");
  return (
    <Stack gap="sm">
      {fields.map((field) => {
        const shared = {
          label: field.label,
          description: field.help || undefined,
          placeholder: field.placeholder || undefined,
          withAsterisk: field.required,
        };
        if (field.type === "hidden" || field.type === "button") return null;
        if (field.type === "textarea") return <Textarea key={field.alias} {...shared} minRows={3} autosize />;
        if (field.type === "select") {
          return <Select key={field.alias} {...shared} data={uniqueOptions(field)} />;
        }
        if (field.type === "consent") {
          return <Checkbox key={field.alias} label={field.consent_text || field.label} />;
        }
        return <TextInput key={field.alias} {...shared} />;
      })}
      <Button style={{ alignSelf: "flex-start" }}>{t("submit")}</Button>
    </Stack>
  );
}

function uniqueOptions(field: FormField) {
  const seen = new Set<string>();
  return field.options.filter((option) => option.value && !seen.has(option.value) && seen.add(option.value));
}

function AfterCard({ editor }: { editor: Editor<Form> }) {
  const { t } = useTranslation("forms");
  const { draft, set } = editor;
  const edit = (index: number, action: FormAction) =>
    set({ actions: draft.actions.map((one, at) => (at === index ? action : one)) });
  const add = (action: FormAction) => set({ actions: [...draft.actions, action] });
  return (
    <Stack maw={760}>
      <Card title={t("after.visitor")}>
        <Stack gap="sm">
          <Radio.Group
            aria-label={t("after.visitor")}
            value={draft.post_action.kind}
            onChange={(kind) => set({ post_action: { kind: kind as "message" | "redirect", value: "" } })}
          >
            <Group>
              <Radio value="message" label={t("after.message")} />
              <Radio value="redirect" label={t("after.redirect")} />
            </Group>
          </Radio.Group>
          {draft.post_action.kind === "message" ? (
            <Textarea
              label={t("after.messageText")}
              autosize
              minRows={2}
              value={draft.post_action.value}
              error={editor.fieldErrors["post_action/value"] ?? editor.fieldErrors.post_action}
              onChange={(event) =>
                set({ post_action: { kind: "message", value: event.currentTarget.value } })
              }
            />
          ) : (
            <TextInput
              label={t("after.address")}
              type="url"
              value={draft.post_action.value}
              error={editor.fieldErrors["post_action/value"] ?? editor.fieldErrors.post_action}
              onChange={(event) =>
                set({ post_action: { kind: "redirect", value: event.currentTarget.value } })
              }
            />
          )}
        </Stack>
      </Card>
      <Card title={t("after.actions")}>
        <Stack gap="sm">
          {draft.actions.map((action, index) => (
            <Group key={index} align="flex-end" wrap="nowrap">
              <div style={{ flex: 1 }}>
                {action.kind === "add_tags" && (
                  <TagNames
                    label={t("action.add_tags")}
                    value={action.tags ?? []}
                    onChange={(tags) => edit(index, { ...action, tags })}
                  />
                )}
                {action.kind === "change_points" && (
                  <Group grow align="flex-end">
                    <NumberInput
                      label={t("action.change_points")}
                      value={action.points ?? 0}
                      onChange={(points) => edit(index, { ...action, points: Number(points) || 0 })}
                    />
                    <GroupSelect
                      value={action.group_id ?? null}
                      onChange={(group_id) => edit(index, { ...action, group_id: group_id ?? undefined })}
                    />
                  </Group>
                )}
                {action.kind === "change_company_score" && (
                  <NumberInput
                    label={t("action.change_company_score")}
                    description={t("after.companyScoreHint")}
                    value={action.points ?? 0}
                    onChange={(points) => edit(index, { ...action, points: Number(points) || 0 })}
                  />
                )}
                {action.kind === "change_stage" && (
                  <ThingSelect
                    kind="stages"
                    label={t("action.change_stage")}
                    value={action.stage_id ?? null}
                    onChange={(stage_id) => edit(index, { ...action, stage_id: stage_id ?? undefined })}
                  />
                )}
                {action.kind === "add_to_segment" && (
                  <ThingsSelect
                    kind="segments"
                    label={t("action.add_to_segment")}
                    value={action.segments ?? []}
                    onChange={(segments) => edit(index, { ...action, segments })}
                  />
                )}
                {(action.kind === "record_utm" || action.kind === "allow_contact") && (
                  <Text size="sm">{t(`action.${action.kind}`)}</Text>
                )}
              </div>
              <ActionIcon
                variant="subtle"
                color="gray"
                c="dimmed"
                size={36}
                aria-label={t("removeAction", { name: t(`action.${action.kind}`) })}
                onClick={() => set({ actions: draft.actions.filter((_, at) => at !== index) })}
              >
                <IconTrash size={17} aria-hidden />
              </ActionIcon>
            </Group>
          ))}
          {!draft.actions.length && (
            <Text size="sm" c="dimmed">
              {t("after.noActions")}
            </Text>
          )}
          <Menu position="bottom-start">
            <Menu.Target>
              <Button
                variant="light"
                className="hg-light"
                leftSection={<IconPlus size={15} aria-hidden />}
                style={{ alignSelf: "flex-start" }}
              >
                {t("addAction")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => add({ kind: "add_tags", tags: [] })}>
                {t("action.add_tags")}
              </Menu.Item>
              <Menu.Item onClick={() => add({ kind: "change_points", operator: "plus", points: 10 })}>
                {t("action.change_points")}
              </Menu.Item>
              <Menu.Item onClick={() => add({ kind: "change_company_score", points: 5 })}>
                {t("action.change_company_score")}
              </Menu.Item>
              <Menu.Item onClick={() => add({ kind: "change_stage" })}>{t("action.change_stage")}</Menu.Item>
              <Menu.Item onClick={() => add({ kind: "add_to_segment", segments: [] })}>
                {t("action.add_to_segment")}
              </Menu.Item>
              <Menu.Item onClick={() => add({ kind: "record_utm" })}>{t("action.record_utm")}</Menu.Item>
              <Menu.Item onClick={() => add({ kind: "allow_contact" })}>
                {t("action.allow_contact")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Text size="xs" c="dimmed">
            {t("after.claims")}
          </Text>
        </Stack>
      </Card>
    </Stack>
  );
}

function EmbedCard({ form }: { form: Form }) {
  const { t } = useTranslation("forms");
  return (
    <Stack maw={820}>
      <Card title={t("embed.token")}>
        <Text size="sm" c="dimmed" mb="sm">
          {t("embed.tokenText")}
        </Text>
        <Copyable value={`{form=${form.id}}`} label={t("embed.token")} />
      </Card>
      {(["script", "iframe", "html"] as const).map((key) => (
        <Card key={key} title={t(`embed.${key}`)}>
          <Text size="sm" c="dimmed" mb="sm">
            {t(`embed.${key}Text`)}
          </Text>
          <Copyable value={form.embed[key]} label={t(`embed.${key}`)} />
        </Card>
      ))}
    </Stack>
  );
}

function Results({ form }: { form: Form }) {
  const { t } = useTranslation("forms");
  const query = $api.useInfiniteQuery(
    "get",
    "/forms/{id}/submissions",
    { params: { path: { id: form.id }, query: { limit: 50 } } },
    byCursor,
  );
  useLive<{ kind: string }>("activity", (event) => {
    if (/form|submission/.test(event.kind)) refresh("/forms/{id}/submissions");
  });
  const shown = form.fields.filter((field) => field.type !== "hidden").slice(0, 5);
  return (
    <>
      <Group justify="flex-end" mb="sm">
        <Button
          component="a"
          href={`${API}/forms/${form.id}/submissions.csv`}
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} aria-hidden />}
        >
          {t("export")}
        </Button>
      </Group>
      <DataList<Submission>
        label={t("tab.results")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.contact?.name || t("common:anonymous")}
        preview={(row) => <SubmissionDetail form={form} submission={row} />}
        columns={[
          { key: "at", title: t("when"), render: (row) => dateTime(row.submitted_at) },
          {
            key: "contact",
            title: t("contact"),
            render: (row) =>
              row.contact ? (
                <TextLink to="/contacts/$id" params={{ id: String(row.contact.id) }} size="sm">
                  {row.contact.name || t("common:anonymous")}
                </TextLink>
              ) : (
                "–"
              ),
          },
          ...shown.map((field) => ({
            key: field.alias,
            title: field.label,
            render: (row: Submission) => (
              <Text size="sm" lineClamp={2} maw={320}>
                {row.values[field.alias]}
              </Text>
            ),
          })),
          {
            key: "source",
            title: t("source"),
            render: (row) => row.utm.source || "–",
          },
        ]}
        empty={
          <EmptyState icon={IconForms} title={t("noResults.title")}>
            {t("noResults.text")}
          </EmptyState>
        }
      />
    </>
  );
}

function SubmissionDetail({ form, submission }: { form: Form; submission: Submission }) {
  const { t } = useTranslation("forms");
  const labelOf = (alias: string) => form.fields.find((field) => field.alias === alias)?.label ?? alias;
  const rows: [string, string | null | undefined][] = [
    ...Object.entries(submission.values).map(([alias, value]): [string, string | null] => [
      labelOf(alias),
      value,
    ]),
    [t("when"), dateTime(submission.submitted_at)],
    [t("referrer"), submission.referrer],
    ...Object.entries(submission.utm).map(([key, value]): [string, string | null | undefined] => [
      `utm_${key}`,
      value,
    ]),
  ];
  return (
    <Table aria-label={t("tab.results")}>
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th>{name}</Table.Th>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{value || "–"}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
