import { Box, Group, SegmentedControl } from "@mantine/core";
import { IconDeviceDesktop, IconDeviceMobile } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { SandboxFrame } from "./parts";

/** A preview in a sandboxed frame, as wide as a desktop or a phone. */
export function PreviewFrame(props: {
  html: string;
  title: string;
  height?: number;
  aside?: ReactNode;
  links?: boolean;
}) {
  const { t } = useTranslation();
  const [device, setDevice] = useState("desktop");
  return (
    <Box>
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <div style={{ flex: 1, minWidth: 0 }}>{props.aside}</div>
        <SegmentedControl
          size="xs"
          aria-label={t("preview.device")}
          value={device}
          onChange={setDevice}
          data={[
            {
              value: "desktop",
              label: (
                <Group gap={4} wrap="nowrap">
                  <IconDeviceDesktop size={15} aria-hidden /> {t("preview.desktop")}
                </Group>
              ),
            },
            {
              value: "phone",
              label: (
                <Group gap={4} wrap="nowrap">
                  <IconDeviceMobile size={15} aria-hidden /> {t("preview.phone")}
                </Group>
              ),
            },
          ]}
        />
      </Group>
      <Box
        style={{
          background: "var(--hg-soft)",
          borderRadius: 14,
          padding: device === "phone" ? 16 : 0,
          display: "grid",
          placeItems: "center",
        }}
      >
        <SandboxFrame
          html={props.html}
          title={props.title}
          links={props.links}
          height={props.height ?? 620}
          width={device === "phone" ? 375 : undefined}
        />
      </Box>
    </Box>
  );
}
