import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Company, Field, FieldValue } from "../api/types";
import { useFields } from "../contacts/use-fields";
import { FieldText } from "../contacts/values";
import { FormModal } from "../ui/parts";
import { attempt, said } from "../ui/toasts";
import { CompanySelect } from "./CompanySelect";

type Props = { company: Company | null; other?: number | null; close: () => void };

/** Merges two companies: one is chosen to stay, and its values are shown beside those that fill its gaps. */
export function MergeDialog({ company, other = null, close }: Props) {
  const { t } = useTranslation("companies");
  return (
    <FormModal opened={company !== null} close={close} title={t("mergeTitle")} size="lg">
      {company && <Merge company={company} other={other} close={close} />}
    </FormModal>
  );
}

function Merge({ company, other, close }: { company: Company; other: number | null; close: () => void }) {
  const { t } = useTranslation("companies");
  const navigate = useNavigate();
  const fields = useFields("company");
  const [into, setInto] = useState<number | null>(other);
  const [turned, setTurned] = useState(false);
  const { data: chosen } = $api.useQuery(
    "get",
    "/companies/{id}",
    { params: { path: { id: into ?? 0 } } },
    { enabled: into != null },
  );
  const found = into != null && chosen?.id === into ? chosen : null;
  const [goes, stays] = turned ? [found, company] : [company, found];
  const merge = () =>
    attempt(async () => {
      const merged = await take(
        http.POST("/companies/{id}/merge", { params: { path: { id: goes!.id } }, body: { into: stays!.id } }),
      );
      said(t("merged", { name: merged.name }));
      close();
      await navigate({ to: "/companies/$id", params: { id: String(merged.id) } });
      await refresh("/companies", "/contacts");
    });
  return (
    <Stack>
      <Text size="sm">{t("mergeText", { name: goes?.name ?? company.name })}</Text>
      <CompanySelect
        label={t("mergeInto")}
        value={into}
        onChange={(id) => {
          setInto(id);
          setTurned(false);
        }}
        without={[company.id]}
        autoFocus
      />
      {goes && stays && (
        <>
          <Group justify="space-between">
            <Text size="sm" fw={550}>
              {t("mergePreview")}: {stays.name}
            </Text>
            <Button size="xs" variant="default" onClick={() => setTurned(!turned)}>
              {t("mergeSwap")}
            </Button>
          </Group>
          <Table className="hg-table" aria-label={t("mergePreview")}>
            <Table.Tbody>
              {fields
                .filter((field) => has(stays.fields[field.alias]) || has(goes.fields[field.alias]))
                .map((field) => (
                  <Kept key={field.alias} field={field} stays={stays} goes={goes} />
                ))}
            </Table.Tbody>
          </Table>
        </>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t("common:cancel")}
        </Button>
        <Button onClick={merge} disabled={!goes || !stays}>
          {t("mergeDo")}
        </Button>
      </Group>
    </Stack>
  );
}

const has = (value: FieldValue | undefined) => value !== null && value !== undefined && value !== "";

function Kept({ field, stays, goes }: { field: Field; stays: Company; goes: Company }) {
  const own = has(stays.fields[field.alias]);
  const lost = own && has(goes.fields[field.alias]) && goes.fields[field.alias] !== stays.fields[field.alias];
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={450}>
        {field.label}
      </Table.Th>
      <Table.Td>
        <FieldText field={field} value={(own ? stays : goes).fields[field.alias]} />
        {lost && (
          <Text size="xs" c="dimmed" td="line-through">
            <FieldText field={field} value={goes.fields[field.alias]} />
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
