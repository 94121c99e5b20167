import { Box, Group, Progress, Text, Title, UnstyledButton } from "@mantine/core";
import { IconArrowRight, IconCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dashboard } from "../api/types";
import { useSession } from "../app/session";
import { PathButton } from "../ui/links";

/** The way from an address list to a running campaign: each step says what it is for and leads there. */
export function FirstSteps({ list }: { list: Dashboard["checklist"] }) {
  const { t } = useTranslation("dashboard");
  const outbox = useSession().mail.transport === "outbox";
  const next = list.find((one) => !one.done);
  const [chosen, setChosen] = useState<string | null>(null);
  if (!next) return null;
  const shown = list.find((one) => one.key === chosen) ?? next;
  const done = list.filter((one) => one.done).length;
  const words = (key: string, part: "title" | "text" | "action") =>
    t(`checklist.${key === "answer" && !outbox ? "answerSmtp" : key}.${part}`);
  const link = shown.key === "answer" && !outbox ? "/activity" : shown.link;
  return (
    <Box className="hg-card" component="section" mb="md" style={{ overflow: "hidden" }}>
      <Box p="lg" pb="md">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div>
            <Title order={2}>{t("checklist.title")}</Title>
            <Text size="sm" c="dimmed" maw={640}>
              {t(outbox ? "checklist.text" : "checklist.textSmtp")}
            </Text>
          </div>
          <Text size="sm" c="dimmed" className="hg-num" style={{ whiteSpace: "nowrap" }}>
            {t("checklist.progress", { done, total: list.length })}
          </Text>
        </Group>
        <Progress
          mt="md"
          size={6}
          radius="md"
          value={(100 * done) / list.length}
          aria-label={t("checklist.progress", { done, total: list.length })}
        />
      </Box>
      <div className="hg-steps">
        <ol className="hg-steps-list">
          {list.map((one, index) => (
            <li key={one.key}>
              <UnstyledButton
                className="hg-steps-row"
                data-active={one === shown || undefined}
                aria-current={one === shown ? "step" : undefined}
                onClick={() => setChosen(one.key)}
              >
                <span className="hg-step" data-state={one.done ? "done" : one === next ? "now" : "later"}>
                  {one.done ? (
                    <IconCheck size={14} role="img" aria-label={t("checklist.done")} />
                  ) : (
                    <span className="hg-num">{index + 1}</span>
                  )}
                </span>
                <Text size="sm" c={one.done ? "dimmed" : undefined} fw={one === shown ? 600 : 450}>
                  {words(one.key, "title")}
                </Text>
              </UnstyledButton>
            </li>
          ))}
        </ol>
        <Box className="hg-steps-text">
          <Title order={3} fz={20} mb={6}>
            {words(shown.key, "title")}
          </Title>
          <Text size="sm" maw={560} lh={1.65} mb="lg">
            {words(shown.key, "text")}
          </Text>
          <PathButton
            path={link}
            variant={shown.done ? "default" : "filled"}
            rightSection={<IconArrowRight size={16} aria-hidden />}
          >
            {words(shown.key, "action")}
          </PathButton>
        </Box>
      </div>
    </Box>
  );
}
