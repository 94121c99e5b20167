import { Box, Center, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Logo } from "../app/Logo";

/** The quiet page around sign-in and first setup. */
export function Frame(props: { title: string; text?: string; width?: number; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Center mih="100vh" p="md" component="main">
      <Box w="100%" maw={props.width ?? 420} py="xl">
        <Group gap={10} justify="center" mb="lg">
          <Logo size={38} />
          <Text fw={700} fz={22}>
            {t("appName")}
          </Text>
        </Group>
        <Box className="hg-card" p={{ base: "lg", sm: 32 }}>
          <Stack gap={4} mb="lg">
            <Title order={1} fz={22}>
              {props.title}
            </Title>
            {props.text && (
              <Text c="dimmed" size="sm">
                {props.text}
              </Text>
            )}
          </Stack>
          {props.children}
        </Box>
      </Box>
    </Center>
  );
}
