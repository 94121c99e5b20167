import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { http, take } from "../api/client";
import type { Email } from "../api/types";
import { PreviewFrame } from "../ui/PreviewFrame";
import { Card } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { writable } from "./writable";

type PreviewProps = { draft: Email; contact: number | null; onContact: (id: number | null) => void };

/** The email as the server makes it, as anybody gets it. */
export function LivePreview({ draft, contact, onContact }: PreviewProps) {
  const { t } = useTranslation("emails");
  const [body] = useDebouncedValue(writable(draft), 400);
  const { version: _version, ...fields } = body;
  const preview = useQuery({
    queryKey: ["post", "/emails/preview", fields, contact],
    queryFn: () => take(http.POST("/emails/preview", { body: { ...fields, contact_id: contact } })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <Card p="md">
      <PreviewFrame
        html={preview.data?.html ?? ""}
        title={t("previewTitle")}
        night
        aside={
          <ContactSelect
            aria-label={t("previewAs")}
            placeholder={t("previewAs")}
            value={contact}
            onChange={onContact}
            w="100%"
          />
        }
      />
      <Text size="sm" mt="sm" fw={550} aria-live="polite" style={{ overflowWrap: "anywhere" }}>
        {preview.data?.subject}
      </Text>
      <Text size="xs" c="dimmed">
        {preview.data?.preheader}
      </Text>
      {preview.error && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert" mt="xs">
          {preview.error.message}
        </Text>
      )}
    </Card>
  );
}
