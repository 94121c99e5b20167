import { Group, Stack, Table, Text } from "@mantine/core";
import { IconCheck, IconMinus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import type { Email, EmailWhy } from "../api/types";
import { dateTime } from "../ui/format";
import { Card } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { ErrorState, StateBadge, Waiting } from "../ui/states";

type PanelProps = { email: Email; contact: number | null; onContact: (id: number | null) => void };

/** Choose a contact, and read why she got this email or did not. */
export function WhyPanel({ email, contact, onContact }: PanelProps) {
  const { t } = useTranslation("emails");
  return (
    <Card>
      <Stack>
        <ContactSelect
          label={t("why.whom")}
          placeholder={t("why.placeholder")}
          value={contact}
          onChange={onContact}
          w={380}
        />
        {contact !== null && <WhyAnswer email={email.id} contact={contact} />}
      </Stack>
    </Card>
  );
}

/** The answer in a sentence, what comes next, each message, and every rule with what it sees. */
export function WhyAnswer({ email, contact }: { email: number; contact: number }) {
  const { t } = useTranslation("emails");
  const query = $api.useQuery(
    "get",
    "/emails/{id}/why",
    { params: { path: { id: email }, query: { contact } } },
    { staleTime: 0 },
  );
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting lines={4} />;
  const { answer, next, messages, rules } = query.data;
  return (
    <Stack gap="md" aria-live="polite">
      <div>
        <Text fw={600}>{answer}</Text>
        <Text size="sm">{t("why.next", { next })}</Text>
      </div>
      <Messages messages={messages} />
      <div>
        <Text size="sm" fw={600} mb={6}>
          {t("why.rulesNow")}
        </Text>
        <Stack gap={8} role="list" aria-label={t("why.rulesNow")}>
          {rules.map((rule) => (
            <Rule key={rule.rule} rule={rule} />
          ))}
        </Stack>
      </div>
    </Stack>
  );
}

function Rule({ rule }: { rule: EmailWhy["rules"][number] }) {
  const { t } = useTranslation("emails");
  const mark = !rule.asked ? "notAsked" : rule.holds ? "holds" : "forbids";
  const Icon = { notAsked: IconMinus, holds: IconCheck, forbids: IconX }[mark];
  const color = { notAsked: "", holds: "hg-badge-teal", forbids: "hg-badge-red" }[mark];
  return (
    <Group gap={8} wrap="nowrap" align="flex-start" role="listitem">
      <span className={`${color} hg-mark`}>
        <Icon size={13} aria-label={t(`why.${mark}`)} role="img" />
      </span>
      <div>
        <Text size="sm">{t(`why.rules.${rule.rule}`, { defaultValue: rule.rule })}</Text>
        <Text size="xs" c="dimmed">
          {[rule.seen, !rule.asked && t("why.notAskedNote")].filter(Boolean).join(" ")}
        </Text>
      </div>
    </Group>
  );
}

function Messages({ messages }: { messages: EmailWhy["messages"] }) {
  const { t } = useTranslation("emails");
  if (!messages.length) return null;
  return (
    <Table aria-label={t("why.messages")} className="hg-table">
      <Table.Thead>
        <Table.Tr>
          <Table.Th className="hg-th">{t("state")}</Table.Th>
          <Table.Th className="hg-th">{t("why.cause")}</Table.Th>
          <Table.Th className="hg-th">{t("why.made")}</Table.Th>
          <Table.Th className="hg-th">{t("counts.sent")}</Table.Th>
          <Table.Th className="hg-th">{t("counts.opened")}</Table.Th>
          <Table.Th className="hg-th">{t("counts.clicked")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {messages.map((one) => (
          <Table.Tr key={one.id}>
            <Table.Td>
              <StateBadge state={one.state} />
            </Table.Td>
            <Table.Td>
              {one.cause}
              {one.reason && (
                <Text size="xs" c="dimmed">
                  {one.reason}
                </Text>
              )}
            </Table.Td>
            <Table.Td>{dateTime(one.made_at)}</Table.Td>
            <Table.Td>{dateTime(one.sent_at)}</Table.Td>
            <Table.Td>{dateTime(one.opened_at)}</Table.Td>
            <Table.Td>{dateTime(one.clicked_at)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
