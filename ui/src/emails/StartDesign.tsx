import { Button, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Email, EmailTemplate } from "../api/types";
import { FormModal } from "../ui/parts";
import { Gallery } from "./Gallery";

/** From own HTML to a design: says what becomes of the HTML, and starts with a template. */
export function StartDesign({ draft, onStart }: { draft: Email; onStart: (source: string) => void }) {
  const { t } = useTranslation("design");
  const [opened, dialog] = useDisclosure();
  const [template, setTemplate] = useState<EmailTemplate | null>(null);
  return (
    <>
      <Button onClick={dialog.open}>{t("start")}</Button>
      <FormModal opened={opened} close={dialog.close} title={t("startTitle")} size="90rem">
        <Stack>
          {draft.source.trim() && <Text size="sm">{t("startText")}</Text>}
          <Gallery value={template?.key ?? ""} onChange={setTemplate} />
          <Group justify="flex-end">
            <Button variant="default" onClick={dialog.close}>
              {t("common:cancel")}
            </Button>
            <Button
              disabled={!template}
              onClick={() => {
                if (template) onStart(template.source);
                dialog.close();
              }}
            >
              {t("startNow")}
            </Button>
          </Group>
        </Stack>
      </FormModal>
    </>
  );
}
