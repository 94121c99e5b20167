import { ActionIcon, Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Campaign, CampaignRule, Step } from "../api/types";
import { number } from "../ui/format";
import { STEP_TYPES, typeOf } from "./catalogue";
import { StepSettings } from "./StepPanel";

const NOT_FOR_RULES = ["contact.becomes", "flow.split", "flow.holdout"];
const ASKED = STEP_TYPES.filter(
  (one) => one.kind !== "action" && !one.under && !NOT_FOR_RULES.includes(one.type),
);

type Props = { rules: CampaignRule[]; onChange: (rules: Campaign["rules"]) => void };

/** Goals and exit rules: who meets one leaves the campaign. */
export function GoalFields({ rules, onChange }: Props) {
  const { t } = useTranslation("campaigns");
  const put = (key: string, patch: Partial<CampaignRule>) =>
    onChange(rules.map((one) => (one.key === key ? { ...one, ...patch } : one)));
  const add = () =>
    onChange([
      ...rules,
      {
        key: crypto.randomUUID().slice(0, 8),
        aim: "goal",
        name: "",
        type: "contact.in_segments",
        settings: { segments: [] } as never,
        reached: 0,
      },
    ]);
  return (
    <Stack gap="sm">
      <div>
        <Text size="sm" fw={500}>
          {t("goal.title")}
        </Text>
        <Text size="xs" c="dimmed">
          {t("goal.text")}
        </Text>
      </div>
      {rules.map((rule) => (
        <Stack
          key={rule.key}
          gap="xs"
          p="sm"
          style={{ border: "1px solid var(--hg-line)", borderRadius: 10 }}
          role="group"
          aria-label={rule.name || t(`type.${rule.type}`)}
        >
          <Group justify="space-between" wrap="nowrap">
            <SegmentedControl
              size="xs"
              aria-label={t("goal.aim")}
              value={rule.aim}
              onChange={(aim) => put(rule.key, { aim: aim as CampaignRule["aim"] })}
              data={[
                { value: "goal", label: t("goal.goal") },
                { value: "exit", label: t("goal.exit") },
              ]}
            />
            <Group gap="xs" wrap="nowrap">
              {rule.reached > 0 && (
                <Text size="xs" c="dimmed" className="hg-num">
                  {t("goal.reached", { count: rule.reached, shown: number(rule.reached) })}
                </Text>
              )}
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t("goal.remove")}
                onClick={() => onChange(rules.filter((one) => one.key !== rule.key))}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Group>
          </Group>
          <TextInput
            label={t("goal.name")}
            value={rule.name}
            onChange={(event) => put(rule.key, { name: event.currentTarget.value })}
          />
          <Select
            label={t("goal.when")}
            searchable
            allowDeselect={false}
            data={ASKED.map((one) => ({ value: one.type, label: t(`type.${one.type}`) }))}
            value={rule.type}
            onChange={(type) =>
              type && put(rule.key, { type, settings: (typeOf({ type })?.settings ?? {}) as never })
            }
          />
          <StepSettings
            step={asStep(rule)}
            steps={[]}
            onChange={(settings) =>
              put(rule.key, { settings: { ...(rule.settings as object), ...settings } as never })
            }
          />
        </Stack>
      ))}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={add}
        style={{ alignSelf: "flex-start" }}
      >
        {t("goal.add")}
      </Button>
    </Stack>
  );
}

/** A rule asks like a step that stands nowhere. */
function asStep(rule: CampaignRule): Step {
  const { key, name, type } = rule;
  const settings = rule.settings as Record<string, unknown>;
  return {
    key,
    name,
    type,
    settings,
    kind: typeOf({ type })?.kind ?? "condition",
    parent: null,
    path: null,
    timing: { mode: "immediate" },
  };
}
