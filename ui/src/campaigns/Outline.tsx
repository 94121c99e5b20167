import { ActionIcon, Button, Group, Menu, Text, UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconCopy, IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Step } from "../api/types";
import type { CanvasProps } from "../editors/canvas/Canvas";
import { number } from "../ui/format";
import { StepTypeItems } from "./StepTypeItems";
import { chainFrom, childrenIn, isUnfinished, type Slot, slotsOf } from "./tree";
import { stepIcon, useStepWords, useTimingWords } from "./words";

type Props = CanvasProps & { onCopy: (key: string) => void; onRemove: (key: string) => void };

/** The same campaign as nested lists: everything the canvas can do, for the keyboard and screen readers. */
export function Outline(props: Props) {
  const { t } = useTranslation("campaigns");
  return (
    <nav className="hg-card hg-outline" aria-label={t("outline")}>
      <UnstyledButton
        className="hg-outline-row"
        data-selected={props.selected === "source" || undefined}
        onClick={() => props.onSelect("source")}
      >
        <Text size="sm" fw={600}>
          {t("starts")}: {props.sources.map((source) => source.name).join(", ") || t("chooseSource")}
        </Text>
        <Text size="xs" c="dimmed">
          {t("members", { count: props.members, shown: number(props.members) })}
        </Text>
      </UnstyledButton>
      {props.notes.map((note) => (
        <UnstyledButton
          key={note.id}
          className="hg-outline-row"
          data-selected={props.selected === `note:${note.id}` || undefined}
          onClick={() => props.onSelect(`note:${note.id}`)}
        >
          <Text size="sm">{t("note.open", { text: note.text.trim() || t("note.blank") })}</Text>
        </UnstyledButton>
      ))}
      <SlotList {...props} slot={{ parent: null, path: null }} />
    </nav>
  );
}

/** Steps that follow one another stand below each other; only where ways part is the list indented. */
function SlotList(props: Props & { slot: Slot }) {
  const { steps, slot, editable } = props;
  const { links, rest } = chainFrom(steps, slot);
  const last = links.at(-1)?.step;
  const open = !last || slotsOf(last).some((below) => !below.path);
  const parting = open ? childrenIn(steps, rest) : [];
  return (
    <ol className="hg-outline-list">
      {links.map((link) => (
        <li key={link.step.key}>
          <StepRow {...props} {...link} />
          <Paths {...props} step={link.step} />
        </li>
      ))}
      {parting.map((step) => (
        <li key={step.key}>
          <StepRow {...props} step={step} slot={rest} />
          <Paths {...props} step={step} />
          {slotsOf(step).map((below) => !below.path && <SlotList key="below" {...props} slot={below} />)}
        </li>
      ))}
      {editable && open && !parting.length && <AddHere {...props} slot={rest} />}
    </ol>
  );
}

/** The yes and the no of a decision or condition, each with what follows on it. */
function Paths(props: Props & { step: Step }) {
  const { t } = useTranslation("campaigns");
  return slotsOf(props.step).map(
    (below) =>
      below.path && (
        <div key={below.path} className="hg-outline-path">
          <span className={`hg-path ${below.path === "yes" ? "hg-badge-teal" : "hg-badge-orange"}`}>
            {t(`path.${below.path}`)}
          </span>
          <SlotList {...props} slot={below} />
        </div>
      ),
  );
}

function AddHere({ steps, slot, onAdd }: Props & { slot: Slot }) {
  const { t } = useTranslation("campaigns");
  const parent = steps.find((step) => step.key === slot.parent);
  const where = parent ? parent.name || t(`type.${parent.type}`) : t("starts");
  const label = slot.path
    ? t("addOnPath", { name: where, path: t(`path.${slot.path}`) })
    : t("addAfter", { name: where });
  return (
    <li>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconPlus size={14} aria-hidden />}
            aria-label={label}
          >
            {t("addStep")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <StepTypeItems steps={steps} slot={slot} onPick={(type) => onAdd(slot, type, false)} />
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

function StepRow(props: Props & { step: Step; slot: Slot }) {
  const { t } = useTranslation("campaigns");
  const { step, steps, counts, editable } = props;
  const words = useStepWords();
  const timingWords = useTimingWords();
  const Icon = stepIcon(step.type);
  const name = step.name || t(`type.${step.type}`);
  const parent = steps.find((one) => one.key === step.parent);
  const when = timingWords(step.timing, parent?.kind === "decision" && step.path === "no");
  const count = counts.get(step.key);
  const unfinished = isUnfinished(step) || props.problems.has(step.key);
  return (
    <Group gap={4} wrap="nowrap">
      <UnstyledButton
        className="hg-outline-row"
        data-selected={props.selected === step.key || undefined}
        onClick={() => props.onSelect(step.key)}
      >
        <Group gap={8} wrap="nowrap">
          <Icon size={16} aria-hidden />
          <div>
            <Text size="sm" fw={550}>
              {name}
              {unfinished && (
                <>
                  {" "}
                  <IconAlertCircle size={14} aria-label={t("unfinished")} />
                </>
              )}
            </Text>
            <Text size="xs" c="dimmed">
              {[t(`kind.${step.kind}`), words(step), when].filter(Boolean).join(" · ")}
              {count && ` · ${number(count.done)} ${t("done")}`}
              {count && count.waiting > 0 && ` · ${number(count.waiting)} ${t("waiting")}`}
            </Text>
          </div>
        </Group>
      </UnstyledButton>
      {editable && (
        <>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" c="dimmed" aria-label={t("addBefore", { name })}>
                <IconPlus size={15} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <StepTypeItems
                steps={steps}
                slot={props.slot}
                onPick={(type) => props.onAdd(props.slot, type, true)}
              />
            </Menu.Dropdown>
          </Menu>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            aria-label={t("copyName", { name })}
            onClick={() => props.onCopy(step.key)}
          >
            <IconCopy size={15} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            aria-label={t("removeName", { name })}
            onClick={() => props.onRemove(step.key)}
          >
            <IconTrash size={15} aria-hidden />
          </ActionIcon>
        </>
      )}
    </Group>
  );
}
