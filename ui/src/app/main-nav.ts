import {
  IconActivity,
  IconBuilding,
  IconCoin,
  IconFileText,
  IconForms,
  IconHistory,
  IconInbox,
  IconLayoutDashboard,
  IconListCheck,
  IconMail,
  IconMailOff,
  IconPhoto,
  IconRoute,
  IconSettings,
  IconStairs,
  IconTableColumn,
  IconTag,
  IconTrash,
  IconUpload,
  IconUsers,
  IconUsersGroup,
  IconUsersPlus,
} from "@tabler/icons-react";

/** The places of the app: navigation, palette and shortcuts are made from this one list. */
export const PLACES = [
  { key: "dashboard", path: "/", icon: IconLayoutDashboard, keys: "d", group: "top" },
  { key: "activity", path: "/activity", icon: IconActivity, keys: "a", group: "top" },
  { key: "contacts", path: "/contacts", icon: IconUsers, keys: "c", group: "audience" },
  { key: "companies", path: "/companies", icon: IconBuilding, keys: "b", group: "audience" },
  { key: "segments", path: "/segments", icon: IconUsersGroup, keys: "s", group: "audience" },
  { key: "tags", path: "/tags", icon: IconTag, keys: "t", group: "audience" },
  { key: "fields", path: "/fields", icon: IconTableColumn, keys: "l", group: "audience" },
  { key: "points", path: "/points", icon: IconCoin, keys: "n", group: "audience" },
  { key: "stages", path: "/stages", icon: IconStairs, keys: "h", group: "audience" },
  { key: "duplicates", path: "/contacts/duplicates", icon: IconUsersPlus, keys: "u", group: "audience" },
  { key: "imports", path: "/imports", icon: IconUpload, keys: "i", group: "audience" },
  { key: "campaigns", path: "/campaigns", icon: IconRoute, keys: "m", group: "reach" },
  { key: "emails", path: "/emails", icon: IconMail, keys: "e", group: "reach" },
  { key: "media", path: "/media", icon: IconPhoto, keys: "v", group: "reach" },
  { key: "pages", path: "/pages", icon: IconFileText, keys: "p", group: "reach" },
  { key: "forms", path: "/forms", icon: IconForms, keys: "f", group: "reach" },
  { key: "suppressions", path: "/deliverability/suppressions", icon: IconMailOff, keys: "r", group: "reach" },
  { key: "outbox", path: "/outbox", icon: IconInbox, keys: "o", group: "system" },
  { key: "tasks", path: "/tasks", icon: IconListCheck, keys: "k", group: "system" },
  { key: "trash", path: "/trash", icon: IconTrash, keys: "x", group: "system" },
  { key: "audit", path: "/settings/audit", icon: IconHistory, keys: "w", group: "system" },
  { key: "settings", path: "/settings/general", icon: IconSettings, keys: ",", group: "system" },
] as const;

/** The one place of the navigation that an address belongs to: the longest path that leads to it. */
export function placeOf(here: string): string | undefined {
  const within = (path: string) => path !== "/" && (here === path || here.startsWith(`${path}/`));
  const found = PLACES.filter((place) => place.path === here || within(place.path))
    .map((place) => place.path as string)
    .sort((one, other) => other.length - one.length)[0];
  return found ?? (here.startsWith("/settings/") ? "/settings/general" : undefined);
}

/** What can be made from anywhere. */
export const CREATABLE = [
  { key: "contact", path: "/contacts", search: "?new=1" },
  { key: "company", path: "/companies", search: "?new=1" },
  { key: "import", path: "/contacts/import", search: "" },
  { key: "segment", path: "/segments/new", search: "" },
  { key: "email", path: "/emails/new", search: "" },
  { key: "campaign", path: "/campaigns", search: "?new=1" },
  { key: "page", path: "/pages", search: "?new=1" },
  { key: "form", path: "/forms", search: "?new=1" },
] as const;
