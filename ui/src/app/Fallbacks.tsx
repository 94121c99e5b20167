import { Box, Button, Center, Stack, Text, Title, VisuallyHidden } from "@mantine/core";
import { IconMoodSearch } from "@tabler/icons-react";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import { EmptyState, ErrorState } from "../ui/states";

/** An address that leads nowhere, with a next step. */
export function NotFound() {
  const { t } = useTranslation();
  return (
    <main>
      <VisuallyHidden component="h1">{t("error.notFoundTitle")}</VisuallyHidden>
      <EmptyState
        icon={IconMoodSearch}
        title={t("error.notFoundTitle")}
        action={
          <Button component="a" href="/s/">
            {t("error.home")}
          </Button>
        }
      >
        {t("error.notFoundText")}
      </EmptyState>
    </main>
  );
}

/** A screen that threw: says so, and offers to load it again. */
export function ScreenError({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  if (error instanceof ApiError) {
    return (
      <Box maw={640} mx="auto" mt={64}>
        <ErrorState page error={error} retry={() => window.location.reload()} />
      </Box>
    );
  }
  return (
    <Center py={64} px="md">
      <Stack align="center" maw={520} ta="center" role="alert">
        <Title order={2}>{t("error.pageTitle")}</Title>
        <Text c="dimmed" size="sm">
          {t("error.pageText")}
        </Text>
        <Text size="xs" c="dimmed" ff="monospace">
          {error instanceof Error ? error.message : String(error)}
        </Text>
        <Button
          onClick={() => {
            reset();
            window.location.reload();
          }}
        >
          {t("tryAgain")}
        </Button>
      </Stack>
    </Center>
  );
}
