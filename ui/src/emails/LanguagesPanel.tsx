import { Badge, Button, Group, Select, Stack, Switch, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconLanguage } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { Email } from "../api/types";
import { useMayEdit } from "../app/session";
import { number } from "../ui/format";
import { TextLink } from "../ui/links";
import { Card } from "../ui/parts";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";
import { locales } from "../ui/zones";
import { refreshFamily } from "./VariantsPanel";

/** The languages of an email, and what each of them still lacks. */
export function LanguagesPanel({ email }: { email: Email }) {
  const { t } = useTranslation("emails");
  const may = useMayEdit();
  const [language, setLanguage] = useState<string | null>(null);
  const query = $api.useQuery("get", "/emails/{id}/family", { params: { path: { id: email.id } } });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  const family = query.data;
  if (!family) return <Waiting />;
  const known = locales();
  const name = (code: string) => known.find((one) => one.value === code)?.label ?? code;
  const taken = [family.language, ...family.translations.map((one) => one.language)];
  const add = () =>
    attempt(async () => {
      const params = { path: { id: family.id } };
      await take(http.POST("/emails/{id}/translations", { params, body: { language: language ?? "" } }));
      setLanguage(null);
      await refreshFamily();
    }, t("languages.added"));
  const publish = (id: number, published: boolean) =>
    attempt(async () => {
      await take(http.PATCH("/emails/{id}", { params: { path: { id } }, body: { published } }));
      await refreshFamily();
    });
  const remove = (id: number) =>
    attempt(async () => {
      await take(http.DELETE("/emails/{id}", { params: { path: { id } } }));
      await refreshFamily();
    }, t("languages.removed"));
  return (
    <Stack>
      {family.translations.length ? (
        <Card p={0} scroll>
          <Table aria-label={t("languages.title")} className="hg-table">
            <Table.Thead>
              <Table.Tr>
                <Table.Th className="hg-th">{t("language")}</Table.Th>
                <Table.Th className="hg-th">{t("subject")}</Table.Th>
                <Table.Th className="hg-th">{t("languages.missing")}</Table.Th>
                <Table.Th className="hg-th" ta="right">
                  {t("counts.sent")}
                </Table.Th>
                <Table.Th className="hg-th" w={220}>
                  <VisuallyHidden>{t("variants.actions")}</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              <Table.Tr>
                <Table.Td>{name(family.language)}</Table.Td>
                <Table.Td>{family.subject}</Table.Td>
                <Table.Td>
                  <Text size="sm" c="dimmed">
                    {t("languages.original")}
                  </Text>
                </Table.Td>
                <Table.Td />
                <Table.Td />
              </Table.Tr>
              {family.translations.map((one) => (
                <Table.Tr key={one.id}>
                  <Table.Td>
                    <TextLink to="/emails/$id/edit" params={{ id: String(one.id) }} size="sm" fw={550}>
                      {name(one.language)}
                    </TextLink>
                  </Table.Td>
                  <Table.Td>{one.subject}</Table.Td>
                  <Table.Td>
                    <Group gap={4}>
                      {one.missing.map((what) => (
                        <Badge key={what} variant="default">
                          {t(`languages.lacks.${what}`)}
                        </Badge>
                      ))}
                      {!one.missing.length && t("languages.complete")}
                    </Group>
                  </Table.Td>
                  <Table.Td ta="right">{number(one.sent)}</Table.Td>
                  <Table.Td>
                    {may && (
                      <Group gap="xs" wrap="nowrap">
                        <Switch
                          size="sm"
                          label={t("languages.live")}
                          checked={one.published}
                          onChange={(event) => publish(one.id, event.currentTarget.checked)}
                        />
                        <Button
                          variant="subtle"
                          size="xs"
                          aria-label={t("languages.removeOf", { name: name(one.language) })}
                          onClick={() => remove(one.id)}
                        >
                          {t("common:remove")}
                        </Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      ) : (
        <div className="hg-card">
          <EmptyState icon={IconLanguage} title={t("languages.none.title")}>
            {t("languages.none.text")}
          </EmptyState>
        </div>
      )}
      {may && (
        <Group align="flex-end">
          <Select
            label={t("languages.add")}
            searchable
            w={240}
            data={known.filter((one) => !taken.includes(one.value))}
            value={language}
            onChange={setLanguage}
          />
          <Button disabled={!language} onClick={add}>
            {t("languages.make")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
