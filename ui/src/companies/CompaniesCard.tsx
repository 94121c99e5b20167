import { Badge, Button, Group, Menu, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { DotsMenu } from "../ui/DotsMenu";
import { TextLink } from "../ui/links";
import { Card, FormModal } from "../ui/parts";
import { attempt, undoable } from "../ui/toasts";
import { CompanySelect } from "./CompanySelect";

/** The companies of a contact: which is the primary one, where she comes in and leaves. */
export function CompaniesCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("companies");
  const may = useMayEdit();
  const [adding, { open, close }] = useDisclosure();
  const [chosen, setChosen] = useState<number | null>(null);
  const after = () => refresh("/contacts", "/companies");
  const link = (id: number) =>
    take(http.PUT("/companies/{id}/contacts/{contact}", { params: { path: { id, contact: contact.id } } }));
  const add = () =>
    attempt(async () => {
      await link(chosen!);
      setChosen(null);
      close();
      await after();
    });
  const makePrimary = (company: number) =>
    attempt(async () => {
      const params = { path: { id: contact.id, company } };
      await take(http.POST("/contacts/{id}/companies/{company}/primary", { params }));
      await after();
    });
  const remove = (id: number, name: string) =>
    attempt(async () => {
      const params = { path: { id, contact: contact.id } };
      await take(http.DELETE("/companies/{id}/contacts/{contact}", { params }));
      undoable(t("card.removed", { name }), async () => {
        await link(id);
        await after();
      });
      await after();
    });
  return (
    <Card
      title={t("card.title")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={open}>
            {t("card.add")}
          </Button>
        )
      }
    >
      <Stack gap="xs">
        {contact.companies.map((company) => (
          <Group key={company.id} justify="space-between" wrap="nowrap">
            <Group gap={8} style={{ minWidth: 0 }}>
              <TextLink to="/companies/$id" params={{ id: String(company.id) }} size="sm">
                {company.name}
              </TextLink>
              {company.primary && (
                <Badge className="hg-badge" variant="default">
                  {t("primary")}
                </Badge>
              )}
            </Group>
            {may && (
              <DotsMenu small label={t("common:moreActions", { name: company.name })}>
                <Menu.Item disabled={company.primary} onClick={() => makePrimary(company.id)}>
                  {t("card.makePrimary")}
                </Menu.Item>
                <Menu.Item onClick={() => remove(company.id, company.name)}>
                  {t("card.remove", { name: company.name })}
                </Menu.Item>
              </DotsMenu>
            )}
          </Group>
        ))}
        {contact.companies.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("card.none")}
          </Text>
        )}
      </Stack>
      <FormModal opened={adding} close={close} title={t("card.title")}>
        <Stack>
          <CompanySelect
            label={t("card.choose")}
            value={chosen}
            onChange={setChosen}
            without={contact.companies.map((one) => one.id)}
            autoFocus
          />
          <Text size="xs" c="dimmed">
            {t("addPersonHint")}
          </Text>
          <Group justify="flex-end">
            <Button onClick={add} disabled={chosen == null}>
              {t("add")}
            </Button>
          </Group>
        </Stack>
      </FormModal>
    </Card>
  );
}
