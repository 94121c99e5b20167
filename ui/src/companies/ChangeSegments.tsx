import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import { ThingsSelect } from "../ui/pickers";
import { attempt, undoable } from "../ui/toasts";

/** Puts companies into segments and takes them out of others, by hand. */
export function ChangeSegments({ companies, close }: { companies: number[]; close: () => void }) {
  const { t } = useTranslation("companies");
  const [into, setInto] = useState<number[]>([]);
  const [out, setOut] = useState<number[]>([]);
  const both = into.filter((id) => out.includes(id)).length > 0;
  const write = async (ids: number[], body: { add?: number[]; remove?: number[]; forget?: number[] }) => {
    for (const id of ids) {
      await take(http.POST("/company-segments/{id}/companies", { params: { path: { id } }, body }));
    }
  };
  const save = () =>
    attempt(async () => {
      await write(into, { add: companies });
      await write(out, { remove: companies });
      undoable(t("changeSegments.done", { count: companies.length }), async () => {
        // The conditions decide again: what a hand did here is forgotten.
        await write([...into, ...out], { forget: companies });
        await refresh("/company-segments", "/companies");
      });
      close();
      await refresh("/company-segments", "/companies");
    });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t("changeSegments.text")}
      </Text>
      <ThingsSelect
        kind="company_segments"
        label={t("changeSegments.into")}
        value={into}
        onChange={setInto}
      />
      <ThingsSelect
        kind="company_segments"
        label={t("changeSegments.out")}
        value={out}
        onChange={setOut}
        error={both ? t("changeSegments.both") : undefined}
      />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t("common:cancel")}
        </Button>
        <Button disabled={both || (!into.length && !out.length)} onClick={save}>
          {t("changeSegments.save")}
        </Button>
      </Group>
    </Stack>
  );
}
