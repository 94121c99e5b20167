import { Button, Drawer, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Email } from "../api/types";
import type { Editor } from "../ui/editor";
import { dateTime, spoken } from "../ui/format";
import { SandboxFrame } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";

/** What the email looked like before; any look can be seen and come back. */
export function HistoryButton({ editor, live }: { editor: Editor<Email>; live: boolean }) {
  const { t } = useTranslation("emails");
  const [opened, drawer] = useDisclosure();
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconHistory size={16} aria-hidden />}
        onClick={async () => {
          if (editor.dirty) await editor.save();
          drawer.open();
        }}
      >
        {t("history.title")}
      </Button>
      <Drawer
        opened={opened}
        onClose={drawer.close}
        title={t("history.title")}
        size="xl"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {opened && <Versions editor={editor} live={live} close={drawer.close} />}
      </Drawer>
    </>
  );
}

type VersionsProps = { editor: Editor<Email>; live: boolean; close: () => void };

function Versions({ editor, live, close }: VersionsProps) {
  const { t } = useTranslation("emails");
  const { id, version } = editor.draft;
  const [shown, setShown] = useState<number | null>(null);
  const query = $api.useQuery(
    "get",
    "/emails/{id}/revisions",
    { params: { path: { id } } },
    { staleTime: 0 },
  );
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  const bringBack = (revision: number) =>
    attempt(async () => {
      const params = { path: { id, revision } };
      if (live) {
        // Readers get it when it is published: it comes back as a draft.
        editor.set((await take(http.GET("/emails/{id}/revisions/{revision}", { params }))) as Partial<Email>);
        close();
        return;
      }
      const kept = await take(
        http.POST("/emails/{id}/revisions/{revision}/restore", { params, body: { version } }),
      );
      editor.adopt(kept);
      await refresh("/emails");
      close();
    }, t("history.back"));
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t("history.text")}
      </Text>
      {query.data.map((one, place) => (
        <div key={one.revision} className="hg-card" style={{ padding: 12 }}>
          <Group justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" fw={600} truncate>
                {spoken(one.subject)}
              </Text>
              <Text size="xs" c="dimmed">
                {t("history.version", { number: one.revision })}, {dateTime(one.created_at)}
              </Text>
            </div>
            <Group gap="xs" wrap="nowrap">
              <Button
                size="xs"
                variant="default"
                aria-expanded={shown === one.revision}
                onClick={() => setShown(shown === one.revision ? null : one.revision)}
              >
                {t("history.look")}
              </Button>
              {place > 0 && (
                <Button size="xs" onClick={() => bringBack(one.revision)}>
                  {t("history.restore")}
                </Button>
              )}
            </Group>
          </Group>
          {shown === one.revision && <Look id={id} revision={one.revision} />}
        </div>
      ))}
    </Stack>
  );
}

function Look({ id, revision }: { id: number; revision: number }) {
  const { t } = useTranslation("emails");
  const query = useQuery({
    queryKey: ["email-look", id, revision],
    queryFn: async () => {
      const params = { path: { id, revision } };
      const content = await take(http.GET("/emails/{id}/revisions/{revision}", { params }));
      return take(http.POST("/emails/preview", { body: content }));
    },
    retry: false,
  });
  if (query.isError) return <ErrorState error={query.error} />;
  return query.data ? (
    <div style={{ marginTop: 12 }}>
      <SandboxFrame html={query.data.html} title={t("previewTitle")} height={420} />
    </div>
  ) : (
    <Waiting lines={3} />
  );
}
