import { Button, Group, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Segment } from "../api/types";
import { useSession } from "../app/session";
import { CategorySelect } from "../ui/publish";
import { ErrorSummary } from "../ui/states";
import { said } from "../ui/toasts";
import { fromLocalInput, toLocalInput } from "../ui/zoned";
import { ReachedCard } from "./Reached";

/** What a segment is called, where it appears, and what a change of it touches. */
export function SegmentSettings({ segment, close }: { segment: Segment; close: () => void }) {
  const { t } = useTranslation("segments");
  const zone = useSession().site.timezone;
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: {
      public_name: segment.public_name,
      alias: segment.alias,
      category_id: segment.category?.id ?? null,
      in_preferences: segment.in_preferences,
      is_global: segment.is_global,
      expires_at: segment.expires_at,
    },
  });
  const submit = form.onSubmit(async (body) => {
    try {
      const params = { path: { id: segment.id } };
      await take(http.PATCH("/segments/{id}", { params, body: { ...body, version: segment.version } }));
      close();
      said(t("setup.saved"));
      await refresh("/segments", "/categories");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <ReachedCard segment={segment} />
        <TextInput
          label={t("setup.publicName")}
          description={t("setup.publicNameHint")}
          {...form.getInputProps("public_name")}
        />
        <TextInput
          label={t("setup.alias")}
          description={t("setup.aliasHint")}
          {...form.getInputProps("alias")}
        />
        <CategorySelect
          bundle="segment"
          value={form.values.category_id}
          onChange={(id) => form.setFieldValue("category_id", id)}
          error={form.errors.category_id as string | undefined}
        />
        <Switch
          label={t("setup.inPreferences")}
          description={t("setup.inPreferencesHint")}
          checked={form.values.in_preferences}
          onChange={(event) => form.setFieldValue("in_preferences", event.currentTarget.checked)}
        />
        <Switch
          label={t("setup.global")}
          description={t("setup.globalHint")}
          checked={form.values.is_global}
          onChange={(event) => form.setFieldValue("is_global", event.currentTarget.checked)}
        />
        <TextInput
          type="datetime-local"
          label={t("setup.expires")}
          description={t("setup.expiresHint")}
          error={form.errors.expires_at}
          value={toLocalInput(form.values.expires_at, zone)}
          onChange={(event) =>
            form.setFieldValue("expires_at", fromLocalInput(event.currentTarget.value, zone))
          }
        />
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
