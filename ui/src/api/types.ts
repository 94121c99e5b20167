/** The shapes of the native API, by the names the interface uses. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail?: string | null;
  request_id?: string | null;
  errors?: { pointer?: string | null; code: string; detail: string }[];
};
export type List<T> = { items: T[]; next_cursor?: string | null; total?: number | null };
type Kept = { id: number; version: number; created_at: string; updated_at: string };

export type Role = "administrator" | "viewer";
export type Session = {
  user: { id: number; email: string; first_name: string; last_name: string; role: Role };
  csrf_token: string;
  site: { name: string; url: string; timezone: string; locale: string };
  mail: { transport: "outbox" | "smtp" };
  demo: boolean;
};
export type SetupBody = {
  email: string;
  password: string;
  first_name: string;
  last_name: string;
  site_name: string;
  site_url: string;
  timezone: string;
  sender_name: string;
  sender_email: string;
};
export type User = Kept & {
  email: string;
  first_name: string;
  last_name: string;
  role: Role;
  timezone?: string | null;
  last_sign_in_at?: string | null;
};
export type GeneralSettings = {
  site_name: string;
  site_url: string;
  timezone: string;
  locale: string;
  date_format: string;
  postal_address: string;
};
export type SendingSettings = {
  sender_name: string;
  sender_email: string;
  reply_to: string | null;
  unsubscribe_text: string;
  webview_text: string;
  transport_in_use: string;
  max_connections: number;
  unsubscribe_on_get: boolean;
  track_opens: boolean;
  track_clicks: boolean;
};
export type TrackingSettings = {
  respect_gpc: boolean;
  respect_dnt: boolean;
  track_own_users: boolean;
  anonymize_ip: boolean;
  do_not_track_ips: string[];
  cors_valid_domains: string[];
  public_update_unverified: "fill" | "overwrite" | "none";
  script_snippet: string;
};
export type Dashboard = {
  contacts: { total: number; identified: number; new: number };
  emails: { sent: number; opened: number; clicked: number; unsubscribed: number; bounced: number };
  submissions: {
    total: number;
    by_source: { source: string | null; medium: string | null; count: number }[];
  };
  series: {
    date: string;
    sent: number;
    opened: number;
    clicked: number;
    submissions: number;
    new_contacts: number;
  }[];
  upcoming: { at: string; kind: string; title: string; people: number; link: string | null }[];
  checklist: { key: string; done: boolean; link: string | null }[];
};
export type Activity = {
  id: number;
  kind: string;
  occurred_at: string;
  contact: { id: number; name: string } | null;
  title: string;
};
export type Task = {
  id: number;
  kind: string;
  title: string;
  state: "queued" | "running" | "stopped" | "done" | "failed";
  done: number;
  total: number | null;
  message: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  link: string | null;
};

export type FieldValue = string | number | boolean | string[] | null;
export type Contact = Kept & {
  email: string | null;
  name: string;
  points: number;
  owner_id: number | null;
  identified_at: string | null;
  last_active_at: string | null;
  fields: Record<string, FieldValue>;
  tags: { id: number; name: string }[];
  do_not_contact: { channel: string; reason: string; comments: string | null; at: string }[];
};
export type ContactWrite = { fields?: Record<string, FieldValue>; tags?: string[]; version?: number };
export type ContactSelect =
  | { ids: number[] }
  | { search?: string; segment?: number; tag?: string; filter?: Group | null; include_anonymous?: boolean };
export type BulkAction = {
  kind:
    | "add_tags"
    | "remove_tags"
    | "add_to_segment"
    | "remove_from_segment"
    | "do_not_contact"
    | "delete"
    | "restore";
  tags?: string[];
  segment_id?: number;
};
export type TimelineItem = {
  id: number | string;
  kind: string;
  occurred_at: string;
  title: string;
  detail: Record<string, unknown> | null;
  link: { type: string; id: number; label: string } | null;
};
export type Consent = {
  purpose: string;
  state: "given" | "withdrawn";
  text: string | null;
  source: string | null;
  at: string;
};
export type FieldType =
  | "text"
  | "long_text"
  | "number"
  | "date"
  | "datetime"
  | "boolean"
  | "select"
  | "multiselect"
  | "email"
  | "url"
  | "phone"
  | "country"
  | "region"
  | "timezone"
  | "locale"
  | "lookup";
export type Option = { label: string; value: string };
export type Field = Kept & {
  alias: string;
  label: string;
  type: FieldType;
  group: string;
  order: number;
  required: boolean;
  unique: boolean;
  listable: boolean;
  visible: boolean;
  short_visible: boolean;
  publicly_updatable: boolean;
  fixed: boolean;
  default_value: string | null;
  char_limit: number | null;
  options: Option[];
  labels: { yes: string; no: string } | null;
};
export type Tag = Kept & { name: string; description: string | null; contacts: number };
export type Import = Kept & {
  file_name: string;
  state: "mapping" | "dry_running" | "ready" | "queued" | "running" | "stopped" | "done" | "failed";
  encoding: string;
  delimiter: string;
  headers: string[];
  sample: string[][];
  row_count_estimate: number | null;
  mapping: { column: number; target: string | null; guessed: boolean }[];
  options: {
    skip_existing: boolean;
    tags: string[];
    segment_id: number | null;
    owner_id: number | null;
    purpose: string | null;
  };
  dry_run: {
    created: number;
    updated: number;
    skipped: number;
    rejected: number;
    reasons: { reason: string; count: number; example_line: number | null }[];
  } | null;
  progress: {
    done: number;
    total: number | null;
    created: number;
    updated: number;
    skipped: number;
    rejected: number;
    rows_per_second: number | null;
  } | null;
  finished_at: string | null;
  message: string | null;
};
export type ImportTarget = { target: string; label: string; type: string; special: boolean };

export type Operator = string;
export type Condition = { field: string; op: Operator; value?: unknown };
export type Group = { match: "all" | "any"; not?: boolean; rules: (Group | Condition)[] };
export type Segment = Kept & {
  name: string;
  public_name: string;
  alias: string;
  description: string | null;
  published: boolean;
  include_anonymous: boolean;
  filter: Group | null;
  count: number;
  building: boolean;
  last_built_at: string | null;
  last_built_ms: number | null;
  broken: string | null;
  used_by: { type: string; id: number; name: string }[];
};
export type SegmentWrite = Partial<
  Pick<
    Segment,
    | "name"
    | "public_name"
    | "alias"
    | "description"
    | "published"
    | "include_anonymous"
    | "filter"
    | "version"
  >
>;
export type ValueKind =
  | "none"
  | "text"
  | "number"
  | "date"
  | "datetime"
  | "boolean"
  | "option"
  | "options"
  | "ids"
  | "interval"
  | "range";
export type CatalogueField = {
  field: string;
  label: string;
  type: string;
  operators: { op: string; label: string; value: ValueKind }[];
  options?: Option[] | null;
  source?: string | null;
};
export type Catalogue = { groups: { key: string; label: string; fields: CatalogueField[] }[] };
export type SegmentPreview = {
  count: number;
  exact: boolean;
  took_ms: number;
  sample: Contact[];
  conditions: { pointer: string; count: number }[];
  summary: string;
};
export type ExplainTree = {
  verdict: boolean;
  label: string;
  actual?: string | null;
  bounds?: string | null;
  children?: ExplainTree[];
};
export type Explain = {
  member: boolean;
  origin: string | null;
  since: string | null;
  tree: ExplainTree | null;
};
export type SegmentChange = {
  at: string;
  contact: { id: number; name: string } | null;
  change: "joined" | "left";
  count: number;
  reason: string;
};

export type SendState = "idle" | "sending" | "paused" | "sent";
export type SendCounts = {
  queued: number;
  sent: number;
  opened: number;
  clicked: number;
  unsubscribed: number;
  failed: number;
  unknown: number;
  skipped: number;
};
export type Warning = { code: string; detail: string };
export type Email = Kept & {
  name: string;
  subject: string;
  preheader: string;
  from_name: string;
  from_address: string;
  reply_to: string;
  format: "html" | "mjml";
  source: string;
  plain_text: string | null;
  plain_text_auto: string;
  kind: "template" | "segment";
  purpose: "marketing" | "transactional";
  published: boolean;
  segments: number[];
  excluded_segments: number[];
  language: string;
  utm: { source: string; medium: string; campaign: string; content: string };
  send_state: SendState;
  counts: SendCounts;
  warnings: Warning[];
};
export type EmailWrite = Partial<
  Omit<Email, "id" | "created_at" | "updated_at" | "plain_text_auto" | "send_state" | "counts" | "warnings">
>;
export type EmailPreview = {
  subject: string;
  preheader: string;
  html: string;
  text: string;
  warnings: Warning[];
};
export type Audience = {
  will_receive: number;
  skipped: { reason: string; text: string; count: number }[];
  sample: { id: number; name: string; email: string | null }[];
};
export type Recipient = {
  contact: { id: number; name: string; email: string | null };
  state: string;
  reason: string | null;
  sent_at: string | null;
  opened_at: string | null;
  clicked_at: string | null;
};
export type LinkStat = { url: string; clicks: number; people: number };
export type CaughtMail = {
  id: number;
  to: string;
  subject: string;
  from: string;
  caught_at: string;
  email_id: number | null;
  contact_id: number | null;
  size: number;
};
export type CaughtMailFull = CaughtMail & {
  html: string | null;
  text: string | null;
  source: string;
  headers: { name: string; value: string }[];
  open_url: string | null;
  links: { text: string; url: string }[];
};

export type Page = Kept & {
  title: string;
  alias: string;
  html: string;
  language: string;
  published: boolean;
  no_index: boolean;
  meta_description: string;
  head_script: string;
  footer_script: string;
  redirect_type: number | null;
  redirect_url: string;
  hits: number;
  unique_hits: number;
  url: string;
};
export type PageWrite = Partial<
  Omit<Page, "id" | "created_at" | "updated_at" | "hits" | "unique_hits" | "url">
>;
export type FormFieldKind = "text" | "email" | "textarea" | "select" | "hidden" | "consent" | "button";
export type FormField = {
  /** 0 until the server has given one. */
  id: number;
  alias: string;
  label: string;
  type: FormFieldKind;
  required: boolean;
  placeholder: string;
  help: string;
  default_value: string;
  options: Option[];
  validation_message: string;
  mapped_field: string | null;
  purpose: string;
  consent_text: string;
};
export type FormAction =
  | { kind: "add_tags"; tags?: string[]; remove_tags?: string[] }
  | { kind: "change_points"; points: number; operator?: string }
  | { kind: "add_to_segment"; segments?: number[]; remove_segments?: number[] };
export type Form = Kept & {
  name: string;
  alias: string;
  description: string;
  kind: "standalone" | "campaign";
  published: boolean;
  fields: FormField[];
  actions: FormAction[];
  post_action: { kind: "message" | "redirect" | "return"; value: string };
  submissions: number;
  embed: { script: string; html: string; iframe: string };
};
export type FormWrite = Partial<Omit<Form, "id" | "created_at" | "updated_at" | "submissions" | "embed">>;
export type Submission = {
  id: number;
  submitted_at: string;
  contact: { id: number; name: string } | null;
  values: Record<string, string | null>;
  page_id: number | null;
  referrer: string | null;
  utm: { source?: string | null; medium?: string | null; campaign?: string | null };
};

export type StepKind = "action" | "decision" | "condition";
export type Timing = {
  mode: "immediate" | "interval" | "date";
  interval?: number | null;
  unit?: "i" | "h" | "d" | "m" | "y" | null;
  at?: string | null;
  hour?: string | null;
  between?: string[] | null;
  weekdays?: number[];
  if_past?: "run" | "skip" | null;
};
export type Step = {
  id?: number | null;
  key: string;
  kind: StepKind;
  type: string;
  name: string;
  parent: string | null;
  path: "yes" | "no" | null;
  settings: Record<string, unknown>;
  timing: Timing;
  counts?: { done: number; waiting: number; yes: number; no: number; failed: number };
};
export type CampaignSource = { kind: "segment" | "form"; id: number; name: string };
export type Campaign = Kept & {
  name: string;
  description: string | null;
  state: "draft" | "published" | "paused";
  publish_up: string | null;
  publish_down: string | null;
  allow_restart: boolean;
  sources: CampaignSource[];
  steps: Step[];
  layout: Record<string, unknown> | null;
  counts: { members: number; active: number; finished: number };
  problems: { step_id: string | null; code: string; detail: string }[];
};
export type CampaignWrite = {
  name?: string;
  description?: string | null;
  allow_restart?: boolean;
  sources?: { kind: "segment" | "form"; id: number }[];
  steps?: Omit<Step, "counts">[];
  layout?: Record<string, unknown> | null;
  version?: number;
};
export type CampaignPerson = {
  contact: { id: number; name: string; email?: string | null };
  rotation: number;
  joined_at: string;
  state: string;
  current: NextStep[];
};
export type CampaignPersonFull = {
  contact: { id: number; name: string; email?: string | null };
  joined_at: string;
  rotation: number;
  history: {
    step_key: string;
    name: string;
    state: string;
    at: string;
    path: string | null;
    detail: string | null;
  }[];
  next: NextStep[];
};
export type NextStep = {
  step_key: string;
  name: string;
  state: "waiting" | "scheduled" | "sending";
  due_at: string | null;
  explain: string | null;
};
export type ContactCampaign = {
  id: number;
  name: string;
  state: string;
  joined_at: string;
  next: NextStep[];
};
