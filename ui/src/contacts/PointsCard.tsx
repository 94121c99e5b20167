import { Button, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { ago, number } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { useThings } from "../ui/pickers";
import { attempt } from "../ui/toasts";

const OPERATORS = ["plus", "minus", "set", "times", "divide"] as const;

/** Where the contact stands. */
export function StageCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const stages = useThings("stages");
  if (!stages.length && !contact.stage) return null;
  const change = (value: string | null) =>
    attempt(async () => {
      const body = { stage_id: value ? Number(value) : null };
      await take(http.POST("/contacts/{id}/stage", { params: { path: { id: contact.id } }, body }));
      await refresh("/contacts", "/stages");
    }, t("record.stageSet"));
  return (
    <Card title={t("record.stage")}>
      {may ? (
        <Select
          aria-label={t("record.stage")}
          data={stages}
          placeholder={t("record.noStage")}
          value={contact.stage ? String(contact.stage.id) : null}
          onChange={change}
          clearable
          clearButtonProps={{ "aria-label": t("common:remove"), "aria-hidden": false, tabIndex: 0 }}
        />
      ) : (
        <Text size="sm">{contact.stage?.name ?? t("record.noStage")}</Text>
      )}
    </Card>
  );
}

/** Every score, and which rule gave how much of it. */
export function PointsCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const groups = useThings("point_groups");
  const [opened, { open, close }] = useDisclosure();
  const [explained, { toggle }] = useDisclosure();
  const { data } = $api.useQuery("get", "/contacts/{id}/points", { params: { path: { id: contact.id } } });
  const form = useForm({ initialValues: { operator: "plus", value: 10, reason: "", group: "0" } });
  const submit = form.onSubmit(({ group, ...body }) =>
    attempt(async () => {
      const path = { id: contact.id };
      if (group === "0") await take(http.POST("/contacts/{id}/points", { params: { path }, body }));
      else {
        const params = { path: { ...path, group: Number(group) } };
        await take(http.POST("/contacts/{id}/points/groups/{group}", { params, body }));
      }
      close();
      form.reset();
      await refresh("/contacts");
    }),
  );
  return (
    <Card
      title={t("record.points")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={open}>
            {t("record.changePoints")}
          </Button>
        )
      }
    >
      <Group gap="xs">
        {contact.color && (
          <span
            aria-hidden
            style={{
              width: 14,
              height: 14,
              borderRadius: 4,
              background: `#${contact.color}`,
              border: "1px solid var(--hg-line)",
            }}
          />
        )}
        <Text fz={26} fw={650} className="hg-num">
          {number(contact.points)}
        </Text>
      </Group>
      {data?.groups.map((group) => (
        <Group key={group.group_id} justify="space-between">
          <Text size="sm">{group.name}</Text>
          <Text size="sm" fw={550} className="hg-num">
            {number(group.score)}
          </Text>
        </Group>
      ))}
      {data && data.lines.length > 0 && (
        <Button size="compact-xs" variant="subtle" mt={6} ml={-7} aria-expanded={explained} onClick={toggle}>
          {explained ? t("record.fewerPoints") : t("record.explainPoints")}
        </Button>
      )}
      {explained &&
        data?.lines.map((line) => (
          <Group
            key={`${line.group_id}${line.action_id}${line.reason}`}
            justify="space-between"
            wrap="nowrap"
          >
            <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {line.times > 1
                ? t("record.pointsLine", { reason: line.reason, count: line.times })
                : t("record.pointsLineOnce", { reason: line.reason })}
              {line.group_id > 0 &&
                ` (${data.groups.find((group) => group.group_id === line.group_id)?.name ?? ""})`}
              {line.last_at && ` · ${ago(line.last_at)}`}
            </Text>
            <Text size="xs" className="hg-num">
              {line.points > 0 ? `+${number(line.points)}` : number(line.points)}
            </Text>
          </Group>
        ))}
      <FormModal opened={opened} close={close} title={t("record.changePoints")}>
        <form onSubmit={submit}>
          <Stack>
            {groups.length > 0 && (
              <Select
                label={t("record.pointsOf")}
                allowDeselect={false}
                data={[{ value: "0", label: t("record.mainScore") }, ...groups]}
                {...form.getInputProps("group")}
              />
            )}
            <Group grow>
              <Select
                label={t("record.pointsOperator")}
                allowDeselect={false}
                data={OPERATORS.map((key) => ({ value: key, label: t(`record.operators.${key}`) }))}
                {...form.getInputProps("operator")}
              />
              <NumberInput label={t("record.pointsValue")} {...form.getInputProps("value")} />
            </Group>
            <TextInput
              label={t("record.pointsReason")}
              description={t("record.pointsReasonHint")}
              {...form.getInputProps("reason")}
            />
            <Group justify="flex-end">
              <Button type="submit">{t("common:save")}</Button>
            </Group>
          </Stack>
        </form>
      </FormModal>
    </Card>
  );
}
