import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMayEdit } from "../app/session";
import { Card, FormModal } from "../ui/parts";
import { TagNames } from "../ui/pickers";
import { attempt } from "../ui/toasts";

type Props = {
  tags: { id: number; name: string }[];
  /** Writes what changes: `name` comes, `-name` goes. */
  write: (changes: string[]) => Promise<unknown>;
};

/** The tags of a record, changed where they stand. */
export function TagsCard({ tags, write }: Props) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [names, setNames] = useState<string[] | null>(null);
  const save = () =>
    attempt(async () => {
      const before = tags.map((tag) => tag.name);
      const changes = [
        ...names!.filter((name) => !before.includes(name)),
        ...before.filter((name) => !names!.includes(name)).map((name) => `-${name}`),
      ];
      await write(changes);
      setNames(null);
    });
  return (
    <Card
      title={t("tags")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={() => setNames(tags.map((tag) => tag.name))}>
            {t("record.editTags")}
          </Button>
        )
      }
    >
      {tags.length ? (
        <Group gap={6}>
          {tags.map((tag) => (
            <Badge key={tag.id} className="hg-badge" variant="default">
              {tag.name}
            </Badge>
          ))}
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          {t("common:none")}
        </Text>
      )}
      <FormModal opened={names !== null} close={() => setNames(null)} title={t("record.editTags")}>
        <Stack>
          <TagNames
            label={t("tags")}
            description={t("tagsHint")}
            value={names ?? []}
            onChange={setNames}
            autoFocus
          />
          <Group justify="flex-end">
            <Button onClick={save}>{t("common:save")}</Button>
          </Group>
        </Stack>
      </FormModal>
    </Card>
  );
}
