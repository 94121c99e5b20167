import { Badge, Button, Group, Menu, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { MailRoute } from "../api/types";
import { useMayGovern } from "../app/session";
import { DotsMenu } from "../ui/DotsMenu";
import { dateTime } from "../ui/format";
import { Card, ConsequenceDialog, FormModal } from "../ui/parts";
import { ErrorState, ErrorSummary } from "../ui/states";
import { attempt, said } from "../ui/toasts";

/** What somebody is about to do with a way; `add` with none. */
type Doing = { what: "add" } | { what: "try" | "change" | "remove"; way: MailRoute };

/** The ways out for mail in order of priority: how each fares, and, for those of the app, how they are changed. */
export function WaysOutCard() {
  const { t } = useTranslation("deliverability");
  const may = useMayGovern();
  const [doing, setDoing] = useState<Doing | null>(null);
  const query = $api.useQuery("get", "/mail-routes");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  const ways = query.data ?? [];
  const own = ways.filter((way) => way.way_id !== null);
  const add = may && (
    <Button variant="default" size="xs" onClick={() => setDoing({ what: "add" })}>
      {t("ways.add")}
    </Button>
  );
  return (
    <Card title={t("ways.title")} aside={add}>
      <Text size="sm" c="dimmed" mb="md">
        {ways.length === 0 ? t("ways.empty") : t("ways.text")}
      </Text>
      <Stack gap="sm">
        {ways.map((way) => (
          <Way key={way.number} way={way} own={own} onDo={may ? setDoing : undefined} />
        ))}
      </Stack>
      <Dialog doing={doing} close={() => setDoing(null)} />
    </Card>
  );
}

function Dialog({ doing, close }: { doing: Doing | null; close: () => void }) {
  const { t } = useTranslation("deliverability");
  if (doing?.what === "remove") return <RemoveDialog way={doing.way} close={close} />;
  const titleOf = (doing: Doing) => {
    if (doing.what === "add") return t("ways.add");
    return t(doing.what === "try" ? "ways.tryOf" : "ways.changeOf", { name: doing.way.name });
  };
  return (
    <FormModal opened={doing !== null} close={close} title={doing ? titleOf(doing) : ""}>
      {doing?.what === "add" && <AddressForm close={close} />}
      {doing?.what === "change" && <AddressForm way={doing.way} close={close} />}
      {doing?.what === "try" && <TryForm way={doing.way} close={close} />}
    </FormModal>
  );
}

type WayProps = { way: MailRoute; own: MailRoute[]; onDo?: (doing: Doing) => void };

function Way({ way, own, onDo }: WayProps) {
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
          {way.way_id === null && (
            <Badge variant="default" className="hg-badge">
              {t("ways.fixed")}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {t("ways.figures", { taken: way.taken, passed: way.passed_on, unknown: way.unknown })}
        </Text>
        {way.failed_at && (
          <Text size="sm">{t("ways.trouble", { at: dateTime(way.failed_at), why: way.trouble })}</Text>
        )}
      </div>
      {onDo && (
        <Group gap="xs" wrap="nowrap">
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t("ways.tryOf", { name: way.name })}
            onClick={() => onDo({ what: "try", way })}
          >
            {t("ways.try")}
          </Button>
          {way.way_id !== null && <WayMenu way={way} id={way.way_id} own={own} onDo={onDo} />}
        </Group>
      )}
    </Group>
  );
}

type MenuProps = { way: MailRoute; id: number; own: MailRoute[]; onDo: (doing: Doing) => void };

function WayMenu({ way, id, own, onDo }: MenuProps) {
  const { t } = useTranslation("deliverability");
  const at = own.findIndex((one) => one.way_id === id);
  const place = (to: number) =>
    attempt(async () => {
      await take(http.POST("/mail-ways/{id}/place", { params: { path: { id } }, body: { to } }));
      await refresh("/mail-routes");
    });
  return (
    <DotsMenu label={t("common:moreActions", { name: way.name })}>
      <Menu.Item onClick={() => onDo({ what: "change", way })}>{t("ways.change")}</Menu.Item>
      {at > 0 && <Menu.Item onClick={() => place(at - 1)}>{t("ways.up")}</Menu.Item>}
      {at < own.length - 1 && <Menu.Item onClick={() => place(at + 1)}>{t("ways.down")}</Menu.Item>}
      <Menu.Item color="red" onClick={() => onDo({ what: "remove", way })}>
        {t("ways.remove")}
      </Menu.Item>
    </DotsMenu>
  );
}

/** Gives an address to a new way, or to one that is there. */
function AddressForm({ way, close }: { way?: MailRoute; close: () => void }) {
  const { t } = useTranslation("deliverability");
  const form = useForm({ initialValues: { address: "" } });
  const [errors, setErrors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const submit = form.onSubmit(async (body) => {
    setBusy(true);
    try {
      const id = way?.way_id;
      if (id) await take(http.PUT("/mail-ways/{id}", { params: { path: { id } }, body }));
      else await take(http.POST("/mail-ways", { body }));
      await refresh("/mail-routes", "/settings/sending", "/session");
      said(id ? t("ways.changed") : t("ways.added"));
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
        <PasswordInput
          label={t("ways.address")}
          description={t("ways.addressHint")}
          autoComplete="off"
          data-autofocus
          {...form.getInputProps("address")}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t("common:save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function RemoveDialog({ way, close }: { way: MailRoute; close: () => void }) {
  const { t } = useTranslation("deliverability");
  return (
    <ConsequenceDialog
      opened
      close={close}
      title={t("ways.removeOf", { name: way.name })}
      confirm={t("ways.remove")}
      run={async () => {
        await take(http.DELETE("/mail-ways/{id}", { params: { path: { id: way.way_id ?? 0 } } }));
        await refresh("/mail-routes", "/settings/sending", "/session");
      }}
    >
      <Text size="sm">{t("ways.removeText")}</Text>
    </ConsequenceDialog>
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
