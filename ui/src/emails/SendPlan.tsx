import {
  Alert,
  Button,
  Group,
  NumberInput,
  Radio,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconAlertTriangle, IconArrowBackUp, IconClock, IconUserQuestion } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { SendPlan } from "../api/types";
import { useMayEdit, useSession } from "../app/session";
import { dateTime, number } from "../ui/format";
import { FormModal } from "../ui/parts";
import { attempt } from "../ui/toasts";
import { fromLocalInput, toLocalInput } from "../ui/zoned";

/** When a send should begin, and how fast it should go. */
export type Wish = { when: "soon" | "at" | "now"; at: string | null; perHour: number; evergreen: boolean };

export const NO_WISH: Wish = { when: "soon", at: null, perHour: 0, evergreen: false };

/** As the server wants it. */
export function asBody(wish: Wish, undoMinutes: number) {
  return {
    at: wish.when === "at" ? wish.at : null,
    undo_minutes: wish.when === "soon" ? undoMinutes : 0,
    per_hour: wish.perHour,
    evergreen: wish.evergreen,
  };
}

export function useSendPlan(id: number) {
  return $api.useQuery("get", "/emails/{id}/send", { params: { path: { id } } });
}

type WishProps = { value: Wish; onChange: (wish: Wish) => void; plan: SendPlan; people: number };

/** The questions of the dialog before a send. */
export function WishFields({ value, onChange, plan, people }: WishProps) {
  const { t } = useTranslation("emails");
  const zone = useSession().site.timezone;
  const set = (change: Partial<Wish>) => onChange({ ...value, ...change });
  const hours = value.perHour > 0 ? Math.ceil(people / value.perHour) : 0;
  return (
    <Stack gap="sm">
      <Radio.Group
        label={t("plan.when")}
        value={value.when}
        onChange={(when) => set({ when: when as Wish["when"] })}
      >
        <Stack gap={6} mt={6}>
          {plan.undo_minutes > 0 && (
            <Radio value="soon" label={t("plan.soon", { count: plan.undo_minutes })} />
          )}
          <Radio value="at" label={t("plan.at")} />
          <Radio value="now" label={t("plan.now")} />
        </Stack>
      </Radio.Group>
      {value.when === "at" && (
        <TextInput
          type="datetime-local"
          label={t("plan.time")}
          description={t("plan.timeHint", { zone })}
          value={toLocalInput(value.at, zone)}
          onChange={(event) => set({ at: fromLocalInput(event.currentTarget.value, zone) })}
        />
      )}
      <Switch
        label={t("plan.evergreen")}
        description={t("plan.evergreenHint")}
        checked={value.evergreen}
        onChange={(event) => set({ evergreen: event.currentTarget.checked })}
      />
      <Switch
        label={t("plan.slowly")}
        description={t("plan.slowlyHint")}
        checked={value.perHour > 0}
        onChange={(event) => set({ perHour: event.currentTarget.checked ? 1000 : 0 })}
      />
      {value.perHour > 0 && (
        <NumberInput
          label={t("plan.perHour")}
          description={t("plan.takes", { count: hours, shown: number(hours) })}
          min={1}
          max={10_000_000}
          thousandSeparator=" "
          value={value.perHour}
          onChange={(n) => set({ perHour: Math.max(1, Number(n) || 1) })}
        />
      )}
    </Stack>
  );
}

/** What stands in the way of a send, or is about to happen; with the ways out. */
export function PlanNotice({ id, plan }: { id: number; plan: SendPlan }) {
  const { t } = useTranslation("emails");
  const may = useMayEdit();
  const [refusing, setRefusing] = useState(false);
  const params = { path: { id } };
  const run = (call: Promise<{ data?: unknown }>) =>
    attempt(async () => {
      await take(call);
      await refresh("/emails", "/tasks");
    });
  const back = (label: string) => (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconArrowBackUp size={14} aria-hidden />}
      onClick={() => run(http.POST("/emails/{id}/call-back", { params }))}
    >
      {label}
    </Button>
  );
  return (
    <Stack mb="md" gap="sm">
      {plan.stopped_reason && (
        <Alert variant="light" color="red" icon={<IconAlertTriangle aria-hidden />} title={t("plan.stopped")}>
          {plan.stopped_reason}
        </Alert>
      )}
      {plan.send_state === "scheduled" && (
        <Alert
          variant="default"
          icon={<IconClock aria-hidden />}
          title={t("plan.leaves", { at: dateTime(plan.starts_at) })}
        >
          <Group justify="space-between">
            <Text size="sm">{t("plan.leavesText")}</Text>
            {may && plan.you_may_send && back(t("plan.undo"))}
          </Group>
        </Alert>
      )}
      {plan.send_state === "asked" && (
        <Alert
          variant="default"
          icon={<IconUserQuestion aria-hidden />}
          title={t("plan.asked", { name: plan.asked_by ?? t("plan.somebody") })}
        >
          <Group justify="space-between">
            <Text size="sm">{plan.you_may_send ? t("plan.askedText") : t("plan.waitText")}</Text>
            {may && (
              <Group gap="xs">
                {plan.you_may_send ? (
                  <>
                    <Button size="xs" variant="default" onClick={() => setRefusing(true)}>
                      {t("plan.refuse")}
                    </Button>
                    <Button size="xs" onClick={() => run(http.POST("/emails/{id}/approve", { params }))}>
                      {t("plan.approve")}
                    </Button>
                  </>
                ) : (
                  back(t("plan.takeBack"))
                )}
              </Group>
            )}
          </Group>
        </Alert>
      )}
      {plan.answer && plan.send_state !== "asked" && (
        <Alert
          variant="light"
          color="yellow"
          icon={<IconAlertTriangle aria-hidden />}
          title={t("plan.refused", { name: plan.answered_by ?? t("plan.somebody") })}
        >
          {plan.answer}
        </Alert>
      )}
      <FormModal opened={refusing} close={() => setRefusing(false)} title={t("plan.refuseTitle")}>
        <Refusal id={id} close={() => setRefusing(false)} />
      </FormModal>
    </Stack>
  );
}

function Refusal({ id, close }: { id: number; close: () => void }) {
  const { t } = useTranslation("emails");
  const [answer, setAnswer] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        attempt(async () => {
          await take(http.POST("/emails/{id}/refuse", { params: { path: { id } }, body: { answer } }));
          await refresh("/emails");
          close();
        });
      }}
    >
      <Stack>
        <Textarea
          label={t("plan.answer")}
          description={t("plan.answerHint")}
          data-autofocus
          required
          autosize
          minRows={3}
          maxLength={1000}
          value={answer}
          onChange={(event) => setAnswer(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={answer.trim() === ""}>
            {t("plan.refuse")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
