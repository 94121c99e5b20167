import { Anchor, Box, Group, Stack, Text, Title } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";

type Props = {
  title: string;
  /** In front of the title: a face. */
  lead?: ReactNode;
  /** Beside the title: a state badge, a count. */
  aside?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  back?: { path: string; label: string };
};

/** Title of a screen, what it is about, and at most one primary action. */
export function PageHeader({ title, lead, aside, description, actions, back }: Props) {
  const router = useRouter();
  useEffect(() => {
    document.title = `${title} · Honeyguide`;
  }, [title]);
  return (
    <Box mb="lg">
      {back && (
        <Anchor
          href={`/s${back.path}`}
          size="sm"
          mb={6}
          style={{ display: "inline-flex", alignItems: "center", gap: 4, minHeight: 24, maxWidth: "100%" }}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey) return;
            event.preventDefault();
            router.history.push(`/s${back.path}`);
          }}
        >
          <IconArrowLeft size={15} style={{ flex: "none" }} aria-hidden />
          <Text span inherit truncate>
            {back.label}
          </Text>
        </Anchor>
      )}
      <Group justify="space-between" align="flex-start" gap="md">
        {lead}
        <Stack gap={2} style={{ minWidth: "min(100%, 260px)", flex: 1 }}>
          <Group gap="sm" align="center">
            <Title order={1} style={{ overflowWrap: "anywhere" }}>
              {title}
            </Title>
            {aside}
          </Group>
          {description && (
            <Text c="dimmed" size="sm" maw={720} style={{ overflowWrap: "anywhere" }}>
              {description}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
    </Box>
  );
}
