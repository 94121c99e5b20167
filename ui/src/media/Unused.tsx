import { Button, Group, Stack, Text } from "@mantine/core";
import { IconPhotoCheck, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { MediaFile } from "../api/types";
import { useMayEdit } from "../app/session";
import { number } from "../ui/format";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { removeWithUndo } from "../ui/toasts";
import { Images } from "./Library";

/** What nothing uses, to be removed at once. */
export function Unused({ onPick }: { onPick: (file: MediaFile) => void }) {
  const { t } = useTranslation("media");
  const may = useMayEdit();
  const query = $api.useQuery("get", "/media/unused");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  const { items, bytes } = query.data;
  if (!items.length) {
    return (
      <EmptyState icon={IconPhotoCheck} title={t("unused.none")}>
        {t("unused.text")}
      </EmptyState>
    );
  }
  const ids = items.map((file) => file.id);
  const said = { count: ids.length, shown: number(ids.length) };
  const remove = () =>
    removeWithUndo(t("unused.many", said), ["/media"], {
      remove: () => take(http.POST("/media/unused/remove", { body: { ids } })),
      restore: () =>
        Promise.all(ids.map((id) => take(http.POST("/media/{id}/restore", { params: { path: { id } } })))),
    });
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={640}>
          {t("unused.text")} {t("unused.sum", { ...said, size: number(Math.ceil(bytes / 1024)) })}
        </Text>
        {may && (
          <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={remove}>
            {t("unused.remove")}
          </Button>
        )}
      </Group>
      <Images files={items} onPick={onPick} />
    </Stack>
  );
}
