import {
  Badge,
  Box,
  Button,
  Group,
  ScrollArea,
  Stack,
  Table,
  Tabs,
  Text,
  UnstyledButton,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconExternalLink, IconInbox, IconMailOpened, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { CaughtMail } from "../api/types";
import { useMayEdit } from "../app/session";
import { rowsOf } from "../ui/DataList";
import { FilterBar } from "../ui/FilterBar";
import { ago, bytes, dateTime, number } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { PreviewFrame } from "../ui/PreviewFrame";
import { ConsequenceDialog, Copyable } from "../ui/parts";
import { EmptyState, ErrorState, NothingFound, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";
import { useView } from "../ui/view";

type View = { search?: string; mail?: number };

/** Every mail that did not leave the house: read it, open it and click in it as its recipient. */
export function OutboxPage() {
  const { t } = useTranslation("outbox");
  const [view, change] = useView<View>();
  const may = useMayEdit();
  const [emptying, dialog] = useDisclosure();
  const query = $api.useInfiniteQuery(
    "get",
    "/outbox",
    { params: { query: { search: view.search, limit: 50 } } },
    byCursor,
  );
  useLive("send", () => refresh("/outbox"));
  const { rows, total } = rowsOf<CaughtMail>(query);
  const chosen = view.mail ?? rows[0]?.id;
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("text")}
        actions={
          may &&
          rows.length > 0 && (
            <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={dialog.open}>
              {t("emptyOut")}
            </Button>
          )
        }
      />
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
      />
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.isPending ? (
        <Waiting />
      ) : !rows.length ? (
        <div className="hg-card">
          {view.search ? (
            <NothingFound icon={IconInbox} />
          ) : (
            <EmptyState icon={IconInbox} title={t("empty.title")}>
              {t("empty.text")}
            </EmptyState>
          )}
        </div>
      ) : (
        <div className="hg-mailbox hg-card">
          <ScrollArea className="hg-maillist" viewportProps={{ tabIndex: 0, "aria-label": t("list") }}>
            <Stack gap={0} component="ul" p={0} m={0} style={{ listStyle: "none" }}>
              {rows.map((mail) => (
                <li key={mail.id}>
                  <UnstyledButton
                    className="hg-mailrow"
                    data-active={mail.id === chosen || undefined}
                    aria-current={mail.id === chosen ? "true" : undefined}
                    onClick={() => change({ mail: mail.id })}
                  >
                    <Group justify="space-between" wrap="nowrap" gap={6}>
                      <Text size="sm" fw={550} truncate>
                        {mail.to}
                      </Text>
                      <Text size="xs" c="dimmed" style={{ flex: "none" }}>
                        {ago(mail.caught_at)}
                      </Text>
                    </Group>
                    <Text size="sm" c="dimmed" truncate>
                      {mail.subject}
                    </Text>
                  </UnstyledButton>
                </li>
              ))}
            </Stack>
            <Group p="sm" justify="space-between">
              <Text size="xs" c="dimmed" className="hg-num">
                {total != null &&
                  t("common:list.shown", { shown: number(rows.length), total: number(total) })}
              </Text>
              {query.hasNextPage && (
                <Button size="xs" variant="default" onClick={() => query.fetchNextPage()}>
                  {t("common:list.more")}
                </Button>
              )}
            </Group>
          </ScrollArea>
          <div style={{ minWidth: 0 }}>{chosen !== undefined && <Mail id={chosen} />}</div>
        </div>
      )}
      <ConsequenceDialog
        opened={emptying}
        close={dialog.close}
        title={t("emptyOutTitle")}
        confirm={t("emptyOut")}
        run={async () => {
          await take(http.DELETE("/outbox"));
          change({ mail: undefined });
          await refresh("/outbox");
        }}
      >
        <Text size="sm">{t("emptyOutText", { shown: total == null ? "" : number(total) })}</Text>
      </ConsequenceDialog>
    </>
  );
}

/** Looking at a caught mail is no open of its recipient: that is what the button is for. */
function withoutPixel(html: string): string {
  return html.replace(/<img[^>]*\/email\/[^"'>]+\.gif[^>]*>/gi, "");
}

function Mail({ id }: { id: number }) {
  const { t } = useTranslation("outbox");
  const query = $api.useQuery("get", "/outbox/{id}", { params: { path: { id } } });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  const mail = query.data;
  if (!mail || mail.id !== id) return <Waiting lines={10} />;
  const open = () =>
    attempt(async () => {
      await take(http.POST("/outbox/{id}/open", { params: { path: { id } } }));
      await refresh("/contacts", "/emails", "/activity");
    }, t("opened"));
  return (
    <Box p="lg">
      <Group justify="space-between" align="flex-start" mb="md">
        <div style={{ minWidth: 0, flex: 1 }}>
          <Text fz={18} fw={650} style={{ overflowWrap: "anywhere" }}>
            {mail.subject}
          </Text>
          <Text size="sm" c="dimmed">
            {t("fromTo", { from: mail.from, to: mail.to })}
          </Text>
          <Group gap="sm" mt={4}>
            <Text size="xs" c="dimmed">
              {dateTime(mail.caught_at)} · {bytes(mail.size)}
            </Text>
            {mail.contact_id && (
              <TextLink to="/contacts/$id" params={{ id: String(mail.contact_id) }} size="xs">
                {t("contact")}
              </TextLink>
            )}
            {mail.email_id && (
              <TextLink to="/emails/$id" params={{ id: String(mail.email_id) }} size="xs">
                {t("email")}
              </TextLink>
            )}
          </Group>
        </div>
        {mail.contact_id !== null && (
          <Button
            variant="default"
            leftSection={<IconMailOpened size={16} aria-hidden />}
            title={t("openHint")}
            onClick={open}
          >
            {t("open")}
          </Button>
        )}
      </Group>
      <Tabs defaultValue="rendered" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="rendered">{t("tab.rendered")}</Tabs.Tab>
          <Tabs.Tab value="links">
            {t("tab.links")}{" "}
            <Badge className="hg-badge" variant="default" size="sm">
              {mail.links.length}
            </Badge>
          </Tabs.Tab>
          <Tabs.Tab value="plain">{t("tab.plain")}</Tabs.Tab>
          <Tabs.Tab value="headers">{t("tab.headers")}</Tabs.Tab>
          <Tabs.Tab value="source">{t("tab.source")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="rendered">
          <PreviewFrame
            html={withoutPixel(mail.html)}
            title={t("rendered", { subject: mail.subject })}
            height={560}
            links
          />
        </Tabs.Panel>
        <Tabs.Panel value="links">
          <Text size="sm" c="dimmed" mb="sm">
            {t("linksHint")}
          </Text>
          <Stack gap="xs">
            {mail.links.map((link, index) => (
              <Group key={`${link.url}${index}`} gap="sm" wrap="nowrap">
                <Button
                  component="a"
                  href={link.url}
                  target="_blank"
                  rel="noreferrer"
                  size="xs"
                  variant="default"
                  style={{ flex: "none" }}
                  leftSection={<IconExternalLink size={14} aria-hidden />}
                >
                  {link.text || t("link")}
                </Button>
                <Text size="xs" c="dimmed" truncate>
                  {link.url}
                </Text>
              </Group>
            ))}
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="plain">
          <Copyable value={mail.text ?? ""} label={t("tab.plain")} />
        </Tabs.Panel>
        <Tabs.Panel value="headers">
          <Table aria-label={t("tab.headers")}>
            <Table.Tbody>
              {mail.headers.map((header, index) => (
                <Table.Tr key={`${header.name}${index}`}>
                  <Table.Th w={210}>{header.name}</Table.Th>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>{header.value}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Tabs.Panel>
        <Tabs.Panel value="source">
          <Copyable value={mail.source} label={t("tab.source")} />
        </Tabs.Panel>
      </Tabs>
    </Box>
  );
}
