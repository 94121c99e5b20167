import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { $api, queries } from "../api/client";
import type { Session } from "../api/types";
import { NotFound, ScreenError } from "./Fallbacks";
import { Shell } from "./Shell";
import { readSession, SESSION_KEY } from "./session";

type Search = Record<string, unknown>;
const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value));
const whole = (value: unknown) => (Number.isInteger(Number(value)) && value ? Number(value) : undefined);

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: ScreenError,
});

async function signedIn(): Promise<Session | null> {
  const known = queries.getQueryData<Session | null>(SESSION_KEY);
  return known ?? (await queries.fetchQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 0 }));
}

async function setupNeeded(): Promise<boolean> {
  const answer = await queries.fetchQuery({ ...$api.queryOptions("get", "/setup"), staleTime: 0 });
  return answer.needed;
}

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Search): { next?: string } => ({ next: text(search.next) }),
  beforeLoad: async () => {
    if (await setupNeeded()) throw redirect({ to: "/setup" });
  },
  component: lazyRouteComponent(() => import("../auth/LoginPage"), "LoginPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  beforeLoad: async () => {
    if (!(await setupNeeded())) throw redirect({ to: "/" });
  },
  component: lazyRouteComponent(() => import("../auth/SetupPage"), "SetupPage"),
});

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  component: Shell,
  beforeLoad: async ({ location }) => {
    if (await signedIn()) return;
    if (await setupNeeded()) throw redirect({ to: "/setup" });
    throw redirect({ to: "/login", search: { next: location.href } });
  },
});

const home = createRoute({
  getParentRoute: () => app,
  path: "/",
  validateSearch: (search: Search): { days?: number } => ({ days: whole(search.days) }),
  component: lazyRouteComponent(() => import("../dashboard/DashboardPage"), "DashboardPage"),
});
const activity = createRoute({
  getParentRoute: () => app,
  path: "/activity",
  validateSearch: (search: Search): { kinds?: string } => ({ kinds: text(search.kinds) }),
  component: lazyRouteComponent(() => import("../activity/ActivityPage"), "ActivityPage"),
});
const tasks = createRoute({
  getParentRoute: () => app,
  path: "/tasks",
  component: lazyRouteComponent(() => import("../tasks/TasksPage"), "TasksPage"),
});

export type ContactsSearch = {
  search?: string;
  segment?: number;
  tag?: string;
  sort?: string;
  filter?: string;
  anonymous?: boolean;
  view?: number;
  new?: boolean;
};
const contacts = createRoute({
  getParentRoute: () => app,
  path: "/contacts",
  validateSearch: (search: Search): ContactsSearch => ({
    search: text(search.search),
    segment: whole(search.segment),
    tag: text(search.tag),
    sort: text(search.sort),
    filter: text(search.filter),
    anonymous: search.anonymous === true || search.anonymous === "true" || undefined,
    view: whole(search.view),
    new: search.new ? true : undefined,
  }),
  component: lazyRouteComponent(() => import("../contacts/ContactsPage"), "ContactsPage"),
});
const contact = createRoute({
  getParentRoute: () => app,
  path: "/contacts/$id",
  component: lazyRouteComponent(() => import("../contacts/ContactPage"), "ContactPage"),
});
const contactImport = createRoute({
  getParentRoute: () => app,
  path: "/contacts/import",
  component: lazyRouteComponent(() => import("../contacts/ImportUploadPage"), "ImportUploadPage"),
});
const duplicates = createRoute({
  getParentRoute: () => app,
  path: "/contacts/duplicates",
  component: lazyRouteComponent(() => import("../contacts/DuplicatesPage"), "DuplicatesPage"),
});
const contactMerge = createRoute({
  getParentRoute: () => app,
  path: "/contacts/$id/merge",
  validateSearch: (search: Search): { other?: number } => ({ other: whole(search.other) }),
  component: lazyRouteComponent(() => import("../contacts/MergePage"), "MergePage"),
});
const suppressions = createRoute({
  getParentRoute: () => app,
  path: "/deliverability/suppressions",
  component: lazyRouteComponent(() => import("../emails/SuppressionsPage"), "SuppressionsPage"),
});
const imports = createRoute({
  getParentRoute: () => app,
  path: "/imports",
  component: lazyRouteComponent(() => import("../contacts/ImportsPage"), "ImportsPage"),
});
const importSchedules = createRoute({
  getParentRoute: () => app,
  path: "/imports/schedules",
  component: lazyRouteComponent(() => import("../contacts/ImportSchedulesPage"), "ImportSchedulesPage"),
});
const importOne = createRoute({
  getParentRoute: () => app,
  path: "/imports/$id",
  component: lazyRouteComponent(() => import("../contacts/ImportPage"), "ImportPage"),
});
const tags = createRoute({
  getParentRoute: () => app,
  path: "/tags",
  component: lazyRouteComponent(() => import("../contacts/TagsPage"), "TagsPage"),
});
const fields = createRoute({
  getParentRoute: () => app,
  path: "/fields",
  validateSearch: (search: Search): { of?: "company" } => ({
    of: search.of === "company" ? "company" : undefined,
  }),
  component: lazyRouteComponent(() => import("../contacts/FieldsPage"), "FieldsPage"),
});

export type ListSearch = { search?: string; sort?: string; new?: boolean };
const listSearch = (search: Search): ListSearch => ({
  search: text(search.search),
  sort: text(search.sort),
  new: search.new ? true : undefined,
});

const companySegments = createRoute({
  getParentRoute: () => app,
  path: "/companies/segments",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../companies/CompanySegmentsPage"), "CompanySegmentsPage"),
});
const companySegmentNew = createRoute({
  getParentRoute: () => app,
  path: "/companies/segments/new",
  component: lazyRouteComponent(() => import("../companies/CompanySegmentEditPage"), "CompanySegmentNewPage"),
});
const companySegment = createRoute({
  getParentRoute: () => app,
  path: "/companies/segments/$id",
  component: lazyRouteComponent(() => import("../companies/CompanySegmentPage"), "CompanySegmentPage"),
});
const companySegmentEdit = createRoute({
  getParentRoute: () => app,
  path: "/companies/segments/$id/edit",
  component: lazyRouteComponent(
    () => import("../companies/CompanySegmentEditPage"),
    "CompanySegmentEditPage",
  ),
});
const company = createRoute({
  getParentRoute: () => app,
  path: "/companies/$id",
  component: lazyRouteComponent(() => import("../companies/CompanyPage"), "CompanyPage"),
});

const companies = createRoute({
  getParentRoute: () => app,
  path: "/companies",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../companies/CompaniesPage"), "CompaniesPage"),
});
const segments = createRoute({
  getParentRoute: () => app,
  path: "/segments",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../segments/SegmentsPage"), "SegmentsPage"),
});
const segment = createRoute({
  getParentRoute: () => app,
  path: "/segments/$id",
  validateSearch: (search: Search): { tab?: string; contact?: number } => ({
    tab: text(search.tab),
    contact: whole(search.contact),
  }),
  component: lazyRouteComponent(() => import("../segments/SegmentPage"), "SegmentPage"),
});
const segmentNew = createRoute({
  getParentRoute: () => app,
  path: "/segments/new",
  component: lazyRouteComponent(() => import("../segments/SegmentEditPage"), "SegmentNewPage"),
});
const segmentEdit = createRoute({
  getParentRoute: () => app,
  path: "/segments/$id/edit",
  component: lazyRouteComponent(() => import("../segments/SegmentEditPage"), "SegmentEditPage"),
});

const stages = createRoute({
  getParentRoute: () => app,
  path: "/stages",
  component: lazyRouteComponent(() => import("../stages/StagesPage"), "StagesPage"),
});
const points = createRoute({
  getParentRoute: () => app,
  path: "/points",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../points/PointsPage"), "PointsPage"),
});
const pointTriggers = createRoute({
  getParentRoute: () => app,
  path: "/points/triggers",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../points/TriggersPage"), "TriggersPage"),
});
const pointGroups = createRoute({
  getParentRoute: () => app,
  path: "/points/groups",
  component: lazyRouteComponent(() => import("../points/GroupsPage"), "GroupsPage"),
});

const emails = createRoute({
  getParentRoute: () => app,
  path: "/emails",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../emails/EmailsPage"), "EmailsPage"),
});
const emailBlocks = createRoute({
  getParentRoute: () => app,
  path: "/emails/blocks",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../emails/BlocksPage"), "BlocksPage"),
});
const emailNew = createRoute({
  getParentRoute: () => app,
  path: "/emails/new",
  component: lazyRouteComponent(() => import("../emails/EmailNewPage"), "EmailNewPage"),
});
const email = createRoute({
  getParentRoute: () => app,
  path: "/emails/$id",
  validateSearch: (search: Search): { tab?: string; state?: string; contact?: number } => ({
    tab: text(search.tab),
    state: text(search.state),
    contact: whole(search.contact),
  }),
  component: lazyRouteComponent(() => import("../emails/EmailPage"), "EmailPage"),
});
const emailEdit = createRoute({
  getParentRoute: () => app,
  path: "/emails/$id/edit",
  validateSearch: (search: Search): { comments?: number } => ({ comments: whole(search.comments) }),
  component: lazyRouteComponent(() => import("../emails/EmailEditPage"), "EmailEditPage"),
});
const emailDesign = createRoute({
  getParentRoute: () => app,
  path: "/emails/$id/design",
  component: lazyRouteComponent(() => import("../emails/EmailDesignPage"), "EmailDesignPage"),
});
const emailSend = createRoute({
  getParentRoute: () => app,
  path: "/emails/$id/send",
  component: lazyRouteComponent(() => import("../emails/EmailSendPage"), "EmailSendPage"),
});
const media = createRoute({
  getParentRoute: () => app,
  path: "/media",
  component: lazyRouteComponent(() => import("../media/MediaPage"), "MediaPage"),
});
const outbox = createRoute({
  getParentRoute: () => app,
  path: "/outbox",
  validateSearch: (search: Search): { search?: string; mail?: number } => ({
    search: text(search.search),
    mail: whole(search.mail),
  }),
  component: lazyRouteComponent(() => import("../outbox/OutboxPage"), "OutboxPage"),
});

const pages = createRoute({
  getParentRoute: () => app,
  path: "/pages",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../pages/PagesPage"), "PagesPage"),
});
const page = createRoute({
  getParentRoute: () => app,
  path: "/pages/$id",
  component: lazyRouteComponent(() => import("../pages/PageEditPage"), "PageEditPage"),
});
const forms = createRoute({
  getParentRoute: () => app,
  path: "/forms",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../forms/FormsPage"), "FormsPage"),
});
const form = createRoute({
  getParentRoute: () => app,
  path: "/forms/$id",
  validateSearch: (search: Search): { tab?: string } => ({ tab: text(search.tab) }),
  component: lazyRouteComponent(() => import("../forms/FormPage"), "FormPage"),
});

const campaigns = createRoute({
  getParentRoute: () => app,
  path: "/campaigns",
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import("../campaigns/CampaignsPage"), "CampaignsPage"),
});
const campaign = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id",
  validateSearch: (search: Search): { view?: "canvas" | "outline"; step?: string } => ({
    view: search.view === "outline" ? "outline" : undefined,
    step: text(search.step),
  }),
  component: lazyRouteComponent(() => import("../campaigns/CampaignPage"), "CampaignPage"),
});
const campaignPeople = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id/people",
  validateSearch: (search: Search): { step?: string; state?: string; contact?: number } => ({
    step: text(search.step),
    state: text(search.state),
    contact: whole(search.contact),
  }),
  component: lazyRouteComponent(() => import("../campaigns/PeoplePage"), "PeoplePage"),
});

const campaignVersions = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id/versions",
  component: lazyRouteComponent(() => import("../campaigns/VersionsPage"), "VersionsPage"),
});
const campaignTry = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id/try",
  component: lazyRouteComponent(() => import("../campaigns/TryPage"), "TryPage"),
});

const exports_ = createRoute({
  getParentRoute: () => app,
  path: "/exports",
  component: lazyRouteComponent(() => import("../house/ExportsPage"), "ExportsPage"),
});
const trash = createRoute({
  getParentRoute: () => app,
  path: "/trash",
  component: lazyRouteComponent(() => import("../house/TrashPage"), "TrashPage"),
});
const audit = createRoute({
  getParentRoute: () => app,
  path: "/settings/audit",
  component: lazyRouteComponent(() => import("../house/AuditPage"), "AuditPage"),
});
const settings = createRoute({
  getParentRoute: () => app,
  path: "/settings/$section",
  component: lazyRouteComponent(() => import("../settings/SettingsPage"), "SettingsPage"),
});
const me = createRoute({
  getParentRoute: () => app,
  path: "/me",
  component: lazyRouteComponent(() => import("../settings/MePage"), "MePage"),
});

export const router = createRouter({
  basepath: "/s",
  defaultPreload: "intent",
  defaultErrorComponent: ScreenError,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
  routeTree: root.addChildren([
    login,
    setup,
    app.addChildren([
      home,
      activity,
      tasks,
      contacts,
      contactImport,
      duplicates,
      contactMerge,
      suppressions,
      contact,
      imports,
      importSchedules,
      importOne,
      tags,
      fields,
      companies,
      companySegments,
      companySegmentNew,
      companySegmentEdit,
      companySegment,
      company,
      segments,
      stages,
      points,
      pointTriggers,
      pointGroups,
      segmentNew,
      segmentEdit,
      segment,
      emails,
      emailBlocks,
      emailNew,
      emailEdit,
      emailDesign,
      emailSend,
      email,
      media,
      outbox,
      pages,
      page,
      forms,
      form,
      campaigns,
      campaignPeople,
      campaignTry,
      campaignVersions,
      campaign,
      exports_,
      trash,
      audit,
      settings,
      me,
    ]),
  ]),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
