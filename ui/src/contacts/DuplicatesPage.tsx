import { Badge, Button, Checkbox, Group, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconUsersPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import type { Contact, Pair } from "../api/types";
import { useMayEdit } from "../app/session";
import { rowsOf } from "../ui/DataList";
import { ButtonLink, TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card } from "../ui/parts";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { attempt, said, undoable } from "../ui/toasts";
import { useDisplayName } from "./ContactsPage";

const RULES = ["mailbox", "phone", "name_and_company"] as const;

/** Pairs that may be one person, and what to do with each. */
export function DuplicatesPage() {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const [rule, setRule] = useState<string | null>(null);
  const [safe, setSafe] = useState(false);
  const query = $api.useInfiniteQuery(
    "get",
    "/duplicates",
    { params: { query: { rule: rule ?? undefined, safe, limit: 20 } } },
    byCursor,
  );
  const { rows: pairs } = rowsOf<Pair>(query);
  const look = () =>
    attempt(async () => {
      await take(http.POST("/duplicates/find"));
      said(t("duplicates.started"));
      await refresh("/tasks");
    });
  const mergeSafe = () =>
    attempt(async () => {
      await take(http.POST("/duplicates/merge-safe"));
      said(t("duplicates.mergeSafeStarted"));
      await refresh("/tasks");
    });
  return (
    <>
      <PageHeader
        title={t("duplicates.title")}
        description={t("duplicates.text")}
        actions={
          may && (
            <Group>
              {pairs.some((pair) => pair.safe) && (
                <Button variant="default" onClick={mergeSafe}>
                  {t("duplicates.mergeSafe")}
                </Button>
              )}
              <Button onClick={look}>{t("duplicates.find")}</Button>
            </Group>
          )
        }
      />
      <Group mb="md" align="flex-end">
        <Select
          aria-label={t("duplicates.filter")}
          placeholder={t("duplicates.any")}
          clearable
          clearButtonProps={{ "aria-label": t("duplicates.any") }}
          data={RULES.map((key) => ({ value: key, label: t(`duplicates.rule.${key}`) }))}
          value={rule}
          onChange={setRule}
        />
        <Checkbox
          label={t("duplicates.onlySafe")}
          checked={safe}
          onChange={(event) => setSafe(event.currentTarget.checked)}
          mb={8}
        />
      </Group>
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.isPending ? (
        <Waiting />
      ) : pairs.length ? (
        <Stack>
          {pairs.map((pair) => (
            <PairCard key={pair.id} pair={pair} />
          ))}
          {query.hasNextPage && (
            <Button
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => query.fetchNextPage()}
            >
              {t("duplicates.more")}
            </Button>
          )}
        </Stack>
      ) : (
        <div className="hg-card">
          <EmptyState
            icon={IconUsersPlus}
            title={t("duplicates.emptyTitle")}
            action={may && <Button onClick={look}>{t("duplicates.find")}</Button>}
          >
            {t("duplicates.emptyText")}
          </EmptyState>
        </div>
      )}
    </>
  );
}

function PairCard({ pair }: { pair: Pair }) {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const nameOf = useDisplayName();
  const names = t("duplicates.pair", { first: nameOf(pair.first), other: nameOf(pair.other) });
  const merge = () =>
    attempt(async () => {
      const survivor = await take(http.POST("/duplicates/{id}/merge", { params: { path: { id: pair.id } } }));
      const made = await take(http.GET("/contacts/{id}/merges", { params: { path: { id: survivor.id } } }));
      await refresh("/contacts", "/duplicates");
      const record = made[0];
      if (record) {
        undoable(t("duplicates.merged", { name: nameOf(survivor) }), async () => {
          await take(http.POST("/merges/{id}/undo", { params: { path: { id: record.id } } }));
          await refresh("/contacts", "/duplicates");
        });
      }
    });
  const dismiss = (dismissed: boolean) =>
    take(
      http.POST("/duplicates/{id}/dismiss", {
        params: { path: { id: pair.id } },
        body: { dismissed },
      }),
    ).then(() => refresh("/duplicates"));
  return (
    <Card>
      <Group justify="space-between" mb="sm">
        <Group gap={8}>
          <Text size="sm" c="dimmed">
            {t(`duplicates.rule.${pair.rule}`)}
          </Text>
          {pair.safe && (
            <Badge className="hg-badge" variant="default">
              {t("duplicates.safe")}
            </Badge>
          )}
        </Group>
        {may && (
          <Group gap={8}>
            <Button size="xs" onClick={merge} aria-label={`${t("duplicates.merge")}: ${names}`}>
              {t("duplicates.merge")}
            </Button>
            <ButtonLink
              to="/contacts/$id/merge"
              params={{ id: String(pair.first.id) }}
              search={{ other: pair.other.id }}
              size="xs"
              variant="default"
              aria-label={`${t("duplicates.compare")}: ${names}`}
            >
              {t("duplicates.compare")}
            </ButtonLink>
            <Button
              size="xs"
              variant="default"
              aria-label={`${t("duplicates.different")}: ${names}`}
              onClick={() =>
                attempt(async () => {
                  await dismiss(true);
                  undoable(t("duplicates.dismissed"), () => dismiss(false));
                })
              }
            >
              {t("duplicates.different")}
            </Button>
          </Group>
        )}
      </Group>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Person contact={pair.first} />
        <Person contact={pair.other} />
      </SimpleGrid>
    </Card>
  );
}

function Person({ contact }: { contact: Contact }) {
  const nameOf = useDisplayName();
  const said = ["email", "mobile", "phone", "company", "city"]
    .map((alias) => contact.fields[alias])
    .filter((value) => value !== null && value !== undefined && value !== "");
  return (
    <div>
      <TextLink to="/contacts/$id" params={{ id: String(contact.id) }} size="sm" fw={600}>
        {nameOf(contact)}
      </TextLink>
      <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
        {said.join(" · ")}
      </Text>
    </div>
  );
}
