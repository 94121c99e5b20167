import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError, http, take } from "../api/client";
import { adopt } from "../app/session";
import { ErrorSummary } from "../ui/states";
import { Frame } from "./Frame";

export function LoginPage() {
  const { t } = useTranslation("auth");
  const router = useRouter();
  const { next } = useSearch({ from: "/login" });
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const demo = $api.useQuery("get", "/setup").data?.demo;
  const form = useForm({ mode: "uncontrolled", initialValues: { email: "", password: "" } });
  useEffect(() => {
    document.title = `${t("signIn")} · Honeyguide`;
  }, [t]);

  const enter = async (body: { email: string; password: string }) => {
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
  };

  return (
    <Frame title={t("signIn")} text={t("signInText")}>
      <ErrorSummary errors={errors} />
      {demo && (
        <Stack gap="xs" mb="lg" p="md" className="hg-hint">
          <Text size="sm" fw={600}>
            {t("demo.title")}
          </Text>
          <Text size="sm">{t("demo.text")}</Text>
          <Button onClick={() => enter(demo)} loading={busy} fullWidth mt={4} size="md">
            {t("demo.enter")}
          </Button>
          <Text size="xs" c="dimmed" ta="center">
            {t("demo.as", demo)}
          </Text>
        </Stack>
      )}
      <form onSubmit={form.onSubmit(enter)}>
        <Stack>
          <TextInput
            label={t("email")}
            type="email"
            autoComplete="username"
            required
            autoFocus={!demo}
            {...form.getInputProps("email")}
          />
          <PasswordInput
            label={t("password")}
            autoComplete="current-password"
            required
            visibilityToggleButtonProps={{ "aria-label": t("showPassword") }}
            {...form.getInputProps("password")}
          />
          <Button
            type="submit"
            loading={busy}
            fullWidth
            mt="xs"
            size="md"
            variant={demo ? "default" : "filled"}
          >
            {t("signIn")}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}
