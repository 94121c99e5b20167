import { Button, Fieldset, PasswordInput, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { http, take } from "../api/client";
import { showProblem } from "../api/forms";
import { adopt } from "../app/session";
import { ErrorSummary } from "../ui/states";
import { timezones } from "../ui/zones";
import { Frame } from "./Frame";

/** First run: who administers, what the site is called, who writes. Mail goes to the built-in outbox. */
export function SetupPage() {
  const { t } = useTranslation("auth");
  const router = useRouter();
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const form = useForm({
    initialValues: {
      first_name: "",
      last_name: "",
      email: "",
      password: "",
      site_name: "",
      site_url: window.location.origin,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
      sender_name: "",
      sender_email: "",
    },
    validate: {
      password: (value) => (value.length < 10 ? t("setup.passwordShort") : null),
    },
  });
  useEffect(() => {
    document.title = `${t("setup.title")} · Honeyguide`;
  }, [t]);

  const submit = form.onSubmit(async (values) => {
    setBusy(true);
    try {
      const body = {
        ...values,
        sender_name: values.sender_name || values.site_name,
        sender_email: values.sender_email || values.email,
      };
      adopt(await take(http.POST("/setup", { body })));
      router.navigate({ to: "/" });
    } catch (error) {
      setErrors(showProblem(form, error));
    } finally {
      setBusy(false);
    }
  });

  return (
    <Frame title={t("setup.title")} text={t("setup.text")} width={620}>
      <ErrorSummary errors={errors} />
      <form onSubmit={submit}>
        <Stack gap="lg">
          <Fieldset legend={t("setup.you")} variant="unstyled">
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput
                label={t("firstName")}
                autoFocus
                autoComplete="given-name"
                {...form.getInputProps("first_name")}
              />
              <TextInput
                label={t("lastName")}
                autoComplete="family-name"
                {...form.getInputProps("last_name")}
              />
              <TextInput
                label={t("email")}
                type="email"
                required
                autoComplete="username"
                {...form.getInputProps("email")}
              />
              <PasswordInput
                label={t("password")}
                description={t("setup.passwordHint")}
                inputWrapperOrder={["label", "input", "description", "error"]}
                required
                autoComplete="new-password"
                visibilityToggleButtonProps={{ "aria-label": t("showPassword") }}
                {...form.getInputProps("password")}
              />
            </SimpleGrid>
          </Fieldset>
          <Fieldset legend={t("setup.site")} variant="unstyled">
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput label={t("setup.siteName")} required {...form.getInputProps("site_name")} />
              <TextInput label={t("setup.siteUrl")} type="url" required {...form.getInputProps("site_url")} />
              <Select
                label={t("setup.timezone")}
                data={timezones()}
                searchable
                allowDeselect={false}
                {...form.getInputProps("timezone")}
              />
            </SimpleGrid>
          </Fieldset>
          <Fieldset legend={t("setup.sender")} variant="unstyled">
            <Text size="sm" c="dimmed" mb="sm">
              {t("setup.senderText")}
            </Text>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput
                label={t("setup.senderName")}
                placeholder={form.values.site_name}
                {...form.getInputProps("sender_name")}
              />
              <TextInput
                label={t("setup.senderEmail")}
                type="email"
                placeholder={form.values.email}
                {...form.getInputProps("sender_email")}
              />
            </SimpleGrid>
          </Fieldset>
          <Button type="submit" size="md" loading={busy}>
            {t("setup.start")}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}
