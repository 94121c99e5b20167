import {
  ActionIcon,
  AppShell,
  Avatar,
  Box,
  Burger,
  Button,
  Group,
  Indicator,
  Kbd,
  Menu,
  Modal,
  NavLink,
  ScrollArea,
  SimpleGrid,
  Stack,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconKeyboard,
  IconListCheck,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSun,
  IconUser,
} from "@tabler/icons-react";
import { Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { Suspense, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, queries, refresh, take, whenSignedOut } from "../api/client";
import { closeLive, openLive, useLive, useLiveConnected } from "../api/live";
import type { Task } from "../api/types";
import { Waiting } from "../ui/states";
import { failed } from "../ui/toasts";
import { Bell } from "./Bell";
import { Logo } from "./Logo";
import { PLACES, placeOf } from "./main-nav";
import { openPalette, Palette } from "./Palette";
import { adopt, useSession } from "./session";
import { useShortcuts } from "./shortcuts";

/** The frame around every screen: navigation, palette, tasks, account, shortcuts. */
export function Shell() {
  const { t } = useTranslation("shell");
  const session = useSession();
  const router = useRouter();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [menuOpen, menu] = useDisclosure();
  const [sheetOpen, sheet] = useDisclosure();
  const go = useCallback((to: string) => router.history.push(`/s${to}`), [router]);
  useShortcuts({ go, sheet: sheet.open });
  useEffect(() => {
    openLive();
    whenSignedOut(() => {
      closeLive();
      adopt(null);
      router.navigate({ to: "/login", search: { next: window.location.pathname.replace(/^\/s/, "") } });
    });
    return closeLive;
  }, [router]);

  const here = path.replace(/^\/s/, "") || "/";
  const current = placeOf(here);

  const links = (group: string) =>
    PLACES.filter((place) => place.group === group).map((place) => (
      <NavLink
        key={place.key}
        component="a"
        href={`/s${place.path}`}
        label={t(`nav.${place.key}`)}
        leftSection={<place.icon size={18} stroke={1.7} aria-hidden />}
        active={current === place.path}
        aria-current={current === place.path ? "page" : undefined}
        className="hg-nav"
        onMouseEnter={() => router.preloadRoute({ to: place.path as never }).catch(() => {})}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          menu.close();
          go(place.path);
        }}
      />
    ));

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 228, breakpoint: "sm", collapsed: { mobile: !menuOpen } }}
      padding={0}
      transitionDuration={100}
    >
      <a href="#main" className="hg-skip">
        {t("common:skipToContent")}
      </a>
      <AppShell.Header className="hg-header">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={menuOpen}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={t("menu")}
            />
            <UnstyledButton component="a" href="/s/" aria-label={t("home")}>
              <Group gap={9} wrap="nowrap">
                <Logo />
                <Box visibleFrom="xs">
                  <Text fw={680} fz={16} lh={1.1}>
                    {t("common:appName")}
                  </Text>
                  <Text fz={11} c="dimmed" lh={1.2} truncate maw={130}>
                    {session.site.name}
                  </Text>
                </Box>
              </Group>
            </UnstyledButton>
          </Group>
          <Button
            variant="default"
            className="hg-search"
            leftSection={<IconSearch size={15} aria-hidden />}
            rightSection={
              <Box visibleFrom="sm">
                <Kbd size="xs">Ctrl K</Kbd>
              </Box>
            }
            onClick={openPalette}
            aria-label={t("palette.open")}
          >
            <Box component="span" visibleFrom="xs">
              {t("palette.open")}
            </Box>
          </Button>
          <Group gap={6} wrap="nowrap">
            <TasksMenu />
            <Bell />
            <SchemeToggle />
            <Tooltip label={t("shortcuts.title")}>
              <ActionIcon
                variant="subtle"
                color="gray"
                c="dimmed"
                size="lg"
                onClick={sheet.open}
                aria-label={t("shortcuts.title")}
                visibleFrom="sm"
              >
                <IconKeyboard size={19} stroke={1.7} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="hg-navbar" aria-label={t("mainNavigation")}>
        <ScrollArea px="sm" py="md" style={{ flex: 1 }} viewportProps={{ tabIndex: -1 }}>
          <Stack gap={2}>
            {links("top")}
            <NavTitle>{t("nav.audience")}</NavTitle>
            {links("audience")}
            <NavTitle>{t("nav.reach")}</NavTitle>
            {links("reach")}
            <NavTitle>{t("nav.system")}</NavTitle>
            {links("system")}
          </Stack>
        </ScrollArea>
        <LiveNote />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} style={{ outline: "none" }}>
        <Box px={{ base: "md", md: 32 }} py="xl" maw={1480} mx="auto">
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </Box>
      </AppShell.Main>
      <Palette />
      <ShortcutSheet opened={sheetOpen} close={sheet.close} />
    </AppShell>
  );
}

function NavTitle({ children }: { children: string }) {
  return (
    <Text fz={11.5} fw={600} c="dimmed" px={10} mt={14} mb={4}>
      {children}
    </Text>
  );
}

function LiveNote() {
  const { t } = useTranslation("shell");
  const connected = useLiveConnected();
  return (
    <Group gap={8} px="lg" py="sm" style={{ borderTop: "1px solid var(--hg-line)" }} role="status">
      <Box
        w={8}
        h={8}
        style={{ borderRadius: 8, background: connected ? "#12a878" : "var(--mantine-color-dimmed)" }}
        aria-hidden
      />
      <Text fz={12} c="dimmed">
        {connected ? t("live.on") : t("live.off")}
      </Text>
    </Group>
  );
}

function SchemeToggle() {
  const { t } = useTranslation("shell");
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const next = scheme === "dark" ? "light" : "dark";
  return (
    <Tooltip label={t(`scheme.${next}`)}>
      <ActionIcon
        variant="subtle"
        color="gray"
        c="dimmed"
        size="lg"
        aria-label={t(`scheme.${next}`)}
        onClick={() => setColorScheme(next)}
      >
        {scheme === "dark" ? (
          <IconSun size={19} stroke={1.7} aria-hidden />
        ) : (
          <IconMoon size={19} stroke={1.7} aria-hidden />
        )}
      </ActionIcon>
    </Tooltip>
  );
}

/** Long work is visible from everywhere and survives navigation. */
function TasksMenu() {
  const { t } = useTranslation("shell");
  const { data } = $api.useQuery("get", "/tasks", { params: { query: { limit: 6 } } });
  const [live, setLive] = useState<Record<number, Task["state"]>>({});
  useLive<Pick<Task, "id" | "state">>("task", (task) => {
    if (live[task.id] !== task.state) refresh("/tasks");
    setLive((known) => ({ ...known, [task.id]: task.state }));
  });
  const router = useRouter();
  const items = data?.items ?? [];
  const running = items.filter((task) => (live[task.id] ?? task.state) === "running").length;
  const label = running ? t("tasks.running", { count: running }) : t("tasks.idle");
  return (
    <Menu width={320} position="bottom-end">
      <Menu.Target>
        <Tooltip label={label}>
          <Indicator disabled={!running} label={running} size={16} offset={5}>
            <ActionIcon variant="subtle" color="gray" c="dimmed" size="lg" aria-label={label}>
              <IconListCheck size={19} stroke={1.7} aria-hidden />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label c="dimmed">{t("tasks.title")}</Menu.Label>
        {items.map((task) => (
          <Menu.Item key={task.id} onClick={() => router.history.push(`/s${task.link ?? "/tasks"}`)}>
            <Text size="sm" truncate>
              {task.title}
            </Text>
            <Text size="xs" c="dimmed">
              {t(`common:state.${live[task.id] ?? task.state}`)}
            </Text>
          </Menu.Item>
        ))}
        {!items.length && (
          <Text size="sm" c="dimmed" px="sm" pb="sm">
            {t("tasks.none")}
          </Text>
        )}
        <Menu.Divider />
        <Menu.Item onClick={() => router.navigate({ to: "/tasks" })}>{t("tasks.all")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function AccountMenu() {
  const { t } = useTranslation("shell");
  const { user } = useSession();
  const router = useRouter();
  const name = `${user.first_name} ${user.last_name}`.trim() || user.email;
  const leave = async () => {
    try {
      await take(http.DELETE("/session"));
      closeLive();
      queries.clear();
      adopt(null);
      router.navigate({ to: "/login", search: {} });
    } catch (error) {
      failed(error);
    }
  };
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="transparent" size="lg" radius="xl" aria-label={t("account", { name })}>
          <Avatar size={30} radius="xl" className="hg-avatar">
            {initials(name)}
          </Avatar>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Box px="sm" py={6}>
          <Text size="sm" fw={600}>
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {user.email}
          </Text>
        </Box>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconUser size={16} aria-hidden />}
          onClick={() => router.navigate({ to: "/me" })}
        >
          {t("me")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={leave}>
          {t("signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function initials(name: string): string {
  const words = name.split(/[\s@.]+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words[1]?.[0] ?? "")).toUpperCase();
}

function ShortcutSheet({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation("shell");
  const rows: [string[], string][] = [
    [["Ctrl", "K"], t("shortcuts.palette")],
    [["?"], t("shortcuts.sheet")],
    [["/"], t("shortcuts.search")],
    [["c"], t("shortcuts.create")],
    [["e"], t("shortcuts.edit")],
    [["j", "k"], t("shortcuts.move")],
    [["x"], t("shortcuts.select")],
    [["Space"], t("shortcuts.preview")],
    [["Enter"], t("shortcuts.open")],
    ...PLACES.map((place): [string[], string] => [
      ["g", place.keys],
      t("shortcuts.go", { place: t(`nav.${place.key}`) }),
    ]),
  ];
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t("shortcuts.title")}
      size="lg"
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" verticalSpacing={6}>
        {rows.map(([keys, label]) => (
          <Group key={label} justify="space-between" wrap="nowrap">
            <Text size="sm">{label}</Text>
            <Group gap={4} wrap="nowrap">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </SimpleGrid>
    </Modal>
  );
}
