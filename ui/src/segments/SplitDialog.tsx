import { ActionIcon, Button, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Segment } from "../api/types";
import { number } from "../ui/format";
import { ErrorSummary } from "../ui/states";
import { said } from "../ui/toasts";

const LETTERS = "ABCDEFGHIJ";

/** Divides a segment into random parts that share nobody. */
export function SplitDialog({ segment, close }: { segment: Segment; close: () => void }) {
  const { t } = useTranslation("segments");
  const navigate = useNavigate();
  const [errors, setErrors] = useState<string[]>([]);
  const part = (at: number, percent: number) => ({ name: `${segment.name} (${LETTERS[at]})`, percent });
  const form = useForm({ initialValues: { parts: [part(0, 50), part(1, 50)] } });
  const parts = form.values.parts;
  const sum = Math.round(100 * parts.reduce((all, one) => all + (Number(one.percent) || 0), 0)) / 100;
  const even = (count: number) => Math.floor(10_000 / count) / 100;
  const resize = (next: { name: string }[]) =>
    form.setFieldValue(
      "parts",
      next.map((one) => ({ name: one.name, percent: even(next.length) })),
    );
  const submit = form.onSubmit(async (body) => {
    try {
      const params = { path: { id: segment.id } };
      await take(http.POST("/segments/{id}/split", { params, body }));
      close();
      said(t("split.done", { count: body.parts.length }));
      await refresh("/segments");
      navigate({ to: "/segments" });
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <Text size="sm" c="dimmed">
          {t("split.text")}
        </Text>
        {[...LETTERS.slice(0, parts.length)].map((letter, at) => (
          <Group key={letter} wrap="nowrap" align="flex-end" gap="xs">
            <TextInput
              style={{ flex: 1 }}
              label={t("split.name", { letter })}
              {...form.getInputProps(`parts.${at}.name`)}
            />
            <NumberInput
              w={100}
              label={t("split.percent")}
              min={0.01}
              max={100}
              decimalScale={2}
              suffix=" %"
              {...form.getInputProps(`parts.${at}.percent`)}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              c="dimmed"
              size="lg"
              disabled={parts.length <= 2}
              aria-label={t("split.remove", { letter })}
              onClick={() => resize(parts.filter((_, place) => place !== at))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <Group justify="space-between">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            disabled={parts.length >= LETTERS.length}
            onClick={() => resize([...parts, part(parts.length, 0)])}
          >
            {t("split.add")}
          </Button>
          <Text size="sm" role="status" c={sum > 100 ? "var(--mantine-color-error)" : "dimmed"}>
            {sum < 100
              ? t("split.rest", { percent: number(Math.round(100 * (100 - sum)) / 100) })
              : t("split.sum", { percent: number(sum) })}
          </Text>
        </Group>
        <Group justify="flex-end">
          <Button type="submit" disabled={sum > 100}>
            {t("split.make", { count: parts.length })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
