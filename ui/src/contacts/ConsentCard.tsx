import { Button, Group, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { ago } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { attempt } from "../ui/toasts";

export function ConsentCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [opened, { open, close }] = useDisclosure();
  const { data } = $api.useQuery("get", "/contacts/{id}/consents", {
    params: { path: { id: contact.id } },
  });
  const form = useForm({
    initialValues: { purpose: "newsletter", state: "given" as "given" | "withdrawn", text: "" },
  });
  const submit = form.onSubmit((values) =>
    attempt(async () => {
      await take(
        http.POST("/contacts/{id}/consents", {
          params: { path: { id: contact.id } },
          body: { ...values, text: values.text || null },
        }),
      );
      close();
      await refresh("/contacts");
    }),
  );
  return (
    <Card
      title={t("record.consent")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={open}>
            {t("record.recordConsent")}
          </Button>
        )
      }
    >
      <Stack gap="sm">
        {data?.map((consent) => (
          <div key={`${consent.purpose}${consent.at}`}>
            <Group gap={6}>
              {consent.state === "given" ? (
                <IconCheck size={15} aria-hidden />
              ) : (
                <IconX size={15} aria-hidden />
              )}
              <Text size="sm">
                {consent.purpose}: {t(`record.${consent.state}`)}
              </Text>
            </Group>
            <Text size="xs" c="dimmed">
              {[consent.source, ago(consent.at)].filter(Boolean).join(" · ")}
            </Text>
          </div>
        ))}
        {data?.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("record.noConsent")}
          </Text>
        )}
      </Stack>
      <FormModal opened={opened} close={close} title={t("record.recordConsent")}>
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              label={t("record.purpose")}
              description={t("record.purposeHint")}
              required
              data-autofocus
              {...form.getInputProps("purpose")}
            />
            <Select
              label={t("record.consentState")}
              allowDeselect={false}
              data={[
                { value: "given", label: t("record.given") },
                { value: "withdrawn", label: t("record.withdrawn") },
              ]}
              {...form.getInputProps("state")}
            />
            <Textarea label={t("record.consentText")} autosize minRows={2} {...form.getInputProps("text")} />
            <Group justify="flex-end">
              <Button type="submit">{t("common:save")}</Button>
            </Group>
          </Stack>
        </form>
      </FormModal>
    </Card>
  );
}
