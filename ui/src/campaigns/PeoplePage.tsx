import { Button, Drawer, Group, Select, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { CampaignPerson } from "../api/types";
import { useMayEdit } from "../app/session";
import { DataList } from "../ui/DataList";
import { ago, dateTime } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { FormModal } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { EmptyState, ErrorState, StateBadge, Waiting } from "../ui/states";
import { Timeline } from "../ui/Timeline";
import { attempt } from "../ui/toasts";
import { useView } from "../ui/view";

type View = { step?: string; state?: string; contact?: number };

/** Who is in the campaign: where everybody stands, what happened, what comes next and when. */
export function PeoplePage() {
  const { t } = useTranslation("campaigns");
  const { id } = useParams({ strict: false }) as { id: string };
  const [view, change] = useView<View>();
  const may = useMayEdit();
  const [opened, dialog] = useDisclosure();
  const [person, setPerson] = useState<number | null>(null);
  const path = { id: Number(id) };
  const campaign = $api.useQuery("get", "/campaigns/{id}", { params: { path } });
  const query = $api.useInfiniteQuery(
    "get",
    "/campaigns/{id}/people",
    { params: { path, query: { step: view.step, state: view.state, limit: 50 } } },
    byCursor,
  );
  useLive<{ id: number }>("campaign", (event) => {
    if (event.id === Number(id)) refresh("/campaigns/{id}");
  });
  if (campaign.isError) return <ErrorState page error={campaign.error} retry={campaign.refetch} />;
  if (!campaign.data) return <Waiting />;
  const steps = campaign.data.steps;
  const nameOf = (key: string) => {
    const step = steps.find((one) => one.key === key);
    return step ? step.name || t(`type.${step.type}`) : key;
  };
  const write = (body: { add?: number[]; remove?: number[] }) =>
    attempt(async () => {
      await take(http.POST("/campaigns/{id}/people", { params: { path }, body }));
      await refresh("/campaigns", "/contacts");
      dialog.close();
      setPerson(null);
    });
  return (
    <>
      <PageHeader
        title={t("peopleTitle", { name: campaign.data.name })}
        back={{ path: `/campaigns/${id}`, label: campaign.data.name }}
        actions={
          may && (
            <Button
              variant="default"
              leftSection={<IconUserPlus size={16} aria-hidden />}
              onClick={dialog.open}
            >
              {t("addPerson")}
            </Button>
          )
        }
      />
      <Group mb="md" gap="sm">
        <Select
          aria-label={t("atStep")}
          placeholder={t("atStep")}
          clearable
          clearButtonProps={{ "aria-label": t("common:clearFilters"), "aria-hidden": false, tabIndex: 0 }}
          data={steps.map((step) => ({ value: step.key, label: step.name || t(`type.${step.type}`) }))}
          value={view.step ?? null}
          onChange={(step) => change({ step: step ?? undefined })}
        />
        <Select
          aria-label={t("inState")}
          placeholder={t("inState")}
          clearable
          clearButtonProps={{ "aria-label": t("common:clearFilters"), "aria-hidden": false, tabIndex: 0 }}
          data={(view.step ? ["waiting", "done", "cancelled", "failed"] : ["active", "left", "removed"]).map(
            (state) => ({
              value: state,
              label: t(`common:state.${state}`),
            }),
          )}
          value={view.state ?? null}
          onChange={(state) => change({ state: state ?? undefined })}
        />
      </Group>
      <DataList<CampaignPerson>
        label={t("people")}
        query={query}
        rowKey={(row) => row.contact.id}
        rowLabel={(row) => row.contact.name || t("common:anonymous")}
        onOpen={(row) => change({ contact: row.contact.id })}
        columns={[
          {
            key: "name",
            title: t("common:name"),
            render: (row) => (
              <>
                <TextLink to="/contacts/$id" params={{ id: String(row.contact.id) }} size="sm" fw={550}>
                  {row.contact.name || row.contact.email || t("common:anonymous")}
                </TextLink>
                {row.contact.email && row.contact.email !== row.contact.name && (
                  <Text size="xs" c="dimmed">
                    {row.contact.email}
                  </Text>
                )}
              </>
            ),
          },
          {
            key: "state",
            title: t("state"),
            render: (row) => (
              <>
                <StateBadge state={standing(row)} />
                {row.left_why && (
                  <Text size="xs" c="dimmed">
                    {t(`leftWhy.${row.left_why}`)}
                  </Text>
                )}
              </>
            ),
          },
          {
            key: "where",
            title: t("where"),
            render: (row) =>
              row.current.length
                ? row.current.map((at) => (
                    <Text key={at.step_key} size="sm">
                      {at.name || nameOf(at.step_key)}
                      <Text span size="xs" c="dimmed">
                        {" "}
                        {at.due_at ? ago(at.due_at) : at.explain}
                      </Text>
                    </Text>
                  ))
                : row.state === "active"
                  ? t("atEnd")
                  : "–",
          },
          { key: "joined", title: t("joined"), render: (row) => dateTime(row.joined_at) },
        ]}
        empty={
          <EmptyState icon={IconUsers} title={t("nobody.title")}>
            {t("nobody.text")}
          </EmptyState>
        }
      />
      <Drawer
        opened={view.contact !== undefined}
        onClose={() => change({ contact: undefined })}
        title={t("journey")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {view.contact !== undefined && (
          <Journey
            campaign={Number(id)}
            contact={view.contact}
            typeOf={(key) => steps.find((one) => one.key === key)?.type}
            remove={may ? () => write({ remove: [view.contact!] }) : undefined}
          />
        )}
      </Drawer>
      <FormModal opened={opened} close={dialog.close} title={t("addPerson")}>
        <Stack>
          <ContactSelect label={t("person")} value={person} onChange={setPerson} />
          <Group justify="flex-end">
            <Button disabled={!person} onClick={() => write({ add: [person!] })}>
              {t("common:add")}
            </Button>
          </Group>
        </Stack>
      </FormModal>
    </>
  );
}

/** Who is still in but has nothing to come has reached the end. */
function standing(row: CampaignPerson): string {
  return row.state === "active" && !row.current.length ? "finished" : row.state;
}

type JourneyProps = {
  campaign: number;
  contact: number;
  typeOf: (key: string) => string | undefined;
  remove?: () => void;
};

function Journey({ campaign, contact, typeOf, remove }: JourneyProps) {
  const { t } = useTranslation("campaigns");
  const query = $api.useQuery("get", "/campaigns/{id}/people/{contact}", {
    params: { path: { id: campaign, contact } },
  });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  const { history, next, joined_at } = query.data;
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <div>
          <TextLink to="/contacts/$id" params={{ id: String(contact) }} fw={600}>
            {query.data.contact.name || query.data.contact.email || t("common:anonymous")}
          </TextLink>
          <Text size="xs" c="dimmed">
            {t("joinedAt", { when: dateTime(joined_at) })}
            {query.data.rotation > 1 && ` · ${t("rotation", { count: query.data.rotation })}`}
          </Text>
        </div>
        {remove && (
          <Button size="xs" variant="default" onClick={remove}>
            {t("removePerson")}
          </Button>
        )}
      </Group>
      <div>
        <Text fw={600} size="sm" mb="xs">
          {t("comesNext")}
        </Text>
        {next.length ? (
          <Stack gap="xs">
            {next.map((one) => (
              <div key={one.step_key} className="hg-card" style={{ padding: 12 }}>
                <Group justify="space-between" wrap="nowrap">
                  <Text size="sm" fw={550}>
                    {one.name}
                  </Text>
                  <StateBadge state={one.state} />
                </Group>
                <Text size="xs" c="dimmed">
                  {[one.due_at && `${dateTime(one.due_at)} (${ago(one.due_at)})`, one.explain]
                    .filter(Boolean)
                    .join(" · ")}
                </Text>
              </div>
            ))}
          </Stack>
        ) : (
          <Text size="sm" c="dimmed">
            {t("nothingNext")}
          </Text>
        )}
      </div>
      <div>
        <Text fw={600} size="sm" mb="xs">
          {t("happened")}
        </Text>
        {history.length ? (
          <Timeline
            label={t("happened")}
            entries={history
              .toReversed()
              .sort((a, b) => b.at.localeCompare(a.at))
              .map((one, index) => ({
                key: `${one.step_key}${index}`,
                kind: typeOf(one.step_key) ?? "step",
                at: one.at,
                title: (
                  <>
                    {one.name}
                    {one.path && `: ${t(`path.${one.path}`)}`}
                    {one.state !== "done" &&
                      `: ${t(`common:state.${one.state}`, { defaultValue: one.state })}`}
                  </>
                ),
                detail: one.detail ?? undefined,
              }))}
          />
        ) : (
          <Text size="sm" c="dimmed">
            {t("nothingYet")}
          </Text>
        )}
      </div>
    </Stack>
  );
}
