import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUsersGroup } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { ContactSelect } from "../api/types";
import { FormModal } from "../ui/parts";
import { attempt, said } from "../ui/toasts";

type Props = { select: ContactSelect; search: string | undefined };

/** Makes a segment of whom the list shows: of conditions it keeps these, of a search the people found now. */
export function SaveAsSegment({ select, search }: Props) {
  const { t } = useTranslation("contacts");
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure();
  const [name, setName] = useState("");
  const moves = Boolean(select.filter) && !search && !select.segment && !select.tag;
  const save = () =>
    attempt(async () => {
      const made = await take(
        http.POST("/segments", { body: moves ? { name, filter: select.filter } : { name } }),
      );
      if (!moves) {
        const action = { kind: "add_to_segment" as const, segment_id: made.id };
        await take(http.POST("/contacts/bulk", { body: { select, action } }));
      }
      await refresh("/segments", "/tasks");
      said(t("asSegment.made", { name }));
      navigate({ to: "/segments/$id", params: { id: String(made.id) } });
    });
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<IconUsersGroup size={15} aria-hidden />}
        onClick={() => {
          setName(search ?? "");
          open();
        }}
      >
        {t("asSegment.open")}
      </Button>
      <FormModal opened={opened} close={close} title={t("asSegment.open")}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save();
          }}
        >
          <Stack>
            <Text size="sm" c="dimmed">
              {t(moves ? "asSegment.moves" : "asSegment.stays")}
            </Text>
            <TextInput
              label={t("common:name")}
              required
              data-autofocus
              maxLength={191}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button type="submit" disabled={!name.trim()}>
                {t("asSegment.make")}
              </Button>
            </Group>
          </Stack>
        </form>
      </FormModal>
    </>
  );
}
