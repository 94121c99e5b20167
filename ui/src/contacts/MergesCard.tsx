import { Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { ago } from "../ui/format";
import { Card } from "../ui/parts";
import { attempt } from "../ui/toasts";

/** Who was merged into a contact, and the way back; nothing when nobody was. */
export function MergesCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const { data } = $api.useQuery("get", "/contacts/{id}/merges", {
    params: { path: { id: contact.id } },
  });
  if (!data?.length) return null;
  const undo = (id: number) =>
    attempt(async () => {
      await take(http.POST("/merges/{id}/undo", { params: { path: { id } } }));
      await refresh("/contacts", "/duplicates");
    }, t("merge.undone"));
  return (
    <Card title={t("merge.merged")}>
      <Stack gap="sm">
        {data.map((merge) => (
          <Group key={merge.id} justify="space-between" wrap="nowrap">
            <div>
              <Text size="sm">{merge.name || `#${merge.contact_id}`}</Text>
              <Text size="xs" c="dimmed">
                {t("merge.mergedAt", { when: ago(merge.merged_at) })}
              </Text>
            </div>
            {may && merge.can_undo && (
              <Button
                size="xs"
                variant="default"
                aria-label={`${t("merge.undoIt")}: ${merge.name}`}
                onClick={() => undo(merge.id)}
              >
                {t("merge.undoIt")}
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
