import {
  ActionIcon,
  Anchor,
  Box,
  Button,
  CopyButton,
  Drawer,
  Group,
  Modal,
  Stack,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { failed } from "./toasts";

type CardProps = {
  title?: string;
  aside?: ReactNode;
  children: ReactNode;
  p?: string | number;
  /** What is too wide, such as a table on a phone, scrolls inside the card. */
  scroll?: boolean;
};

/** A card with a heading and, at its right, what can be done with it. */
export function Card(props: CardProps) {
  return (
    <Box
      className="hg-card"
      p={props.p ?? "lg"}
      component="section"
      style={props.scroll ? { overflowX: "auto" } : undefined}
    >
      {(props.title || props.aside) && (
        <Group justify="space-between" mb="sm" wrap="nowrap">
          {props.title && <Title order={2}>{props.title}</Title>}
          {props.aside}
        </Group>
      )}
      {props.children}
    </Box>
  );
}

/** One number with what it counts and what it is measured against. */
export function StatTile(props: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Box className="hg-card" p="md" role="group" aria-label={props.label}>
      <Text size="sm" c="dimmed">
        {props.label}
      </Text>
      <Text fz={28} fw={650} lh={1.2} mt={4} className="hg-num">
        {props.value}
      </Text>
      <Text size="xs" c="dimmed" mt={4} className="hg-num" mih={18} component="div">
        {props.note}
      </Text>
    </Box>
  );
}

/** A name and its value, one under the other. */
export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Box>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </Box>
  );
}

/** Text to take along: a snippet, an address. */
export function Copyable({ value, label }: { value: string; label: string }) {
  const { t } = useTranslation();
  return (
    <Box style={{ position: "relative" }}>
      <Box
        component="pre"
        tabIndex={0}
        aria-label={label}
        p="sm"
        pr={48}
        m={0}
        fz={12.5}
        style={{
          background: "var(--hg-soft)",
          borderRadius: 10,
          whiteSpace: "pre-wrap",
          overflowWrap: "anywhere",
          maxHeight: 260,
          overflowY: "auto",
          fontFamily: "var(--mantine-font-family-monospace)",
        }}
      >
        {value}
      </Box>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t("copied") : t("copy")}>
            <ActionIcon
              variant="default"
              onClick={copy}
              aria-label={copied ? t("copied") : t("copyThing", { name: label })}
              style={{ position: "absolute", top: 6, right: 6 }}
            >
              {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Box>
  );
}

/** "Why?" beside a hard field: the longer explanation opens in a drawer. */
export function Why({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Anchor component="button" type="button" size="xs" onClick={open} td="underline">
        {t("why")}
      </Anchor>
      <Drawer opened={opened} onClose={close} title={title} closeButtonProps={{ "aria-label": t("close") }}>
        <Stack gap="sm" fz="sm" lh={1.6}>
          {children}
        </Stack>
      </Drawer>
    </>
  );
}

type ConsequenceProps = {
  opened: boolean;
  close: () => void;
  title: string;
  confirm: string;
  run: () => Promise<unknown>;
  children: ReactNode;
  disabled?: boolean;
};

/** Asks only where nothing can be taken back, and says the consequence in numbers. */
export function ConsequenceDialog(props: ConsequenceProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  return (
    <Modal
      opened={props.opened}
      onClose={props.close}
      title={props.title}
      size="lg"
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack>
        {props.children}
        <Group justify="flex-end" mt="sm">
          <Button variant="default" onClick={props.close} data-autofocus>
            {t("cancel")}
          </Button>
          <Button
            loading={busy}
            disabled={props.disabled}
            onClick={async () => {
              setBusy(true);
              try {
                await props.run();
                props.close();
              } catch (error) {
                failed(error);
              } finally {
                setBusy(false);
              }
            }}
          >
            {props.confirm}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** The first thing in the head, or in front of everything when there is none. */
function withNewTabs(html: string): string {
  const base = '<base target="_blank">';
  return /<head[^>]*>/i.test(html) ? html.replace(/<head[^>]*>/i, (head) => head + base) : base + html;
}

/**
 * Foreign HTML: never with scripts, never on our origin. With `links`, its links open in a new tab, which is an
 * ordinary page again.
 */
export function SandboxFrame(props: {
  html: string;
  title: string;
  height?: number | string;
  width?: number;
  links?: boolean;
}) {
  return (
    <iframe
      title={props.title}
      sandbox={props.links ? "allow-popups allow-popups-to-escape-sandbox" : ""}
      srcDoc={props.links ? withNewTabs(props.html) : props.html}
      style={{
        width: props.width ?? "100%",
        maxWidth: "100%",
        height: props.height ?? 560,
        border: "1px solid var(--hg-line)",
        borderRadius: 12,
        background: "#fff",
        colorScheme: "light",
      }}
    />
  );
}

/** A dialog with a form in it. */
export function FormModal(props: {
  opened: boolean;
  close: () => void;
  title: string;
  children: ReactNode;
  size?: string;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={props.opened}
      onClose={props.close}
      title={props.title}
      size={props.size ?? "md"}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {props.children}
    </Modal>
  );
}
