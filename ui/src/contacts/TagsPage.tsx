import { Button, Group, Menu, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconTag } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Tag } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { number } from "../ui/format";
import { TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { EmptyState, ErrorSummary } from "../ui/states";
import { removeWithUndo } from "../ui/toasts";

export function TagsPage() {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [search, setSearch] = useState("");
  const [sort, setSort] = useState("name");
  const [editing, setEditing] = useState<Tag | "new" | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/tags",
    { params: { query: { search: search || undefined, sort, limit: 100 } } },
    byCursor,
  );
  const remove = (tag: Tag) =>
    removeWithUndo(tag.name, ["/tags", "/contacts"], {
      remove: () => take(http.DELETE("/tags/{id}", { params: { path: { id: tag.id } } })),
      restore: () => take(http.POST("/tags/{id}/restore", { params: { path: { id: tag.id } } })),
    });
  return (
    <>
      <PageHeader
        title={t("tagsPage.title")}
        description={t("tagsPage.text")}
        actions={may && <NewButton onClick={() => setEditing("new")}>{t("tagsPage.new")}</NewButton>}
      />
      <FilterBar search={search} onSearch={setSearch} placeholder={t("tagsPage.search")} />
      <DataList
        label={t("tagsPage.title")}
        query={query}
        rowKey={(tag) => tag.id}
        rowLabel={(tag) => tag.name}
        onOpen={may ? setEditing : undefined}
        sort={sort}
        onSort={setSort}
        columns={[
          { key: "name", title: t("tagsPage.name"), sort: "name", render: (tag) => tag.name },
          { key: "description", title: t("common:description"), render: (tag) => tag.description },
          {
            key: "contacts",
            title: t("tagsPage.contacts"),
            align: "right",
            render: (tag) => (
              <TextLink to="/contacts" search={{ tag: tag.name }} size="sm">
                {number(tag.contacts)}
              </TextLink>
            ),
          },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (tag) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: tag.name })}>
                  <Menu.Item onClick={() => setEditing(tag)}>{t("common:edit")}</Menu.Item>
                  <Menu.Item onClick={() => remove(tag)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          <EmptyState icon={IconTag} title={t("tagsPage.emptyTitle")}>
            {t("tagsPage.emptyText")}
          </EmptyState>
        }
      />
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("tagsPage.new") : t("tagsPage.edit")}
      >
        {editing && <TagForm tag={editing === "new" ? null : editing} close={() => setEditing(null)} />}
      </FormModal>
    </>
  );
}

function TagForm({ tag, close }: { tag: Tag | null; close: () => void }) {
  const { t } = useTranslation("contacts");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({ initialValues: { name: tag?.name ?? "", description: tag?.description ?? "" } });
  const submit = form.onSubmit(async (body) => {
    try {
      if (tag) {
        await take(
          http.PATCH("/tags/{id}", {
            params: { path: { id: tag.id } },
            body: { ...body, version: tag.version },
          }),
        );
      } else await take(http.POST("/tags", { body }));
      close();
      await refresh("/tags", "/contacts");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("tagsPage.name")} required data-autofocus {...form.getInputProps("name")} />
        <Textarea
          label={t("common:description")}
          autosize
          minRows={2}
          {...form.getInputProps("description")}
        />
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
