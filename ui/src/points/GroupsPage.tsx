import {
  Button,
  Group,
  Menu,
  NumberInput,
  SegmentedControl,
  Stack,
  Table,
  Text,
  Textarea,
  TextInput,
  VisuallyHidden,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconStack2 } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { DecayPreview, DecayRule, PointGroup } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList, rowsOf } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { ago, number } from "../ui/format";
import { TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { Card, FormModal } from "../ui/parts";
import { EmptyState, ErrorSummary } from "../ui/states";
import { attempt, failed, removeWithUndo, said } from "../ui/toasts";
import { PointsNav } from "./PointsNav";

/** Scores beside the main one, and how scores fade. */
export function GroupsPage() {
  const { t } = useTranslation("points");
  const may = useMayEdit();
  const [editing, setEditing] = useState<PointGroup | "new" | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/points/groups",
    { params: { query: { sort: "name", limit: 100 } } },
    byCursor,
  );
  const groups = rowsOf<PointGroup>(query).rows;
  const remove = (group: PointGroup) =>
    removeWithUndo(group.name, ["/points"], {
      remove: () => take(http.DELETE("/points/groups/{id}", { params: { path: { id: group.id } } })),
      restore: () => take(http.POST("/points/groups/{id}/restore", { params: { path: { id: group.id } } })),
    });
  const create = may && <NewButton onClick={() => setEditing("new")}>{t("groups.new")}</NewButton>;
  return (
    <>
      <PageHeader title={t("title")} description={t("groups.text")} actions={create} />
      <PointsNav at="groups" />
      <Stack gap="lg">
        <DataList<PointGroup>
          label={t("nav.groups")}
          query={query}
          rowKey={(row) => row.id}
          rowLabel={(row) => row.name}
          onOpen={may ? setEditing : undefined}
          columns={[
            { key: "name", title: t("common:name"), render: (row) => row.name },
            { key: "description", title: t("common:description"), render: (row) => row.description },
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
            <EmptyState
              icon={IconStack2}
              title={t("groups.emptyTitle")}
              action={create}
              example={<Text size="sm">{t("groups.example")}</Text>}
            >
              {t("groups.emptyText")}
            </EmptyState>
          }
        />
        <Fading groups={groups} />
      </Stack>
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("groups.new") : t("groups.edit")}
      >
        {editing && <GroupForm group={editing === "new" ? null : editing} close={() => setEditing(null)} />}
      </FormModal>
    </>
  );
}

function GroupForm({ group, close }: { group: PointGroup | null; close: () => void }) {
  const { t } = useTranslation("points");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: { name: group?.name ?? "", description: group?.description ?? "" },
  });
  const submit = form.onSubmit(async (body) => {
    try {
      if (group) {
        const params = { path: { id: group.id } };
        await take(http.PATCH("/points/groups/{id}", { params, body: { ...body, version: group.version } }));
      } else await take(http.POST("/points/groups", { body }));
      close();
      said(t("saved", { name: body.name }));
      await refresh("/points");
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
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** How each score fades. */
function Fading({ groups }: { groups: PointGroup[] }) {
  const { t } = useTranslation("points");
  const may = useMayEdit();
  const { data } = $api.useQuery("get", "/points/decay");
  const [editing, setEditing] = useState<{ id: number; name: string } | null>(null);
  const rules = data ?? [];
  const scores = [{ id: 0, name: t("mainScore") }, ...groups];
  const remove = (id: number) =>
    attempt(async () => {
      await take(http.DELETE("/points/decay/{group}", { params: { path: { group: id } } }));
      await refresh("/points");
    }, t("fading.removed"));
  return (
    <Card title={t("fading.title")} scroll>
      <Text size="sm" c="dimmed" mb="sm">
        {t("fading.text")}
      </Text>
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("score")}</Table.Th>
            <Table.Th>{t("fading.rule")}</Table.Th>
            <Table.Th ta="right">{t("fading.lost")}</Table.Th>
            <Table.Th>
              <VisuallyHidden>{t("common:actions")}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {scores.map((one) => {
            const rule = rules.find((candidate) => candidate.group_id === one.id);
            return (
              <Table.Tr key={one.id}>
                <Table.Td>{one.name}</Table.Td>
                <Table.Td>
                  {rule ? (
                    <RuleWords rule={rule} />
                  ) : (
                    <Text span c="dimmed" size="sm">
                      {t("fading.never")}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td ta="right" className="hg-num">
                  {rule ? number(rule.lost) : ""}
                </Table.Td>
                <Table.Td ta="right">
                  {may && (
                    <Group gap="xs" justify="flex-end" wrap="nowrap">
                      <Button
                        size="compact-sm"
                        variant="default"
                        aria-label={t("fading.changeOf", { name: one.name })}
                        onClick={() => setEditing(one)}
                      >
                        {rule ? t("fading.change") : t("fading.set")}
                      </Button>
                      {rule && (
                        <Button
                          size="compact-sm"
                          variant="subtle"
                          color="gray"
                          c="dimmed"
                          aria-label={t("fading.removeOf", { name: one.name })}
                          onClick={() => remove(one.id)}
                        >
                          {t("common:remove")}
                        </Button>
                      )}
                    </Group>
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={t("fading.of", { name: editing?.name ?? "" })}
      >
        {editing && (
          <FadingForm
            group={editing.id}
            rule={rules.find((rule) => rule.group_id === editing.id)}
            close={() => setEditing(null)}
          />
        )}
      </FormModal>
    </Card>
  );
}

function RuleWords({ rule }: { rule: DecayRule }) {
  const { t } = useTranslation("points");
  const words =
    rule.kind === "half_life"
      ? t("fading.half", { count: rule.days })
      : t("fading.inactive", { count: rule.days, amount: number(rule.amount) });
  return (
    <>
      {words}
      <Text size="xs" c="dimmed">
        {rule.running ? t("fading.running") : t("fading.last", { when: ago(rule.last_run_at) })}
      </Text>
    </>
  );
}

function FadingForm(props: { group: number; rule: DecayRule | undefined; close: () => void }) {
  const { t } = useTranslation("points");
  const [errors, setErrors] = useState<string[]>([]);
  const [preview, setPreview] = useState<DecayPreview | null>(null);
  const form = useForm({
    initialValues: {
      kind: props.rule?.kind ?? ("half_life" as DecayRule["kind"]),
      days: props.rule?.days ?? 90,
      amount: props.rule?.amount || 5,
    },
  });
  const params = { path: { group: props.group } };
  const submit = form.onSubmit(async (body) => {
    try {
      await take(http.PUT("/points/decay/{group}", { params, body: { ...body, published: true } }));
      props.close();
      said(t("fading.saved"));
      await refresh("/points");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  const look = async () => {
    try {
      const body = { ...form.values, published: true, ahead: 30 };
      setPreview(await take(http.POST("/points/decay/{group}/preview", { params, body })));
    } catch (error) {
      failed(error);
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <SegmentedControl
          aria-label={t("fading.rule")}
          data={[
            { value: "half_life", label: t("fading.kindHalf") },
            { value: "inactive", label: t("fading.kindInactive") },
          ]}
          {...form.getInputProps("kind")}
        />
        <Group grow align="flex-start">
          <NumberInput
            label={form.values.kind === "half_life" ? t("fading.halfDays") : t("fading.inactiveDays")}
            min={1}
            {...form.getInputProps("days")}
          />
          {form.values.kind === "inactive" && (
            <NumberInput label={t("fading.amount")} min={1} {...form.getInputProps("amount")} />
          )}
        </Group>
        {preview && (
          <Stack gap="xs" role="status" p="sm" style={{ background: "var(--hg-soft)", borderRadius: 10 }}>
            <Text size="sm" fw={600}>
              {t("fading.preview", {
                count: preview.people,
                shown: number(preview.people),
                now: number(preview.points_now),
                later: number(preview.points_then),
                days: preview.days,
              })}
            </Text>
            {preview.sample.slice(0, 5).map((one) => (
              <Group key={one.contact_id} justify="space-between">
                <TextLink to="/contacts/$id" params={{ id: String(one.contact_id) }} size="sm">
                  {one.name}
                </TextLink>
                <Text size="sm" className="hg-num">
                  {number(one.now)} → {number(one.then)}
                </Text>
              </Group>
            ))}
          </Stack>
        )}
        <Group justify="space-between">
          <Button variant="default" onClick={look}>
            {t("fading.look")}
          </Button>
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
