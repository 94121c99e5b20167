import { Group, Select, Stack, Switch, Tabs, Text, Textarea } from "@mantine/core";
import { IconPalette } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Email } from "../api/types";
import { CodeField } from "../ui/CodeField";
import type { Editor } from "../ui/editor";
import { ButtonLink } from "../ui/links";
import { Card } from "../ui/parts";
import { TokenMenu } from "../ui/TokenMenu";
import { BlockPicker } from "./BlockPicker";
import { DynamicContentPanel } from "./DynamicContentPanel";
import { SettingsFields } from "./SettingsFields";
import { TidyButton, WordOffer } from "./WordOffer";

type Props = { editor: Editor<Email> };

/** What an email says and how it is sent, in tabs. */
export function ContentCard({ editor }: Props) {
  const { t } = useTranslation("emails");
  return (
    <Card p="md">
      <Tabs defaultValue="content" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="content">{t("tab.content")}</Tabs.Tab>
          <Tabs.Tab value="dynamic">{t("tab.dynamic")}</Tabs.Tab>
          <Tabs.Tab value="plain">{t("tab.plain")}</Tabs.Tab>
          <Tabs.Tab value="settings">{t("tab.settings")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="content">
          <Source editor={editor} />
        </Tabs.Panel>
        <Tabs.Panel value="dynamic">
          <DynamicContentPanel editor={editor} />
        </Tabs.Panel>
        <Tabs.Panel value="plain">
          <PlainText editor={editor} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsFields editor={editor} />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

/** The source of the email, with what can be put into it. */
function Source({ editor }: Props) {
  const { t } = useTranslation("emails");
  const { draft, set } = editor;
  const insert = useRef<((text: string) => void) | null>(null);
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Select
          aria-label={t("format")}
          size="xs"
          w={110}
          allowDeselect={false}
          data={[
            { value: "html", label: "HTML" },
            { value: "mjml", label: "MJML" },
          ]}
          value={draft.format}
          onChange={(format) => format && set({ format: format as Email["format"] })}
        />
        <Group gap="xs">
          {draft.format === "html" && <TidyButton editor={editor} />}
          <BlockPicker format={draft.format} onPick={(_block, source) => insert.current?.(source)} />
          <TokenMenu where="email" compact onPick={(token) => insert.current?.(token)} />
          <ButtonLink
            to="/emails/$id/design"
            params={{ id: String(draft.id) }}
            size="xs"
            variant="light"
            leftSection={<IconPalette size={15} aria-hidden />}
          >
            {t("design:open")}
          </ButtonLink>
        </Group>
      </Group>
      <WordOffer editor={editor} />
      <CodeField
        label={t("source")}
        value={draft.source}
        onChange={(source) => set({ source })}
        insert={insert}
      />
      {editor.fieldErrors.source && (
        <Text size="sm" c="var(--mantine-color-error)" mt="xs" role="alert">
          {editor.fieldErrors.source}
        </Text>
      )}
    </>
  );
}

/** The text for readers without HTML: made from the HTML, or written by hand. */
function PlainText({ editor }: Props) {
  const { t } = useTranslation("emails");
  const { draft, set } = editor;
  return (
    <Stack gap="sm">
      <Switch
        label={t("plainAuto")}
        checked={draft.plain_text === null}
        onChange={(event) => set({ plain_text: event.currentTarget.checked ? null : draft.plain_text_auto })}
      />
      <Textarea
        aria-label={t("tab.plain")}
        autosize
        minRows={16}
        maxRows={26}
        readOnly={draft.plain_text === null}
        value={draft.plain_text ?? draft.plain_text_auto}
        onChange={(event) => set({ plain_text: event.currentTarget.value })}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
      />
    </Stack>
  );
}
