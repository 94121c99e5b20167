import { Menu, ScrollArea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Step } from "../api/types";
import type { StepType } from "./catalogue";
import { allowedTypes, type Slot } from "./tree";
import { stepIcon } from "./words";

type Props = { steps: Step[]; slot: Slot; onPick: (type: StepType) => void };

/** The step types allowed at a place, by kind: the menu of every plus sign. */
export function StepTypeItems({ steps, slot, onPick }: Props) {
  const { t } = useTranslation("campaigns");
  const types = allowedTypes(steps, slot);
  const groups = (["action", "decision", "condition"] as const).map((kind) => {
    const list = types.filter((type) => type.kind === kind);
    if (!list.length) return null;
    return (
      <div key={kind}>
        <Menu.Label c="dimmed">{t(`kinds.${kind}`)}</Menu.Label>
        {list.map((type) => {
          const Icon = stepIcon(type.type);
          return (
            <Menu.Item
              key={type.type}
              leftSection={<Icon size={16} aria-hidden />}
              onClick={() => onPick(type)}
            >
              {t(`type.${type.type}`)}
            </Menu.Item>
          );
        })}
      </div>
    );
  });
  return (
    <ScrollArea.Autosize mah="min(60vh, 480px)" type="auto" offsetScrollbars="present">
      {groups}
    </ScrollArea.Autosize>
  );
}
