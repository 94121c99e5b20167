import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, http, take } from "../api/client";
import { adopt } from "../app/session";
import { ErrorSummary } from "../ui/states";
import { Frame } from "./Frame";

export function LoginPage() {
  const { t } = useTranslation("auth");
  const router = useRouter();
  const { next } = useSearch({ from: "/login" });
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const form = useForm({ mode: "uncontrolled", initialValues: { email: "", password: "" } });
  useEffect(() => {
    document.title = `${t("signIn")} · Honeyguide`;
  }, [t]);

  const submit = form.onSubmit(async (body) => {
    setBusy(true);
    try {
      adopt(await take(http.POST("/session", { body })));
      const inside = next?.startsWith("/") && !next.startsWith("//") ? next : "/";
      router.history.replace(`/s${inside.replace(/^\/s(?=\/|$)/, "") || "/"}`);
    } catch (error) {
      const api = error instanceof ApiError ? error : null;
      setErrors([api?.status === 401 ? t("wrong") : (api?.message ?? t("common:error.offlineText"))]);
    } finally {
      setBusy(false);
    }
  });

  return (
    <Frame title={t("signIn")} text={t("signInText")}>
      <ErrorSummary errors={errors} />
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label={t("email")}
            type="email"
            autoComplete="username"
            required
            autoFocus
            {...form.getInputProps("email")}
          />
          <PasswordInput
            label={t("password")}
            autoComplete="current-password"
            required
            visibilityToggleButtonProps={{ "aria-label": t("showPassword") }}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={busy} fullWidth mt="xs" size="md">
            {t("signIn")}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}
