import { Box, Button, Group, Text, Title } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconActivity, IconInbox, IconRoute, IconUser, IconUsersGroup } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { PathLink } from "../ui/links";

const STOPS = [
  { key: "contact", path: "/contacts?tag=ama-interested", icon: IconUser },
  { key: "segment", path: "/segments", icon: IconUsersGroup },
  { key: "campaign", path: "/campaigns", icon: IconRoute },
  { key: "outbox", path: "/outbox", icon: IconInbox },
  { key: "activity", path: "/activity", icon: IconActivity },
] as const;

/** What the demo is, and five places worth a look; hidden for good with one click. */
export function DemoTour() {
  const { t } = useTranslation("dashboard");
  const [hidden, setHidden] = useLocalStorage({ key: "hg.demo.tour.hidden", defaultValue: false });
  if (hidden) return null;
  return (
    <Box className="hg-card hg-tour" component="section" mb="md" p="lg">
      <Group justify="space-between" align="flex-start" mb="md">
        <div style={{ flex: "1 1 300px" }}>
          <Title order={2}>{t("tour.title")}</Title>
          <Text size="sm" c="dimmed" maw={720}>
            {t("tour.text")}
          </Text>
        </div>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          c="dimmed"
          style={{ flex: "none" }}
          onClick={() => setHidden(true)}
        >
          {t("tour.hide")}
        </Button>
      </Group>
      <ul className="hg-tour-stops">
        {STOPS.map((stop) => (
          <li key={stop.key}>
            <PathLink path={stop.path} className="hg-tour-stop" underline="never">
              <stop.icon size={20} stroke={1.6} className="hg-tour-icon" aria-hidden />
              <Text span display="block" size="sm" fw={600} mt={6}>
                {t(`tour.steps.${stop.key}.title`)}
              </Text>
              <Text span display="block" size="xs" c="dimmed" mt={2}>
                {t(`tour.steps.${stop.key}.text`)}
              </Text>
            </PathLink>
          </li>
        ))}
      </ul>
    </Box>
  );
}
