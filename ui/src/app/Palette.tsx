import { useDebouncedValue } from "@mantine/hooks";
import {
  createSpotlight,
  Spotlight,
  type SpotlightActionData,
  type SpotlightActionGroupData,
} from "@mantine/spotlight";
import {
  IconFileText,
  IconForms,
  IconMail,
  IconPlus,
  IconRoute,
  IconSearch,
  IconUser,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { http } from "../api/client";
import { CREATABLE, PLACES } from "./main-nav";

type Found = { id: string; label: string; description?: string; path: string; icon: ReactNode };

/** Things by name, from every list at once; a list that fails is left out. */
async function find(search: string): Promise<Found[]> {
  const query = { search, limit: 5 };
  const size = 18;
  const wants: [string, ReactNode, Promise<{ data?: { items: unknown[] } }>][] = [
    ["contacts", <IconUser key="i" size={size} />, http.GET("/contacts", { params: { query } })],
    ["segments", <IconUsersGroup key="i" size={size} />, http.GET("/segments", { params: { query } })],
    ["campaigns", <IconRoute key="i" size={size} />, http.GET("/campaigns", { params: { query } })],
    ["emails", <IconMail key="i" size={size} />, http.GET("/emails", { params: { query } })],
    ["pages", <IconFileText key="i" size={size} />, http.GET("/pages", { params: { query } })],
    ["forms", <IconForms key="i" size={size} />, http.GET("/forms", { params: { query } })],
  ];
  const lists = await Promise.all(
    wants.map(async ([root, icon, call]) => {
      try {
        const items = ((await call).data?.items ?? []) as {
          id: number;
          name?: string;
          title?: string;
          email?: string;
        }[];
        return items.slice(0, 5).map((item) => ({
          id: `${root}-${item.id}`,
          label: item.name || item.title || item.email || `#${item.id}`,
          description: item.email && item.name ? item.email : undefined,
          path: `/${root}/${item.id}`,
          icon,
        }));
      } catch {
        return [];
      }
    }),
  );
  return lists.flat();
}

const [store, palette] = createSpotlight();

/** Opens the palette, as Ctrl-K does. */
export const openPalette = palette.open;

/** Keeps a line chosen while the list changes under it: the one that was chosen if it is still there, else the first. */
function keepChosen() {
  const { listId, opened } = store.getState();
  if (!opened || !listId) return;
  const lines = [...document.querySelectorAll(`#${CSS.escape(listId)} [data-action]`)];
  const before = lines.findIndex((line) => line.hasAttribute("data-selected"));
  const chosen = Math.max(before, 0);
  lines[chosen]?.setAttribute("data-selected", "true");
  store.updateState((state) => ({ ...state, selected: chosen }));
}

/** Takes the keyboard as soon as it stands in the page: what is typed right after Ctrl-K is never lost. */
const focusAtOnce = (box: HTMLInputElement | null) => box?.focus();

/** Ctrl-K: jump to anything by name, go anywhere, create anything. Opens without animation. */
export function Palette() {
  const { t } = useTranslation("shell");
  const router = useRouter();
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text.trim(), 150);
  const { data: found = [] } = useQuery({
    queryKey: ["palette", search],
    queryFn: () => find(search),
    enabled: search.length > 1,
  });
  const go = (path: string) => router.history.push(`/s${path}`);
  const matches = (label: string) => label.toLowerCase().includes(text.trim().toLowerCase());
  const groups: SpotlightActionGroupData[] = [
    {
      group: t("palette.found"),
      actions:
        text.trim().length > 1
          ? found.map(
              (item): SpotlightActionData => ({
                id: item.id,
                label: item.label,
                description: item.description,
                leftSection: item.icon,
                onClick: () => go(item.path),
              }),
            )
          : [],
    },
    {
      group: t("palette.go"),
      actions: PLACES.filter((place) => matches(t(`nav.${place.key}`))).map((place) => ({
        id: `go-${place.key}`,
        label: t(`nav.${place.key}`),
        leftSection: <place.icon size={18} aria-hidden />,
        onClick: () => go(place.path),
      })),
    },
    {
      group: t("palette.create"),
      actions: CREATABLE.filter((thing) => matches(t(`create.${thing.key}`))).map((thing) => ({
        id: `create-${thing.key}`,
        label: t(`create.${thing.key}`),
        leftSection: <IconPlus size={18} aria-hidden />,
        onClick: () => go(thing.path + thing.search),
      })),
    },
  ];
  const listed = groups.flatMap((group) => group.actions.map((action) => action.id)).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when other lines are listed
  useEffect(keepChosen, [listed]);
  return (
    <Spotlight
      store={store}
      shortcut={["mod + K"]}
      query={text}
      onQueryChange={setText}
      filter={(_query, actions) => actions}
      actions={groups.filter((group) => group.actions.length)}
      nothingFound={t("palette.nothing")}
      scrollable
      maxHeight={440}
      transitionProps={{ duration: 0 }}
      searchProps={{
        ref: focusAtOnce,
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: t("palette.placeholder"),
        "aria-label": t("palette.placeholder"),
      }}
    />
  );
}
