import {
  ActionIcon,
  Badge,
  Box,
  Button,
  ColorInput,
  Group,
  Menu,
  NumberInput,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconBolt, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { PointTrigger, TriggerEvent } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { number } from "../ui/format";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { TagNames, ThingSelect, ThingsSelect, useThings } from "../ui/pickers";
import { CategorySelect, PublishFields } from "../ui/publish";
import { EmptyState, ErrorSummary, NothingFound } from "../ui/states";
import { removeWithUndo, said } from "../ui/toasts";
import { useView } from "../ui/view";
import { GroupSelect } from "./GroupSelect";
import { PointsNav } from "./PointsNav";

type Kind = TriggerEvent["type"];
const KINDS: Kind[] = [
  "lead.changetags",
  "lead.changelists",
  "campaign.changecampaign",
  "email.send",
  "email.send_to_user",
  "stage.change",
];
/** i18next takes a dot for a level. */
const word = (kind: Kind) => kind.replace(".", "_");

/** What happens when somebody has enough points. */
export function TriggersPage() {
  const { t } = useTranslation("points");
  const [view, change] = useView<ListSearch>();
  const may = useMayEdit();
  const groups = useThings("point_groups");
  const [editing, setEditing] = useState<PointTrigger | "new" | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/points/triggers",
    { params: { query: { search: view.search, sort: view.sort ?? "points", limit: 100 } } },
    byCursor,
  );
  const remove = (trigger: PointTrigger) =>
    removeWithUndo(trigger.name, ["/points"], {
      remove: () => take(http.DELETE("/points/triggers/{id}", { params: { path: { id: trigger.id } } })),
      restore: () =>
        take(http.POST("/points/triggers/{id}/restore", { params: { path: { id: trigger.id } } })),
    });
  const create = may && <NewButton onClick={() => setEditing("new")}>{t("triggers.new")}</NewButton>;
  return (
    <>
      <PageHeader title={t("title")} description={t("triggers.text")} actions={create} />
      <PointsNav at="triggers" />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("triggers.search")}
      />
      <DataList<PointTrigger>
        label={t("nav.triggers")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={may ? setEditing : undefined}
        sort={view.sort ?? "points"}
        onSort={(sort) => change({ sort })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <Group gap="xs">
                {row.color && (
                  <Box
                    aria-hidden
                    w={12}
                    h={12}
                    style={{
                      borderRadius: 4,
                      background: `#${row.color}`,
                      border: "1px solid var(--hg-line)",
                    }}
                  />
                )}
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
            key: "points",
            title: t("triggers.from"),
            sort: "points",
            align: "right",
            render: (row) => number(row.points),
          },
          {
            key: "group",
            title: t("score"),
            render: (row) =>
              groups.find((group) => group.value === String(row.group_id))?.label ?? t("mainScore"),
          },
          {
            key: "events",
            title: t("triggers.events"),
            render: (row) => row.events.map((event) => event.name).join(", "),
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
            <NothingFound icon={IconBolt} />
          ) : (
            <EmptyState
              icon={IconBolt}
              title={t("triggers.emptyTitle")}
              action={create}
              example={<Text size="sm">{t("triggers.example")}</Text>}
            >
              {t("triggers.emptyText")}
            </EmptyState>
          )
        }
      />
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("triggers.new") : t("triggers.edit")}
        size="lg"
      >
        {editing && (
          <TriggerForm trigger={editing === "new" ? null : editing} close={() => setEditing(null)} />
        )}
      </FormModal>
    </>
  );
}

function TriggerForm({ trigger, close }: { trigger: PointTrigger | null; close: () => void }) {
  const { t } = useTranslation("points");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: {
      name: trigger?.name ?? "",
      description: trigger?.description ?? "",
      points: trigger?.points ?? 50,
      color: trigger?.color ? `#${trigger.color}` : "",
      apply_existing: trigger?.apply_existing ?? false,
      group_id: trigger?.group_id ?? null,
      category_id: trigger?.category_id ?? null,
      published: trigger?.published ?? true,
      publish_up: trigger?.publish_up ?? null,
      publish_down: trigger?.publish_down ?? null,
    },
  });
  const [events, setEvents] = useState<TriggerEvent[]>(trigger?.events ?? []);
  const submit = form.onSubmit(async (values) => {
    try {
      const body = { ...values, color: values.color || null, events };
      if (trigger) {
        const params = { path: { id: trigger.id } };
        await take(
          http.PATCH("/points/triggers/{id}", { params, body: { ...body, version: trigger.version } }),
        );
      } else await take(http.POST("/points/triggers", { body }));
      close();
      said(t("saved", { name: body.name }));
      await refresh("/points");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  const edit = (index: number, settings: Record<string, unknown>) =>
    setEvents(events.map((one, at) => (at === index ? { ...one, settings } : one)));
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("common:name")} required data-autofocus {...form.getInputProps("name")} />
        <Group grow align="flex-start">
          <NumberInput
            label={t("triggers.from")}
            description={t("triggers.fromHint")}
            {...form.getInputProps("points")}
          />
          <ColorInput
            label={t("color")}
            description={t("triggers.colorHint")}
            popoverProps={{ withinPortal: true }}
            eyeDropperButtonProps={{ "aria-label": t("pickColor") }}
            {...form.getInputProps("color")}
          />
        </Group>
        <GroupSelect value={form.values.group_id} onChange={(id) => form.setFieldValue("group_id", id)} />
        <Stack gap="xs">
          <Text size="sm" fw={550}>
            {t("triggers.events")}
          </Text>
          {events.map((event, index) => (
            <Group key={`${event.id ?? "new"}-${index}`} align="flex-end" wrap="nowrap">
              <Box style={{ flex: 1 }}>
                <EventSettings event={event} set={(settings) => edit(index, settings)} />
              </Box>
              <ActionIcon
                variant="subtle"
                color="gray"
                c="dimmed"
                size={36}
                aria-label={t("triggers.removeEvent", { name: t(`event.${word(event.type)}`) })}
                onClick={() => setEvents(events.filter((_, at) => at !== index))}
              >
                <IconTrash size={17} aria-hidden />
              </ActionIcon>
            </Group>
          ))}
          <Menu position="bottom-start">
            <Menu.Target>
              <Button
                variant="default"
                size="xs"
                leftSection={<IconPlus size={15} aria-hidden />}
                w="fit-content"
              >
                {t("triggers.addEvent")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {KINDS.map((type) => (
                <Menu.Item
                  key={type}
                  onClick={() =>
                    setEvents([...events, { id: null, type, name: "", description: null, settings: {} }])
                  }
                >
                  {t(`event.${word(type)}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </Stack>
        <Switch
          label={t("triggers.existing")}
          description={t("triggers.existingHint")}
          checked={form.values.apply_existing}
          onChange={(event) => form.setFieldValue("apply_existing", event.currentTarget.checked)}
        />
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
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

type EventProps = { event: TriggerEvent; set: (settings: Record<string, unknown>) => void };

function EventSettings({ event, set }: EventProps) {
  const { t } = useTranslation("points");
  const settings = (event.settings ?? {}) as Record<string, unknown>;
  const put = (part: Record<string, unknown>) => set({ ...settings, ...part });
  const ids = (key: string) => (Array.isArray(settings[key]) ? (settings[key] as unknown[]).map(Number) : []);
  const words = (key: string) => (Array.isArray(settings[key]) ? (settings[key] as string[]) : []);
  const one = (key: string) => Number(settings[key]) || null;
  switch (event.type) {
    case "lead.changetags":
      return (
        <Group grow>
          <TagNames
            label={t("set.add_tags")}
            value={words("add_tags")}
            onChange={(add_tags) => put({ add_tags })}
          />
          <TagNames
            label={t("set.remove_tags")}
            value={words("remove_tags")}
            onChange={(remove_tags) => put({ remove_tags })}
          />
        </Group>
      );
    case "lead.changelists":
      return (
        <Group grow>
          <ThingsSelect
            kind="segments"
            label={t("set.addToLists")}
            value={ids("addToLists")}
            onChange={(addToLists) => put({ addToLists })}
          />
          <ThingsSelect
            kind="segments"
            label={t("set.removeFromLists")}
            value={ids("removeFromLists")}
            onChange={(removeFromLists) => put({ removeFromLists })}
          />
        </Group>
      );
    case "campaign.changecampaign":
      return (
        <Group grow>
          <ThingsSelect
            kind="campaigns"
            label={t("set.addTo")}
            value={ids("addTo")}
            onChange={(addTo) => put({ addTo })}
          />
          <ThingsSelect
            kind="campaigns"
            label={t("set.removeFrom")}
            value={ids("removeFrom")}
            onChange={(removeFrom) => put({ removeFrom })}
          />
        </Group>
      );
    case "stage.change":
      return (
        <ThingSelect
          kind="stages"
          label={t("set.stage")}
          value={one("stage")}
          onChange={(stage) => put({ stage })}
        />
      );
    case "email.send_to_user":
      return (
        <Stack gap="xs">
          <ThingSelect
            kind="emails"
            label={t("event.email_send_to_user")}
            value={one("email")}
            onChange={(email) => put({ email })}
          />
          <TextInput
            label={t("set.to")}
            description={t("set.toHint")}
            value={words("to").join(", ") || String(settings.to ?? "")}
            onChange={(input) => put({ to: input.currentTarget.value })}
          />
          <Switch
            label={t("set.to_owner")}
            checked={settings.to_owner === true}
            onChange={(input) => put({ to_owner: input.currentTarget.checked })}
          />
        </Stack>
      );
    default:
      return (
        <ThingSelect
          kind="emails"
          label={t("event.email_send")}
          value={one("email")}
          onChange={(email) => put({ email })}
        />
      );
  }
}
