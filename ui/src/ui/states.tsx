import {
  Alert,
  Badge,
  Box,
  Button,
  Center,
  Group,
  Loader,
  Skeleton,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import {
  IconAlertTriangle,
  IconCheck,
  IconCircleDashed,
  IconClock,
  IconMailOpened,
  IconPlayerPause,
  IconPlayerPlay,
  IconPointer,
  IconX,
} from "@tabler/icons-react";
import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";

type IconType = ComponentType<{ size?: number | string; stroke?: number; "aria-hidden"?: boolean }>;

type EmptyProps = {
  icon: IconType;
  title: string;
  children: ReactNode;
  action?: ReactNode;
  /** A short example of what the thing looks like when it is in use. */
  example?: ReactNode;
};

/** A list in which nothing fits what was asked for. */
export function NothingFound({ icon }: Pick<EmptyProps, "icon">) {
  const { t } = useTranslation();
  return (
    <EmptyState icon={icon} title={t("nothingFound")}>
      {t("nothingFoundText")}
    </EmptyState>
  );
}

/** An empty screen that teaches: what this is, an example, and the one thing to do next. */
export function EmptyState({ icon: Icon, title, children, action, example }: EmptyProps) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="md" maw={520} ta="center">
        <Box
          style={{
            width: 64,
            height: 64,
            borderRadius: 20,
            display: "grid",
            placeItems: "center",
            background: "light-dark(var(--mantine-color-indigo-0), var(--mantine-color-dark-5))",
            color: "light-dark(var(--mantine-color-indigo-8), var(--mantine-color-indigo-3))",
          }}
        >
          <Icon size={30} stroke={1.6} aria-hidden />
        </Box>
        <Title order={2}>{title}</Title>
        <Text c="dimmed" size="sm" style={{ lineHeight: 1.6 }}>
          {children}
        </Text>
        {example && (
          <Box
            p="sm"
            style={{ background: "var(--hg-soft)", borderRadius: 10, textAlign: "left", width: "100%" }}
          >
            {example}
          </Box>
        )}
        {action && <Group justify="center">{action}</Group>}
      </Stack>
    </Center>
  );
}

type ErrorProps = {
  error: unknown;
  retry?: () => void;
  /** Nothing else is on the screen: its title is the title of the page. */
  page?: boolean;
};

/** What happened, what it means, what to do. */
export function ErrorState({ error, retry, page }: ErrorProps) {
  const { t } = useTranslation();
  const api = error instanceof ApiError ? error : null;
  const missing = api?.status === 404;
  const title = missing
    ? t("error.missingTitle")
    : api?.status === 0
      ? t("error.offlineTitle")
      : api?.status === 403
        ? t("error.forbiddenTitle")
        : api?.status === 409
          ? t("error.conflictTitle")
          : (api?.problem.title ?? t("error.title"));
  const text = missing
    ? t("error.missingText")
    : api?.status === 0
      ? t("error.offlineText")
      : api?.status === 403
        ? t("error.forbiddenText")
        : (api?.problem.detail ?? t("error.text"));
  return (
    <Alert
      role="alert"
      variant="default"
      radius="lg"
      icon={<IconAlertTriangle aria-hidden color="var(--mantine-color-error)" />}
      title={page ? <h1 className="hg-plain">{title}</h1> : title}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{text}</Text>
        {api?.problem.request_id && (
          <Text size="xs" c="dimmed">
            {t("error.request", { id: api.problem.request_id })}
          </Text>
        )}
        {retry && !missing && (
          <Button size="xs" variant="default" onClick={retry}>
            {t("tryAgain")}
          </Button>
        )}
        {page && missing && (
          <Button size="xs" variant="default" component="a" href="/s/">
            {t("error.home")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Sentences of a failed save that belong to no single field. */
export function ErrorSummary({ errors }: { errors: string[] }) {
  const { t } = useTranslation();
  if (!errors.length) return null;
  return (
    <Alert
      role="alert"
      variant="default"
      mb="md"
      title={t("error.notSaved")}
      icon={<IconAlertTriangle aria-hidden color="var(--mantine-color-error)" />}
    >
      {errors.map((text) => (
        <Text key={text} size="sm">
          {text}
        </Text>
      ))}
    </Alert>
  );
}

/** Grey lines, but only when the wait is long enough to be noticed. */
export function Waiting({ lines = 6 }: { lines?: number }) {
  const [late, setLate] = useState(false);
  const { t } = useTranslation();
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return <Box mih={200} />;
  return (
    <Stack gap="sm" p="md" role="status" aria-label={t("loading")}>
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} h={18} w={`${92 - ((i * 17) % 40)}%`} animate={false} />
      ))}
    </Stack>
  );
}

const LOOK: Record<string, { color: string; icon: IconType }> = {
  published: { color: "teal", icon: IconPlayerPlay },
  active: { color: "teal", icon: IconPlayerPlay },
  running: { color: "indigo", icon: IconPlayerPlay },
  sending: { color: "indigo", icon: IconPlayerPlay },
  ongoing: { color: "teal", icon: IconPlayerPlay },
  dry_running: { color: "indigo", icon: IconPlayerPlay },
  done: { color: "teal", icon: IconCheck },
  finished: { color: "teal", icon: IconCheck },
  sent: { color: "teal", icon: IconCheck },
  opened: { color: "teal", icon: IconMailOpened },
  clicked: { color: "indigo", icon: IconPointer },
  warning: { color: "orange", icon: IconAlertTriangle },
  executed: { color: "teal", icon: IconCheck },
  ready: { color: "teal", icon: IconCheck },
  paused: { color: "orange", icon: IconPlayerPause },
  stopped: { color: "orange", icon: IconPlayerPause },
  queued: { color: "gray", icon: IconClock },
  waiting: { color: "gray", icon: IconClock },
  scheduled: { color: "gray", icon: IconClock },
  asked: { color: "orange", icon: IconClock },
  failed: { color: "red", icon: IconX },
  unknown: { color: "orange", icon: IconAlertTriangle },
};

/** A state as colour, icon and word together. */
export function StateBadge({ state, label }: { state: string; label?: string }) {
  const { t } = useTranslation();
  const look = LOOK[state] ?? { color: "gray", icon: IconCircleDashed };
  return (
    <Badge
      className={`hg-badge hg-badge-${look.color}`}
      variant="default"
      leftSection={<look.icon size={12} aria-hidden />}
    >
      {label ?? t(`state.${state}`, { defaultValue: state.replaceAll("_", " ") })}
    </Badge>
  );
}

export function Spinner({ label }: { label: string }) {
  return (
    <Group gap={8} role="status">
      <Loader size={14} aria-hidden />
      <Text size="sm" c="dimmed">
        {label}
      </Text>
    </Group>
  );
}
