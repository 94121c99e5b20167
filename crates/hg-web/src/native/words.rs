//! The closed sets of words and the shapes of free values, for the description of the API only: clients made from it
//! know what may stand in a field. The handlers read and write texts and JSON, and the domains judge them.
#![expect(dead_code, reason = "these types are never made; the description is read off them")]

use utoipa::ToSchema;

macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($word:ident),+ })+) => {$(
        $(#[$about])*
        #[derive(serde::Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($word),+ }
    )+};
}

words! {
    /// What somebody may do.
    RoleWord { Administrator, Author, Viewer }
    /// Where mail goes: `outbox` catches it inside.
    TransportWord { Outbox, Smtp }
    /// How new mails in the mailbox are heard of.
    WatchWord { Off, Polled, Told, Broken }
    /// Whether a campaign runs.
    CampaignState { Draft, Published, Paused }
    /// What lets people into a campaign.
    SourceWord { Segment, Form, CompanySegment }
    /// A step does something, waits for something, or looks at something.
    StepWord { Action, Decision, Condition }
    /// What becomes of people inside when a running campaign is changed.
    InsideWord { Keep, Replan, Restart }
    /// What a rule of a campaign means when it holds.
    AimWord { Goal, Exit }
    /// What becomes of a step.
    StepChange { New, Gone, Changed }
    /// What of a step changed.
    StepPart { Name, Kind, Settings, Timing, Place }
    /// A way below a decision or condition.
    PathWord { Yes, No }
    /// What an email is to the one that it belongs to.
    EmailRoleWord { Variant, Translation }
    /// What a test of variants counts.
    EmailTestWord { Opens, Clicks }
    /// How a test of variants ended.
    EmailTestEndWord { Automatic, Deadline, Hand, CalledOff, Changed }
    /// When a step runs.
    TimingMode { Immediate, Interval, Date, Optimized }
    /// The best hours of any day, or of the contact's best days.
    BestWord { Hour, DayAndHour }
    /// How the time of a pause counts for those who wait.
    RepublishWord { CountAllTime, CountOnlyWhilePublished, RestartOnPublish }
    /// The same for one campaign; `workspace`: as the settings say.
    CampaignRepublishWord { Workspace, CountAllTime, CountOnlyWhilePublished, RestartOnPublish }
    /// What happens when the date has passed as a contact arrives.
    PastWord { Run, Skip }
    /// How far a task is.
    TaskState { Queued, Running, Stopping, Stopped, Done, Failed }
    /// How far an import is.
    ImportStateWord { Mapping, DryRunning, Ready, Queued, Running, Stopped, Done, Failed }
    /// In whose time zone the dates of a condition count.
    ZoneWord { Workspace, Contact }
    /// What a file of contacts looks like.
    ExportFormat { Csv, Xlsx, Jsonl }
    /// The language of an email's source.
    EmailFormat { Html, Mjml }
    /// Sent by campaigns and by hand, or once to segments.
    EmailWord { Template, Segment }
    /// Whether opt-outs hold for it.
    PurposeWord { Marketing, Transactional }
    /// How far the sending to segments is.
    SendState { Idle, Asked, Scheduled, Sending, Paused, Sent }
    /// Whether sending in the form can start a campaign.
    FormWord { Standalone, Campaign }
    /// What a field of a form looks like.
    FormFieldWord { Text, Email, Textarea, Select, Hidden, Consent, Button }
    /// What happens when a form was sent in.
    FormActionWord { AddTags, ChangePoints, ChangeCompanyScore, AddToSegment, ChangeStage, RecordUtm, AllowContact }
    /// What people see after they sent in a form.
    PostActionWord { Message, Redirect, Return }
    /// What a contact's field holds.
    FieldTypeWord {
        Text, LongText, Number, Date, Datetime, Boolean, Select, Multiselect, Email, Url, Phone, Country, Region, Timezone,
        Locale, Lookup, Html, Time
    }
    /// What the value of an operator looks like.
    ValueWord { None, Text, Number, Date, Datetime, Boolean, Option, Options, Ids, Interval, Range, Behaviour, Share }
    /// What is done to many segments.
    SegmentDeedWord { Publish, Unpublish, Category, Delete, Restore }
    /// Why an address must not be written to.
    CauseWord { Unsubscribed, Bounced, Manual, Complained }
    /// How a key signs.
    KeyAlgorithmWord { Ed25519, Rsa }
    /// Where a key stands.
    KeyStateWord { Waiting, Active, Retired }
    /// What a line of the DNS is for.
    RecordPurposeWord { Spf, Dkim, Dmarc, ReturnPath, Tracking }
    /// Who may report what becomes of mail.
    ProviderWord { Ses, Sendgrid, Mailgun, Postmark, Sparkpost, Mailjet, Brevo, Resend }
    /// What came back.
    ReturnWord { Bounce, Complaint, Unsubscribe, Reply, AutoReply, Delivered, Other }
    /// How much a remark about an email weighs.
    RemarkWeight { Error, Warning, Hint }
    /// How a line of the DNS stands.
    FindingWord { Good, Weak, Missing, Wrong, Unknown }
    /// A span in which messages are counted.
    PeriodWord { Day, Week, Month }
    /// One of two contacts that are merged.
    SideWord { Winner, Loser }
    /// By what two contacts may be one person.
    LikenessWord { Mailbox, Phone, NameAndCompany }
    /// What a note is about.
    NoteWord { General, Email, Call, Meeting }
    /// Whether somebody agreed.
    ConsentWord { Given, Withdrawn }
    /// Which way somebody went.
    ChangeWord { Joined, Left }
    /// What a field belongs to.
    FieldObjectWord { Contact, Company }
    /// What happened to a company.
    CompanyMomentWord { Created, Score, ContactAdded, ContactRemoved, Merged }
    /// What is done to many contacts.
    BulkWord {
        AddTags, RemoveTags, AddToSegment, RemoveFromSegment, AddToCampaign, RemoveFromCampaign, DoNotContact, ContactAgain,
        ChangeChannel, Subscribe, Unsubscribe, AddToCompany, RemoveFromCompany, SetOwner, ChangeStage, Delete, Restore
    }
    /// The kind of thing that a category is for.
    BundleWord { Global, Segment, Email, Page, Form, Campaign, Point, Stage }
    /// How a score fades.
    DecayWord { HalfLife, Inactive }
    /// What may use a field.
    FieldUserWord { Segment, Form, Campaign, Email, Page, View }
    /// What may use a segment.
    SegmentUserWord { Segment, Campaign, Email, Form, PointTrigger }
    /// Whether all or any of the rules must hold.
    MatchWord { All, Any }
}

/// The unit of a wait: minutes, hours, days, months, years.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnitWord {
    I,
    H,
    D,
    M,
    Y,
}

/// What earns points.
#[derive(serde::Serialize, ToSchema)]
pub enum EarnWord {
    #[serde(rename = "page.hit")]
    PageHit,
    #[serde(rename = "url.hit")]
    UrlHit,
    #[serde(rename = "email.open")]
    EmailOpen,
    #[serde(rename = "email.send")]
    EmailSend,
    #[serde(rename = "form.submit")]
    FormSubmit,
}

/// What a point trigger sets off.
#[derive(serde::Serialize, ToSchema)]
pub enum TriggerEventWord {
    #[serde(rename = "lead.changetags")]
    ChangeTags,
    #[serde(rename = "lead.changelists")]
    ChangeSegments,
    #[serde(rename = "campaign.changecampaign")]
    ChangeCampaigns,
    #[serde(rename = "email.send")]
    SendEmail,
    #[serde(rename = "email.send_to_user")]
    TellUsers,
    #[serde(rename = "stage.change")]
    ChangeStage,
}

/// The value of a contact's field.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub enum FieldValue {
    /// No value.
    Nothing,
    Text(String),
    Number(f64),
    Yes(bool),
    Many(Vec<String>),
}

/// Rules that hold together.
#[derive(serde::Serialize, ToSchema)]
pub struct FilterGroup {
    #[serde(rename = "match")]
    matching: MatchWord,
    /// True turns the meaning round.
    #[schema(required = false)]
    not: bool,
    #[schema(no_recursion)]
    rules: Vec<FilterRule>,
}

/// A condition, or a group of rules.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub enum FilterRule {
    Group(FilterGroup),
    Condition(FilterCondition),
}

/// One question about a contact; the catalogue lists fields and operators.
#[derive(serde::Serialize, ToSchema)]
pub struct FilterCondition {
    field: String,
    op: String,
    #[schema(required = false)]
    value: serde_json::Value,
    /// Where dates count: `workspace` when absent, or in the contact's own time zone.
    zone: Option<ZoneWord>,
}
