import { Button, Group, Stack, TagsInput, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Email } from "../api/types";
import { useSession } from "../app/session";
import { ContactSelect } from "../ui/pickers";
import { attempt } from "../ui/toasts";

type TestProps = {
  email: Email;
  contact: number | null;
  save: () => Promise<Email | null>;
  dirty: boolean;
  close: () => void;
};

/** Sends the email as it stands to a few addresses, as one contact would get it. */
export function TestSend({ email, contact, save, dirty, close }: TestProps) {
  const { t } = useTranslation("emails");
  const me = useSession().user.email;
  const outbox = useSession().mail.transport === "outbox";
  const [to, setTo] = useState<string[]>([me]);
  const [person, setPerson] = useState(contact);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    const sent = await attempt(
      async () => {
        if (dirty && !(await save())) throw new Error(t("common:error.notSaved"));
        await take(
          http.POST("/emails/{id}/test", {
            params: { path: { id: email.id } },
            body: { to, contact_id: person },
          }),
        );
        await refresh("/outbox");
      },
      outbox ? t("test.inOutbox") : t("test.done"),
    );
    setBusy(false);
    if (sent) close();
  };
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t("test.text")}
      </Text>
      <TagsInput
        label={t("test.to")}
        value={to}
        onChange={setTo}
        splitChars={[",", " ", ";"]}
        data-autofocus
      />
      <ContactSelect
        label={t("test.as")}
        placeholder={t("test.sample")}
        value={person}
        onChange={setPerson}
      />
      <Group justify="flex-end">
        <Button onClick={run} loading={busy} disabled={!to.length}>
          {t("test.send")}
        </Button>
      </Group>
    </Stack>
  );
}
