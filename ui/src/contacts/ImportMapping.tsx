import {
  Alert,
  Badge,
  Button,
  Checkbox,
  Group,
  Select,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Import } from "../api/types";
import { Card } from "../ui/parts";
import { TagNames, ThingSelect } from "../ui/pickers";
import { attempt } from "../ui/toasts";
import { SavedMappings } from "./SavedMappings";

/** Which column goes where, by which rule, and what happens to everybody in the file. */
export function ImportMapping({ one, done }: { one: Import; done: () => void }) {
  const { t } = useTranslation("contacts");
  const { data: targets = [] } = $api.useQuery("get", "/imports/targets", {
    params: { query: { object: one.object } },
  });
  const [mapping, setMapping] = useState(one.mapping);
  const [options, setOptions] = useState(one.options);
  const [priority, setPriority] = useState(one.priority);
  const [busy, setBusy] = useState(false);
  useEffect(() => setMapping(one.mapping), [one.mapping]);
  const chosen = mapping.flatMap((column) => column.target ?? []);
  const twice = chosen.find((target, index) => chosen.indexOf(target) !== index);
  const labelOf = (target: string) => targets.find((one) => one.target === target)?.label ?? target;
  const data = [
    {
      group: t("record.facts"),
      items: targets
        .filter((target) => !target.special)
        .map((target) => ({ value: target.target, label: target.label })),
    },
    {
      group: t("common:actions"),
      items: targets
        .filter((target) => target.special)
        .map((target) => ({ value: target.target, label: target.label })),
    },
  ].filter((group) => group.items.length);
  const params = { path: { id: one.id } };
  const reread = (patch: Partial<Import>) =>
    attempt(async () => {
      await take(http.PATCH("/imports/{id}", { params, body: patch }));
      await refresh("/imports");
    });
  const save = async () => {
    await take(http.PATCH("/imports/{id}", { params, body: { mapping, options, priority } }));
  };
  const change = (column: number, patch: Partial<Import["mapping"][number]>) => {
    const before = mapping.find((map) => map.column === column) ?? {
      column,
      target: null,
      guessed: false,
      policy: "always",
    };
    setMapping([...mapping.filter((map) => map.column !== column), { ...before, ...patch }]);
  };
  const policies = (target: string | null | undefined) => {
    const several = targets.find((one) => one.target === target)?.type === "multiselect";
    return (several ? ["always", "if_empty", "append"] : ["always", "if_empty"]).map((value) => ({
      value,
      label: t(`imports.policies.${value}`),
    }));
  };
  const ofField = (target: string | null | undefined) => {
    const found = targets.find((one) => one.target === target);
    return found && (!found.special || found.label.includes(": "));
  };
  const check = async () => {
    setBusy(true);
    await attempt(async () => {
      await save();
      await take(http.POST("/imports/{id}/dry-run", { params }));
      done();
      await refresh("/imports");
    });
    setBusy(false);
  };
  return (
    <Stack>
      <SavedMappings one={one} save={save} />
      <Card p={0} scroll>
        <Table aria-label={t("imports.steps.map")} className="hg-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th className="hg-th">{t("imports.column")}</Table.Th>
              <Table.Th className="hg-th">{t("imports.samples")}</Table.Th>
              <Table.Th className="hg-th">{t("imports.goesTo")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {one.headers.map((header, column) => {
              const entry = mapping.find((map) => map.column === column);
              return (
                <Table.Tr key={column}>
                  <Table.Td>
                    <Text size="sm" fw={550}>
                      {header || `#${column + 1}`}
                    </Text>
                  </Table.Td>
                  <Table.Td maw={300}>
                    <Text size="sm" c="dimmed" truncate>
                      {one.sample
                        .map((row) => row[column])
                        .filter(Boolean)
                        .slice(0, 3)
                        .join(", ")}
                    </Text>
                  </Table.Td>
                  <Table.Td w={540}>
                    <Group gap="xs" wrap="nowrap">
                      <Select
                        aria-label={`${t("imports.goesTo")}: ${header}`}
                        data={data}
                        value={entry?.target ?? null}
                        placeholder={t("imports.skipColumn")}
                        searchable
                        clearable
                        clearButtonProps={{ "aria-label": t("imports.skipColumn") }}
                        error={entry?.target != null && entry.target === twice}
                        onChange={(target) => change(column, { target, guessed: false, policy: "always" })}
                        w={220}
                      />
                      {ofField(entry?.target) && (
                        <Select
                          aria-label={`${t("imports.policy")}: ${header}`}
                          allowDeselect={false}
                          data={policies(entry?.target)}
                          value={entry?.policy ?? "always"}
                          onChange={(policy) => policy && change(column, { policy })}
                          w={180}
                        />
                      )}
                      {entry?.guessed && entry.target && (
                        <Badge className="hg-badge" variant="default" style={{ flex: "none" }}>
                          {t("imports.guessed")}
                        </Badge>
                      )}
                    </Group>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Card>
      <Card title={t("imports.settings")}>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {one.object === "contact" && (
            <>
              <TagNames
                label={t("imports.tagAll")}
                description={t("tagsHint")}
                value={options.tags ?? []}
                onChange={(tags) => setOptions({ ...options, tags })}
              />
              <ThingSelect
                kind="segments"
                label={t("imports.toSegment")}
                description={t("bulk.segmentHint")}
                value={options.segment_id ?? null}
                onChange={(segment_id) => setOptions({ ...options, segment_id })}
                clearable
              />
              <TextInput
                label={t("imports.purpose")}
                description={t("imports.purposeHint")}
                value={options.purpose ?? ""}
                onChange={(event) => setOptions({ ...options, purpose: event.currentTarget.value || null })}
              />
              <TextInput
                label={t("imports.consentText")}
                description={t("imports.consentTextHint")}
                value={options.consent_text ?? ""}
                onChange={(event) =>
                  setOptions({ ...options, consent_text: event.currentTarget.value || null })
                }
              />
            </>
          )}
          {one.format === "csv" && (
            <Group grow align="flex-end">
              <Select
                label={t("imports.delimiter")}
                allowDeselect={false}
                data={[
                  { value: ",", label: t("imports.delimiters.comma") },
                  { value: ";", label: t("imports.delimiters.semicolon") },
                  { value: "\t", label: t("imports.delimiters.tab") },
                ]}
                value={one.delimiter}
                onChange={(delimiter) => delimiter && reread({ delimiter })}
              />
              <Select
                label={t("imports.encoding")}
                allowDeselect={false}
                data={[...new Set([one.encoding, "utf-8", "utf-16le", "utf-16be", "windows-1252"])]}
                value={one.encoding}
                onChange={(encoding) => encoding && reread({ encoding })}
              />
            </Group>
          )}
          <Select
            label={t("imports.priority")}
            allowDeselect={false}
            data={["1", "64", "512"].map((value) => ({ value, label: t(`imports.priorities.${value}`) }))}
            value={String(priority)}
            onChange={(value) => value && setPriority(Number(value))}
          />
          <Checkbox
            label={t("imports.skipExisting")}
            checked={options.skip_existing}
            onChange={(event) => setOptions({ ...options, skip_existing: event.currentTarget.checked })}
          />
        </SimpleGrid>
      </Card>
      {(twice || !chosen.length) && (
        <Alert variant="default" role="alert">
          {twice ? t("imports.twice", { name: labelOf(twice) }) : t("imports.nothingMapped")}
        </Alert>
      )}
      <Group>
        <Button onClick={check} loading={busy} disabled={Boolean(twice) || !chosen.length}>
          {t("imports.check")}
        </Button>
      </Group>
    </Stack>
  );
}
