import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { Fact } from "../ui/parts";
import { attempt, undoable } from "../ui/toasts";

/** Who looks after a contact; changed where it stands. */
export function OwnerFact({ contact }: { contact: Contact }) {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const { data: owners } = $api.useQuery("get", "/contacts/owners");
  const write = async (owner_id: number | null) => {
    await take(http.PATCH("/contacts/{id}", { params: { path: { id: contact.id } }, body: { owner_id } }));
    await refresh("/contacts");
  };
  const before = contact.owner_id ?? null;
  if (!may) {
    const name = owners?.find((owner) => owner.id === before)?.name;
    return <Fact label={t("owner.label")}>{name ?? t("owner.nobody")}</Fact>;
  }
  return (
    <Select
      label={t("owner.label")}
      size="sm"
      clearable
      clearButtonProps={{ "aria-label": t("owner.nobody") }}
      placeholder={t("owner.nobody")}
      data={owners?.map((owner) => ({ value: String(owner.id), label: owner.name })) ?? []}
      value={before === null ? null : String(before)}
      onChange={(value) =>
        attempt(async () => {
          await write(value === null ? null : Number(value));
          undoable(t("owner.changed"), () => write(before));
        })
      }
    />
  );
}
