import { Badge, Button, Group, Menu, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPin, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { Contact, Note } from "../api/types";
import { useMayEdit, useSession } from "../app/session";
import { rowsOf } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { ago } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { attempt, undoable } from "../ui/toasts";
import { fromLocalInput, toLocalInput } from "../ui/zoned";

const KINDS = ["general", "email", "call", "meeting"] as const;

/** What colleagues wrote down about a contact. */
export function NotesCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const [search, setSearch] = useState("");
  const [editing, setEditing] = useState<Note | "new" | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/contacts/{id}/notes",
    { params: { path: { id: contact.id }, query: { limit: 5, search } } },
    byCursor,
  );
  const { rows: notes } = rowsOf<Note>(query);
  const searching = search !== "" || notes.length > 4;
  return (
    <Card
      title={t("notes.title")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={() => setEditing("new")}>
            {t("notes.new")}
          </Button>
        )
      }
    >
      <Stack gap="md">
        {searching && (
          <TextInput
            size="xs"
            type="search"
            aria-label={t("notes.search")}
            placeholder={t("notes.search")}
            leftSection={<IconSearch size={14} aria-hidden />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        )}
        {notes.map((note) => (
          <NoteRow key={note.id} note={note} edit={() => setEditing(note)} />
        ))}
        {query.data && !notes.length && (
          <Text size="sm" c="dimmed">
            {search ? t("notes.nothingFound") : t("notes.none")}
          </Text>
        )}
        {query.hasNextPage && (
          <Button
            size="xs"
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => query.fetchNextPage()}
          >
            {t("notes.more")}
          </Button>
        )}
      </Stack>
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("notes.new") : t("notes.edit")}
      >
        {editing && (
          <NoteForm
            contact={contact}
            note={editing === "new" ? null : editing}
            close={() => setEditing(null)}
          />
        )}
      </FormModal>
    </Card>
  );
}

function NoteRow({ note, edit }: { note: Note; edit: () => void }) {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const path = { params: { path: { id: note.id } } };
  const pin = () =>
    attempt(async () => {
      await take(http.PATCH("/notes/{id}", { ...path, body: { pinned: !note.pinned } }));
      await refresh("/contacts/{id}/notes");
    });
  const remove = () =>
    attempt(async () => {
      await take(http.DELETE("/notes/{id}", path));
      undoable(t("notes.deleted"), async () => {
        await take(http.POST("/notes/{id}/restore", path));
        await refresh("/contacts/{id}/notes");
      });
      await refresh("/contacts/{id}/notes");
    });
  return (
    <div>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {note.text}
        </Text>
        {may && (
          <DotsMenu small label={t("notes.actions", { name: note.text.slice(0, 40) })}>
            <Menu.Item onClick={edit}>{t("notes.edit")}</Menu.Item>
            <Menu.Item onClick={pin}>{note.pinned ? t("notes.unpin") : t("notes.pin")}</Menu.Item>
            <Menu.Item onClick={remove}>{t("common:delete")}</Menu.Item>
          </DotsMenu>
        )}
      </Group>
      <Group gap={6} mt={4}>
        {note.pinned && (
          <Badge className="hg-badge" variant="default" leftSection={<IconPin size={11} aria-hidden />}>
            {t("notes.pinned")}
          </Badge>
        )}
        <Text size="xs" c="dimmed">
          {[
            t(`notes.kinds.${note.kind}`),
            ago(note.happened_at),
            note.author && t("notes.by", { name: note.author }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      </Group>
    </div>
  );
}

function NoteForm({ contact, note, close }: { contact: Contact; note: Note | null; close: () => void }) {
  const { t } = useTranslation("persons");
  const zone = useSession().site.timezone;
  const form = useForm({
    initialValues: {
      text: note?.text ?? "",
      kind: note?.kind ?? ("general" as Note["kind"]),
      when: toLocalInput(note?.happened_at ?? new Date().toISOString(), zone),
    },
  });
  const submit = form.onSubmit(({ text, kind, when }) =>
    attempt(async () => {
      const body = { text, kind, happened_at: fromLocalInput(when, zone) };
      await (note
        ? take(
            http.PATCH("/notes/{id}", {
              params: { path: { id: note.id } },
              body: { ...body, version: note.version },
            }),
          )
        : take(http.POST("/contacts/{id}/notes", { params: { path: { id: contact.id } }, body })));
      close();
      await refresh("/contacts/{id}/notes");
    }),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <Textarea
          label={t("notes.text")}
          required
          autosize
          minRows={3}
          data-autofocus
          {...form.getInputProps("text")}
        />
        <Group grow>
          <Select
            label={t("notes.kind")}
            allowDeselect={false}
            data={KINDS.map((kind) => ({ value: kind, label: t(`notes.kinds.${kind}`) }))}
            {...form.getInputProps("kind")}
          />
          <TextInput label={t("notes.when")} type="datetime-local" {...form.getInputProps("when")} />
        </Group>
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
