import { Button, Group, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import { problemParts } from "../ui/editor";
import { FormModal } from "../ui/parts";
import { TagNames } from "../ui/pickers";
import { ErrorSummary } from "../ui/states";
import { said } from "../ui/toasts";

/** The few things one knows about a new contact; the rest is on the page. */
export function QuickAdd({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation("contacts");
  const navigate = useNavigate();
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({ initialValues: { firstname: "", lastname: "", email: "", tags: [] as string[] } });
  const submit = form.onSubmit(async ({ tags, ...values }) => {
    const fields = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim()));
    try {
      const contact = await take(http.POST("/contacts", { body: { fields, tags } }));
      said(t("created"));
      form.reset();
      setErrors([]);
      await refresh("/contacts", "/tags");
      navigate({ to: "/contacts/$id", params: { id: String(contact.id) } });
    } catch (error) {
      const { errors: all, fields: by } = problemParts(error);
      for (const [pointer, detail] of Object.entries(by)) {
        form.setFieldError(pointer.replace(/^fields\//, ""), detail);
      }
      setErrors(all);
    }
  });
  return (
    <FormModal opened={opened} close={close} title={t("new")}>
      <form onSubmit={submit}>
        <Stack>
          <ErrorSummary errors={errors} />
          <TextInput label={t("email")} type="email" data-autofocus {...form.getInputProps("email")} />
          <SimpleGrid cols={2}>
            <TextInput label={t("firstName")} {...form.getInputProps("firstname")} />
            <TextInput label={t("lastName")} {...form.getInputProps("lastname")} />
          </SimpleGrid>
          <TagNames
            label={t("tags")}
            description={t("tagsHint")}
            value={form.values.tags}
            onChange={(tags) => form.setFieldValue("tags", tags)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("common:cancel")}
            </Button>
            <Button type="submit">{t("createContact")}</Button>
          </Group>
        </Stack>
      </form>
    </FormModal>
  );
}
