import { Alert, Button, Group, Text } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, take } from "../api/client";
import type { Email } from "../api/types";
import type { Editor } from "../ui/editor";
import { number } from "../ui/format";
import { attempt, said, undoable } from "../ui/toasts";
import { looksLikeWord } from "./word";

/** Cleans the source on wish; says what was taken out, and how to take it back. */
function useTidy(editor: Editor<Email>) {
  const { t } = useTranslation("emails");
  return () =>
    attempt(async () => {
      const before = editor.draft.source;
      const { source, taken } = await take(http.POST("/emails/tidy", { body: { source: before } }));
      if (source === before) {
        said(t("word.nothing"));
        return;
      }
      editor.set({ source });
      const kinds = Object.entries(taken).filter(([, count]) => count > 0);
      const parts = kinds.map(([kind, count]) => t(`word.taken.${kind}`, { count, shown: number(count) }));
      undoable(t("word.done", { parts: parts.join(", ") }), async () => editor.set({ source: before }));
    });
}

/** Cleaning by hand, whatever the source looks like. */
export function TidyButton({ editor }: { editor: Editor<Email> }) {
  const { t } = useTranslation("emails");
  const tidy = useTidy(editor);
  return (
    <Button size="xs" variant="default" leftSection={<IconSparkles size={15} aria-hidden />} onClick={tidy}>
      {t("word.tidy")}
    </Button>
  );
}

/** Offers the cleaning when the source looks like Word. Nothing happens without a yes. */
export function WordOffer({ editor }: { editor: Editor<Email> }) {
  const { t } = useTranslation("emails");
  const [kept, setKept] = useState(false);
  const tidy = useTidy(editor);
  if (kept || !looksLikeWord(editor.draft.source)) return null;
  return (
    <Alert variant="default" title={t("word.title")} mb="xs" role="status">
      <Text size="sm" mb="sm">
        {t("word.text")}
      </Text>
      <Group gap="xs">
        <Button size="xs" onClick={tidy}>
          {t("word.yes")}
        </Button>
        <Button size="xs" variant="default" onClick={() => setKept(true)}>
          {t("word.no")}
        </Button>
      </Group>
    </Alert>
  );
}
