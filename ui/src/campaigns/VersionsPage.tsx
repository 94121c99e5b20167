import { Badge, Button, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { CampaignVersion } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { dateTime } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { attempt, said } from "../ui/toasts";
import { useEditDialog } from "./useEditDialog";

/** Every publishing of the campaign, with the way back to each. */
export function VersionsPage() {
  const { t } = useTranslation("campaigns");
  const { id } = useParams({ strict: false }) as { id: string };
  const may = useMayEdit();
  const navigate = useNavigate();
  const { ask, dialog } = useEditDialog();
  const path = { id: Number(id) };
  const campaign = $api.useQuery("get", "/campaigns/{id}", { params: { path } });
  const query = $api.useInfiniteQuery(
    "get",
    "/campaigns/{id}/versions",
    { params: { path, query: { limit: 50 } } },
    byCursor,
  );
  useLive<{ kind: string }>("task", (event) => {
    if (event.kind === "campaign.edit") refresh("/campaigns/{id}/versions");
  });
  if (campaign.isError) return <ErrorState page error={campaign.error} retry={campaign.refetch} />;
  if (!campaign.data) return <Waiting />;
  const { name, version } = campaign.data;
  // While a campaign runs, what runs is the newest version: nothing to go back to.
  const running = campaign.data.state === "published" ? query.data?.pages[0]?.items[0]?.number : undefined;
  const goBack = (row: CampaignVersion) =>
    attempt(async () => {
      const params = { path: { id: Number(id), number: row.number } };
      const found = await take(http.GET("/campaigns/{id}/versions/{number}", { params }));
      const people = found.back.length
        ? await ask({
            title: t("versions.backTitle", { number: row.number }),
            confirm: t("versions.back"),
            differences: found.back,
            steps: found.steps,
          })
        : {};
      if (!people) return;
      const body = { version, people };
      await take(http.POST("/campaigns/{id}/versions/{number}/restore", { params, body }));
      await refresh("/campaigns");
      said(t("versions.wentBack", { number: row.number }));
      await navigate({ to: "/campaigns/$id", params: { id } });
    });
  const changes = (row: CampaignVersion) =>
    (["added", "changed", "removed"] as const)
      .filter((one) => row[one] > 0)
      .map((one) => t(`versions.${one}`, { count: row[one] }))
      .join(", ");
  return (
    <>
      <PageHeader
        title={t("versions.title", { name: name || t("untitled") })}
        description={t("versions.text")}
        back={{ path: `/campaigns/${id}`, label: name || t("untitled") }}
      />
      <DataList<CampaignVersion>
        label={t("versions.label")}
        query={query}
        rowKey={(row) => row.number}
        rowLabel={(row) => t("versions.number", { number: row.number })}
        columns={[
          {
            key: "number",
            title: t("versions.version"),
            render: (row) => (
              <>
                <Text size="sm">{t("versions.number", { number: row.number })}</Text>
                {row.note && (
                  <Text size="xs" c="dimmed">
                    {row.note}
                  </Text>
                )}
              </>
            ),
          },
          {
            key: "changes",
            title: t("versions.changes"),
            render: (row) => (
              <>
                {changes(row) || t("versions.none")}
                {!row.done && (
                  <Badge variant="outline" tt="none" ml="xs">
                    {t("versions.moving")}
                  </Badge>
                )}
              </>
            ),
          },
          { key: "when", title: t("versions.when"), render: (row) => dateTime(row.made_at) },
          { key: "who", title: t("versions.who"), render: (row) => row.made_by ?? t("versions.nobody") },
          {
            key: "back",
            title: "",
            render: (row) =>
              row.number === running ? (
                <Badge className="hg-badge hg-badge-teal" variant="default">
                  {t("versions.running")}
                </Badge>
              ) : (
                may && (
                  <Button
                    size="xs"
                    variant="default"
                    leftSection={<IconHistory size={14} aria-hidden />}
                    onClick={() => goBack(row)}
                  >
                    {t("versions.backTo", { number: row.number })}
                  </Button>
                )
              ),
          },
        ]}
        empty={
          <EmptyState icon={IconHistory} title={t("versions.emptyTitle")}>
            {t("versions.emptyText")}
          </EmptyState>
        }
      />
      {dialog}
    </>
  );
}
