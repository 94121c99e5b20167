import { Button, Group, Menu, Text } from "@mantine/core";
import { IconDots, IconTag, IconTrash, IconUsersGroup } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { BulkAction, ContactSelect } from "../api/types";
import { number } from "../ui/format";
import { FormModal } from "../ui/parts";
import { attempt, said, undoable } from "../ui/toasts";
import { type Asked, BulkForm } from "./BulkForm";
import { ExportMenu } from "./ExportMenu";

type Props = {
  select: ContactSelect;
  count: number;
  total: number | null;
  everything: boolean;
  onEverything: () => void;
  segment?: number;
  columns: string[];
  clear: () => void;
};

const BELONG: Asked[] = [
  "remove_tags",
  "remove_from_segment",
  "add_to_campaign",
  "remove_from_campaign",
  "add_to_company",
  "remove_from_company",
  "change_stage",
  "set_owner",
];
const REACH: Asked[] = ["do_not_contact", "contact_again", "change_channel", "subscribe", "unsubscribe"];

const again = () =>
  refresh("/contacts", "/segments", "/tags", "/stages", "/companies", "/campaigns", "/tasks");

/** What can be done with the selected contacts; reaches from the rows shown to all that match. */
export function BulkBar(props: Props) {
  const { t } = useTranslation("contacts");
  const [asking, setAsking] = useState<Asked | null>(null);

  const run = (action: BulkAction) =>
    attempt(async () => {
      const result = await take(http.POST("/contacts/bulk", { body: { select: props.select, action } }));
      const words = t(`bulk.done.${action.kind}`, { count: result.affected, shown: number(result.affected) });
      const { undo } = result;
      if (result.task_id != null) said(t("bulk.started"));
      else if (undo == null) said(words);
      else
        undoable(words, async () => {
          await take(http.POST("/contacts/bulk/{id}/undo", { params: { path: { id: undo } } }));
          await again();
        });
      setAsking(null);
      props.clear();
      await again();
    });

  const items = (kinds: Asked[]) =>
    kinds.map((kind) => (
      <Menu.Item key={kind} onClick={() => setAsking(kind)}>
        {t(`bulk.${kind}`)}
      </Menu.Item>
    ));

  return (
    <Group
      className="hg-bulk"
      justify="space-between"
      px="md"
      py={8}
      mb="sm"
      role="region"
      aria-label={t("bulk.label")}
    >
      <Group gap="sm">
        <Text size="sm" fw={600} aria-live="polite" className="hg-num">
          {t("bulk.selected", { count: props.count, shown: number(props.count) })}
        </Text>
        {!props.everything && props.total != null && props.total > props.count && (
          <Button variant="subtle" size="compact-sm" onClick={props.onEverything}>
            {t("bulk.all", { total: number(props.total) })}
          </Button>
        )}
        <Button variant="subtle" color="gray" c="dimmed" size="compact-sm" onClick={props.clear}>
          {t("bulk.clear")}
        </Button>
      </Group>
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconTag size={15} aria-hidden />}
          onClick={() => setAsking("add_tags")}
        >
          {t("bulk.add_tags")}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconUsersGroup size={15} aria-hidden />}
          onClick={() => setAsking("add_to_segment")}
        >
          {t("bulk.add_to_segment")}
        </Button>
        <ExportMenu select={props.select} columns={props.columns} compact />
        <Button
          size="xs"
          variant="default"
          leftSection={<IconTrash size={15} aria-hidden />}
          onClick={() => run({ kind: "delete" })}
        >
          {t("common:delete")}
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="xs" variant="default" px={8} aria-label={t("bulk.more")}>
              <IconDots size={16} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown mah={460} style={{ overflowY: "auto" }}>
            <Menu.Label>{t("bulk.groups.belong")}</Menu.Label>
            {items(BELONG)}
            <Menu.Label>{t("bulk.groups.reach")}</Menu.Label>
            {items(REACH)}
          </Menu.Dropdown>
        </Menu>
      </Group>
      <FormModal
        opened={asking !== null}
        close={() => setAsking(null)}
        title={asking ? t(`bulk.${asking}`) : ""}
      >
        {asking && (
          <BulkForm key={asking} kind={asking} count={props.count} segment={props.segment} run={run} />
        )}
      </FormModal>
    </Group>
  );
}
