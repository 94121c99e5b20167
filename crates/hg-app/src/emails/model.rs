use std::collections::BTreeMap;

use hg_core::emails::{DynamicSlot, EmailSource, Purpose, SourceFormat, Utm};
use hg_core::ids::{EmailId, UserId};
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::family::Role;
use crate::error::{DomainError, ErrorKind, FieldError};

/// How an email is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By campaigns, forms and the API, one person at a time.
    Template,
    /// Sent to segments, once to each person.
    Segment,
}

impl Kind {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Segment => "segment",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "template" => Some(Self::Template),
            "segment" => Some(Self::Segment),
            _ => None,
        }
    }
}

/// How far the send to the segments is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendingState {
    Idle,
    /// Somebody who may not send asked for it.
    Asked,
    /// It begins by itself at its time.
    Scheduled,
    Sending,
    Paused,
    Sent,
}

impl SendingState {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Asked => "asked",
            Self::Scheduled => "scheduled",
            Self::Sending => "sending",
            Self::Paused => "paused",
            Self::Sent => "sent",
        }
    }

    pub fn from_key(key: &str) -> Self {
        match key {
            "asked" => Self::Asked,
            "scheduled" => Self::Scheduled,
            "sending" => Self::Sending,
            "paused" => Self::Paused,
            "sent" => Self::Sent,
            _ => Self::Idle,
        }
    }
}

/// Everything that decides what a message looks like; kept for each revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    pub subject: String,
    pub preheader: String,
    pub from_name: String,
    pub from_address: String,
    pub reply_to: String,
    /// `html` or `mjml`.
    pub format: String,
    pub source: String,
    /// None: made from the HTML.
    pub plain_text: Option<String>,
    /// `marketing` or `transactional`.
    pub purpose: String,
    pub language: String,
    pub utm_source: String,
    pub utm_medium: String,
    pub utm_campaign: String,
    pub utm_content: String,
    /// Own headers; values may hold tokens.
    pub headers: BTreeMap<String, String>,
    /// Blocks that differ from person to person.
    pub dynamic: Vec<DynamicSlot>,
    /// Files that go out with it.
    pub attachments: Vec<i64>,
    /// The contact's owner is the sender.
    pub owner_sends: bool,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            subject: String::new(),
            preheader: String::new(),
            from_name: String::new(),
            from_address: String::new(),
            reply_to: String::new(),
            format: "html".into(),
            source: String::new(),
            plain_text: None,
            purpose: "marketing".into(),
            language: "en".into(),
            utm_source: String::new(),
            utm_medium: String::new(),
            utm_campaign: String::new(),
            utm_content: String::new(),
            headers: BTreeMap::new(),
            dynamic: Vec::new(),
            attachments: Vec::new(),
            owner_sends: false,
        }
    }
}

impl Content {
    pub fn purpose(&self) -> Purpose {
        Purpose::of(&self.purpose)
    }

    /// As the compiler wants it.
    pub fn compilable<'a>(&'a self, site_url: &'a str, clicks: bool, opens: bool) -> EmailSource<'a> {
        EmailSource {
            format: if self.format == "mjml" { SourceFormat::Mjml } else { SourceFormat::Html },
            source: &self.source,
            subject: &self.subject,
            preheader: &self.preheader,
            plain_text: self.plain_text.as_deref(),
            language: &self.language,
            utm: Utm {
                source: self.utm_source.clone(),
                medium: self.utm_medium.clone(),
                campaign: self.utm_campaign.clone(),
                content: self.utm_content.clone(),
            },
            purpose: self.purpose(),
            track_clicks: clicks,
            track_opens: opens,
            hidden_link: false,
            site_url,
            dynamic: &self.dynamic,
        }
    }
}

/// Numbers of an email.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub queued: i64,
    pub sent: i64,
    pub opened: i64,
    pub clicked: i64,
    /// Messages that machines opened; not among those that people opened.
    pub machine_opened: i64,
    pub machine_clicked: i64,
    pub unsubscribed: i64,
    pub failed: i64,
    pub unknown: i64,
    pub skipped: i64,
    pub bounced: i64,
    pub complained: i64,
    pub replied: i64,
}

/// An email.
#[derive(Debug, Clone, PartialEq)]
pub struct Email {
    pub id: EmailId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub content: Content,
    pub kind: Kind,
    pub published: bool,
    /// Not sent before.
    pub publish_up: Option<Timestamp>,
    /// Not sent any more from here on.
    pub publish_down: Option<Timestamp>,
    pub segments: Vec<i64>,
    pub excluded_segments: Vec<i64>,
    /// A send to the segments goes on: whoever joins them later gets it too (`messages.md` §3.2).
    pub evergreen: bool,
    pub revision: i64,
    pub send_state: SendingState,
    /// Why its send stopped by itself.
    pub stopped_reason: Option<String>,
    pub counts: Counts,
    /// The email that this one is a variant or a translation of.
    pub parent: Option<(EmailId, Role)>,
    /// The share of a variant in percent.
    pub weight: i64,
    /// Keys of later features, stored and given back.
    pub extra: Json,
}

impl Email {
    /// From when until when it may be sent, if at all (`messages.md` §1: the publish window).
    pub fn window(&self) -> Window {
        Window { published: self.published, publish_up: self.publish_up, publish_down: self.publish_down }
    }
}

/// An email to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEmail {
    pub name: String,
    pub content: Content,
    pub kind: Kind,
    pub published: bool,
    /// Not sent before.
    pub publish_up: Option<Timestamp>,
    /// Not sent any more from here on.
    pub publish_down: Option<Timestamp>,
    pub segments: Vec<i64>,
    pub excluded_segments: Vec<i64>,
    /// A send to the segments goes on: whoever joins them later gets it too.
    pub evergreen: bool,
    pub extra: Json,
}

impl Default for NewEmail {
    fn default() -> Self {
        Self {
            name: String::new(),
            content: Content::default(),
            kind: Kind::Template,
            published: true,
            publish_up: None,
            publish_down: None,
            segments: Vec::new(),
            excluded_segments: Vec::new(),
            evergreen: false,
            extra: Json::Object(serde_json::Map::new()),
        }
    }
}

impl NewEmail {
    /// As of an email.
    pub fn window(&self) -> Window {
        Window { published: self.published, publish_up: self.publish_up, publish_down: self.publish_down }
    }
}

/// What changes; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct EmailPatch {
    /// Refuse if somebody else saved since this version.
    pub version: Option<i64>,
    pub name: Option<String>,
    pub content: Option<Content>,
    pub kind: Option<Kind>,
    pub published: Option<bool>,
    pub publish_up: Option<Option<Timestamp>>,
    pub publish_down: Option<Option<Timestamp>>,
    pub segments: Option<Vec<i64>>,
    pub excluded_segments: Option<Vec<i64>>,
    pub evergreen: Option<bool>,
    pub extra: Option<Json>,
}

/// Something the author should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailWarning {
    pub code: &'static str,
    pub detail: String,
}

/// What can go wrong with emails.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    #[error("{0}")]
    Source(String),
    #[error("The kind of an email cannot change once it was sent.")]
    KindFixed,
    #[error("{used_by} campaigns still send this email. Take it out of them first.")]
    InUse { used_by: i64 },
    #[error("Only emails for segments are sent to segments. This one is sent by campaigns, forms and the API.")]
    NotForSegments,
    #[error("Choose at least one segment first.")]
    NoSegments,
    #[error("Publish the email first.")]
    NotPublished,
    #[error("The email may not be sent at that time: change from when until when it is live.")]
    OutsideWindow,
    #[error("The end must come after the beginning.")]
    EmptyWindow,
    #[error("There is no sender yet: set the sender's address in the settings for sending.")]
    NoSender,
    #[error("This email is not being sent.")]
    NotSending,
    #[error("Nobody asks to send this email, or somebody else has answered already.")]
    NotAsked,
    #[error("Your role may not stop a send. Ask an administrator.")]
    NeedsApproval,
    #[error("This is a variant or a translation: it goes out with the email that it belongs to.")]
    IsChild,
    #[error("A test is running. End it first, or it would count two things as one.")]
    TestRuns,
    #[error("No test is running.")]
    NoTest,
    #[error("Make a variant first: a test compares at least two.")]
    NoVariants,
    #[error(
        "Nobody has got this variant yet, so there is nothing that speaks for it. Wait until it was sent, or end the test without a winner."
    )]
    NoData,
}

impl DomainError for EmailError {
    fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => "email.source",
            Self::KindFixed => "email.kind-fixed",
            Self::InUse { .. } => "email.in-use",
            Self::NotForSegments => "email.not-for-segments",
            Self::NoSegments => "email.no-segments",
            // For clients both mean that it is not live then.
            Self::NotPublished | Self::OutsideWindow => "email.not-published",
            Self::EmptyWindow => "window",
            Self::NoSender => "email.no-sender",
            Self::NotSending => "email.not-sending",
            Self::NotAsked => "email.not-asked",
            Self::NeedsApproval => "email.needs-approval",
            Self::IsChild => "email.is-child",
            Self::TestRuns => "email.test-runs",
            Self::NoTest => "email.no-test",
            Self::NoVariants => "email.no-variants",
            Self::NoData => "email.no-data",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Source(_) | Self::EmptyWindow => ErrorKind::Invalid,
            _ => ErrorKind::Conflict,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::EmptyWindow => vec![FieldError::new("/publish_down", self.code(), self.to_string())],
            Self::Source(detail) => vec![FieldError::new("/source", "source", detail.clone())],
            _ => Vec::new(),
        }
    }
}
