import { Alert, Button, Group, Menu, SimpleGrid, Stack, Table, Tabs, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconAlertTriangle,
  IconCheck,
  IconHistory,
  IconPencil,
  IconUserPlus,
  IconUsers,
  IconX,
} from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Contact, Segment, SegmentChange } from "../api/types";
import { useMayEdit } from "../app/session";
import { useDisplayName } from "../contacts/ContactsPage";
import { DataList, rowsOf } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { ago, dateTime, number } from "../ui/format";
import { ButtonLink, PathLink, pathOf, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, FormModal, StatTile } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { attempt, said, undoable } from "../ui/toasts";
import { useView } from "../ui/view";
import { ExplainNode } from "./ExplainNode";
import { useDeleteSegment } from "./Reached";
import { Compare, Growth, Overrides } from "./SegmentParts";
import { SegmentSettings } from "./SegmentSettings";
import { SplitDialog } from "./SplitDialog";

export function SegmentPage() {
  const { t } = useTranslation("segments");
  const { id } = useParams({ strict: false }) as { id: string };
  const [view, change] = useView<{ tab?: string; contact?: number }>();
  const may = useMayEdit();
  const navigate = useNavigate();
  const { remove, dialog } = useDeleteSegment(true);
  const [settings, setup] = useDisclosure();
  const [splitting, split] = useDisclosure();
  const query = $api.useQuery("get", "/segments/{id}", { params: { path: { id: Number(id) } } });
  useLive<{ id: number }>("segment", (event) => {
    if (event.id === Number(id)) refresh("/segments/{id}");
  });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const segment = query.data;
  if (!segment || segment.id !== Number(id)) return <Waiting />;
  const rebuild = () =>
    attempt(async () => {
      await take(http.POST("/segments/{id}/rebuild", { params: { path: { id: segment.id } } }));
      await refresh("/segments", "/tasks");
    }, t("rebuilding"));
  const copy = (how: "clone" | "freeze") =>
    attempt(async () => {
      const params = { path: { id: segment.id } };
      const made =
        how === "clone"
          ? await take(http.POST("/segments/{id}/clone", { params }))
          : await take(http.POST("/segments/{id}/freeze", { params, body: {} }));
      await refresh("/segments");
      said(t(how === "clone" ? "cloned" : "frozen", { name: made.name }));
      navigate({ to: "/segments/$id", params: { id: String(made.id) } });
    });
  const publish = () =>
    attempt(
      async () => {
        const body = { published: !segment.published, version: segment.version };
        await take(http.PATCH("/segments/{id}", { params: { path: { id: segment.id } }, body }));
        await refresh("/segments");
      },
      t(segment.published ? "unpublished" : "published"),
    );
  return (
    <>
      <PageHeader
        title={segment.name}
        description={segment.description}
        back={{ path: "/segments", label: t("title") }}
        actions={
          may && (
            <>
              <ButtonLink
                to="/segments/$id/edit"
                params={{ id }}
                data-shortcut="edit"
                leftSection={<IconPencil size={16} aria-hidden />}
              >
                {t("editFilter")}
              </ButtonLink>
              <DotsMenu button label={t("common:moreActions", { name: segment.name })}>
                <Menu.Item onClick={rebuild}>{t("rebuild")}</Menu.Item>
                <Menu.Item onClick={() => copy("clone")}>{t("clone")}</Menu.Item>
                <Menu.Item onClick={() => copy("freeze")}>{t("freeze")}</Menu.Item>
                <Menu.Item onClick={split.open}>{t("split.open")}</Menu.Item>
                <Menu.Item onClick={publish}>{segment.published ? t("unpublish") : t("publish")}</Menu.Item>
                <Menu.Item onClick={setup.open}>{t("setup.open")}</Menu.Item>
                <Menu.Item onClick={() => remove(segment)}>{t("common:delete")}</Menu.Item>
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
          title={t("brokenTitle")}
        >
          {segment.broken}
        </Alert>
      )}
      {segment.expires_at && segment.published && (
        <Text size="sm" c="dimmed" mb="md">
          {t("expires", { when: dateTime(segment.expires_at) })}
        </Text>
      )}
      {!segment.published && (
        <Alert mb="md" variant="default" title={t("unpublishedTitle")}>
          {t("unpublishedText")}
        </Alert>
      )}
      <FormModal opened={settings} close={setup.close} title={t("setup.title")}>
        <SegmentSettings segment={segment} close={setup.close} />
      </FormModal>
      <FormModal opened={splitting} close={split.close} title={t("split.title", { name: segment.name })}>
        <SplitDialog segment={segment} close={split.close} />
      </FormModal>
      <SimpleGrid cols={{ base: 1, sm: 3 }} mb="lg">
        <StatTile
          label={t("people")}
          value={segment.building ? t("building") : number(segment.count)}
          note={
            <TextLink to="/contacts" search={{ segment: segment.id }} size="xs">
              {t("showAll")}
            </TextLink>
          }
        />
        <StatTile
          label={t("kind")}
          value={
            <Text fz={20} fw={600} span>
              {segment.filter?.rules.length ? t("dynamic") : t("static")}
            </Text>
          }
          note={segment.last_built_at && t("built", { when: ago(segment.last_built_at) })}
        />
        <StatTile
          label={t("usedBy")}
          value={segment.used_by.length}
          note={
            <Group gap={8}>
              {segment.used_by.slice(0, 3).map((use) => {
                const path = pathOf(use.type, use.id);
                return path ? (
                  <PathLink key={`${use.type}${use.id}`} path={path} size="xs">
                    {use.name}
                  </PathLink>
                ) : (
                  <span key={`${use.type}${use.id}`}>{use.name}</span>
                );
              })}
            </Group>
          }
        />
      </SimpleGrid>
      {(segment.depends_on.length > 0 || segment.used_by.length > 3) && (
        <Group gap="xs" mb="lg">
          {segment.depends_on.length > 0 && <Text size="sm">{t("dependsOn")}</Text>}
          {segment.depends_on.map((one) => (
            <TextLink key={one.id} to="/segments/$id" params={{ id: String(one.id) }} size="sm">
              {one.name}
            </TextLink>
          ))}
          {segment.used_by.length > 3 && <Text size="sm">{t("alsoUsedBy")}</Text>}
          {segment.used_by.slice(3).map((use) => {
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
        </Group>
      )}
      <Tabs
        value={view.tab ?? "members"}
        onChange={(tab) => change({ tab: tab ?? undefined })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="members">{t("tab.members")}</Tabs.Tab>
          <Tabs.Tab value="growth">{t("tab.growth")}</Tabs.Tab>
          <Tabs.Tab value="changes">{t("tab.changes")}</Tabs.Tab>
          <Tabs.Tab value="hands">{t("tab.hands")}</Tabs.Tab>
          <Tabs.Tab value="compare">{t("tab.compare")}</Tabs.Tab>
          <Tabs.Tab value="explain">{t("tab.explain")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="members">
          <Members segment={segment} />
        </Tabs.Panel>
        <Tabs.Panel value="growth">
          <Growth segment={segment} />
        </Tabs.Panel>
        <Tabs.Panel value="hands">
          <Overrides segment={segment} />
        </Tabs.Panel>
        <Tabs.Panel value="compare">
          <Compare segment={segment} />
        </Tabs.Panel>
        <Tabs.Panel value="changes">
          <Changes segment={segment} />
        </Tabs.Panel>
        <Tabs.Panel value="explain">
          <ExplainPanel
            segment={segment}
            contact={view.contact ?? null}
            onContact={(contact) => change({ contact: contact ?? undefined })}
          />
        </Tabs.Panel>
      </Tabs>
      {dialog}
    </>
  );
}

function Members({ segment }: { segment: Segment }) {
  const { t } = useTranslation("segments");
  const nameOf = useDisplayName();
  const navigate = useNavigate();
  const may = useMayEdit();
  const [opened, { open, close }] = useDisclosure();
  const [person, setPerson] = useState<number | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/segments/{id}/contacts",
    { params: { path: { id: segment.id }, query: { limit: 50 } } },
    byCursor,
  );
  const write = async (body: { add?: number[]; remove?: number[] }) => {
    await take(http.POST("/segments/{id}/contacts", { params: { path: { id: segment.id } }, body }));
    await refresh("/segments", "/contacts");
  };
  return (
    <>
      {may && (
        <Group justify="flex-end" mb="sm">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconUserPlus size={15} aria-hidden />}
            onClick={open}
          >
            {t("addByHand")}
          </Button>
        </Group>
      )}
      <DataList<Contact>
        label={t("tab.members")}
        query={query}
        rowKey={(row) => row.id}
        rowLabel={nameOf}
        onOpen={(row) => navigate({ to: "/contacts/$id", params: { id: String(row.id) } })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            render: (row) => (
              <TextLink to="/contacts/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                {nameOf(row)}
              </TextLink>
            ),
          },
          { key: "email", title: t("contacts:email"), render: (row) => row.email },
          {
            key: "points",
            title: t("contacts:points"),
            align: "right",
            render: (row) => number(row.points),
          },
          {
            key: "why",
            title: "",
            width: 200,
            render: (row) => (
              <Group gap="sm" justify="flex-end" wrap="nowrap">
                <TextLink
                  to="/segments/$id"
                  params={{ id: String(segment.id) }}
                  search={{ tab: "explain", contact: row.id }}
                  size="xs"
                  td="underline"
                >
                  {t("common:why")}
                </TextLink>
                {may && (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="gray"
                    c="dimmed"
                    aria-label={t("removeName", { name: nameOf(row) })}
                    onClick={() =>
                      attempt(async () => {
                        await write({ remove: [row.id] });
                        undoable(t("removed", { name: nameOf(row) }), () => write({ add: [row.id] }));
                      })
                    }
                  >
                    {t("common:remove")}
                  </Button>
                )}
              </Group>
            ),
          },
        ]}
        empty={
          <EmptyState icon={IconUsers} title={t("nobody.title")}>
            {t("nobody.text")}
          </EmptyState>
        }
      />
      <FormModal opened={opened} close={close} title={t("addByHand")}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t("contacts:bulk.segmentHint")}
          </Text>
          <ContactSelect label={t("contact")} value={person} onChange={setPerson} />
          <Group justify="flex-end">
            <Button
              disabled={!person}
              onClick={() =>
                attempt(async () => {
                  await write({ add: [person!] });
                  setPerson(null);
                  close();
                }, t("added"))
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

function Changes({ segment }: { segment: Segment }) {
  const { t } = useTranslation("segments");
  const query = $api.useInfiniteQuery(
    "get",
    "/segments/{id}/changes",
    { params: { path: { id: segment.id }, query: { limit: 50 } } },
    byCursor,
  );
  const { rows } = rowsOf<SegmentChange>(query);
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (query.isPending) return <Waiting />;
  if (!rows.length) {
    return (
      <div className="hg-card">
        <EmptyState icon={IconHistory} title={t("noChanges.title")}>
          {t("noChanges.text")}
        </EmptyState>
      </div>
    );
  }
  return (
    <Card p={0} scroll>
      <Table aria-label={t("tab.changes")} className="hg-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="hg-th">{t("when")}</Table.Th>
            <Table.Th className="hg-th">{t("contact")}</Table.Th>
            <Table.Th className="hg-th">{t("change")}</Table.Th>
            <Table.Th className="hg-th">{t("reason")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            <Table.Tr key={`${row.at}-${index}`}>
              <Table.Td>{dateTime(row.at)}</Table.Td>
              <Table.Td>
                {row.contact ? (
                  <TextLink to="/contacts/$id" params={{ id: String(row.contact.id) }} size="sm">
                    {row.contact.name || t("common:anonymous")}
                  </TextLink>
                ) : (
                  t("builder.people", { count: row.count, shown: number(row.count) })
                )}
              </Table.Td>
              <Table.Td>{t(`changes.${row.change}`)}</Table.Td>
              <Table.Td>{row.reason}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {query.hasNextPage && (
        <Group p="md">
          <Button size="xs" variant="default" onClick={() => query.fetchNextPage()}>
            {t("common:list.more")}
          </Button>
        </Group>
      )}
    </Card>
  );
}

type ExplainProps = { segment: Segment; contact: number | null; onContact: (id: number | null) => void };

/** Why somebody is in or out: the verdict, its origin, and each condition with the value it saw. */
function ExplainPanel({ segment, contact, onContact }: ExplainProps) {
  const { t } = useTranslation("segments");
  const query = $api.useQuery(
    "get",
    "/segments/{id}/explain",
    { params: { path: { id: segment.id }, query: { contact: contact ?? 0 } } },
    { enabled: contact !== null },
  );
  return (
    <Card>
      <Stack>
        <ContactSelect
          label={t("explain.whom")}
          placeholder={t("explain.placeholder")}
          value={contact}
          onChange={onContact}
          w={380}
        />
        {contact !== null && query.isError && <ErrorState error={query.error} />}
        {contact !== null && query.data && (
          <div aria-live="polite">
            <Group gap={8} mb="sm">
              {query.data.member ? <IconCheck size={20} aria-hidden /> : <IconX size={20} aria-hidden />}
              <Text fw={600}>{query.data.member ? t("explain.in") : t("explain.out")}</Text>
              <Text size="sm" c="dimmed">
                {[
                  query.data.origin &&
                    t(`contacts:record.origin.${query.data.origin}`, { defaultValue: query.data.origin }),
                  query.data.since && t("explain.since", { when: dateTime(query.data.since) }),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </Text>
            </Group>
            {query.data.tree && <ExplainNode node={query.data.tree} />}
          </div>
        )}
      </Stack>
    </Card>
  );
}
