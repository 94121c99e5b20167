import {
  Button,
  Group,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Tabs,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconPalette, IconSend } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Email, EmailDraftState } from "../api/types";
import { useSession } from "../app/session";
import { CodeField } from "../ui/CodeField";
import { type Editor, SaveTools, useEditor } from "../ui/editor";
import { ButtonLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { PreviewFrame } from "../ui/PreviewFrame";
import { Card, FormModal } from "../ui/parts";
import { ContactSelect, ThingsSelect } from "../ui/pickers";
import { PublishWindow, ThingCategory } from "../ui/publish";
import { ErrorState, ErrorSummary, StateBadge, Waiting } from "../ui/states";
import { TokenInput } from "../ui/TokenInput";
import { TokenMenu } from "../ui/TokenMenu";
import { attempt } from "../ui/toasts";
import { locales } from "../ui/zones";
import { AttachmentsField } from "./AttachmentsField";
import { BlockPicker } from "./BlockPicker";
import { CheckPanel } from "./CheckPanel";
import { CommentsButton } from "./CommentsButton";
import { DraftBar } from "./DraftBar";
import { DynamicContentPanel } from "./DynamicContentPanel";
import { begun, readAgain, saveDraft, useEmailWithDraft } from "./draft";
import { HistoryButton } from "./HistoryButton";
import { emailState } from "./state";
import { FamilyNotice } from "./VariantsPanel";
import { TidyButton, WordOffer } from "./WordOffer";
import { writable } from "./writable";

export function EmailEditPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { there, error, retry } = useEmailWithDraft(Number(id));
  if (error) return <ErrorState page error={error} retry={retry} />;
  if (!there) return <Waiting lines={12} />;
  return <EmailEditor key={id} email={there.email} state={there.state} />;
}

type EditorProps = { email: Email; state: EmailDraftState };

/** An email that saves itself; what readers get already is kept as a draft until it is published. */
export function useEmailEditor({ email, state }: EditorProps): Editor<Email> {
  const params = { path: { id: email.id } };
  // Whether it is live is decided when the editor opens: what was begun as a draft stays one.
  const [live] = useState(state.live);
  const known = useRef(begun(email, state));
  return useEditor<Email>({
    initial: known.current,
    autosave: true,
    save: async (draft) => {
      if (live) {
        known.current = await saveDraft(draft, known.current);
        return known.current;
      }
      const kept = await take(http.PATCH("/emails/{id}", { params, body: writable(draft) }));
      await refresh("/emails");
      return kept;
    },
    reload: async () => {
      known.current = await readAgain(email.id);
      return known.current;
    },
  });
}

function EmailEditor({ email, state }: EditorProps) {
  const { t } = useTranslation("emails");
  const { comments } = useSearch({ strict: false }) as { comments?: number };
  const editor = useEmailEditor({ email, state });
  const { draft } = editor;
  const [testing, test] = useDisclosure();
  const [contact, setContact] = useState<number | null>(null);
  return (
    <>
      <PageHeader
        title={draft.name || t("untitled")}
        aside={
          <Group gap="xs">
            <StateBadge state={emailState(draft)} />
            <ThingCategory kind="email" id={email.id} />
          </Group>
        }
        back={{ path: `/emails/${email.id}`, label: t("toResults") }}
        actions={
          <>
            <SaveTools editor={editor} />
            <HistoryButton editor={editor} live={state.live} />
            <CommentsButton id={email.id} open={comments === 1} />
            <Button variant="default" onClick={test.open}>
              {t("test.title")}
            </Button>
            {email.parent_id ? null : draft.kind === "segment" ? (
              <ButtonLink
                to="/emails/$id/send"
                params={{ id: String(email.id) }}
                leftSection={<IconSend size={16} aria-hidden />}
              >
                {t("toSend")}
              </ButtonLink>
            ) : (
              <Switch
                label={t("live")}
                checked={draft.published}
                onChange={(event) => editor.set({ published: event.currentTarget.checked })}
              />
            )}
          </>
        }
      />
      <ErrorSummary errors={editor.errors} />
      <DraftBar editor={editor} />
      <FamilyNotice email={email} />
      <div className="hg-split">
        <Stack>
          <Card>
            <Stack gap="sm">
              <TokenInput
                label={t("subject")}
                required
                value={draft.subject}
                error={editor.fieldErrors.subject}
                maxLength={190}
                onChange={(subject) => editor.set({ subject })}
              />
              <TokenInput
                label={t("preheader")}
                description={t("preheaderHint")}
                value={draft.preheader ?? ""}
                maxLength={130}
                onChange={(preheader) => editor.set({ preheader })}
              />
              {draft.kind === "segment" && (
                <SimpleGrid cols={{ base: 1, sm: 2 }}>
                  <ThingsSelect
                    kind="segments"
                    label={t("to")}
                    placeholder={draft.segments.length ? undefined : t("toHint")}
                    value={draft.segments}
                    onChange={(segments) => editor.set({ segments })}
                    error={editor.fieldErrors.segments}
                  />
                  <ThingsSelect
                    kind="segments"
                    label={t("notTo")}
                    value={draft.excluded_segments}
                    onChange={(excluded_segments) => editor.set({ excluded_segments })}
                  />
                </SimpleGrid>
              )}
            </Stack>
          </Card>
          <ContentCard editor={editor} />
        </Stack>
        <Stack>
          <LivePreview draft={draft} contact={contact} onContact={setContact} />
          <CheckPanel draft={draft} />
        </Stack>
      </div>
      <FormModal opened={testing} close={test.close} title={t("test.title")}>
        <TestSend
          email={draft}
          contact={contact}
          save={editor.save}
          dirty={editor.dirty}
          close={test.close}
        />
      </FormModal>
    </>
  );
}

function ContentCard({ editor }: { editor: Editor<Email> }) {
  const { t } = useTranslation("emails");
  const { draft, set } = editor;
  const insert = useRef<((text: string) => void) | null>(null);
  const utm = (key: keyof Email["utm"]) => ({
    value: draft.utm?.[key] ?? "",
    onChange: (event: { currentTarget: { value: string } }) =>
      set({ utm: { ...draft.utm, [key]: event.currentTarget.value } }),
  });
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
        </Tabs.Panel>
        <Tabs.Panel value="dynamic">
          <DynamicContentPanel editor={editor} />
        </Tabs.Panel>
        <Tabs.Panel value="plain">
          <Stack gap="sm">
            <Switch
              label={t("plainAuto")}
              checked={draft.plain_text === null}
              onChange={(event) =>
                set({ plain_text: event.currentTarget.checked ? null : draft.plain_text_auto })
              }
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
        </Tabs.Panel>
        <Tabs.Panel value="settings">
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
                data={
                  locales().some((one) => one.value === draft.language)
                    ? locales()
                    : [{ value: draft.language, label: draft.language }, ...locales()]
                }
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
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

type PreviewProps = { draft: Email; contact: number | null; onContact: (id: number | null) => void };

/** The email as the server makes it, as anybody gets it. */
export function LivePreview({ draft, contact, onContact }: PreviewProps) {
  const { t } = useTranslation("emails");
  const [body] = useDebouncedValue(writable(draft), 400);
  const { version: _version, ...fields } = body;
  const preview = useQuery({
    queryKey: ["post", "/emails/preview", fields, contact],
    queryFn: () => take(http.POST("/emails/preview", { body: { ...fields, contact_id: contact } })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <Card p="md">
      <PreviewFrame
        html={preview.data?.html ?? ""}
        title={t("previewTitle")}
        night
        aside={
          <ContactSelect
            aria-label={t("previewAs")}
            placeholder={t("previewAs")}
            value={contact}
            onChange={onContact}
            w="100%"
          />
        }
      />
      <Text size="sm" mt="sm" fw={550} aria-live="polite">
        {preview.data?.subject}
      </Text>
      <Text size="xs" c="dimmed">
        {preview.data?.preheader}
      </Text>
      {preview.error && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert" mt="xs">
          {preview.error.message}
        </Text>
      )}
    </Card>
  );
}

type TestProps = {
  email: Email;
  contact: number | null;
  save: () => Promise<Email | null>;
  dirty: boolean;
  close: () => void;
};

function TestSend({ email, contact, save, dirty, close }: TestProps) {
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
