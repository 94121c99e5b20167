import { ActionIcon, Anchor, Badge, Button, Group, Menu, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBuilding, IconUsers, IconX } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { Company, CompanyMember, CompanyMoment, Field } from "../api/types";
import { useMayEdit } from "../app/session";
import { FactRow } from "../contacts/FactsCard";
import { TagsCard } from "../contacts/TagsCard";
import { useFields } from "../contacts/use-fields";
import { rowsOf } from "../ui/DataList";
import { DotsMenu } from "../ui/DotsMenu";
import { ago } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, FormModal } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { Timeline } from "../ui/Timeline";
import { attempt, said, undoable } from "../ui/toasts";
import { useDeleteCompany } from "./CompaniesPage";
import { CompanySegmentsCard } from "./CompanySegmentsCard";
import { MergeDialog } from "./MergeDialog";
import { ScoreCard } from "./ScoreCard";

export function CompanyPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = $api.useQuery("get", "/companies/{id}", { params: { path: { id: Number(id) } } });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting lines={10} />;
  return <Record company={query.data} />;
}

function Record({ company }: { company: Company }) {
  const { t } = useTranslation("companies");
  const may = useMayEdit();
  const navigate = useNavigate();
  const remove = useDeleteCompany();
  const [merging, { open, close }] = useDisclosure();
  return (
    <>
      <PageHeader
        title={company.name}
        back={{ path: "/companies", label: t("title") }}
        lead={<IconBuilding size={32} stroke={1.5} aria-hidden />}
        description={t("added", { when: ago(company.created_at) })}
        actions={
          may && (
            <DotsMenu button label={t("common:moreActions", { name: company.name })}>
              <Menu.Item onClick={open}>{t("merge")}</Menu.Item>
              <Menu.Item
                onClick={async () => {
                  if (await remove(company)) navigate({ to: "/companies" });
                }}
              >
                {t("common:delete")}
              </Menu.Item>
            </DotsMenu>
          )
        }
      />
      <div className="hg-record">
        <Facts company={company} />
        <People company={company} />
        <Stack>
          <TagsCard
            tags={company.tags}
            write={async (tags) => {
              await take(
                http.PATCH("/companies/{id}", { params: { path: { id: company.id } }, body: { tags } }),
              );
              await refresh("/companies", "/tags");
            }}
          />
          <CompanySegmentsCard id={company.id} />
          <ScoreCard company={company} />
          <History company={company} />
        </Stack>
      </div>
      <MergeDialog company={merging ? company : null} close={close} />
    </>
  );
}

function Facts({ company }: { company: Company }) {
  const { t } = useTranslation("companies");
  const fields = useFields("company");
  const [all, { toggle }] = useDisclosure();
  const filled = (field: Field) => {
    const value = company.fields[field.alias];
    return value !== null && value !== undefined && value !== "";
  };
  const shown = fields.filter((field) => all || filled(field) || field.short_visible);
  return (
    <Card title={t("facts")}>
      <Stack gap={6}>
        {shown.map((field) => (
          <FactRow
            key={field.alias}
            field={field}
            value={company.fields[field.alias]}
            write={async (value) => {
              await take(
                http.PATCH("/companies/{id}", {
                  params: { path: { id: company.id } },
                  body: { fields: { [field.alias]: value } },
                }),
              );
              await refresh("/companies", "/contacts");
            }}
          />
        ))}
      </Stack>
      {(all || shown.length < fields.length) && (
        <Anchor component="button" size="xs" mt="sm" onClick={toggle}>
          {all ? t("lessFacts") : t("allFacts")}
        </Anchor>
      )}
    </Card>
  );
}

function People({ company }: { company: Company }) {
  const { t } = useTranslation("companies");
  const may = useMayEdit();
  const [adding, { open, close }] = useDisclosure();
  const [contact, setContact] = useState<{ id: number; name: string } | null>(null);
  const query = $api.useInfiniteQuery(
    "get",
    "/companies/{id}/contacts",
    { params: { path: { id: company.id }, query: { limit: 50 } } },
    byCursor,
  );
  const { rows } = rowsOf<CompanyMember>(query);
  const link = (id: number) =>
    take(
      http.PUT("/companies/{id}/contacts/{contact}", { params: { path: { id: company.id, contact: id } } }),
    );
  const add = () =>
    attempt(async () => {
      await link(contact!.id);
      said(t("addedPerson", { name: contact!.name }));
      setContact(null);
      close();
      await refresh("/companies", "/contacts");
    });
  const remove = (member: CompanyMember) =>
    attempt(async () => {
      const params = { path: { id: company.id, contact: member.id } };
      await take(http.DELETE("/companies/{id}/contacts/{contact}", { params }));
      undoable(t("removedPerson", { name: member.name, company: company.name }), async () => {
        await link(member.id);
        await refresh("/companies", "/contacts");
      });
      await refresh("/companies", "/contacts");
    });
  return (
    <Card
      title={t("people")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={open}>
            {t("addPerson")}
          </Button>
        )
      }
    >
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.isPending ? (
        <Waiting />
      ) : rows.length ? (
        <Stack gap="sm">
          {rows.map((member) => (
            <Group key={member.id} justify="space-between" wrap="nowrap">
              <div style={{ minWidth: 0 }}>
                <Group gap={8}>
                  <TextLink to="/contacts/$id" params={{ id: String(member.id) }} size="sm" fw={550}>
                    {member.name}
                  </TextLink>
                  {member.primary && (
                    <Badge className="hg-badge" variant="default">
                      {t("primary")}
                    </Badge>
                  )}
                </Group>
                <Text size="xs" c="dimmed" truncate>
                  {member.email}
                </Text>
              </div>
              {may && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  c="dimmed"
                  onClick={() => remove(member)}
                  aria-label={t("removePerson", { name: member.name })}
                >
                  <IconX size={16} aria-hidden />
                </ActionIcon>
              )}
            </Group>
          ))}
          {query.hasNextPage && (
            <Button
              size="xs"
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => query.fetchNextPage()}
            >
              {t("more")}
            </Button>
          )}
        </Stack>
      ) : (
        <EmptyState icon={IconUsers} title={t("noPeople")}>
          {t("noPeopleText")}
        </EmptyState>
      )}
      <FormModal opened={adding} close={close} title={t("addPerson")}>
        <Stack>
          <ContactSelect
            label={t("addPersonLabel")}
            value={contact?.id ?? null}
            onChange={(id, chosen) =>
              setContact(id == null ? null : { id, name: chosen?.name ?? chosen?.email ?? `#${id}` })
            }
          />
          <Text size="xs" c="dimmed">
            {t("addPersonHint")}
          </Text>
          <Group justify="flex-end">
            <Button onClick={add} disabled={!contact}>
              {t("add")}
            </Button>
          </Group>
        </Stack>
      </FormModal>
    </Card>
  );
}

function History({ company }: { company: Company }) {
  const { t } = useTranslation("companies");
  const query = $api.useInfiniteQuery(
    "get",
    "/companies/{id}/log",
    { params: { path: { id: company.id }, query: { limit: 20 } } },
    byCursor,
  );
  const { rows } = rowsOf<CompanyMoment>(query);
  const title = (moment: CompanyMoment) => {
    const { delta, score, name, reason } = moment.detail as Record<string, string | number | undefined>;
    return t(`moment.${moment.kind}`, {
      actor: moment.actor,
      name: moment.kind === "merged" ? name : (moment.contact_name ?? t("moment.somebody")),
      delta: Number(delta ?? 0) > 0 ? `+${delta}` : delta,
      score,
      reason,
    });
  };
  return (
    <Card title={t("history")}>
      {rows.length ? (
        <Timeline
          label={t("history")}
          entries={rows.map((moment) => ({
            key: moment.id,
            kind: `company_${moment.kind}`,
            at: moment.at,
            title: title(moment),
            detail: String((moment.detail as { reason?: string }).reason ?? "") || undefined,
          }))}
        />
      ) : (
        <Text size="sm" c="dimmed">
          {t("noHistory")}
        </Text>
      )}
      {query.hasNextPage && (
        <Button
          mt="md"
          size="xs"
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => query.fetchNextPage()}
        >
          {t("more")}
        </Button>
      )}
    </Card>
  );
}
