/** The shapes of the native API, by the names the interface uses; all of them come from the generated schema. */
import type { components } from "./schema";

type S = components["schemas"];

/** A page of a list. */
export type List<T> = { items: T[]; next_cursor: string | null; total: number | null };
/** What a failed call says; the request's id comes from the answer's header. */
export type Problem = Omit<S["ProblemBody"], "errors" | "detail"> & {
  detail?: string | null;
  errors?: S["ProblemField"][];
  request_id?: string | null;
};

export type Session = S["SessionOut"];
export type User = S["UserOut"];
export type Role = S["RoleWord"];
/** Requests may leave settings out; answers have all of them. */
export type CampaignSettings = Required<S["CampaignSettings"]>;
export type GeneralSettings = Required<S["GeneralSettings"]>;
export type SendingSettings = Required<S["SendingSettings"]>;
export type TrackingSettings = Required<S["TrackingSettings"]>;
export type Dashboard = S["DashboardOut"];
export type AuditRow = S["AuditOut"];
export type Trashed = S["TrashOut"];
export type ListView = S["ViewOut"];
export type Activity = S["ActivityOut"];
export type Task = S["TaskOut"];
export type Notice = S["NoticeOut"];

export type FieldValue = S["FieldValue"] | null;
export type Contact = S["ContactOut"];
export type ContactSelect = S["SelectIn"];
export type BulkAction = S["ActionIn"];
export type MergePreview = S["MergePreviewOut"];
export type Pair = S["PairOut"];
export type SenderDomain = S["SenderDomainOut"];
export type MailboxSettings = Required<S["MailboxSettings"]>;
export type Webhook = S["WebhookOut"];
export type Returned = S["ReturnOut"];
export type MailRoute = S["MailRouteOut"];
export type DnsRecord = S["DnsRecordOut"];
export type Suppression = S["SuppressionOut"];
export type PreferenceSettings = S["PreferenceSettings"];
export type IdentitySettings = S["IdentitySettings"];
export type OutgoingSettings = S["OutgoingSettings"];
export type RetentionSettings = S["RetentionSettings"];
export type ChannelRule = S["RuleBody"];
export type Note = S["NoteOut"];
export type EngagementMonth = S["EngagementMonth"];
export type TimelineItem = S["TimelineItem"];
export type FieldType = S["FieldTypeWord"];
export type Option = S["OptionOut"];
export type Field = S["FieldOut"];
export type Reached = S["ReachedOut"];
export type Tag = S["TagOut"];
export type Company = S["CompanyOut"];
export type CompanySegment = S["CompanySegmentOut"];
export type SegmentCompany = S["SegmentCompanyOut"];
export type CompanyMember = S["CompanyMemberOut"];
export type CompanyMoment = S["CompanyMomentOut"];
export type DynamicBlock = S["DynamicBlock"];
export type DynamicRow = S["DynamicBlockRow"];
export type EmailFamily = S["EmailFamilyOut"];
export type LinkStat = S["LinkStat"];
export type EmailTest = S["EmailTestOut"];
export type Import = S["ImportOut"];
export type ImportSchedule = S["ImportScheduleOut"];

export type Condition = S["FilterCondition"];
export type Group = S["FilterGroup"];
export type Segment = S["SegmentOut"];
export type ValueKind = S["ValueWord"];
export type CatalogueField = S["CatalogueField"];
export type Catalogue = S["CatalogueOut"];
export type SegmentPreview = S["SegmentPreview"];
export type SegmentPreviewIn = S["SegmentPreviewIn"];
export type ExplainTree = S["ExplainTree"];
export type SegmentChange = S["ChangeOut"];

export type Stage = S["StageOut"];
export type Lane = S["LaneOut"];
export type LanePerson = S["LanePersonOut"];
export type Earns = S["EarnWord"];
export type PointAction = S["PointActionOut"];
export type Simulation = S["SimulationOut"];
export type PointTrigger = S["PointTriggerOut"];
export type TriggerEvent = S["TriggerEventIo"];
export type PointGroup = S["PointGroupOut"];
export type DecayRule = S["DecayOut"];
export type DecayPreview = S["DecayPreviewOut"];
export type Category = S["CategoryOut"];
export type SegmentDay = S["SegmentDayOut"];
export type SegmentOverride = S["OverrideOut"];

export type SendCounts = S["CountsOut"];
export type SendPlan = S["SendPlanOut"];
export type PaceSettings = Required<S["PaceSettings"]>;
export type Email = S["EmailOut"];
export type EmailWrite = S["EmailIn"];
export type EmailCheck = S["EmailCheckOut"];
export type EmailTemplate = S["EmailTemplate"];
export type EmailComment = S["EmailComment"];
export type EmailWhy = S["EmailWhy"];
export type EmailDraftState = S["EmailDraftState"];
export type SavedBlock = S["SavedBlockOut"];
export type MediaFile = S["MediaOut"];
export type BrandSettings = S["BrandBody"];
export type Recipient = S["RecipientOut"];
export type CaughtMail = S["CaughtOut"];

export type Page = S["LandingPage"];
export type PageWrite = S["LandingPageIn"];
/** Requests may leave keys of a field out; answers have all of them. */
export type FormField = Required<S["FormFieldBody"]>;
export type FormFieldKind = S["FormFieldWord"];
export type FormAction = S["FormActionBody"];
export type FormRow = S["FormOut"];
export type Form = Omit<FormRow, "fields"> & { fields: FormField[] };
export type FormWrite = S["FormIn"];
export type Submission = S["SubmissionOut"];

export type StepKind = S["StepWord"];
export type Timing = S["TimingIo"];
/** A step as it is drawn: new ones have no id and no counts yet. */
export type Step = Omit<S["StepOut"], "id" | "counts" | "timing" | "timing_text" | "settings" | "paused"> & {
  id?: number;
  settings: Record<string, unknown>;
  timing: Timing;
  timing_text?: string;
  counts?: S["StepCountsOut"];
  paused?: S["StepOut"]["paused"];
};
export type CampaignSource = S["SourceOut"];
export type Campaign = Omit<S["CampaignOut"], "steps"> & { steps: Step[] };
export type CampaignRule = S["CampaignRule"];
export type CampaignVersion = S["CampaignVersion"];
export type StepDifference = S["StepDifferenceOut"];
export type PeopleChoice = S["PeopleIn"];
export type CampaignPerson = S["PersonOut"];
export type CampaignSimulation = S["CampaignSimulation"];
export type CampaignSimulationReport = S["CampaignSimulationReport"];
