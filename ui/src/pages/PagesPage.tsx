import { ActionIcon, Button, Group, Menu, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconExternalLink, IconFileText } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Page } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit, useSession } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { ago, number } from "../ui/format";
import { TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { ThingSelect } from "../ui/pickers";
import { EmptyState, ErrorSummary, NothingFound, StateBadge } from "../ui/states";
import { attempt, undoable } from "../ui/toasts";
import { useView } from "../ui/view";
import { pageHtml } from "./starter";

export function useDeletePage() {
  const { t } = useTranslation();
  return (page: Page) =>
    attempt(async () => {
      const params = { path: { id: page.id } };
      await take(http.DELETE("/pages/{id}", { params }));
      undoable(t("deleted", { name: page.title }), async () => {
        await take(http.POST("/pages/{id}/restore", { params }));
        await refresh("/pages");
      });
      await refresh("/pages");
    });
}

export function PagesPage() {
  const { t } = useTranslation("pages");
  const [view, change] = useView<ListSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const remove = useDeletePage();
  const query = $api.useInfiniteQuery(
    "get",
    "/pages",
    { params: { query: { search: view.search, sort: view.sort ?? "-updated_at", limit: 50 } } },
    byCursor,
  );
  const create = may && <NewButton onClick={() => change({ new: true })}>{t("new")}</NewButton>;
  return (
    <>
      <PageHeader title={t("title")} description={t("text")} actions={create} />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
      />
      <DataList<Page>
        label={t("title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.title}
        onOpen={(row) => navigate({ to: "/pages/$id", params: { id: String(row.id) } })}
        sort={view.sort ?? "-updated_at"}
        onSort={(sort) => change({ sort })}
        columns={[
          {
            key: "title",
            title: t("pageTitle"),
            sort: "title",
            render: (row) => (
              <>
                <TextLink to="/pages/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                  {row.title}
                </TextLink>
                <Text size="xs" c="dimmed">
                  /{row.alias}
                </Text>
              </>
            ),
          },
          {
            key: "state",
            title: t("state"),
            render: (row) => <StateBadge state={row.published ? "published" : "draft"} />,
          },
          { key: "hits", title: t("hits"), align: "right", render: (row) => number(row.hits) },
          { key: "visitors", title: t("visitors"), align: "right", render: (row) => number(row.unique_hits) },
          { key: "updated", title: t("changed"), sort: "updated_at", render: (row) => ago(row.updated_at) },
          {
            key: "menu",
            title: "",
            width: 90,
            render: (row) => (
              <Group gap={4} wrap="nowrap" justify="flex-end">
                <ActionIcon
                  component="a"
                  href={row.url}
                  target="_blank"
                  rel="noreferrer"
                  variant="subtle"
                  color="gray"
                  c="dimmed"
                  aria-label={t("openPage", { name: row.title })}
                >
                  <IconExternalLink size={18} aria-hidden />
                </ActionIcon>
                {may && (
                  <DotsMenu label={t("common:moreActions", { name: row.title })}>
                    <Menu.Item onClick={() => remove(row)}>{t("common:delete")}</Menu.Item>
                  </DotsMenu>
                )}
              </Group>
            ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconFileText} />
          ) : (
            <EmptyState icon={IconFileText} title={t("empty.title")} action={create}>
              {t("empty.text")}
            </EmptyState>
          )
        }
      />
      <FormModal opened={view.new === true} close={() => change({ new: undefined })} title={t("new")}>
        <NewPage close={() => change({ new: undefined })} />
      </FormModal>
    </>
  );
}

function NewPage({ close }: { close: () => void }) {
  const { t } = useTranslation("pages");
  const navigate = useNavigate();
  const { locale } = useSession().site;
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({ initialValues: { title: "" } });
  const [shown, setShown] = useState<number | null>(null);
  const submit = form.onSubmit(async ({ title }) => {
    try {
      const page = await take(
        http.POST("/pages", { body: { title, html: pageHtml(shown), language: locale, published: false } }),
      );
      await refresh("/pages");
      close();
      navigate({ to: "/pages/$id", params: { id: String(page.id) } });
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput
          label={t("pageTitle")}
          description={t("titleHint")}
          required
          data-autofocus
          {...form.getInputProps("title")}
        />
        <ThingSelect
          kind="forms"
          label={t("withForm")}
          description={t("withFormHint")}
          value={shown}
          onChange={setShown}
          clearable
        />
        <Group justify="flex-end">
          <Button type="submit">{t("createPage")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
