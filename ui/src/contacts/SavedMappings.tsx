import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconDeviceFloppy, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Import } from "../api/types";
import { FormModal } from "../ui/parts";
import { attempt } from "../ui/toasts";

/** Mappings with a name: taking one, forgetting one, saving the one at hand. */
export function SavedMappings({ one, save }: { one: Import; save: () => Promise<void> }) {
  const { t } = useTranslation("contacts");
  const { data: all = [] } = $api.useQuery("get", "/imports/mappings");
  const [asks, setAsks] = useState(false);
  const [name, setName] = useState(one.saved_mapping ?? "");
  const fitting = all.filter((mapping) => mapping.object === one.object);
  const taken = fitting.find((mapping) => mapping.name === one.saved_mapping);
  const params = { path: { id: one.id } };
  const apply = (id: string | null) =>
    id &&
    attempt(async () => {
      await take(http.POST("/imports/{id}/mapping", { params, body: { mapping_id: Number(id) } }));
      await refresh("/imports");
    });
  const forget = (id: number) =>
    attempt(async () => {
      await take(http.DELETE("/imports/mappings/{id}", { params: { path: { id } } }));
      await refresh("/imports/mappings");
    }, t("imports.saved.forgotten"));
  const keep = () =>
    attempt(async () => {
      await save();
      await take(http.POST("/imports/mappings", { body: { import_id: one.id, name } }));
      setAsks(false);
      await refresh("/imports");
    }, t("imports.saved.done"));
  return (
    <Group align="flex-end" gap="xs">
      {fitting.length > 0 && (
        <Select
          label={t("imports.saved.label")}
          placeholder={t("imports.saved.choose")}
          data={fitting.map((mapping) => ({ value: String(mapping.id), label: mapping.name }))}
          value={taken ? String(taken.id) : null}
          onChange={apply}
          w={260}
        />
      )}
      {taken && (
        <ActionIcon
          size="lg"
          variant="default"
          aria-label={t("imports.saved.forget", { name: taken.name })}
          onClick={() => forget(taken.id)}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      )}
      <Button
        variant="default"
        leftSection={<IconDeviceFloppy size={16} aria-hidden />}
        onClick={() => setAsks(true)}
      >
        {t("imports.saved.save")}
      </Button>
      <FormModal opened={asks} close={() => setAsks(false)} title={t("imports.saved.save")}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t("imports.saved.text")}
          </Text>
          <TextInput
            data-autofocus
            label={t("imports.saved.name")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button onClick={keep} disabled={!name.trim()}>
              {t("imports.saved.save")}
            </Button>
          </Group>
        </Stack>
      </FormModal>
    </Group>
  );
}
