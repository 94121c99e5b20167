import { ActionIcon, Button, Group, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconDownload, IconMailOff, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, API, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Suppression } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { FilterBar } from "../ui/FilterBar";
import { ago } from "../ui/format";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { EmptyState, ErrorSummary } from "../ui/states";
import { attempt, said, undoable } from "../ui/toasts";

const CAUSES = ["unsubscribed", "bounced", "manual", "complained"] as const;

/** Addresses that nothing is sent to. */
export function SuppressionsPage() {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const [search, setSearch] = useState("");
  const [cause, setCause] = useState<string | null>(null);
  const [open, setOpen] = useState<"add" | "import" | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/suppressions",
    { params: { query: { search: search || undefined, cause: cause ?? undefined, limit: 50 } } },
    byCursor,
  );
  const remove = (row: Suppression) =>
    attempt(async () => {
      await take(http.DELETE("/suppressions/{id}", { params: { path: { id: row.id } } }));
      undoable(t("suppressions.removed"), async () => {
        await take(
          http.POST("/suppressions", {
            body: { address: row.hash, cause: row.cause, comments: row.comments },
          }),
        );
        await refresh("/suppressions");
      });
      await refresh("/suppressions");
    });
  return (
    <>
      <PageHeader
        title={t("suppressions.title")}
        description={t("suppressions.text")}
        actions={
          <Group>
            <Button
              component="a"
              href={`${API}/suppressions/export.csv`}
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              {t("suppressions.export")}
            </Button>
            {may && (
              <>
                <Button variant="default" onClick={() => setOpen("import")}>
                  {t("suppressions.import")}
                </Button>
                <NewButton onClick={() => setOpen("add")}>{t("suppressions.add")}</NewButton>
              </>
            )}
          </Group>
        }
      />
      <FilterBar search={search} onSearch={setSearch} placeholder={t("suppressions.search")}>
        <Select
          aria-label={t("suppressions.cause")}
          placeholder={t("suppressions.anyCause")}
          clearable
          clearButtonProps={{ "aria-label": t("suppressions.anyCause") }}
          data={CAUSES.map((key) => ({ value: key, label: t(`suppressions.causes.${key}`) }))}
          value={cause}
          onChange={setCause}
        />
      </FilterBar>
      <DataList<Suppression>
        label={t("suppressions.title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.hash.slice(0, 12)}
        columns={[
          {
            key: "hash",
            title: t("suppressions.hash"),
            render: (row) => <Text size="sm" ff="monospace">{`${row.hash.slice(0, 16)}…`}</Text>,
          },
          {
            key: "cause",
            title: t("suppressions.cause"),
            render: (row) => t(`suppressions.causes.${row.cause}`),
          },
          { key: "source", title: t("suppressions.source"), render: (row) => row.source },
          { key: "added_at", title: t("suppressions.added"), render: (row) => ago(row.added_at) },
          ...(may
            ? [
                {
                  key: "remove",
                  title: t("suppressions.remove"),
                  render: (row: Suppression) => (
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      c="dimmed"
                      aria-label={`${t("suppressions.remove")}: ${row.hash.slice(0, 12)}`}
                      onClick={() => remove(row)}
                    >
                      <IconTrash size={16} aria-hidden />
                    </ActionIcon>
                  ),
                },
              ]
            : []),
        ]}
        empty={
          <EmptyState icon={IconMailOff} title={t("suppressions.emptyTitle")}>
            {t("suppressions.emptyText")}
          </EmptyState>
        }
      />
      <AddForm opened={open === "add"} close={() => setOpen(null)} />
      <ImportForm opened={open === "import"} close={() => setOpen(null)} />
    </>
  );
}

type Dialog = { opened: boolean; close: () => void };

function AddForm({ opened, close }: Dialog) {
  const { t } = useTranslation("persons");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: { address: "", cause: "manual" as Suppression["cause"], comments: "" },
  });
  const submit = form.onSubmit(async (body) => {
    try {
      await take(http.POST("/suppressions", { body }));
      setErrors([]);
      form.reset();
      close();
      await refresh("/suppressions");
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <FormModal opened={opened} close={close} title={t("suppressions.add")}>
      <form onSubmit={submit}>
        <Stack>
          <ErrorSummary errors={errors} />
          <TextInput
            label={t("suppressions.address")}
            description={t("suppressions.addressHint")}
            required
            data-autofocus
            {...form.getInputProps("address")}
          />
          <Select
            label={t("suppressions.cause")}
            allowDeselect={false}
            data={CAUSES.map((key) => ({ value: key, label: t(`suppressions.causes.${key}`) }))}
            {...form.getInputProps("cause")}
          />
          <TextInput label={t("suppressions.comments")} {...form.getInputProps("comments")} />
          <Group justify="flex-end">
            <Button type="submit">{t("common:save")}</Button>
          </Group>
        </Stack>
      </form>
    </FormModal>
  );
}

function ImportForm({ opened, close }: Dialog) {
  const { t } = useTranslation("persons");
  const [csv, setCsv] = useState("");
  const run = () =>
    attempt(async () => {
      const done = await take(http.POST("/suppressions/import", { body: { csv } }));
      said(t("suppressions.imported", done));
      setCsv("");
      close();
      await refresh("/suppressions");
    });
  return (
    <FormModal opened={opened} close={close} title={t("suppressions.importTitle")}>
      <Stack>
        <Textarea
          label={t("suppressions.importText")}
          description={t("suppressions.importHint")}
          data-autofocus
          autosize
          minRows={8}
          maxRows={16}
          value={csv}
          onChange={(event) => setCsv(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button disabled={!csv.trim()} onClick={run}>
            {t("suppressions.import")}
          </Button>
        </Group>
      </Stack>
    </FormModal>
  );
}
