import {
  Badge,
  Button,
  Group,
  Menu,
  NumberInput,
  Select,
  Stack,
  Switch,
  Table,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconCoin } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Earns, PointAction, Simulation } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { number } from "../ui/format";
import { TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { ThingsSelect, useThings } from "../ui/pickers";
import { CategorySelect, PublishFields } from "../ui/publish";
import { EmptyState, ErrorSummary, NothingFound } from "../ui/states";
import { failed, removeWithUndo, said } from "../ui/toasts";
import { useView } from "../ui/view";
import { GroupSelect } from "./GroupSelect";
import { PointsNav } from "./PointsNav";

const KINDS: Earns[] = ["email.open", "email.send", "form.submit", "page.hit", "url.hit"];
/** i18next takes a dot for a level. */
const word = (kind: Earns) => kind.replace(".", "_");

/** What people earn points for. */
export function PointsPage() {
  const { t } = useTranslation("points");
  const [view, change] = useView<ListSearch>();
  const may = useMayEdit();
  const groups = useThings("point_groups");
  const [editing, setEditing] = useState<PointAction | "new" | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/points/actions",
    { params: { query: { search: view.search, sort: view.sort ?? "name", limit: 100 } } },
    byCursor,
  );
  const remove = (action: PointAction) =>
    removeWithUndo(action.name, ["/points"], {
      remove: () => take(http.DELETE("/points/actions/{id}", { params: { path: { id: action.id } } })),
      restore: () => take(http.POST("/points/actions/{id}/restore", { params: { path: { id: action.id } } })),
    });
  const create = may && <NewButton onClick={() => setEditing("new")}>{t("actions.new")}</NewButton>;
  return (
    <>
      <PageHeader title={t("title")} description={t("actions.text")} actions={create} />
      <PointsNav at="actions" />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("actions.search")}
      />
      <DataList<PointAction>
        label={t("nav.actions")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={may ? setEditing : undefined}
        sort={view.sort ?? "name"}
        onSort={(sort) => change({ sort })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <Group gap="xs">
                <Text size="sm" fw={550}>
                  {row.name}
                </Text>
                {!row.published && (
                  <Badge variant="default" size="sm">
                    {t("off")}
                  </Badge>
                )}
              </Group>
            ),
          },
          {
            key: "kind",
            title: t("actions.what"),
            sort: "kind",
            render: (row) => t(`earns.${word(row.type)}`),
          },
          {
            key: "delta",
            title: t("actions.delta"),
            sort: "delta",
            align: "right",
            render: (row) => (row.delta > 0 ? `+${number(row.delta)}` : number(row.delta)),
          },
          {
            key: "repeatable",
            title: t("actions.often"),
            render: (row) => (row.repeatable ? t("actions.always") : t("actions.once")),
          },
          {
            key: "group",
            title: t("score"),
            render: (row) =>
              groups.find((group) => group.value === String(row.group_id))?.label ?? t("mainScore"),
          },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.name })}>
                  <Menu.Item onClick={() => setEditing(row)}>{t("common:edit")}</Menu.Item>
                  <Menu.Item onClick={() => remove(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconCoin} />
          ) : (
            <EmptyState
              icon={IconCoin}
              title={t("actions.emptyTitle")}
              action={create}
              example={<Text size="sm">{t("actions.example")}</Text>}
            >
              {t("actions.emptyText")}
            </EmptyState>
          )
        }
      />
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("actions.new") : t("actions.edit")}
        size="lg"
      >
        {editing && <ActionForm action={editing === "new" ? null : editing} close={() => setEditing(null)} />}
      </FormModal>
    </>
  );
}

function ActionForm({ action, close }: { action: PointAction | null; close: () => void }) {
  const { t } = useTranslation("points");
  const [errors, setErrors] = useState<string[]>([]);
  const [tried, setTried] = useState<Simulation | null>(null);
  const form = useForm({
    initialValues: {
      name: action?.name ?? "",
      description: action?.description ?? "",
      type: action?.type ?? ("email.open" as Earns),
      settings: (action?.settings ?? {}) as Record<string, unknown>,
      delta: action?.delta ?? 5,
      repeatable: action?.repeatable ?? false,
      group_id: action?.group_id ?? null,
      category_id: action?.category_id ?? null,
      published: action?.published ?? true,
      publish_up: action?.publish_up ?? null,
      publish_down: action?.publish_down ?? null,
    },
  });
  const submit = form.onSubmit(async (body) => {
    try {
      if (action) {
        const params = { path: { id: action.id } };
        await take(
          http.PATCH("/points/actions/{id}", { params, body: { ...body, version: action.version } }),
        );
      } else await take(http.POST("/points/actions", { body }));
      close();
      said(t("saved", { name: body.name }));
      await refresh("/points");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  const simulate = async () => {
    try {
      const body = { action: form.values, days: 30 };
      setTried(await take(http.POST("/points/simulate", { body })));
    } catch (error) {
      failed(error);
    }
  };
  const set = (part: Record<string, unknown>) =>
    form.setFieldValue("settings", { ...form.values.settings, ...part });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("common:name")} required data-autofocus {...form.getInputProps("name")} />
        <Group grow align="flex-start">
          <Select
            label={t("actions.what")}
            allowDeselect={false}
            data={KINDS.map((kind) => ({ value: kind, label: t(`earns.${word(kind)}`) }))}
            value={form.values.type}
            onChange={(type) => form.setValues({ type: (type ?? "email.open") as Earns, settings: {} })}
          />
          <NumberInput
            label={t("actions.delta")}
            description={t("actions.deltaHint")}
            {...form.getInputProps("delta")}
          />
        </Group>
        <KindSettings kind={form.values.type} settings={form.values.settings} set={set} />
        <Switch
          label={t("actions.repeatable")}
          description={t("actions.repeatableHint")}
          checked={form.values.repeatable}
          onChange={(event) => form.setFieldValue("repeatable", event.currentTarget.checked)}
        />
        <GroupSelect value={form.values.group_id} onChange={(id) => form.setFieldValue("group_id", id)} />
        <CategorySelect
          bundle="point"
          value={form.values.category_id}
          onChange={(id) => form.setFieldValue("category_id", id)}
        />
        <Textarea
          label={t("common:description")}
          autosize
          minRows={1}
          {...form.getInputProps("description")}
        />
        <PublishFields
          value={form.values}
          onChange={(part) => form.setValues(part)}
          error={form.errors.publish_down as string | undefined}
        />
        {tried && <Tried simulation={tried} />}
        <Group justify="space-between">
          <Button variant="default" onClick={simulate}>
            {t("actions.try")}
          </Button>
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

type SettingsProps = {
  kind: Earns;
  settings: Record<string, unknown>;
  set: (part: Record<string, unknown>) => void;
};

function KindSettings({ kind, settings, set }: SettingsProps) {
  const { t } = useTranslation("points");
  const ids = (key: string) => (Array.isArray(settings[key]) ? (settings[key] as number[]) : []);
  const seconds = (key: string) => ({
    label: t(`url.${key}`),
    min: 0,
    value: (settings[key] as number | null | undefined) ?? "",
    onChange: (value: number | string) => set({ [key]: value === "" ? null : Number(value) }),
  });
  switch (kind) {
    case "page.hit":
      return (
        <ThingsSelect
          kind="pages"
          label={t("which.pages")}
          description={t("which.any")}
          value={ids("pages")}
          onChange={(pages) => set({ pages })}
        />
      );
    case "form.submit":
      return (
        <ThingsSelect
          kind="forms"
          label={t("which.forms")}
          description={t("which.any")}
          value={ids("forms")}
          onChange={(forms) => set({ forms })}
        />
      );
    case "url.hit":
      return (
        <>
          <TextInput
            label={t("url.page_url")}
            description={t("url.hint")}
            required
            value={String(settings.page_url ?? "")}
            onChange={(event) => set({ page_url: event.currentTarget.value })}
          />
          <Group grow align="flex-end">
            <NumberInput {...seconds("page_hits")} />
            <NumberInput {...seconds("accumulative_time")} />
          </Group>
          <Group grow align="flex-end">
            <NumberInput {...seconds("returns_within")} />
            <NumberInput {...seconds("returns_after")} />
          </Group>
          <Switch
            label={t("url.first_time")}
            checked={settings.first_time === true}
            onChange={(event) => set({ first_time: event.currentTarget.checked })}
          />
        </>
      );
    default:
      return (
        <ThingsSelect
          kind="emails"
          label={t("which.emails")}
          description={t("which.any")}
          value={ids("emails")}
          onChange={(emails) => set({ emails })}
        />
      );
  }
}

/** Who would have gained how much. */
function Tried({ simulation }: { simulation: Simulation }) {
  const { t } = useTranslation("points");
  return (
    <Stack gap="xs" role="status" p="sm" style={{ background: "var(--hg-soft)", borderRadius: 10 }}>
      <Text size="sm" fw={600}>
        {t("tried.people", {
          count: simulation.people,
          shown: number(simulation.people),
          points: number(simulation.points),
          days: simulation.days,
        })}
      </Text>
      {!simulation.whole && (
        <Text size="xs" c="dimmed">
          {t("tried.part")}
        </Text>
      )}
      {simulation.top.length > 0 && (
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("tried.who")}</Table.Th>
              <Table.Th ta="right">{t("tried.gained")}</Table.Th>
              <Table.Th ta="right">{t("tried.now")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {simulation.top.slice(0, 5).map((gain) => (
              <Table.Tr key={gain.contact_id}>
                <Table.Td>
                  <TextLink to="/contacts/$id" params={{ id: String(gain.contact_id) }} size="sm">
                    {gain.name}
                  </TextLink>
                </Table.Td>
                <Table.Td ta="right" className="hg-num">
                  {number(gain.gained)}
                </Table.Td>
                <Table.Td ta="right" className="hg-num">
                  {number(gain.points_now)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}
