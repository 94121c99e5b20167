import { Badge, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { MailRoute } from "../api/types";
import { useMayGovern } from "../app/session";
import { dateTime } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { ErrorState, ErrorSummary } from "../ui/states";
import { said } from "../ui/toasts";

/** The ways out for mail in order of priority: how each fares, and a mail that tries one. */
export function WaysOutCard() {
  const { t } = useTranslation("deliverability");
  const may = useMayGovern();
  const [trying, setTrying] = useState<MailRoute | null>(null);
  const query = $api.useQuery("get", "/mail-routes");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  const ways = query.data ?? [];
  return (
    <Card title={t("ways.title")}>
      <Text size="sm" c="dimmed" mb="md">
        {ways.length === 0 ? t("ways.empty") : t("ways.text")}
      </Text>
      <Stack gap="sm">
        {ways.map((way) => (
          <Way key={way.number} way={way} onTry={may ? () => setTrying(way) : undefined} />
        ))}
      </Stack>
      <FormModal
        opened={trying !== null}
        close={() => setTrying(null)}
        title={trying ? t("ways.tryOf", { name: trying.name }) : ""}
      >
        {trying && <TryForm way={trying} close={() => setTrying(null)} />}
      </FormModal>
    </Card>
  );
}

function Way({ way, onTry }: { way: MailRoute; onTry?: () => void }) {
  const { t } = useTranslation("deliverability");
  return (
    <Group justify="space-between" align="flex-start" wrap="nowrap">
      <div>
        <Group gap="xs">
          <Text size="sm" fw={550}>
            {way.name}
          </Text>
          <Badge variant="light" color={way.working ? "teal" : "yellow"} className="hg-badge">
            {way.working ? t("ways.working") : t("ways.resting")}
          </Badge>
        </Group>
        <Text size="sm" c="dimmed">
          {t("ways.figures", { taken: way.taken, passed: way.passed_on, unknown: way.unknown })}
        </Text>
        {way.failed_at && (
          <Text size="sm">{t("ways.trouble", { at: dateTime(way.failed_at), why: way.trouble })}</Text>
        )}
      </div>
      {onTry && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t("ways.tryOf", { name: way.name })}
          onClick={onTry}
        >
          {t("ways.try")}
        </Button>
      )}
    </Group>
  );
}

function TryForm({ way, close }: { way: MailRoute; close: () => void }) {
  const { t } = useTranslation("deliverability");
  const form = useForm({ initialValues: { to: "" } });
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const submit = form.onSubmit(async (body) => {
    setBusy(true);
    try {
      const path = { number: way.number };
      await take(http.POST("/mail-routes/{number}/test", { params: { path }, body }));
      said(t("ways.tried"));
      close();
    } catch (error) {
      setErrors(showProblem(form, error));
    } finally {
      await refresh("/mail-routes");
      setBusy(false);
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput
          label={t("ways.to")}
          description={t("ways.toHint")}
          type="email"
          data-autofocus
          {...form.getInputProps("to")}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t("ways.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
