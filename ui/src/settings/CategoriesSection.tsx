import {
  Badge,
  Box,
  Button,
  ColorInput,
  Group,
  Menu,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconCategory } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Category } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { number } from "../ui/format";
import { PathLink, pathOf } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { FormModal } from "../ui/parts";
import { EmptyState, ErrorSummary } from "../ui/states";
import { removeWithUndo, said } from "../ui/toasts";

const BUNDLES: Category["bundle"][] = [
  "global",
  "segment",
  "email",
  "page",
  "form",
  "campaign",
  "point",
  "stage",
];

/** How things are sorted: categories with their colours, and what is in them. */
export function CategoriesSection() {
  const { t } = useTranslation("categories");
  const may = useMayEdit();
  const [search, setSearch] = useState("");
  const [sort, setSort] = useState("title");
  const [editing, setEditing] = useState<Category | "new" | null>(null);
  const [shown, setShown] = useState<Category | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/categories",
    { params: { query: { search: search || undefined, sort, limit: 100 } } },
    byCursor,
  );
  const remove = (category: Category) =>
    removeWithUndo(category.title, ["/categories"], {
      remove: () => take(http.DELETE("/categories/{id}", { params: { path: { id: category.id } } })),
      restore: () => take(http.POST("/categories/{id}/restore", { params: { path: { id: category.id } } })),
    });
  const create = may && <NewButton onClick={() => setEditing("new")}>{t("new")}</NewButton>;
  return (
    <>
      <Group justify="space-between" align="flex-start">
        <FilterBar search={search} onSearch={setSearch} placeholder={t("search")} />
        {create}
      </Group>
      <DataList<Category>
        label={t("title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.title}
        onOpen={may ? setEditing : undefined}
        sort={sort}
        onSort={setSort}
        columns={[
          {
            key: "title",
            title: t("titleField"),
            sort: "title",
            render: (row) => (
              <Group gap="xs">
                <Box
                  aria-hidden
                  w={12}
                  h={12}
                  style={{
                    borderRadius: 4,
                    background: row.color ? `#${row.color}` : "transparent",
                    border: "1px solid var(--hg-line)",
                  }}
                />
                <Text size="sm" fw={550}>
                  {row.title}
                </Text>
                {!row.published && (
                  <Badge variant="default" size="sm">
                    {t("off")}
                  </Badge>
                )}
              </Group>
            ),
          },
          { key: "bundle", title: t("for"), sort: "bundle", render: (row) => t(`bundle.${row.bundle}`) },
          { key: "description", title: t("common:description"), render: (row) => row.description },
          {
            key: "used",
            title: t("used"),
            align: "right",
            render: (row) =>
              row.used ? (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={t("usedOf", { name: row.title })}
                  onClick={() => setShown(row)}
                >
                  {number(row.used)}
                </Button>
              ) : (
                number(0)
              ),
          },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.title })}>
                  <Menu.Item onClick={() => setEditing(row)}>{t("common:edit")}</Menu.Item>
                  <Menu.Item onClick={() => remove(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          <EmptyState icon={IconCategory} title={t("emptyTitle")} action={create}>
            {t("emptyText")}
          </EmptyState>
        }
      />
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("new") : t("edit")}
      >
        {editing && (
          <CategoryForm category={editing === "new" ? null : editing} close={() => setEditing(null)} />
        )}
      </FormModal>
      <FormModal opened={shown !== null} close={() => setShown(null)} title={shown?.title ?? ""}>
        {shown && <Usage category={shown} />}
      </FormModal>
    </>
  );
}

function Usage({ category }: { category: Category }) {
  const { data } = $api.useQuery("get", "/categories/{id}/usage", {
    params: { path: { id: category.id } },
  });
  return (
    <Stack gap={4}>
      {data?.map((use) => {
        const path = pathOf(use.type, use.id);
        return path ? (
          <PathLink key={`${use.type}${use.id}`} path={path} size="sm">
            {use.name}
          </PathLink>
        ) : (
          <Text key={`${use.type}${use.id}`} size="sm">
            {use.name}
          </Text>
        );
      })}
    </Stack>
  );
}

function CategoryForm({ category, close }: { category: Category | null; close: () => void }) {
  const { t } = useTranslation("categories");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: {
      title: category?.title ?? "",
      bundle: category?.bundle ?? ("global" as Category["bundle"]),
      description: category?.description ?? "",
      color: category?.color ? `#${category.color}` : "",
      published: category?.published ?? true,
    },
  });
  const submit = form.onSubmit(async ({ bundle, ...values }) => {
    try {
      const body = { ...values, color: values.color || null };
      if (category) {
        const params = { path: { id: category.id } };
        await take(http.PATCH("/categories/{id}", { params, body: { ...body, version: category.version } }));
      } else await take(http.POST("/categories", { body: { ...body, bundle } }));
      close();
      said(t("saved", { name: body.title }));
      await refresh("/categories");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("titleField")} required data-autofocus {...form.getInputProps("title")} />
        <Select
          label={t("for")}
          description={category ? t("forFixed") : t("forHint")}
          disabled={category !== null}
          allowDeselect={false}
          data={BUNDLES.map((key) => ({ value: key, label: t(`bundle.${key}`) }))}
          {...form.getInputProps("bundle")}
        />
        <ColorInput
          label={t("color")}
          eyeDropperButtonProps={{ "aria-label": t("pickColor") }}
          {...form.getInputProps("color")}
        />
        <Textarea
          label={t("common:description")}
          autosize
          minRows={1}
          {...form.getInputProps("description")}
        />
        <Switch
          label={t("on")}
          description={t("onHint")}
          checked={form.values.published}
          onChange={(event) => form.setFieldValue("published", event.currentTarget.checked)}
        />
        <Group justify="flex-end">
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
