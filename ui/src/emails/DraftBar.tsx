import { Alert, Box, Button, Group, Modal, Stack, Text, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Email, EmailDraftState } from "../api/types";
import type { Editor } from "../ui/editor";
import { ago } from "../ui/format";
import { ConsequenceDialog } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { attempt, said } from "../ui/toasts";
import { readAgain } from "./draft";

type Draft = NonNullable<EmailDraftState["draft"]>;

/** Says that readers get this email already; what waits can be looked at, published or discarded. */
export function DraftBar({ editor }: { editor: Editor<Email> }) {
  const { t } = useTranslation("emails");
  const { id } = editor.draft;
  const params = { path: { id } };
  const { data } = $api.useQuery("get", "/emails/{id}/draft", { params });
  const [publishing, publish] = useDisclosure();
  const [discarding, discard] = useDisclosure();
  if (!data?.live) return null;
  const waits = data.draft !== null && data.draft !== undefined;
  return (
    <Alert variant="default" mb="md" title={t("draft.live")}>
      <Group justify="space-between" align="center">
        <Text size="sm" role="status">
          {data.draft ? t("draft.waits", { when: ago(data.draft.updated_at) }) : t("draft.liveText")}
        </Text>
        {waits && (
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={discard.open}>
              {t("draft.discard")}
            </Button>
            <Button
              size="xs"
              onClick={async () => {
                if (!editor.dirty || (await editor.save())) publish.open();
              }}
            >
              {t("draft.publish")}
            </Button>
          </Group>
        )}
      </Group>
      <Modal
        opened={publishing}
        onClose={publish.close}
        title={t("draft.publishTitle")}
        size="xl"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {publishing && <Publish editor={editor} close={publish.close} />}
      </Modal>
      <ConsequenceDialog
        opened={discarding}
        close={discard.close}
        title={t("draft.discardTitle")}
        confirm={t("draft.discard")}
        run={async () => {
          await take(http.DELETE("/emails/{id}/draft", { params }));
          editor.adopt(await readAgain(id));
          await refresh("/emails");
          said(t("draft.discarded"));
        }}
      >
        <Text size="sm">{t("draft.discardText")}</Text>
      </ConsequenceDialog>
    </Alert>
  );
}

/** What would change for readers, and the button that makes it so. */
function Publish({ editor, close }: { editor: Editor<Email>; close: () => void }) {
  const { t } = useTranslation("emails");
  const { id } = editor.draft;
  const params = { path: { id } };
  const query = $api.useQuery("get", "/emails/{id}/draft", { params }, { staleTime: 0 });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  const draft = query.data?.draft;
  if (!draft || query.isFetching) return <Waiting lines={5} />;
  const run = async () => {
    await take(http.POST("/emails/{id}/draft/publish", { params, body: { version: draft.version } }));
    editor.adopt(await readAgain(id));
    await refresh("/emails");
    said(t("draft.published"));
  };
  return (
    <Stack>
      {draft.behind && <Alert color="yellow">{t("draft.behind")}</Alert>}
      <Differences draft={draft} />
      <Text size="sm">{t("draft.publishText")}</Text>
      <Actions run={run} close={close} />
    </Stack>
  );
}

function Actions({ run, close }: { run: () => Promise<void>; close: () => void }) {
  const { t } = useTranslation("emails");
  const [asked, ask] = useDisclosure();
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={close}>
        {t("common:cancel")}
      </Button>
      <Button
        loading={asked}
        onClick={async () => {
          ask.open();
          const done = await attempt(run);
          ask.close();
          if (done) close();
        }}
      >
        {t("draft.publish")}
      </Button>
    </Group>
  );
}

const SIGN = { same: "", removed: "\u2212", added: "+" } as const;
type Mark = keyof typeof SIGN;

/** Settings and words, before and now; lines that stay are shown around those that do not. */
function Differences({ draft }: { draft: Draft }) {
  const { t } = useTranslation("emails");
  const differ = draft.text.some((line) => line.mark !== "same");
  return (
    <Stack gap="sm">
      {draft.changes.length > 0 && (
        <div>
          <Text size="sm" fw={600} mb={4}>
            {t("draft.settingChanges")}
          </Text>
          {draft.changes.map((change) => (
            <div key={change.field}>
              <Text size="sm">{t(`draft.field.${change.field}`, { defaultValue: change.field })}</Text>
              {(change.before || change.after) && (
                <Text size="xs" c="dimmed">
                  {t("draft.from", { value: change.before || t("draft.empty") })}
                  <br />
                  {t("draft.to", { value: change.after || t("draft.empty") })}
                </Text>
              )}
            </div>
          ))}
        </div>
      )}
      <div>
        <Text size="sm" fw={600} mb={4}>
          {t("draft.textChanges")}
        </Text>
        {differ ? (
          <Box component="section" className="hg-diff" aria-label={t("draft.textChanges")} tabIndex={0}>
            {draft.text.map((line, at) => (
              <div key={`${at}-${line.mark}`} className={`hg-diff-${line.mark}`}>
                <span aria-hidden>{SIGN[line.mark as Mark]}</span>
                {line.mark !== "same" && <VisuallyHidden>{t(`draft.mark.${line.mark}`)} </VisuallyHidden>}
                {line.line || "\u00a0"}
              </div>
            ))}
          </Box>
        ) : (
          <Text size="sm" c="dimmed">
            {t("draft.noText")}
          </Text>
        )}
      </div>
    </Stack>
  );
}
