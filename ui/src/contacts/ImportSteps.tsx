import { Group, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

const STEPS = ["upload", "map", "check", "run"] as const;

/** Where one is on the way from a file to contacts. */
export function ImportSteps({ active }: { active: number }) {
  const { t } = useTranslation("contacts");
  return (
    <Group component="ol" gap="xl" mb="lg" p={0} style={{ listStyle: "none" }}>
      {STEPS.map((step, index) => (
        <Group
          key={step}
          component="li"
          gap={8}
          wrap="nowrap"
          aria-current={index === active ? "step" : undefined}
        >
          <span className="hg-step" data-state={index < active ? "done" : index === active ? "now" : "later"}>
            {index < active ? <IconCheck size={14} aria-hidden /> : index + 1}
          </span>
          <Text size="sm" fw={index === active ? 600 : 400} c={index === active ? undefined : "dimmed"}>
            {t(`imports.steps.${step}`)}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
