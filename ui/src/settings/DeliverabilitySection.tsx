import { Badge, Button, Group, Menu, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { DnsRecord, SenderDomain } from "../api/types";
import { useMayGovern } from "../app/session";
import { DotsMenu } from "../ui/DotsMenu";
import { dateTime } from "../ui/format";
import { NewButton } from "../ui/NewButton";
import { Card, Copyable, FormModal } from "../ui/parts";
import { EmptyState, ErrorState, ErrorSummary, Waiting } from "../ui/states";
import { attempt, removeWithUndo, said } from "../ui/toasts";
import { PaceCard } from "./PaceCard";
import { ReturnsCards } from "./ReturnsCards";
import { WaysOutCard } from "./WaysOutCard";

const COLORS = { good: "teal", weak: "yellow", missing: "red", wrong: "red", unknown: "gray" } as const;

/** Sender domains: the lines to paste into the DNS, and how each of them stands. */
export function DeliverabilitySection() {
  const { t } = useTranslation("deliverability");
  const may = useMayGovern();
  const [adding, setAdding] = useState(false);
  const query = $api.useQuery("get", "/sender-domains");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  const add = may && <NewButton onClick={() => setAdding(true)}>{t("add")}</NewButton>;
  return (
    <Stack maw={820}>
      {query.data.length === 0 ? (
        <div className="hg-card">
          <EmptyState icon={IconShieldCheck} title={t("emptyTitle")} action={add}>
            {t("emptyText")}
          </EmptyState>
        </div>
      ) : (
        <>
          <Group justify="space-between" align="flex-start" wrap="nowrap">
            <Text size="sm" c="dimmed" maw={620}>
              {t("intro")}
            </Text>
            {add}
          </Group>
          {query.data.map((domain) => (
            <Domain key={domain.id} domain={domain} />
          ))}
        </>
      )}
      <WaysOutCard />
      <PaceCard />
      <ReturnsCards />
      <FormModal opened={adding} close={() => setAdding(false)} title={t("add")}>
        <AddForm close={() => setAdding(false)} />
      </FormModal>
    </Stack>
  );
}

function AddForm({ close }: { close: () => void }) {
  const { t } = useTranslation("deliverability");
  const form = useForm({ initialValues: { name: "" } });
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const submit = form.onSubmit(async (body) => {
    setBusy(true);
    try {
      await take(http.POST("/sender-domains", { body }));
      await refresh("/sender-domains");
      close();
    } catch (error) {
      setErrors(showProblem(form, error));
    } finally {
      setBusy(false);
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput
          label={t("domain")}
          description={t("domainHint")}
          placeholder="example.org"
          required
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t("addDomain")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Domain({ domain }: { domain: SenderDomain }) {
  const { t } = useTranslation("deliverability");
  const may = useMayGovern();
  const [busy, setBusy] = useState(false);
  const path = { params: { path: { id: domain.id } } };
  const again = () => refresh("/sender-domains");
  const check = async () => {
    setBusy(true);
    await attempt(async () => {
      await take(http.POST("/sender-domains/{id}/check", path));
      await again();
      said(t("checked"));
    });
    setBusy(false);
  };
  const rotate = () =>
    attempt(async () => {
      await take(http.POST("/sender-domains/{id}/keys", path));
      await again();
    }, t("rotated"));
  const remove = () =>
    removeWithUndo(domain.name, ["/sender-domains"], {
      remove: () => take(http.DELETE("/sender-domains/{id}", path)),
      restore: () => take(http.POST("/sender-domains/{id}/restore", path)),
    });
  return (
    <Card
      title={domain.name}
      aside={
        may && (
          <Group gap="xs" wrap="nowrap">
            <Button
              variant="default"
              size="xs"
              loading={busy}
              onClick={check}
              aria-label={t("checkOf", { name: domain.name })}
            >
              {t("check")}
            </Button>
            <DotsMenu label={t("common:moreActions", { name: domain.name })}>
              <Menu.Item onClick={rotate}>{t("rotate")}</Menu.Item>
              <Menu.Item onClick={remove}>{t("common:delete")}</Menu.Item>
            </DotsMenu>
          </Group>
        )
      }
    >
      <Text size="sm" c="dimmed" mb="md">
        {domain.checked_at ? t("checkedAt", { at: dateTime(domain.checked_at) }) : t("notChecked")}
      </Text>
      <Stack gap="lg">
        {domain.records.map((record) => (
          <RecordLine key={`${record.purpose}${record.name}`} record={record} />
        ))}
      </Stack>
      <Keys domain={domain} />
    </Card>
  );
}

function RecordLine({ record }: { record: DnsRecord }) {
  const { t } = useTranslation("deliverability");
  const label = t("lineOf", { purpose: t(`purpose.${record.purpose}`), name: record.name });
  return (
    <Stack gap={6} role="group" aria-label={label}>
      <Group gap="xs">
        <Badge variant="light" className="hg-badge" color={COLORS[record.finding]}>
          {t(`finding.${record.finding}`)}
        </Badge>
        <Text size="sm" fw={600}>
          {t(`purpose.${record.purpose}`)}
        </Text>
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {record.kind} {record.name}
        </Text>
      </Group>
      <Text size="sm">{record.reason}</Text>
      {record.value && record.finding !== "good" && <Copyable value={record.value} label={label} />}
      {record.found.length > 0 && record.finding !== "good" && (
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {t("found", { text: record.found.join(" · ") })}
        </Text>
      )}
    </Stack>
  );
}

function Keys({ domain }: { domain: SenderDomain }) {
  const { t } = useTranslation("deliverability");
  const may = useMayGovern();
  const path = (key: number) => ({ params: { path: { id: domain.id, key } } });
  const act = (run: () => Promise<unknown>) =>
    attempt(async () => {
      await run();
      await refresh("/sender-domains");
    });
  return (
    <Stack gap={6} mt="lg">
      <Text size="sm" fw={600}>
        {t("keys")}
      </Text>
      {domain.keys.map((key) => (
        <Group key={key.id} gap="xs">
          <Badge variant="default" className="hg-badge">
            {t(`state.${key.state}`)}
          </Badge>
          <Text size="sm">{t(`algorithm.${key.algorithm}`)}</Text>
          <Text size="sm" c="dimmed">
            {key.selector}
          </Text>
          {may && key.state === "waiting" && (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-label={t("activateOf", { name: key.selector })}
              onClick={() =>
                act(() => take(http.POST("/sender-domains/{id}/keys/{key}/activate", path(key.id))))
              }
            >
              {t("activate")}
            </Button>
          )}
          {may && key.state !== "active" && (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-label={t("removeOf", { name: key.selector })}
              onClick={() => act(() => take(http.DELETE("/sender-domains/{id}/keys/{key}", path(key.id))))}
            >
              {t("common:remove")}
            </Button>
          )}
        </Group>
      ))}
    </Stack>
  );
}
