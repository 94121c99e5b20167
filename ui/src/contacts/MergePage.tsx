import { Badge, Button, Group, Radio, Stack, Table, Text } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { MergePreview } from "../api/types";
import { number } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { Card } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { ErrorState, Waiting } from "../ui/states";
import { attempt, undoable } from "../ui/toasts";
import { useDisplayName } from "./ContactsPage";

type Side = "winner" | "loser";

/** Two contacts side by side; whoever looks chooses each value, and sees what moves. */
export function MergePage() {
  const { t } = useTranslation("persons");
  const { id } = useParams({ strict: false }) as { id: string };
  const { other } = useSearch({ strict: false }) as { other?: number };
  const navigate = useNavigate();
  const nameOf = useDisplayName();
  const query = $api.useQuery("get", "/contacts/{id}", { params: { path: { id: Number(id) } } });
  if (query.isError) return <ErrorState page error={query.error} retry={query.refetch} />;
  const contact = query.data;
  return (
    <>
      <PageHeader
        title={t("merge.title", { name: contact ? nameOf(contact) : "" })}
        back={{ path: `/contacts/${id}`, label: contact ? nameOf(contact) : t("common:back") }}
      />
      <Stack maw={960}>
        <Card>
          <ContactSelect
            label={t("merge.with")}
            placeholder={t("merge.withHint")}
            value={other ?? null}
            onChange={(chosen) =>
              navigate({
                to: "/contacts/$id/merge",
                params: { id },
                search: { other: chosen ?? undefined },
                replace: true,
              })
            }
          />
          {!other && (
            <Text size="sm" c="dimmed" mt="sm">
              {t("merge.choose")}
            </Text>
          )}
        </Card>
        {other && <SideBySide key={`${id}-${other}`} id={Number(id)} other={other} />}
      </Stack>
    </>
  );
}

function SideBySide({ id, other }: { id: number; other: number }) {
  const query = $api.useQuery("get", "/contacts/{id}/merge/{other}", { params: { path: { id, other } } });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting lines={8} />;
  return <Choice preview={query.data} />;
}

function Choice({ preview }: { preview: MergePreview }) {
  const { t } = useTranslation("persons");
  const navigate = useNavigate();
  const nameOf = useDisplayName();
  const [choices, setChoices] = useState<Record<string, Side>>({});
  const { winner, loser } = preview;
  const merge = () =>
    attempt(async () => {
      const path = { id: winner.id, other: loser.id };
      await take(http.POST("/contacts/{id}/merge/{other}", { params: { path }, body: { choices } }));
      const made = await take(http.GET("/contacts/{id}/merges", { params: { path: { id: winner.id } } }));
      await navigate({ to: "/contacts/$id", params: { id: String(winner.id) } });
      await refresh("/contacts", "/duplicates");
      const record = made.find((one) => one.contact_id === loser.id);
      if (record) {
        undoable(t("merge.done"), async () => {
          await take(http.POST("/merges/{id}/undo", { params: { path: { id: record.id } } }));
          await refresh("/contacts", "/duplicates");
        });
      }
    });
  return (
    <>
      <Card scroll>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("merge.field")}</Table.Th>
              <Table.Th>{t("merge.keeps", { name: nameOf(winner) })}</Table.Th>
              <Table.Th>{t("merge.goes", { name: nameOf(loser) })}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {preview.fields.map((field) => {
              const chosen = choices[field.field] ?? (field.chosen as Side);
              const cell = (side: Side) => {
                const value = field[side] || t("merge.empty");
                return (
                  <Table.Td>
                    <Radio
                      name={field.field}
                      label={value}
                      aria-label={t("merge.take", { field: field.label, value })}
                      checked={chosen === side}
                      onChange={() => setChoices({ ...choices, [field.field]: side })}
                    />
                  </Table.Td>
                );
              };
              return (
                <Table.Tr key={field.field}>
                  <Table.Th scope="row">{field.label}</Table.Th>
                  {cell("winner")}
                  {cell("loser")}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Card>
      <Card title={t("merge.moves")}>
        <Group gap={8}>
          {preview.moved.map((row) => (
            <Badge key={row.what} className="hg-badge" variant="default">
              {number(row.count)} {row.what}
            </Badge>
          ))}
          {!preview.moved.length && (
            <Text size="sm" c="dimmed">
              {t("merge.noMoves")}
            </Text>
          )}
        </Group>
        <Text size="sm" mt="sm">
          {t("merge.points", { points: number(preview.points) })}
        </Text>
        <Text size="sm" c="dimmed" mt={4}>
          {t("merge.undo", { count: preview.undo_days })}
        </Text>
      </Card>
      <Group>
        <Button onClick={merge}>{t("merge.run")}</Button>
        <Button
          variant="default"
          onClick={() =>
            navigate({
              to: "/contacts/$id/merge",
              params: { id: String(loser.id) },
              search: { other: winner.id },
            })
          }
        >
          {t("merge.swap")}
        </Button>
      </Group>
    </>
  );
}
