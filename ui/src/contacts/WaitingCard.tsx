import { Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { useMayEdit } from "../app/session";
import { dateTime } from "../ui/format";
import { PathLink, TextLink } from "../ui/links";
import { Card } from "../ui/parts";
import { attempt } from "../ui/toasts";

/** Mail that waits to leave, why, and how to cancel it; nothing while none does. */
export function WaitingCard({ id }: { id: number }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const { data } = $api.useQuery("get", "/contacts/{id}/messages", { params: { path: { id } } });
  if (!data?.length) return null;
  const cancel = (message: number) =>
    attempt(async () => {
      const params = { path: { id, message } };
      await take(http.DELETE("/contacts/{id}/messages/{message}", { params }));
      await refresh("/contacts");
    }, t("waiting.cancelled"));
  return (
    <Card title={t("waiting.title")}>
      <Stack gap="sm">
        {data.map((message) => (
          <Group key={message.id} justify="space-between" wrap="nowrap" align="flex-start">
            <div style={{ minWidth: 0 }}>
              <PathLink path={`/emails/${message.email_id}`} size="sm">
                {message.email_name}
              </PathLink>
              <Text size="xs" c="dimmed">
                {[t("waiting.due", { when: dateTime(message.due_at) }), message.reason]
                  .filter(Boolean)
                  .join(" · ")}
              </Text>
              <TextLink
                to="/emails/$id"
                params={{ id: String(message.email_id) }}
                search={{ tab: "why", contact: id }}
                size="xs"
                td="underline"
                display="inline-block"
                mih={24}
                aria-label={t("whyMail.linkOf", { name: message.email_name })}
              >
                {t("record.whyHere")}
              </TextLink>
            </div>
            {may && (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={t("waiting.cancelOf", { name: message.email_name })}
                onClick={() => cancel(message.id)}
              >
                {t("waiting.cancel")}
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
