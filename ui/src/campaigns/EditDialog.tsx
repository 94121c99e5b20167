import { Badge, Button, Checkbox, Group, Radio, Select, Stack, Table, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PeopleChoice, Step, StepDifference } from "../api/types";
import { number } from "../ui/format";
import { FormModal } from "../ui/parts";

type Props = {
  title: string;
  confirm: string;
  differences: StepDifference[];
  /** The steps as they will be: people can go on at one of them. */
  steps: Pick<Step, "key" | "name" | "type">[];
  answer: (choice: PeopleChoice | null) => void;
};

const COLOURS = { new: "teal", gone: "red", changed: "blue" } as const;
const LEAVE = "";

/** What a change of a running campaign does, and what becomes of the people inside. */
export function EditDialog({ title, confirm, differences, steps, answer }: Props) {
  const { t } = useTranslation("campaigns");
  const [inside, setInside] = useState<"keep" | "replan" | "restart">("keep");
  const [gone, setGone] = useState<Record<string, string>>({});
  const [backfill, setBackfill] = useState<string[]>([]);
  const [note, setNote] = useState("");
  const restarts = inside === "restart";
  const leaving = differences.filter((one) => one.change === "gone" && one.waiting > 0 && !restarts);
  const offered = differences.filter((one) => one.past > 0 && !restarts);
  const unanswered = leaving.filter((one) => gone[one.key] === undefined);
  const places = [
    { value: LEAVE, label: t("edit.leave") },
    ...steps.map((step) => ({ value: step.key, label: step.name || t(`type.${step.type}`) })),
  ];
  const send = () =>
    answer({
      inside,
      gone: Object.fromEntries(leaving.map((one) => [one.key, gone[one.key] || null])),
      backfill: restarts ? [] : backfill,
      note: note.trim() || null,
    });
  return (
    <FormModal opened close={() => answer(null)} title={title} size="xl">
      <Stack>
        <Table aria-label={t("edit.changes")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("edit.step")}</Table.Th>
              <Table.Th>{t("edit.change")}</Table.Th>
              <Table.Th ta="right">{t("edit.waiting")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {differences.map((one) => (
              <Table.Tr key={one.key}>
                <Table.Td>{one.name}</Table.Td>
                <Table.Td>
                  <Group gap="xs">
                    <Badge color={COLOURS[one.change]} variant="outline" tt="none">
                      {t(`edit.kind.${one.change}`)}
                    </Badge>
                    <Text size="sm" c="dimmed">
                      {one.parts.map((part) => t(`edit.part.${part}`)).join(", ")}
                    </Text>
                  </Group>
                </Table.Td>
                <Table.Td ta="right" className="hg-num">
                  {one.change === "new" ? "" : number(one.waiting)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Radio.Group
          label={t("edit.inside")}
          value={inside}
          onChange={(next) => setInside(next as typeof inside)}
        >
          <Stack gap="xs" mt="xs">
            {(["keep", "replan", "restart"] as const).map((one) => (
              <Radio
                key={one}
                value={one}
                label={t(`edit.insideNames.${one}`)}
                description={t(`edit.insideHints.${one}`)}
              />
            ))}
          </Stack>
        </Radio.Group>
        {leaving.map((one) => (
          <Select
            key={one.key}
            label={t("edit.goOn", { name: one.name, count: one.waiting, shown: number(one.waiting) })}
            placeholder={t("edit.choosePlace")}
            required
            allowDeselect={false}
            data={places}
            value={gone[one.key] ?? null}
            onChange={(to) => to !== null && setGone({ ...gone, [one.key]: to })}
          />
        ))}
        {offered.length > 0 && (
          <Checkbox.Group label={t("edit.backfill")} value={backfill} onChange={setBackfill}>
            <Stack gap="xs" mt="xs">
              {offered.map((one) => (
                <Checkbox
                  key={one.key}
                  value={one.key}
                  label={t("edit.backfillStep", { name: one.name, count: one.past, shown: number(one.past) })}
                />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Textarea
          label={t("edit.note")}
          description={t("edit.noteHint")}
          autosize
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => answer(null)} data-autofocus>
            {t("common:cancel")}
          </Button>
          <Button disabled={unanswered.length > 0} onClick={send}>
            {confirm}
          </Button>
        </Group>
      </Stack>
    </FormModal>
  );
}
