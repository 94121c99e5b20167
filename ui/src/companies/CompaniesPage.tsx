import { Badge, Button, Group, Menu, Stack, Text } from "@mantine/core";
import { IconBuilding, IconBuildingCommunity } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { Company, FieldValue } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { FormatMenu } from "../contacts/ExportMenu";
import { useFields } from "../contacts/use-fields";
import { FieldInput } from "../contacts/values";
import { DataList, rowsOf } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { problemParts } from "../ui/editor";
import { FilterBar } from "../ui/FilterBar";
import { ago, number } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { EmptyState, ErrorSummary, NothingFound } from "../ui/states";
import { attempt, said, undoable } from "../ui/toasts";
import { useView } from "../ui/view";
import { ChangeSegments } from "./ChangeSegments";
import { MergeDialog } from "./MergeDialog";

/** Contacts of a company are counted up to here. */
const MOST = 1000;

export function useDeleteCompany() {
  const { t } = useTranslation();
  return (company: Company) =>
    attempt(async () => {
      const params = { path: { id: company.id } };
      await take(http.DELETE("/companies/{id}", { params }));
      undoable(t("deleted", { name: company.name }), async () => {
        await take(http.POST("/companies/{id}/restore", { params }));
        await refresh("/companies", "/contacts");
      });
      await refresh("/companies", "/contacts");
    });
}

export function CompaniesPage() {
  const { t } = useTranslation("companies");
  const [view, change] = useView<ListSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const remove = useDeleteCompany();
  const [selected, setSelected] = useState<Set<number>>(new Set());
  const [sorting, setSorting] = useState(false);
  const [merging, setMerging] = useState<{ company: Company; other: number | null } | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/companies",
    { params: { query: { search: view.search, sort: view.sort ?? "name", limit: 50 } } },
    byCursor,
  );
  const { rows } = rowsOf<Company>(query);
  const removeSelected = () =>
    attempt(async () => {
      const ids = [...selected];
      const { affected } = await take(http.POST("/companies/bulk", { body: { ids, action: "delete" } }));
      undoable(t("deletedMany", { count: affected }), async () => {
        await take(http.POST("/companies/bulk", { body: { ids, action: "restore" } }));
        await refresh("/companies", "/contacts");
      });
      setSelected(new Set());
      await refresh("/companies", "/contacts");
    });
  const mergeSelected = () => {
    const [first, second] = rows.filter((row) => selected.has(row.id));
    if (first && second) setMerging({ company: second, other: first.id });
  };
  const create = may && <NewButton onClick={() => change({ new: true })}>{t("new")}</NewButton>;
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("text")}
        actions={
          <>
            <ButtonLink
              to="/companies/segments"
              variant="default"
              leftSection={<IconBuildingCommunity size={16} aria-hidden />}
            >
              {t("segments.title")}
            </ButtonLink>
            <FormatMenu
              run={(format) =>
                take(
                  http.POST("/exports/companies", {
                    body: { search: view.search ?? "", columns: [], format },
                  }),
                )
              }
            />
            {create}
          </>
        }
      />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
      />
      {selected.size > 0 && may && (
        <Group className="hg-bulk" justify="space-between" mb="sm">
          <Text size="sm">{t("selected", { count: selected.size })}</Text>
          <Group gap="xs">
            {selected.size === 2 && (
              <Button size="xs" variant="default" onClick={mergeSelected}>
                {t("mergeTwo")}
              </Button>
            )}
            <Button size="xs" variant="default" onClick={() => setSorting(true)}>
              {t("changeSegments.open")}
            </Button>
            <Button size="xs" variant="default" onClick={removeSelected}>
              {t("deleteSelected")}
            </Button>
            <Button size="xs" variant="subtle" onClick={() => setSelected(new Set())}>
              {t("clear")}
            </Button>
          </Group>
        </Group>
      )}
      <DataList<Company>
        label={t("title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={(row) => navigate({ to: "/companies/$id", params: { id: String(row.id) } })}
        sort={view.sort ?? "name"}
        onSort={(sort) => change({ sort })}
        selected={may ? selected : undefined}
        onSelect={setSelected}
        columns={[
          {
            key: "name",
            title: t("name"),
            sort: "name",
            render: (row) => (
              <>
                <TextLink to="/companies/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                  {row.name}
                </TextLink>
                <Text size="xs" c="dimmed" lineClamp={1}>
                  {[row.fields.companycity, row.fields.companycountry].filter(Boolean).join(", ")}
                </Text>
              </>
            ),
          },
          {
            key: "tags",
            title: t("contacts:tags"),
            render: (row) => (
              <Group gap={4}>
                {row.tags.slice(0, 3).map((tag) => (
                  <Badge key={tag.id} className="hg-badge" variant="default">
                    {tag.name}
                  </Badge>
                ))}
              </Group>
            ),
          },
          {
            key: "people",
            title: t("people"),
            align: "right",
            render: (row) => (row.contacts >= MOST ? t("manyPeople", { count: MOST }) : number(row.contacts)),
          },
          {
            key: "score",
            title: t("score"),
            sort: "score",
            align: "right",
            render: (row) => number(row.score),
          },
          { key: "changed", title: t("changed"), sort: "updated_at", render: (row) => ago(row.updated_at) },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.name })}>
                  <Menu.Item onClick={() => setMerging({ company: row, other: null })}>
                    {t("merge")}
                  </Menu.Item>
                  <Menu.Item onClick={() => remove(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconBuilding} />
          ) : (
            <EmptyState icon={IconBuilding} title={t("empty.title")} action={create}>
              {t("empty.text")}
            </EmptyState>
          )
        }
      />
      <FormModal
        opened={view.new === true}
        close={() => change({ new: undefined })}
        title={t("new")}
        size="lg"
      >
        <NewCompany close={() => change({ new: undefined })} />
      </FormModal>
      <FormModal opened={sorting} close={() => setSorting(false)} title={t("changeSegments.open")}>
        <ChangeSegments
          companies={[...selected]}
          close={() => {
            setSorting(false);
            setSelected(new Set());
          }}
        />
      </FormModal>
      <MergeDialog
        company={merging?.company ?? null}
        other={merging?.other}
        close={() => {
          setMerging(null);
          setSelected(new Set());
        }}
      />
    </>
  );
}

function NewCompany({ close }: { close: () => void }) {
  const { t } = useTranslation("companies");
  const navigate = useNavigate();
  const fields = useFields("company").filter((field) => field.short_visible || field.required);
  const [values, setValues] = useState<Record<string, FieldValue>>({});
  const [errors, setErrors] = useState<{ all: string[]; by: Record<string, string> }>({ all: [], by: {} });
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    try {
      const filled = Object.entries(values).filter(([, value]) => value !== null && value !== "");
      const company = await take(http.POST("/companies", { body: { fields: Object.fromEntries(filled) } }));
      said(t("created"));
      await refresh("/companies");
      navigate({ to: "/companies/$id", params: { id: String(company.id) } });
    } catch (error) {
      const { errors: all, fields: by } = problemParts(error);
      setErrors({ all, by });
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors.all} />
        {fields.map((field, at) => (
          <FieldInput
            key={field.alias}
            field={field}
            value={values[field.alias] ?? null}
            onChange={(value) => setValues({ ...values, [field.alias]: value })}
            error={errors.by[`fields/${field.alias}`]}
            autoFocus={at === 0}
          />
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("common:cancel")}
          </Button>
          <Button type="submit">{t("create")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
