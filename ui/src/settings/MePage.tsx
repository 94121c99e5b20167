import {
  Button,
  Group,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  useMantineColorScheme,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, take } from "../api/client";
import { showProblem } from "../api/forms";
import { useSession } from "../app/session";
import { PageHeader } from "../ui/PageHeader";
import { Card, Fact } from "../ui/parts";
import { ErrorSummary } from "../ui/states";
import { said } from "../ui/toasts";
import { NoticesCard } from "./NoticesCard";

export function MePage() {
  const { t } = useTranslation("settings");
  const { user } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({ initialValues: { current: "", new: "" } });
  const submit = form.onSubmit(async (body) => {
    try {
      await take(http.POST("/me/password", { body }));
      form.reset();
      setErrors([]);
      said(t("me.passwordChanged"));
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <>
      <PageHeader title={t("me.title")} />
      <Stack maw={560}>
        <Card>
          <Stack gap="sm">
            <Fact label={t("common:name")}>{`${user.first_name} ${user.last_name}`.trim() || "–"}</Fact>
            <Fact label={t("auth:email")}>{user.email}</Fact>
            <Fact label={t("users.role")}>{t(`users.roles.${user.role}`)}</Fact>
          </Stack>
        </Card>
        <Card title={t("me.appearance")}>
          <Text size="sm" c="dimmed" mb="sm">
            {t("me.appearanceText")}
          </Text>
          <SegmentedControl
            aria-label={t("me.appearance")}
            value={colorScheme}
            onChange={(value) => setColorScheme(value as "auto" | "light" | "dark")}
            data={(["auto", "light", "dark"] as const).map((key) => ({ value: key, label: t(`me.${key}`) }))}
          />
        </Card>
        <NoticesCard />
        <Card title={t("me.password")}>
          <form onSubmit={submit}>
            <Stack>
              <ErrorSummary errors={errors} />
              <PasswordInput
                label={t("me.currentPassword")}
                autoComplete="current-password"
                required
                visibilityToggleButtonProps={{ "aria-label": t("auth:showPassword") }}
                {...form.getInputProps("current")}
              />
              <PasswordInput
                label={t("me.newPassword")}
                description={t("auth:setup.passwordHint")}
                autoComplete="new-password"
                required
                visibilityToggleButtonProps={{ "aria-label": t("auth:showPassword") }}
                {...form.getInputProps("new")}
              />
              <Group>
                <Button type="submit">{t("me.changePassword")}</Button>
              </Group>
            </Stack>
          </form>
        </Card>
      </Stack>
    </>
  );
}
