import { Button, Drawer, Group, Menu, Stack, Switch, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAt, IconMessage } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { EmailComment } from "../api/types";
import { useMayEdit, useSession } from "../app/session";
import { ago, number } from "../ui/format";
import { useThings } from "../ui/pickers";
import { ErrorState, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";

/** What colleagues say to each other about an email. */
export function CommentsButton({ id, open: shown }: { id: number; open?: boolean }) {
  const { t } = useTranslation("emails");
  const [opened, drawer] = useDisclosure(shown);
  const query = $api.useQuery("get", "/emails/{id}/comments", { params: { path: { id } } });
  const open = (query.data ?? []).filter((one) => one.parent === null && !one.resolved_at).length;
  return (
    <>
      <Button variant="default" leftSection={<IconMessage size={16} aria-hidden />} onClick={drawer.open}>
        {open ? t("comments.open", { count: open, shown: number(open) }) : t("comments.title")}
      </Button>
      <Drawer
        opened={opened}
        onClose={drawer.close}
        title={t("comments.title")}
        size="md"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {query.isError ? (
          <ErrorState error={query.error} retry={query.refetch} />
        ) : query.data ? (
          <Threads id={id} all={query.data} />
        ) : (
          <Waiting />
        )}
      </Drawer>
    </>
  );
}

function Threads({ id, all }: { id: number; all: EmailComment[] }) {
  const { t } = useTranslation("emails");
  const may = useMayEdit();
  const [settled, setSettled] = useState(false);
  const threads = all.filter((one) => one.parent === null && (settled || !one.resolved_at));
  return (
    <Stack>
      {may && <Say id={id} parent={null} />}
      {all.some((one) => one.resolved_at) && (
        <Switch
          label={t("comments.showSettled")}
          checked={settled}
          onChange={(event) => setSettled(event.currentTarget.checked)}
        />
      )}
      {threads.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("comments.none")}
        </Text>
      )}
      {threads.map((thread) => (
        <Thread
          key={thread.id}
          id={id}
          thread={thread}
          answers={all.filter((one) => one.parent === thread.id)}
        />
      ))}
    </Stack>
  );
}

function Thread({ id, thread, answers }: { id: number; thread: EmailComment; answers: EmailComment[] }) {
  const { t } = useTranslation("emails");
  const may = useMayEdit();
  const me = useSession().user.id;
  const params = (comment: number) => ({ path: { id, comment } });
  const run = (call: () => Promise<unknown>) =>
    attempt(async () => {
      await call();
      await refresh("/emails/{id}/comments");
    });
  const settle = () =>
    run(async () => {
      const where = { params: params(thread.id) };
      await take(
        thread.resolved_at
          ? http.DELETE("/emails/{id}/comments/{comment}/settled", where)
          : http.POST("/emails/{id}/comments/{comment}/settled", where),
      );
    });
  return (
    <section
      className="hg-card"
      style={{ padding: 14 }}
      aria-label={t("comments.thread", { name: thread.author_name })}
    >
      <Stack gap="sm">
        {[thread, ...answers].map((one) => (
          <div key={one.id}>
            <Text size="xs" c="dimmed">
              {one.author_name || t("comments.somebody")}, {ago(one.created_at)},{" "}
              {t("history.version", { number: one.revision })}
            </Text>
            <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {one.body}
            </Text>
            {may && one.author === me && (
              <Button
                size="compact-xs"
                variant="subtle"
                onClick={() =>
                  run(() => take(http.DELETE("/emails/{id}/comments/{comment}", { params: params(one.id) })))
                }
              >
                {t("common:delete")}
              </Button>
            )}
          </div>
        ))}
        {may && <Say id={id} parent={thread.id} />}
        {may && (
          <Group justify="flex-end">
            <Button size="xs" variant="default" onClick={settle}>
              {thread.resolved_at ? t("comments.reopen") : t("comments.settle")}
            </Button>
          </Group>
        )}
      </Stack>
    </section>
  );
}

function Say({ id, parent }: { id: number; parent: number | null }) {
  const { t } = useTranslation("emails");
  const [body, setBody] = useState("");
  const send = () =>
    attempt(async () => {
      await take(http.POST("/emails/{id}/comments", { params: { path: { id } }, body: { body, parent } }));
      setBody("");
      await refresh("/emails/{id}/comments");
    });
  return (
    <Stack gap={6}>
      <Textarea
        label={parent ? t("comments.answer") : t("comments.new")}
        description={parent ? undefined : t("comments.mentionHint")}
        autosize
        minRows={1}
        maxRows={8}
        value={body}
        onChange={(event) => setBody(event.currentTarget.value)}
      />
      <Group gap="xs" justify="flex-end">
        <Mention onPick={(name) => setBody((text) => `${text}${/\S$/.test(text) ? " " : ""}@${name} `)} />
        <Button size="xs" disabled={!body.trim()} onClick={send}>
          {t("comments.say")}
        </Button>
      </Group>
    </Stack>
  );
}

/** Colleagues to name, by name. */
function Mention({ onPick }: { onPick: (name: string) => void }) {
  const { t } = useTranslation("emails");
  const colleagues = useThings("users");
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconAt size={14} aria-hidden />}>
          {t("comments.mention")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={280} style={{ overflowY: "auto" }}>
        {colleagues.map((one) => (
          <Menu.Item key={one.value} onClick={() => onPick(one.label)}>
            {one.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
