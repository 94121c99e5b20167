import { Button, Group, Menu, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconForms } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import { useLive } from "../api/live";
import type { Form, FormRow } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { ago, number } from "../ui/format";
import { TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { EmptyState, ErrorSummary, NothingFound, StateBadge } from "../ui/states";
import { attempt, undoable } from "../ui/toasts";
import { useView } from "../ui/view";
import { newField } from "./fields";

export function useDeleteForm() {
  const { t } = useTranslation();
  return (form: Pick<Form, "id" | "name">) =>
    attempt(async () => {
      const params = { path: { id: form.id } };
      await take(http.DELETE("/forms/{id}", { params }));
      undoable(t("deleted", { name: form.name }), async () => {
        await take(http.POST("/forms/{id}/restore", { params }));
        await refresh("/forms");
      });
      await refresh("/forms");
    });
}

export function FormsPage() {
  const { t } = useTranslation("forms");
  const [view, change] = useView<ListSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const remove = useDeleteForm();
  const query = $api.useInfiniteQuery(
    "get",
    "/forms",
    { params: { query: { search: view.search, sort: view.sort ?? "-updated_at", limit: 50 } } },
    byCursor,
  );
  useLive<{ kind: string }>("activity", (event) => {
    if (/form|submission/.test(event.kind)) refresh("/forms");
  });
  const create = may && <NewButton onClick={() => change({ new: true })}>{t("new")}</NewButton>;
  return (
    <>
      <PageHeader title={t("title")} description={t("text")} actions={create} />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
      />
      <DataList<FormRow>
        label={t("title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={(row) => navigate({ to: "/forms/$id", params: { id: String(row.id) } })}
        sort={view.sort ?? "-updated_at"}
        onSort={(sort) => change({ sort })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <TextLink to="/forms/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                {row.name}
              </TextLink>
            ),
          },
          { key: "kind", title: t("kind"), render: (row) => t(`kinds.${row.kind}`) },
          {
            key: "state",
            title: t("state"),
            render: (row) => <StateBadge state={row.published ? "published" : "draft"} />,
          },
          {
            key: "submissions",
            title: t("submissions"),
            align: "right",
            render: (row) => (
              <TextLink to="/forms/$id" params={{ id: String(row.id) }} search={{ tab: "results" }} size="sm">
                {number(row.submissions)}
              </TextLink>
            ),
          },
          { key: "updated", title: t("changed"), sort: "updated_at", render: (row) => ago(row.updated_at) },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.name })}>
                  <Menu.Item onClick={() => remove(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconForms} />
          ) : (
            <EmptyState icon={IconForms} title={t("empty.title")} action={create}>
              {t("empty.text")}
            </EmptyState>
          )
        }
      />
      <FormModal opened={view.new === true} close={() => change({ new: undefined })} title={t("new")}>
        <NewForm close={() => change({ new: undefined })} />
      </FormModal>
    </>
  );
}

function NewForm({ close }: { close: () => void }) {
  const { t } = useTranslation("forms");
  const navigate = useNavigate();
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({ initialValues: { name: "", kind: "standalone" as Form["kind"] } });
  const submit = form.onSubmit(async (values) => {
    try {
      const made = await take(
        http.POST("/forms", {
          body: {
            ...values,
            published: true,
            fields: [{ ...newField("email", [], t("types.email")), required: true }],
            actions: [],
            post_action: { kind: "message", value: t("thanks") },
          },
        }),
      );
      await refresh("/forms");
      close();
      navigate({ to: "/forms/$id", params: { id: String(made.id) } });
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("common:name")} required data-autofocus {...form.getInputProps("name")} />
        <Radio.Group label={t("kind")} {...form.getInputProps("kind")}>
          <Stack gap="xs" mt={6}>
            <Radio value="standalone" label={t("kinds.standalone")} description={t("kindHints.standalone")} />
            <Radio value="campaign" label={t("kinds.campaign")} description={t("kindHints.campaign")} />
          </Stack>
        </Radio.Group>
        <Text size="xs" c="dimmed">
          {t("newHint")}
        </Text>
        <Group justify="flex-end">
          <Button type="submit">{t("createForm")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
