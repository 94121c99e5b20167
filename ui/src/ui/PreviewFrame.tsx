import { Box, Button, Group, SegmentedControl } from "@mantine/core";
import { IconDeviceDesktop, IconDeviceMobile, IconMoon } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { SandboxFrame } from "./parts";

/**
 * What a mail program does at night to a mail that brings no dark colours of its own: it turns all colours over, and
 * pictures back. A mail that knows the night is asked for it.
 */
function atNight(html: string): string {
  const style = /prefers-color-scheme:\s*dark/i.test(html)
    ? ":root{color-scheme:dark}"
    : "html{background:#fff;filter:invert(.92) hue-rotate(180deg)}img,video{filter:invert(1) hue-rotate(180deg)}";
  const text = html.replace(/\(\s*prefers-color-scheme:\s*dark\s*\)/gi, "all");
  return /<\/head>/i.test(text)
    ? text.replace(/<\/head>/i, `<style>${style}</style></head>`)
    : `<style>${style}</style>${text}`;
}

/** A preview in a sandboxed frame, as wide as a desktop or a phone, by day or by night. */
export function PreviewFrame(props: {
  html: string;
  title: string;
  height?: number;
  aside?: ReactNode;
  links?: boolean;
  /** Offers to look at it as mail programs show it at night. */
  night?: boolean;
}) {
  const { t } = useTranslation();
  const [dark, setDark] = useState(false);
  const [device, setDevice] = useState("desktop");
  return (
    <Box>
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <div style={{ flex: 1, minWidth: 0 }}>{props.aside}</div>
        {props.night && (
          <Button
            size="xs"
            mr={6}
            variant={dark ? "light" : "default"}
            aria-pressed={dark}
            leftSection={<IconMoon size={15} aria-hidden />}
            onClick={() => setDark(!dark)}
          >
            {t("preview.dark")}
          </Button>
        )}
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
          html={dark ? atNight(props.html) : props.html}
          title={props.title}
          links={props.links}
          height={props.height ?? 620}
          width={device === "phone" ? 375 : undefined}
        />
      </Box>
    </Box>
  );
}
