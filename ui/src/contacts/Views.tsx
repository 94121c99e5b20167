import { Button, Checkbox, Group, Menu, Stack, Tabs, TextInput } from "@mantine/core";
import { IconBookmark } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { ListView } from "../api/types";
import type { ContactsSearch } from "../app/router";
import { DotsMenu } from "../ui/DotsMenu";
import { FormModal } from "../ui/parts";
import { attempt, said, undoable } from "../ui/toasts";

const KEPT = ["search", "segment", "tag", "sort", "filter", "anonymous"] as const;

/** What a view keeps of the list. */
type Body = Partial<Pick<ContactsSearch, (typeof KEPT)[number]>> & { columns?: string[] };

type Props = {
  view: ContactsSearch;
  change: (patch: Partial<ContactsSearch>) => void;
  columns: string[];
  setColumns: (columns: string[]) => void;
  /** What else can be done with what is shown. */
  children?: ReactNode;
};

/** Kept views as tabs: a search, filters, an order and columns under a name. */
export function Views({ view, change, columns, setColumns, children }: Props) {
  const { t } = useTranslation("contacts");
  const [asking, setAsking] = useState(false);
  const { data } = $api.useQuery("get", "/views", { params: { query: { list: "contacts" } } });
  const views = data ?? [];
  const current = views.find((one) => one.id === view.view);
  const body = (): Body => ({ ...Object.fromEntries(KEPT.map((key) => [key, view[key]])), columns });

  const open = (id: string | null) => {
    const none = Object.fromEntries(KEPT.map((key) => [key, undefined]));
    const chosen = views.find((one) => String(one.id) === id);
    const kept = (chosen?.body ?? {}) as Body;
    if (kept.columns?.length) setColumns(kept.columns);
    const { columns: _, ...search } = kept;
    change({ ...none, ...search, view: chosen?.id });
  };
  const update = (one: ListView) =>
    attempt(async () => {
      await take(http.PATCH("/views/{id}", { params: { path: { id: one.id } }, body: { body: body() } }));
      said(t("views.kept"));
      await refresh("/views");
    });
  const forget = (one: ListView) =>
    attempt(async () => {
      await take(http.DELETE("/views/{id}", { params: { path: { id: one.id } } }));
      change({ view: undefined });
      undoable(t("views.forgotten", { name: one.name }), async () => {
        await take(
          http.POST("/views", {
            body: { list: "contacts", name: one.name, body: one.body, shared: one.shared },
          }),
        );
        await refresh("/views");
      });
      await refresh("/views");
    });

  return (
    <Group mb="sm" gap="xs" wrap="nowrap">
      {views.length > 0 && (
        <Tabs value={current ? String(current.id) : "all"} onChange={open} aria-label={t("views.label")}>
          <Tabs.List>
            <Tabs.Tab value="all">{t("views.everyone")}</Tabs.Tab>
            {views.map((one) => (
              <Tabs.Tab key={one.id} value={String(one.id)}>
                {one.name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
      )}
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<IconBookmark size={15} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        {t("views.save")}
      </Button>
      {children}
      {current?.own && (
        <DotsMenu small label={t("views.more")}>
          <Menu.Item onClick={() => update(current)}>{t("views.update", { name: current.name })}</Menu.Item>
          <Menu.Item onClick={() => forget(current)}>{t("views.delete", { name: current.name })}</Menu.Item>
        </DotsMenu>
      )}
      <FormModal opened={asking} close={() => setAsking(false)} title={t("views.save")}>
        {asking && (
          <NewView
            body={body()}
            done={(id) => {
              setAsking(false);
              change({ view: id });
            }}
          />
        )}
      </FormModal>
    </Group>
  );
}

function NewView({ body, done }: { body: Body; done: (id: number) => void }) {
  const { t } = useTranslation("contacts");
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const save = () =>
    attempt(async () => {
      const kept = await take(http.POST("/views", { body: { list: "contacts", name, body, shared } }));
      await refresh("/views");
      said(t("views.kept"));
      done(kept.id);
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Stack>
        <TextInput
          label={t("views.name")}
          required
          data-autofocus
          maxLength={60}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox
          label={t("views.shared")}
          checked={shared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
        <Group justify="flex-end">
          <Button type="submit" disabled={!name.trim()}>
            {t("common:save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
