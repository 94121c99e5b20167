import { Menu, Text } from "@mantine/core";
import { IconBookmarks, IconMail } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Email } from "../api/types";
import type { ListSearch } from "../app/router";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { FilterBar } from "../ui/FilterBar";
import { ago, number, percent, spoken } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, NothingFound, StateBadge } from "../ui/states";
import { attempt, undoable } from "../ui/toasts";
import { useView } from "../ui/view";
import { emailState } from "./state";

export function useDeleteEmail() {
  const { t } = useTranslation();
  return (email: Email) =>
    attempt(async () => {
      const params = { path: { id: email.id } };
      await take(http.DELETE("/emails/{id}", { params }));
      undoable(t("deleted", { name: email.name }), async () => {
        await take(http.POST("/emails/{id}/restore", { params }));
        await refresh("/emails");
      });
      await refresh("/emails");
    });
}

export function EmailsPage() {
  const { t } = useTranslation("emails");
  const [view, change] = useView<ListSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const remove = useDeleteEmail();
  const query = $api.useInfiniteQuery(
    "get",
    "/emails",
    { params: { query: { search: view.search, sort: view.sort ?? "-updated_at", limit: 50 } } },
    byCursor,
  );
  useLive("send", () => refresh("/emails"));
  const create = may && <NewButton onClick={() => navigate({ to: "/emails/new" })}>{t("new")}</NewButton>;
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("text")}
        actions={
          <>
            <ButtonLink
              to="/emails/blocks"
              search={{}}
              variant="default"
              leftSection={<IconBookmarks size={16} aria-hidden />}
            >
              {t("blocks.title")}
            </ButtonLink>
            {create}
          </>
        }
      />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
      />
      <DataList<Email>
        label={t("title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={(row) => navigate({ to: "/emails/$id", params: { id: String(row.id) } })}
        sort={view.sort ?? "-updated_at"}
        onSort={(sort) => change({ sort })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <>
                <TextLink to="/emails/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                  {row.name}
                </TextLink>
                <Text size="xs" c="dimmed" lineClamp={1}>
                  {spoken(row.subject)}
                </Text>
              </>
            ),
          },
          { key: "kind", title: t("kind"), render: (row) => t(`kinds.${row.kind}`) },
          { key: "state", title: t("state"), render: (row) => <StateBadge state={emailState(row)} /> },
          { key: "sent", title: t("sent"), align: "right", render: (row) => number(row.counts.sent) },
          {
            key: "opened",
            title: t("opened"),
            align: "right",
            render: (row) => <Rate part={row.counts.opened} whole={row.counts.sent} />,
          },
          {
            key: "clicked",
            title: t("clicked"),
            align: "right",
            render: (row) => <Rate part={row.counts.clicked} whole={row.counts.sent} />,
          },
          { key: "updated", title: t("changed"), sort: "updated_at", render: (row) => ago(row.updated_at) },
          {
            key: "menu",
            title: "",
            width: 60,
            render: (row) =>
              may && (
                <DotsMenu label={t("common:moreActions", { name: row.name })}>
                  <Menu.Item
                    onClick={() => navigate({ to: "/emails/$id/edit", params: { id: String(row.id) } })}
                  >
                    {t("common:edit")}
                  </Menu.Item>
                  <Menu.Item onClick={() => remove(row)}>{t("common:delete")}</Menu.Item>
                </DotsMenu>
              ),
          },
        ]}
        empty={
          view.search ? (
            <NothingFound icon={IconMail} />
          ) : (
            <EmptyState icon={IconMail} title={t("empty.title")} action={create}>
              {t("empty.text")}
            </EmptyState>
          )
        }
      />
    </>
  );
}

/** A rate with its base. */
export function Rate({ part, whole }: { part: number; whole: number }) {
  if (!whole)
    return (
      <Text size="sm" c="dimmed" component="span">
        –
      </Text>
    );
  return (
    <Text size="sm" component="span" title={`${number(part)} / ${number(whole)}`}>
      {percent(part, whole)}{" "}
      <Text size="xs" c="dimmed" component="span">
        {number(part)}
      </Text>
    </Text>
  );
}
