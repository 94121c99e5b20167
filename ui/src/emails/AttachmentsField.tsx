import { ActionIcon, Button, FileButton, Group, Stack, Text } from "@mantine/core";
import { IconPaperclip, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, API } from "../api/client";
import { uploadFile } from "../media/upload";
import { attempt } from "../ui/toasts";

type Props = { value: number[]; onChange: (value: number[]) => void; error?: string };

/** The files that go out with an email. */
export function AttachmentsField({ value, onChange, error }: Props) {
  const { t } = useTranslation("emails");
  const [busy, setBusy] = useState(false);
  const add = async (files: File[]) => {
    setBusy(true);
    await attempt(async () => {
      const made = [...value];
      for (const file of files) {
        const { id } = await uploadFile<{ id: number }>("/attachments", file);
        if (!made.includes(id)) made.push(id);
      }
      onChange(made);
    });
    setBusy(false);
  };
  return (
    <Stack gap={6}>
      <Text size="sm" fw={550}>
        {t("attachments.title")}
      </Text>
      <Text size="xs" c="dimmed">
        {t("attachments.hint")}
      </Text>
      {value.map((id) => (
        <Attached key={id} id={id} onRemove={() => onChange(value.filter((one) => one !== id))} />
      ))}
      {error && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
      <FileButton multiple onChange={add}>
        {(props) => (
          <Button
            {...props}
            variant="default"
            size="xs"
            loading={busy}
            style={{ alignSelf: "flex-start" }}
            leftSection={<IconPaperclip size={15} aria-hidden />}
          >
            {t("attachments.add")}
          </Button>
        )}
      </FileButton>
    </Stack>
  );
}

/** How long a file is, as people say it. */
function size(bytes: number): string {
  return bytes < 1024 * 1024
    ? `${Math.max(1, Math.round(bytes / 1024))} KB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function Attached({ id, onRemove }: { id: number; onRemove: () => void }) {
  const { t } = useTranslation("emails");
  const query = $api.useQuery("get", "/attachments/{id}", { params: { path: { id } } });
  const name = query.data?.name ?? t("attachments.file", { id });
  return (
    <Group gap="xs" wrap="nowrap">
      <IconPaperclip size={15} aria-hidden />
      <Text
        component="a"
        href={`${API}/attachments/${id}/file`}
        download
        size="sm"
        style={{ overflowWrap: "anywhere" }}
      >
        {name}
      </Text>
      {query.data && (
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          {size(query.data.bytes)}
        </Text>
      )}
      <ActionIcon
        variant="subtle"
        size="sm"
        aria-label={t("attachments.remove", { name })}
        onClick={onRemove}
      >
        <IconX size={15} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
