import { Button, Group, Menu, Stack, Text } from "@mantine/core";
import { IconDots, IconTag, IconTrash, IconUsersGroup } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { BulkAction, ContactSelect } from "../api/types";
import { number } from "../ui/format";
import { FormModal } from "../ui/parts";
import { TagNames, ThingSelect } from "../ui/pickers";
import { attempt, said, undoable } from "../ui/toasts";

type Props = {
  select: ContactSelect;
  count: number;
  total: number | null;
  everything: boolean;
  onEverything: () => void;
  segment?: number;
  clear: () => void;
};

type Asked = "add_tags" | "remove_tags" | "add_to_segment" | "change_stage";

const TAKES_BACK: Partial<Record<BulkAction["kind"], BulkAction["kind"]>> = {
  add_tags: "remove_tags",
  delete: "restore",
  add_to_segment: "remove_from_segment",
};

/** What can be done with the selected contacts; reaches from the rows shown to all that match. */
export function BulkBar(props: Props) {
  const { t } = useTranslation("contacts");
  const [asking, setAsking] = useState<Asked | null>(null);
  const [tags, setTags] = useState<string[]>([]);
  const [segment, setSegment] = useState<number | null>(null);
  const [stage, setStage] = useState<number | null>(null);

  const run = (action: BulkAction) =>
    attempt(async () => {
      const result = await take(http.POST("/contacts/bulk", { body: { select: props.select, action } }));
      const words = t(`bulk.done.${action.kind}`, { count: result.affected, shown: number(result.affected) });
      const back = TAKES_BACK[action.kind];
      const ids = "ids" in props.select;
      if (back && ids && !result.task_id) {
        undoable(words, async () => {
          await take(
            http.POST("/contacts/bulk", {
              body: { select: props.select, action: { ...action, kind: back } },
            }),
          );
          await refresh("/contacts", "/segments", "/tags");
        });
      } else said(result.task_id ? t("bulk.started") : words);
      setAsking(null);
      setTags([]);
      props.clear();
      await refresh("/contacts", "/segments", "/tags", "/stages", "/tasks");
    });

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
          <Menu.Dropdown>
            <Menu.Item onClick={() => setAsking("remove_tags")}>{t("bulk.remove_tags")}</Menu.Item>
            <Menu.Item onClick={() => setAsking("change_stage")}>{t("bulk.change_stage")}</Menu.Item>
            {props.segment && (
              <Menu.Item onClick={() => run({ kind: "remove_from_segment", segment_id: props.segment })}>
                {t("bulk.remove_from_segment")}
              </Menu.Item>
            )}
            <Menu.Item onClick={() => run({ kind: "do_not_contact" })}>{t("bulk.do_not_contact")}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      <FormModal
        opened={asking !== null}
        close={() => setAsking(null)}
        title={asking ? t(`bulk.${asking}`) : ""}
      >
        <Stack>
          {asking === "change_stage" ? (
            <ThingSelect
              kind="stages"
              label={t("stage")}
              description={t("bulk.stageHint")}
              clearable
              value={stage}
              onChange={setStage}
            />
          ) : asking === "add_to_segment" ? (
            <ThingSelect
              kind="segments"
              label={t("segment")}
              description={t("bulk.segmentHint")}
              value={segment}
              onChange={setSegment}
            />
          ) : (
            <TagNames
              label={t("tags")}
              description={t("tagsHint")}
              value={tags}
              onChange={setTags}
              autoFocus
            />
          )}
          <Group justify="flex-end">
            <Button
              disabled={asking === "add_to_segment" ? !segment : asking !== "change_stage" && !tags.length}
              onClick={() => {
                if (asking === "add_to_segment") run({ kind: asking, segment_id: segment! });
                else if (asking === "change_stage") run({ kind: asking, stage_id: stage });
                else if (asking) run({ kind: asking, tags });
              }}
            >
              {t("bulk.apply", { count: props.count, shown: number(props.count) })}
            </Button>
          </Group>
        </Stack>
      </FormModal>
    </Group>
  );
}
