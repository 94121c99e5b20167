import { Select, SimpleGrid, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Email } from "../api/types";
import type { Editor } from "../ui/editor";
import { PublishWindow } from "../ui/publish";
import { localesWith } from "../ui/zones";
import { AttachmentsField } from "./AttachmentsField";

/** Name, time, sender, language, attachments and link marks of an email. */
export function SettingsFields({ editor }: { editor: Editor<Email> }) {
  const { t } = useTranslation("emails");
  const { draft, set } = editor;
  const utm = (key: keyof Email["utm"]) => ({
    value: draft.utm?.[key] ?? "",
    onChange: (event: { currentTarget: { value: string } }) =>
      set({ utm: { ...draft.utm, [key]: event.currentTarget.value } }),
  });
  return (
    <Stack gap="sm">
      <TextInput
        label={t("common:name")}
        description={t("nameHint")}
        value={draft.name}
        error={editor.fieldErrors.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      {!draft.parent_id && (
        <PublishWindow
          value={draft}
          onChange={set}
          error={editor.fieldErrors.publish_down}
          labels={{ from: t("liveFrom"), until: t("liveUntil") }}
        />
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label={t("fromName")}
          placeholder={t("asInSettings")}
          value={draft.from_name}
          onChange={(event) => set({ from_name: event.currentTarget.value })}
        />
        <TextInput
          label={t("fromAddress")}
          type="email"
          placeholder={t("asInSettings")}
          value={draft.from_address}
          error={editor.fieldErrors.from_address}
          onChange={(event) => set({ from_address: event.currentTarget.value })}
        />
        <TextInput
          label={t("replyTo")}
          type="email"
          placeholder={t("asInSettings")}
          value={draft.reply_to}
          error={editor.fieldErrors.reply_to}
          onChange={(event) => set({ reply_to: event.currentTarget.value })}
        />
        <Select
          label={t("language")}
          allowDeselect={false}
          data={localesWith(draft.language)}
          value={draft.language}
          onChange={(language) => language && set({ language })}
        />
      </SimpleGrid>
      <Switch
        label={t("ownerSends")}
        description={t("ownerSendsHint")}
        checked={draft.owner_sends}
        onChange={(event) => set({ owner_sends: event.currentTarget.checked })}
      />
      <AttachmentsField
        value={draft.attachments}
        error={editor.fieldErrors.attachments}
        onChange={(attachments) => set({ attachments })}
      />
      <Select
        label={t("purpose")}
        description={t("purposeHint")}
        allowDeselect={false}
        disabled={draft.kind === "segment"}
        data={[
          { value: "marketing", label: t("purposes.marketing") },
          { value: "transactional", label: t("purposes.transactional") },
        ]}
        value={draft.purpose}
        onChange={(purpose) => purpose && set({ purpose: purpose as Email["purpose"] })}
      />
      <Text size="sm" fw={550} mt="xs">
        {t("utm")}
      </Text>
      <SimpleGrid cols={2}>
        <TextInput label="utm_source" {...utm("source")} />
        <TextInput label="utm_medium" {...utm("medium")} />
        <TextInput label="utm_campaign" {...utm("campaign")} />
        <TextInput label="utm_content" {...utm("content")} />
      </SimpleGrid>
    </Stack>
  );
}
