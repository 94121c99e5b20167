import { Alert, Badge, Button, Group, Menu, SimpleGrid, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconBuilding, IconPencil, IconPlus } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { CompanySegment, SegmentCompany } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { ago, number } from "../ui/format";
import { ButtonLink, PathLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { FormModal, StatTile } from "../ui/parts";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { attempt, said, undoable } from "../ui/toasts";
import { deleteCompanySegment } from "./CompanySegmentsPage";
import { CompanySelect } from "./CompanySelect";

export function CompanySegmentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery(
    "get",
    "/company-segments/{id}",
    { params: { path: { id: Number(id) } } },
    { refetchInterval: (q) => ((q.state.data as CompanySegment | undefined)?.building ? 1_000 : 15_000) },
  );
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data || query.data.id !== Number(id)) return <Waiting />;
  return <Record segment={query.data} />;
}

function Record({ segment }: { segment: CompanySegment }) {
  const { t } = useTranslation("companies");
  const may = useMayEdit();
  const navigate = useNavigate();
  const params = { path: { id: segment.id } };
  const rebuild = () =>
    attempt(async () => {
      await take(http.POST("/company-segments/{id}/rebuild", { params }));
      await refresh("/company-segments", "/tasks");
    }, t("segments.rebuilding"));
  const copy = () =>
    attempt(async () => {
      const made = await take(http.POST("/company-segments/{id}/clone", { params }));
      await refresh("/company-segments");
      said(t("segments.cloned", { name: made.name }));
      navigate({ to: "/companies/segments/$id", params: { id: String(made.id) } });
    });
  // Campaigns and emails are for people: a segment of those who work there can feed them.
  const people = () =>
    attempt(async () => {
      const rule = { field: "company_segments", op: "in", value: [segment.id] };
      const body = {
        name: t("segments.peopleOf", { name: segment.name }),
        filter: { match: "all" as const, rules: [rule] },
      };
      const made = await take(http.POST("/segments", { body }));
      await refresh("/segments", "/company-segments");
      said(t("segments.peopleMade", { name: made.name }));
      navigate({ to: "/segments/$id", params: { id: String(made.id) } });
    });
  const publish = () =>
    attempt(async () => {
      const body = { published: !segment.published, version: segment.version };
      await take(http.PATCH("/company-segments/{id}", { params, body }));
      await refresh("/company-segments");
    });
  return (
    <>
      <PageHeader
        title={segment.name}
        description={segment.description}
        back={{ path: "/companies/segments", label: t("segments.title") }}
        actions={
          may && (
            <>
              <ButtonLink
                to="/companies/segments/$id/edit"
                params={{ id: String(segment.id) }}
                data-shortcut="edit"
                leftSection={<IconPencil size={16} aria-hidden />}
              >
                {t("segments.edit")}
              </ButtonLink>
              <DotsMenu button label={t("common:moreActions", { name: segment.name })}>
                <Menu.Item onClick={rebuild}>{t("segments.rebuild")}</Menu.Item>
                <Menu.Item onClick={people}>{t("segments.ofPeople")}</Menu.Item>
                <Menu.Item onClick={copy}>{t("segments.clone")}</Menu.Item>
                <Menu.Item onClick={publish}>
                  {t(segment.published ? "segments.unpublish" : "segments.publish")}
                </Menu.Item>
                <Menu.Item
                  onClick={async () => {
                    if (await deleteCompanySegment(segment)) navigate({ to: "/companies/segments" });
                  }}
                >
                  {t("common:delete")}
                </Menu.Item>
              </DotsMenu>
            </>
          )
        }
      />
      {segment.broken && (
        <Alert
          mb="md"
          variant="default"
          role="alert"
          icon={<IconAlertTriangle aria-hidden color="var(--mantine-color-error)" />}
          title={t("segments.brokenTitle")}
        >
          {segment.broken}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 3 }} mb="lg">
        <StatTile
          label={t("title")}
          value={segment.building ? t("segments.building") : number(segment.count)}
          note={segment.last_built_at && t("segments.built", { when: ago(segment.last_built_at) })}
        />
        <StatTile
          label={t("segments.kind")}
          value={
            <Text fz={20} fw={600} span>
              {t(segment.filter?.rules.length ? "segments.dynamic" : "segments.static")}
            </Text>
          }
          note={!segment.published && t("segments.unpublished")}
        />
        <StatTile
          label={t("segments.usedBy")}
          value={segment.used_by.length}
          note={
            <Group gap={8}>
              {segment.used_by.map((use) => (
                <PathLink key={use.id} path={`/segments/${use.id}`} size="xs">
                  {use.name}
                </PathLink>
              ))}
            </Group>
          }
        />
      </SimpleGrid>
      <Members segment={segment} />
    </>
  );
}

function Members({ segment }: { segment: CompanySegment }) {
  const { t } = useTranslation("companies");
  const navigate = useNavigate();
  const may = useMayEdit();
  const [opened, { open, close }] = useDisclosure();
  const [company, setCompany] = useState<number | null>(null);
  const params = { path: { id: segment.id } };
  const query = $api.useInfiniteQuery(
    "get",
    "/company-segments/{id}/companies",
    { params: { ...params, query: { limit: 50 } } },
    byCursor,
  );
  const write = async (body: { add?: number[]; remove?: number[]; forget?: number[] }) => {
    await take(http.POST("/company-segments/{id}/companies", { params, body }));
    await refresh("/company-segments", "/companies");
  };
  const takeOut = (row: SegmentCompany) =>
    attempt(async () => {
      await write({ remove: [row.id] });
      const back = row.by_hand ? { add: [row.id] } : { forget: [row.id] };
      undoable(t("segments.removed", { name: row.name }), () => write(back));
    });
  return (
    <>
      {may && (
        <Group justify="flex-end" mb="sm">
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={open}>
            {t("segments.add")}
          </Button>
        </Group>
      )}
      <DataList<SegmentCompany>
        label={t("segments.members")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={(row) => row.name}
        onOpen={(row) => navigate({ to: "/companies/$id", params: { id: String(row.id) } })}
        columns={[
          {
            key: "name",
            title: t("name"),
            render: (row) => (
              <Group gap={8}>
                <TextLink to="/companies/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                  {row.name}
                </TextLink>
                {row.by_hand && (
                  <Badge className="hg-badge" variant="default">
                    {t("segments.byHand")}
                  </Badge>
                )}
              </Group>
            ),
          },
          { key: "score", title: t("score"), align: "right", render: (row) => number(row.score) },
          {
            key: "menu",
            title: "",
            width: 120,
            render: (row) =>
              may && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  c="dimmed"
                  aria-label={t("segments.remove", { name: row.name })}
                  onClick={() => takeOut(row)}
                >
                  {t("common:remove")}
                </Button>
              ),
          },
        ]}
        empty={
          <EmptyState icon={IconBuilding} title={t("segments.nobodyTitle")}>
            {t("segments.nobodyText")}
          </EmptyState>
        }
      />
      <FormModal opened={opened} close={close} title={t("segments.add")}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t("segments.addHint")}
          </Text>
          <CompanySelect label={t("name")} value={company} onChange={setCompany} autoFocus />
          <Group justify="flex-end">
            <Button
              disabled={!company}
              onClick={() =>
                attempt(async () => {
                  await write({ add: [company!] });
                  setCompany(null);
                  close();
                })
              }
            >
              {t("common:add")}
            </Button>
          </Group>
        </Stack>
      </FormModal>
    </>
  );
}
