import { Button, Group, SimpleGrid, Stack, Switch } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconSend } from "@tabler/icons-react";
import { useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { SaveTools } from "../ui/editor";
import { ButtonLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, FormModal } from "../ui/parts";
import { ThingsSelect } from "../ui/pickers";
import { ThingCategory } from "../ui/publish";
import { ErrorState, ErrorSummary, StateBadge, Waiting } from "../ui/states";
import { TokenInput } from "../ui/TokenInput";
import { CheckPanel } from "./CheckPanel";
import { CommentsButton } from "./CommentsButton";
import { ContentCard } from "./ContentCard";
import { DraftBar } from "./DraftBar";
import { useEmailWithDraft } from "./draft";
import { HistoryButton } from "./HistoryButton";
import { LivePreview } from "./LivePreview";
import { emailState } from "./state";
import { TestSend } from "./TestSend";
import { type EditorProps, useEmailEditor } from "./use-email-editor";
import { FamilyNotice } from "./VariantsPanel";

export function EmailEditPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { there, error, retry } = useEmailWithDraft(Number(id));
  if (error) return <ErrorState page error={error} retry={retry} />;
  if (!there) return <Waiting lines={12} />;
  return <EmailEditor key={id} email={there.email} state={there.state} />;
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
