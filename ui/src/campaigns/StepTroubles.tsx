import { Alert, Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Step } from "../api/types";
import { attempt, said } from "../ui/toasts";

type Props = { campaign: number; step: Step; counts: NonNullable<Step["counts"]>; editable: boolean };

/** What goes wrong at a step, and what can be done: try again, let people pass, pause, resume. */
export function StepTroubles({ campaign, step, counts, editable }: Props) {
  const { t } = useTranslation("campaigns");
  const path = { id: campaign, key: step.key };
  const takeUp = (skip: boolean) =>
    attempt(async () => {
      const body = { skip };
      const done = await take(http.POST("/campaigns/{id}/steps/{key}/failed", { params: { path }, body }));
      said(t("takenUp", { count: done.affected }));
      await refresh("/campaigns/{id}");
    });
  const resume = () =>
    attempt(async () => {
      await take(http.POST("/campaigns/{id}/steps/{key}/resume", { params: { path } }));
      await refresh("/campaigns/{id}");
    }, t("stepResumed"));
  const pause = () =>
    attempt(async () => {
      await take(http.POST("/campaigns/{id}/steps/{key}/pause", { params: { path } }));
      await refresh("/campaigns/{id}");
    }, t("stepPaused"));
  const troubled = counts.failed + counts.failing > 0;
  return (
    <>
      {step.paused && (
        <Alert color="orange" title={t("pausedStep")}>
          <Text size="sm" mb="xs">
            {step.paused.why}
          </Text>
          {editable && (
            <Button size="xs" variant="default" onClick={resume}>
              {t("resumeStep")}
            </Button>
          )}
        </Alert>
      )}
      {editable && (troubled || (!step.paused && counts.waiting > 0)) && (
        <Group gap="xs">
          {troubled && (
            <>
              <Button size="xs" variant="default" onClick={() => takeUp(false)}>
                {t("tryAgain")}
              </Button>
              <Button size="xs" variant="default" onClick={() => takeUp(true)}>
                {t("letPass")}
              </Button>
            </>
          )}
          {!step.paused && (
            <Button size="xs" variant="default" onClick={pause}>
              {t("pauseStep")}
            </Button>
          )}
        </Group>
      )}
    </>
  );
}
