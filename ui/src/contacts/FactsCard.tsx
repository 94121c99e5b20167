import { ActionIcon, Anchor, Box, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, http, refresh, take } from "../api/client";
import type { Contact, Field, FieldValue } from "../api/types";
import { useMayEdit } from "../app/session";
import { Card } from "../ui/parts";
import { failed, undoable } from "../ui/toasts";
import { OwnerFact } from "./OwnerFact";
import { useFields } from "./use-fields";
import { FieldInput, FieldText } from "./values";

/** What one expects to find, and where one looks for a place to put it. */
const ALWAYS = new Set(["email", "firstname", "lastname"]);
/** Shown elsewhere on the page, and nothing to type. */
const ELSEWHERE = new Set(["points", "last_active"]);

/** The facts about one contact; a click on a value edits it where it stands. */
export function FactsCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const fields = useFields().filter((field) => !ELSEWHERE.has(field.alias));
  const [all, { toggle }] = useDisclosure();
  const filled = (field: Field) => {
    const value = contact.fields[field.alias];
    return value !== null && value !== undefined && value !== "";
  };
  const shown = fields.filter((field) => all || filled(field) || ALWAYS.has(field.alias));
  return (
    <Card title={t("record.facts")}>
      <OwnerFact contact={contact} />
      <Stack gap={6} mt="sm">
        {shown.map((field) => (
          <FactRow
            key={field.alias}
            field={field}
            value={contact.fields[field.alias]}
            write={async (value) => {
              await take(
                http.PATCH("/contacts/{id}", {
                  params: { path: { id: contact.id } },
                  body: { fields: { [field.alias]: value } },
                }),
              );
              await refresh("/contacts");
            }}
          />
        ))}
      </Stack>
      {(all || shown.length < fields.length) && (
        <Anchor component="button" size="xs" mt="sm" onClick={toggle}>
          {all ? t("record.lessFacts") : t("record.allFacts")}
        </Anchor>
      )}
    </Card>
  );
}

type FactProps = {
  field: Field;
  value: FieldValue | undefined;
  write: (value: FieldValue) => Promise<unknown>;
};

/** One value, edited where it stands; what was there comes back with one click. */
export function FactRow({ field, value: known, write }: FactProps) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const before = known ?? null;
  const [draft, setDraft] = useState<FieldValue | undefined>();
  const [error, setError] = useState<string>();

  const save = async () => {
    if (draft === undefined || draft === before) return setDraft(undefined);
    try {
      await write(draft === "" ? null : draft);
      setDraft(undefined);
      setError(undefined);
      undoable(t("common:saved"), () => write(before));
    } catch (problem) {
      if (problem instanceof ApiError && problem.problem.errors?.length) {
        setError(problem.problem.errors[0]!.detail);
      } else failed(problem);
    }
  };

  if (draft !== undefined) {
    return (
      <Box
        onKeyDown={(event) => {
          if (event.key === "Escape") setDraft(undefined);
          if (event.key === "Enter" && field.type !== "long_text" && field.type !== "html") {
            event.preventDefault();
            save();
          }
        }}
      >
        <FieldInput field={field} value={draft} onChange={setDraft} error={error} autoFocus />
        <Group gap={6} mt={6}>
          <ActionIcon variant="filled" onClick={save} aria-label={t("common:save")}>
            <IconCheck size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon variant="default" onClick={() => setDraft(undefined)} aria-label={t("common:cancel")}>
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
      </Box>
    );
  }
  const value = (
    <>
      <Text size="xs" c="dimmed" component="span" display="block">
        {field.label}
      </Text>
      <Text size="sm" component="span" display="block" style={{ overflowWrap: "anywhere" }}>
        <FieldText field={field} value={before} />
      </Text>
    </>
  );
  return may ? (
    <UnstyledButton
      className="hg-fact"
      title={t("record.editFact", { name: field.label })}
      onClick={() => setDraft(before)}
    >
      {value}
    </UnstyledButton>
  ) : (
    <Box py={4}>{value}</Box>
  );
}
