import { SegmentedControl, Stack } from "@mantine/core";
import { IconPalette } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Email, EmailDraftState } from "../api/types";
import { DesignField } from "../ui/DesignField";
import { SaveTools } from "../ui/editor";
import { ButtonLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, ErrorState, ErrorSummary, Waiting } from "../ui/states";
import { CheckPanel } from "./CheckPanel";
import { CommentsButton } from "./CommentsButton";
import { DraftBar } from "./DraftBar";
import { useEmailWithDraft } from "./draft";
import { HistoryButton } from "./HistoryButton";
import { LivePreview } from "./LivePreview";
import { StartDesign } from "./StartDesign";
import { useEmailEditor } from "./use-email-editor";

export function EmailDesignPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { there, error, retry } = useEmailWithDraft(Number(id));
  if (error) return <ErrorState page error={error} retry={retry} />;
  if (!there) return <Waiting lines={12} />;
  return <Design key={id} email={there.email} state={there.state} />;
}

function Design({ email, state }: { email: Email; state: EmailDraftState }) {
  const { t } = useTranslation("design");
  const editor = useEmailEditor({ email, state });
  const { draft } = editor;
  const [shown, setShown] = useState("design");
  const [contact, setContact] = useState<number | null>(null);
  const why = draft.format !== "mjml" ? "notMjml" : /<mj-body[\s>]/i.test(draft.source) ? null : "broken";
  return (
    <>
      <PageHeader
        title={t("title", { name: draft.name })}
        back={{ path: `/emails/${email.id}`, label: t("emails:toResults") }}
        actions={
          <>
            <SaveTools editor={editor} />
            <HistoryButton editor={editor} live={state.live} />
            <CommentsButton id={email.id} />
            <ButtonLink to="/emails/$id/edit" params={{ id: String(email.id) }} variant="default">
              {t("toCode")}
            </ButtonLink>
          </>
        }
      />
      <ErrorSummary errors={editor.errors} />
      <DraftBar editor={editor} />
      {why ? (
        <div className="hg-card">
          <EmptyState
            icon={IconPalette}
            title={t(`${why}.title`)}
            action={
              <StartDesign onStart={(source) => editor.set({ format: "mjml", source })} draft={draft} />
            }
          >
            {t(`${why}.text`)}
          </EmptyState>
        </div>
      ) : (
        <Stack gap="sm">
          <SegmentedControl
            aria-label={t("view")}
            value={shown}
            onChange={setShown}
            data={[
              { value: "design", label: t("showDesign") },
              { value: "preview", label: t("showPreview") },
            ]}
            style={{ alignSelf: "flex-start" }}
          />
          {shown === "design" ? (
            <DesignField
              value={draft.source}
              onChange={(source) => editor.set({ source })}
              onSave={() => editor.save()}
              undo={editor.undo}
              redo={editor.redo}
            />
          ) : (
            <div className="hg-split">
              <LivePreview draft={draft} contact={contact} onContact={setContact} />
              <CheckPanel draft={draft} />
            </div>
          )}
        </Stack>
      )}
    </>
  );
}
