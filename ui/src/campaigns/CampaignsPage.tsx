import { Button, Group, Menu, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconRoute } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import { useLive } from "../api/live";
import type { Campaign } from "../api/types";
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
import { ThingSelect } from "../ui/pickers";
import { EmptyState, ErrorSummary, NothingFound, StateBadge } from "../ui/states";
import { attempt, undoable } from "../ui/toasts";
import { useView } from "../ui/view";
import { ImportButton } from "./ImportButton";

export function useDeleteCampaign() {
  const { t } = useTranslation();
  return (campaign: Campaign) =>
    attempt(async () => {
      const params = { path: { id: campaign.id } };
      await take(http.DELETE("/campaigns/{id}", { params }));
      undoable(t("deleted", { name: campaign.name }), async () => {
        await take(http.POST("/campaigns/{id}/restore", { params }));
        await refresh("/campaigns");
      });
      await refresh("/campaigns");
    });
}

export function CampaignsPage() {
  const { t } = useTranslation("campaigns");
  const [view, change] = useView<ListSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const remove = useDeleteCampaign();
  const query = $api.useInfiniteQuery(
    "get",
    "/campaigns",
    { params: { query: { search: view.search, sort: view.sort ?? "-updated_at", limit: 50 } } },
    byCursor,
  );
  useLive("campaign", () => refresh("/campaigns"));
  const actions = may && (
    <Group gap="xs">
      <ImportButton />
      <NewButton onClick={() => change({ new: true })}>{t("new")}</NewButton>
    </Group>
  );
  const create = may && <NewButton onClick={() => change({ new: true })}>{t("new")}</NewButton>;
  return (
    <>
      <PageHeader title={t("title")} description={t("text")} actions={actions} />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
      />
      <DataList<Campaign>
        label={t("title")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={(row) => navigate({ to: "/campaigns/$id", params: { id: String(row.id) } })}
        sort={view.sort ?? "-updated_at"}
        onSort={(sort) => change({ sort })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            sort: "name",
            render: (row) => (
              <>
                <TextLink to="/campaigns/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                  {row.name}
                </TextLink>
                <Text size="xs" c="dimmed" lineClamp={1}>
                  {row.sources.map((source) => source.name).join(", ") || row.description}
                </Text>
              </>
            ),
          },
          { key: "state", title: t("state"), render: (row) => <StateBadge state={row.state} /> },
          { key: "steps", title: t("steps"), align: "right", render: (row) => number(row.steps.length) },
          {
            key: "members",
            title: t("entered"),
            align: "right",
            render: (row) => (
              <TextLink to="/campaigns/$id/people" params={{ id: String(row.id) }} size="sm">
                {number(row.counts.members)}
              </TextLink>
            ),
          },
          {
            key: "active",
            title: t("onTheWay"),
            align: "right",
            render: (row) => number(row.counts.active - row.counts.finished),
          },
          {
            key: "finished",
            title: t("finished"),
            align: "right",
            render: (row) => number(row.counts.finished),
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
            <NothingFound icon={IconRoute} />
          ) : (
            <EmptyState
              icon={IconRoute}
              title={t("empty.title")}
              action={create}
              example={<Text size="sm">{t("empty.example")}</Text>}
            >
              {t("empty.text")}
            </EmptyState>
          )
        }
      />
      <FormModal opened={view.new === true} close={() => change({ new: undefined })} title={t("new")}>
        <NewCampaign close={() => change({ new: undefined })} />
      </FormModal>
    </>
  );
}

function NewCampaign({ close }: { close: () => void }) {
  const { t } = useTranslation("campaigns");
  const navigate = useNavigate();
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({ initialValues: { name: "" } });
  const [segment, setSegment] = useState<number | null>(null);
  const [template, setTemplate] = useState("");
  const templates = $api.useQuery("get", "/campaigns/templates").data ?? [];
  const submit = form.onSubmit(async ({ name }) => {
    try {
      const sources = segment ? [{ kind: "segment" as const, id: segment }] : [];
      const made = await take(
        template
          ? http.POST("/campaigns/templates/{key}", {
              params: { path: { key: template } },
              body: { name, sources },
            })
          : http.POST("/campaigns", { body: { name, sources, steps: [] } }),
      );
      await refresh("/campaigns");
      close();
      navigate({ to: "/campaigns/$id", params: { id: String(made.id) } });
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("common:name")} required data-autofocus {...form.getInputProps("name")} />
        <ThingSelect
          kind="segments"
          label={t("source.segment")}
          description={t("source.laterHint")}
          value={segment}
          onChange={setSegment}
          clearable
        />
        <Radio.Group label={t("template.title")} value={template} onChange={setTemplate}>
          <Stack gap="xs" mt="xs">
            <Radio value="" label={t("template.empty")} />
            {templates.map((one) => (
              <Radio
                key={one.key}
                value={one.key}
                label={one.name}
                description={`${one.description} ${t("template.needs", { needs: one.needs })}`}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Group justify="flex-end">
          <Button type="submit">{t("createCampaign")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
