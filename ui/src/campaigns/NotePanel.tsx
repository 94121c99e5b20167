import { Button, Group, Select, Stack, Textarea } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Step } from "../api/types";
import type { Note } from "./notes";
import { PanelHead } from "./PanelHead";

type Props = {
  note: Note;
  steps: Step[];
  editable: boolean;
  onChange: (patch: Partial<Note>) => void;
  onRemove: () => void;
  close: () => void;
};

/** What a sticky note says, and beside what it stands. */
export function NotePanel({ note, steps, editable, onChange, onRemove, close }: Props) {
  const { t } = useTranslation("campaigns");
  return (
    <section className="hg-card hg-panel" aria-label={t("note.title")}>
      <Stack p="lg">
        <PanelHead title={t("note.title")} close={close} />
        <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack>
            <Textarea
              label={t("note.text")}
              autosize
              minRows={4}
              maxLength={2000}
              value={note.text}
              onChange={(event) => onChange({ text: event.currentTarget.value })}
            />
            <Select
              label={t("note.beside")}
              allowDeselect={false}
              data={[
                { value: "", label: t("starts") },
                ...steps.map((step) => ({ value: step.key, label: step.name || t(`type.${step.type}`) })),
              ]}
              value={steps.some((step) => step.key === note.at) ? note.at : ""}
              onChange={(at) => onChange({ at: at || null })}
            />
          </Stack>
        </fieldset>
        {editable && (
          <Group>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconTrash size={14} aria-hidden />}
              onClick={onRemove}
            >
              {t("note.remove")}
            </Button>
          </Group>
        )}
      </Stack>
    </section>
  );
}
