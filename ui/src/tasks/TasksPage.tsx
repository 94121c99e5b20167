import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { IconListCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Task } from "../api/types";
import { useMayEdit } from "../app/session";
import { rowsOf } from "../ui/DataList";
import { ago, number } from "../ui/format";
import { PathLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, ErrorState, StateBadge, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";

type Live = Pick<Task, "id" | "state" | "done" | "total">;

/** Long work: how far it is, why it failed, and what can be done about it. */
export function TasksPage() {
  const { t } = useTranslation("tasks");
  const [live, setLive] = useState<Record<number, Live>>({});
  const query = $api.useInfiniteQuery("get", "/tasks", { params: { query: { limit: 50 } } }, byCursor);
  useLive<Live>("task", (task) => {
    if (live[task.id]?.state !== task.state) refresh("/tasks");
    setLive((known) => ({ ...known, [task.id]: task }));
  });
  const { rows } = rowsOf<Task>(query);
  return (
    <>
      <PageHeader title={t("title")} description={t("text")} />
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.isPending ? (
        <Waiting />
      ) : rows.length ? (
        <Stack gap="sm">
          {rows.map((task) => (
            <TaskRow key={task.id} task={{ ...task, ...live[task.id] }} />
          ))}
          {query.hasNextPage && (
            <Group>
              <Button size="xs" variant="default" onClick={() => query.fetchNextPage()}>
                {t("common:list.more")}
              </Button>
            </Group>
          )}
        </Stack>
      ) : (
        <div className="hg-card">
          <EmptyState icon={IconListCheck} title={t("empty.title")}>
            {t("empty.text")}
          </EmptyState>
        </div>
      )}
    </>
  );
}

function TaskRow({ task }: { task: Task }) {
  const { t } = useTranslation("tasks");
  const may = useMayEdit();
  const params = { path: { id: task.id } };
  const run = (call: Promise<{ data?: unknown }>) =>
    attempt(async () => {
      await take(call);
      await refresh("/tasks");
    });
  const busy = task.state === "running" || task.state === "queued";
  return (
    <div className="hg-card" style={{ padding: 16 }}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap="sm">
            {task.link ? (
              <PathLink path={task.link} size="sm" fw={550}>
                {task.title}
              </PathLink>
            ) : (
              <Text size="sm" fw={550}>
                {task.title}
              </Text>
            )}
            <StateBadge state={task.state} />
          </Group>
          <Text size="xs" c="dimmed" className="hg-num">
            {[
              task.total ? t("progress", { done: number(task.done), total: number(task.total) }) : null,
              task.finished_at ? t("finished", { when: ago(task.finished_at) }) : ago(task.created_at),
            ]
              .filter(Boolean)
              .join(" · ")}
          </Text>
          {task.message && (
            <Text size="sm" mt={4}>
              {task.message}
            </Text>
          )}
        </div>
        {may && (
          <Group gap="xs" wrap="nowrap">
            {busy && (
              <Button
                size="xs"
                variant="default"
                onClick={() => run(http.POST("/tasks/{id}/stop", { params }))}
              >
                {t("stop")}
              </Button>
            )}
            {task.undo != null && (
              <Button
                size="xs"
                variant="default"
                onClick={() =>
                  attempt(async () => {
                    await take(
                      http.POST("/contacts/bulk/{id}/undo", { params: { path: { id: task.undo! } } }),
                    );
                    await refresh("/tasks", "/contacts");
                  }, t("undone"))
                }
                aria-label={`${t("common:undo")}: ${task.title}`}
              >
                {t("common:undo")}
              </Button>
            )}
            {task.state === "stopped" && (
              <Button
                size="xs"
                variant="default"
                onClick={() => run(http.POST("/tasks/{id}/resume", { params }))}
              >
                {t("resume")}
              </Button>
            )}
            {task.state === "failed" && (
              <Button
                size="xs"
                variant="default"
                onClick={() => run(http.POST("/tasks/{id}/resume", { params }))}
              >
                {t("retry")}
              </Button>
            )}
          </Group>
        )}
      </Group>
      {busy && (
        <Progress
          mt="sm"
          value={task.total ? (100 * task.done) / task.total : 100}
          animated={!task.total}
          aria-label={task.title}
        />
      )}
    </div>
  );
}
