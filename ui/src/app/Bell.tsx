import { ActionIcon, Box, Group, Indicator, Menu, Text, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconBell, IconCheck } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { Notice } from "../api/types";
import { ago, number } from "../ui/format";
import { attempt, said } from "../ui/toasts";

const ROUTE = "/me/notices";

/** What ended while one did something else: imports, exports, what broke. */
export function Bell() {
  const { t } = useTranslation("shell");
  const router = useRouter();
  const query = $api.useInfiniteQuery("get", ROUTE, { params: { query: { limit: 20 } } }, byCursor);
  useLive("notice", () => refresh(ROUTE));
  const pages = query.data?.pages ?? [];
  const items: Notice[] = pages.flatMap((page) => page.items);
  const unread = pages[0]?.unread ?? 0;
  useNews(items[0], query.isSuccess);
  const [shown, setShown] = useState(false);
  const label = unread ? t("notices.unread", { count: unread }) : t("notices.title");
  const change = (call: () => Promise<{ data?: unknown }>) =>
    attempt(async () => {
      await take(call());
      await refresh(ROUTE);
    });
  const open = async (notice: Notice) => {
    if (notice.link) router.history.push(`/s${notice.link}`);
    if (!notice.read) await change(() => http.POST("/me/notices/read", { body: { ids: [notice.id] } }));
  };
  return (
    <Menu
      opened={shown}
      onChange={setShown}
      width={360}
      position="bottom-end"
      closeOnItemClick={false}
      // A menu that scrolls must be reachable by Tab, and stay within the landmark of the bell.
      menuItemTabIndex={0}
      withinPortal={false}
    >
      <Menu.Target>
        <Tooltip label={label} disabled={shown}>
          <Indicator
            disabled={!unread}
            label={unread > 99 ? "99+" : number(unread)}
            size={16}
            offset={5}
            color="red.9"
          >
            <ActionIcon variant="subtle" color="gray" c="dimmed" size="lg" aria-label={label}>
              <IconBell size={19} stroke={1.7} aria-hidden />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown mah={480} style={{ overflowY: "auto" }}>
        <Menu.Label c="dimmed">{t("notices.title")}</Menu.Label>
        {items.map((notice) => (
          <Menu.Item key={notice.id} closeMenuOnClick onClick={() => open(notice)}>
            <NoticeRow notice={notice} />
          </Menu.Item>
        ))}
        {query.hasNextPage && (
          <Menu.Item onClick={() => query.fetchNextPage()}>{t("notices.older")}</Menu.Item>
        )}
        {items.length ? (
          <>
            <Menu.Divider />
            {unread > 0 && (
              <Menu.Item onClick={() => change(() => http.POST("/me/notices/read", { body: { ids: [] } }))}>
                {t("notices.readAll")}
              </Menu.Item>
            )}
            <Menu.Item closeMenuOnClick onClick={() => change(() => http.DELETE(ROUTE))}>
              {t("notices.clear")}
            </Menu.Item>
          </>
        ) : (
          <Menu.Item disabled>{t("notices.none")}</Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function NoticeRow({ notice }: { notice: Notice }) {
  const { t } = useTranslation("shell");
  const bad = notice.tone === "bad";
  const Icon = bad ? IconAlertTriangle : IconCheck;
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Icon size={17} color={bad ? "var(--mantine-color-error)" : undefined} aria-hidden />
      <Box style={{ minWidth: 0 }}>
        <Text size="sm" fw={notice.read ? 400 : 600}>
          {notice.title}
        </Text>
        <Text size="xs" c="dimmed" lineClamp={3}>
          {notice.body}
        </Text>
        <Text size="xs" c="dimmed">
          {notice.read ? ago(notice.created_at) : `${ago(notice.created_at)} · ${t("notices.new")}`}
        </Text>
      </Box>
    </Group>
  );
}

/** Says what comes in while the app is open, wherever one is. */
function useNews(newest: Notice | undefined, loaded: boolean) {
  const known = useRef<number | null>(null);
  useEffect(() => {
    if (!loaded) return;
    const id = newest?.id ?? 0;
    if (newest && known.current !== null && id > known.current) said(newest.title);
    known.current = Math.max(id, known.current ?? 0);
  }, [newest, loaded]);
}
