import { ActionIcon, Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { ago } from "../ui/format";
import { Card } from "../ui/parts";
import { attempt } from "../ui/toasts";
import { shortAddress } from "./moments";

/** Devices, addresses and campaign parameters that visits left behind. */
export function TracesCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("persons");
  const may = useMayEdit();
  const { data } = $api.useQuery("get", "/contacts/{id}/traces", {
    params: { path: { id: contact.id } },
  });
  if (!data) return null;
  const nothing = !data.devices.length && !data.addresses.length && !data.utm.length;
  const forget = (id: number) =>
    attempt(async () => {
      await take(http.DELETE("/devices/{id}", { params: { path: { id } } }));
      await refresh("/contacts/{id}/traces");
    }, t("traces.forgot"));
  const removeUtm = (record: number) =>
    attempt(async () => {
      await take(
        http.DELETE("/contacts/{id}/utm/{record}", { params: { path: { id: contact.id, record } } }),
      );
      await refresh("/contacts");
    });
  return (
    <Card title={t("traces.title")}>
      <Stack gap="md">
        {nothing && (
          <Text size="sm" c="dimmed">
            {t("traces.none")}
          </Text>
        )}
        <Part title={t("traces.devices")}>
          {data.devices.map((device) => {
            const name =
              [device.brand, device.model, device.system, device.program].filter(Boolean).join(" · ") ||
              t("traces.unknownDevice");
            return (
              <Row
                key={device.id}
                remove={may ? () => forget(device.id) : undefined}
                removeLabel={t("traces.forget", { name })}
                note={[
                  t("traces.seen", { when: ago(device.last_at) }),
                  !device.verified && t("traces.unproven"),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              >
                {name}
              </Row>
            );
          })}
        </Part>
        <Part title={t("traces.addresses")}>
          {data.addresses.map((address) => (
            <Row key={address.id} note={t("traces.seen", { when: ago(address.last_at) })}>
              {address.address}
            </Row>
          ))}
        </Part>
        <Part title={t("traces.utm")}>
          {data.utm.map((record) => {
            const name = [record.campaign, record.source, record.medium, record.content, record.term]
              .filter(Boolean)
              .join(" · ");
            return (
              <Row
                key={record.id}
                remove={may ? () => removeUtm(record.id) : undefined}
                removeLabel={t("traces.removeUtm", { name })}
                note={[ago(record.at), record.url && shortAddress(record.url)].filter(Boolean).join(" · ")}
              >
                {name}
              </Row>
            );
          })}
        </Part>
      </Stack>
    </Card>
  );
}

const FEW = 3;

/** The newest few of a kind, and the rest on demand; nothing when there is none. */
function Part({ title, children }: { title: string; children: ReactNode[] }) {
  const { t } = useTranslation("persons");
  const [all, setAll] = useState(false);
  if (!children.length) return null;
  return (
    <div>
      <Title order={3} fz="sm" mb={4}>
        {title}
      </Title>
      <Stack gap={8}>{all ? children : children.slice(0, FEW)}</Stack>
      {!all && children.length > FEW && (
        <Anchor component="button" size="xs" mt={6} onClick={() => setAll(true)}>
          {t("traces.showAll", { count: children.length })}
        </Anchor>
      )}
    </div>
  );
}

type RowProps = { children: ReactNode; note: string; remove?: () => void; removeLabel?: string };

function Row({ children, note, remove, removeLabel }: RowProps) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <div style={{ minWidth: 0 }}>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {children}
        </Text>
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {note}
        </Text>
      </div>
      {remove && (
        <ActionIcon variant="subtle" color="gray" c="dimmed" onClick={remove} aria-label={removeLabel}>
          <IconX size={15} aria-hidden />
        </ActionIcon>
      )}
    </Group>
  );
}
