import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import { TextLink } from "../ui/links";
import { ErrorState, Waiting } from "../ui/states";
import type { PickerProps } from "./BlockPicker";

/** The blocks of a format, with both ways to put each in. */
export default function BlockChoices({ format, onPick }: PickerProps) {
  const { t } = useTranslation("emails");
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text, 200);
  const query = $api.useQuery("get", "/email-blocks", {
    params: { query: { format, search: search || undefined, sort: "name", limit: 50 } },
  });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t("blocks.pickText")}
      </Text>
      <TextInput
        aria-label={t("blocks.search")}
        placeholder={t("blocks.search")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        data-autofocus
      />
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : !query.data ? (
        <Waiting lines={3} />
      ) : query.data.items.length === 0 ? (
        <Text size="sm">{search ? t("common:nothingFound") : t("blocks.noneOfFormat")}</Text>
      ) : (
        <Stack gap="xs" role="list" aria-label={t("blocks.title")}>
          {query.data.items.map((block) => (
            <Group key={block.id} role="listitem" justify="space-between" wrap="nowrap">
              <div style={{ minWidth: 0 }}>
                <Text size="sm" fw={550} truncate>
                  {block.name}
                </Text>
                <Text size="xs" c="dimmed">
                  {[block.category, t("blocks.usedBy", { count: block.used_by })].filter(Boolean).join(" · ")}
                </Text>
              </div>
              <Group gap="xs" wrap="nowrap">
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t("blocks.copyOf", { name: block.name })}
                  onClick={() => onPick(block, block.source)}
                >
                  {t("blocks.copy")}
                </Button>
                <Button
                  size="xs"
                  aria-label={t("blocks.linkOf", { name: block.name })}
                  onClick={() => onPick(block, block.linked)}
                >
                  {t("blocks.link")}
                </Button>
              </Group>
            </Group>
          ))}
        </Stack>
      )}
      <TextLink to="/emails/blocks" size="sm" td="underline">
        {t("blocks.all")}
      </TextLink>
    </Stack>
  );
}
