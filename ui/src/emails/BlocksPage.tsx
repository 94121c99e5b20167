import { Menu, Text } from "@mantine/core";
import { IconBookmarks } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { SavedBlock } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { ago, number } from "../ui/format";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { ConsequenceDialog, FormModal } from "../ui/parts";
import { EmptyState, NothingFound } from "../ui/states";
import { removeWithUndo } from "../ui/toasts";
import { useView } from "../ui/view";
import { BlockForm, Uses } from "./BlockForm";

const remove = (block: SavedBlock, keep_copies: boolean) => {
  const params = { path: { id: block.id } };
  return removeWithUndo(block.name, ["/email-blocks", "/emails"], {
    remove: () => take(http.DELETE("/email-blocks/{id}", { params: { ...params, query: { keep_copies } } })),
    restore: () => take(http.POST("/email-blocks/{id}/restore", { params })),
  });
};

/** Pieces of emails that are used again. */
export function BlocksPage() {
  const { t } = useTranslation("emails");
  const [view, change] = useView<ListSearch>();
  const may = useMayEdit();
  const [shown, setShown] = useState<SavedBlock | "new" | null>(null);
  const [leaving, setLeaving] = useState<SavedBlock | null>(null);
  const sort = view.sort ?? "name";
  const query = $api.useInfiniteQuery(
    "get",
    "/email-blocks",
    { params: { query: { search: view.search, sort, limit: 50 } } },
    byCursor,
  );
  const create = may && <NewButton onClick={() => setShown("new")}>{t("blocks.new")}</NewButton>;
  const takeAway = (block: SavedBlock) => (block.used_by ? setLeaving(block) : remove(block, false));
  const close = () => setShown(null);
  return (
    <>
      <PageHeader
        title={t("blocks.title")}
        description={t("blocks.text")}
        back={{ path: "/emails", label: t("title") }}
        actions={create}
      />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("blocks.search")}
      />
      <DataList<SavedBlock>
        label={t("blocks.title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={may ? setShown : undefined}
        sort={sort}
        onSort={(next) => change({ sort: next })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <Text size="sm" fw={550}>
                {row.name}
              </Text>
            ),
          },
          { key: "category", title: t("blocks.category"), sort: "category", render: (row) => row.category },
          { key: "format", title: t("format"), render: (row) => row.format.toUpperCase() },
          { key: "used", title: t("blocks.used"), align: "right", render: (row) => number(row.used_by) },
          { key: "updated", title: t("changed"), sort: "updated_at", render: (row) => ago(row.updated_at) },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.name })}>
                  <Menu.Item onClick={() => setShown(row)}>{t("common:edit")}</Menu.Item>
                  <Menu.Item onClick={() => takeAway(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconBookmarks} />
          ) : (
            <EmptyState icon={IconBookmarks} title={t("blocks.empty.title")} action={create}>
              {t("blocks.empty.text")}
            </EmptyState>
          )
        }
      />
      <FormModal
        opened={shown !== null}
        close={close}
        title={shown && shown !== "new" ? shown.name : t("blocks.new")}
        size="xl"
      >
        {shown && <BlockForm block={shown === "new" ? undefined : shown} close={close} />}
      </FormModal>
      <ConsequenceDialog
        opened={leaving !== null}
        close={() => setLeaving(null)}
        title={t("blocks.deleteTitle", { name: leaving?.name ?? "" })}
        confirm={t("blocks.deleteKeep")}
        run={async () => {
          if (leaving) await remove(leaving, true);
          await refresh("/email-blocks");
        }}
      >
        <Text size="sm">{t("blocks.deleteText")}</Text>
        {leaving && <Uses block={leaving} />}
      </ConsequenceDialog>
    </>
  );
}
