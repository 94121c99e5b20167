import { Tabs } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

const PATHS = { actions: "/points", triggers: "/points/triggers", groups: "/points/groups" } as const;

/** The three screens of points. */
export function PointsNav({ at }: { at: keyof typeof PATHS }) {
  const { t } = useTranslation("points");
  const navigate = useNavigate();
  return (
    <Tabs value={at} mb="lg" onChange={(next) => navigate({ to: PATHS[(next ?? at) as keyof typeof PATHS] })}>
      <Tabs.List>
        {(Object.keys(PATHS) as (keyof typeof PATHS)[]).map((key) => (
          <Tabs.Tab key={key} value={key}>
            {t(`nav.${key}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
    </Tabs>
  );
}
