import { Checkbox, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { number } from "../ui/format";
import { ConsequenceDialog } from "../ui/parts";
import { said } from "../ui/toasts";
import { useDisplayName } from "./ContactsPage";

/** Erasing cannot be taken back, so it says in numbers what goes. */
export function EraseDialog(props: { contact: Contact; opened: boolean; close: () => void }) {
  const { t } = useTranslation("persons");
  const { contact, opened, close } = props;
  const [suppress, setSuppress] = useState(true);
  const nameOf = useDisplayName();
  const navigate = useNavigate();
  const path = { path: { id: contact.id } };
  const { data } = $api.useQuery("get", "/contacts/{id}/erase", { params: path }, { enabled: opened });
  const shown = Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, number(value)]));
  return (
    <ConsequenceDialog
      opened={opened}
      close={close}
      title={t("erase.title", { name: nameOf(contact) })}
      confirm={t("erase.confirm")}
      disabled={!data}
      run={async () => {
        await take(http.POST("/contacts/{id}/erase", { params: path, body: { suppress } }));
        said(t("erase.done"));
        await navigate({ to: "/contacts" });
        await refresh("/contacts", "/suppressions", "/duplicates");
      }}
    >
      {data && <Text size="sm">{t("erase.text", shown)}</Text>}
      <Checkbox
        label={t("erase.suppress")}
        checked={suppress}
        onChange={(event) => setSuppress(event.currentTarget.checked)}
      />
    </ConsequenceDialog>
  );
}
