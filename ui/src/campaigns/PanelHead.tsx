import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** The title of a panel beside the canvas, and the way to close it. */
export function PanelHead({ title, close }: { title: string; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Group justify="space-between">
      <Text fw={600}>{title}</Text>
      <Button size="compact-sm" variant="subtle" color="gray" c="dimmed" onClick={close}>
        {t("common:close")}
      </Button>
    </Group>
  );
}
