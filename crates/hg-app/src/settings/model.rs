use hg_core::campaigns::Republish;
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::preferences::Period;

/// All settings of a workspace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    pub general: General,
    pub sending: Sending,
    pub tracking: Tracking,
    pub identity: Identity,
    pub outgoing: Outgoing,
    pub imports: Imports,
    pub campaigns: Campaigns,
    pub mailbox: Mailbox,
    pub providers: Providers,
    pub pace: Pace,
    pub retention: Retention,
    pub preferences: Preferences,
    pub brand: super::BrandSettings,
}

/// One section, stored as one JSON value; missing keys take their defaults.
pub trait Section: Serialize + for<'de> Deserialize<'de> + Default + Clone + Send + 'static {
    const KEY: &'static str;
    /// Keys whose values the audit log does not tell.
    const SECRET: &'static [&'static str] = &[];
}

/// The mailbox that bounces and answers come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mailbox {
    pub enabled: bool,
    /// Its address; bounces come to `name+bounce_<key>@`.
    pub address: String,
    pub host: String,
    pub port: u16,
    /// TLS from the first byte.
    pub tls: bool,
    /// Without that: encrypted after the greeting (STARTTLS), before anybody signs in.
    pub start_tls: bool,
    /// Whether the certificate must be good.
    pub verify: bool,
    pub user: String,
    /// Encrypted.
    pub password: String,
    pub folder: String,
    pub every_minutes: i64,
    /// Read mails are removed; otherwise they are marked as seen.
    pub remove: bool,
}

impl Section for Mailbox {
    const KEY: &'static str = "mailbox";
    const SECRET: &'static [&'static str] = &["password"];
}

impl Default for Mailbox {
    fn default() -> Self {
        Self {
            enabled: false,
            address: String::new(),
            host: String::new(),
            port: 993,
            tls: true,
            start_tls: false,
            verify: true,
            user: String::new(),
            password: String::new(),
            folder: "INBOX".into(),
            every_minutes: 5,
            remove: false,
        }
    }
}

/// How fast marketing mail leaves, and when it stops by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// At most so many marketing mails a day; 0: no limit.
    pub daily_most: i64,
    /// A new sender begins small and grows each day.
    pub warm_up: bool,
    /// When the warm-up began.
    pub warm_up_since: Timestamp,
    pub warm_up_first: i64,
    /// Per cent a day.
    pub warm_up_growth: i64,
    /// No marketing mail at night, in the contact's own zone.
    pub quiet: bool,
    /// Minutes of the day.
    pub quiet_from: i64,
    pub quiet_until: i64,
    /// A send to segments stops when more than so many per cent come back for good; 0: never.
    pub stop_bounced_percent: i64,
    /// The same for reports of spam, in thousandths.
    pub stop_complained_permille: i64,
    /// Minutes in which a send to segments can be called back, unless its author says otherwise.
    pub undo_minutes: i64,
}

impl Section for Pace {
    const KEY: &'static str = "pace";
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            daily_most: 0,
            warm_up: false,
            warm_up_since: Timestamp::default(),
            warm_up_first: 200,
            warm_up_growth: 50,
            quiet: false,
            quiet_from: 22 * 60,
            quiet_until: 7 * 60,
            stop_bounced_percent: 5,
            stop_complained_permille: 3,
            undo_minutes: 5,
        }
    }
}

/// Providers that may report over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Providers {
    /// By the provider's word; encrypted.
    pub secrets: std::collections::BTreeMap<String, String>,
}

impl Section for Providers {
    const KEY: &'static str = "providers";
    const SECRET: &'static [&'static str] = &["secrets"];
}

/// What is forgotten when it has grown old; 0 days: never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    pub visitors_days: i64,
    pub contacts_days: i64,
    pub events_days: i64,
    pub addresses_days: i64,
    /// When somebody set it: the first clean-up comes the night after.
    pub since: Timestamp,
}

impl Section for Retention {
    const KEY: &'static str = "retention";
}

/// How often people may hear from us, and what they may say about it on their own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// The link in a mail leads to the preference centre, instead of to leaving only.
    pub show_preferences: bool,
    pub show_frequency: bool,
    pub show_pause_dates: bool,
    pub show_preferred_channel: bool,
    pub show_categories: bool,
    pub show_segments: bool,
    pub show_consents: bool,
    /// At most so many marketing mails in a period; 0: no limit. A contact's own rule wins.
    pub email_most: i64,
    pub email_period: Period,
    pub sms_most: i64,
    pub sms_period: Period,
    /// The landing page that is the preference centre; none: the built-in page.
    pub page_id: Option<i64>,
}

impl Section for Preferences {
    const KEY: &'static str = "preferences";
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            show_preferences: false,
            show_frequency: false,
            show_pause_dates: false,
            show_preferred_channel: false,
            show_categories: false,
            show_segments: false,
            show_consents: false,
            email_most: 0,
            email_period: Period::Day,
            sms_most: 0,
            sms_period: Period::Day,
            page_id: None,
        }
    }
}

/// How contacts are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// All unique values that somebody gives must be a contact's for it to be the same one; otherwise any of them is enough.
    pub all_identifiers: bool,
    /// The same for companies.
    pub all_company_identifiers: bool,
    /// A contact belongs to one company at most: a new one takes the place of those before.
    pub one_company: bool,
}

impl Section for Identity {
    const KEY: &'static str = "identity";
}

/// Which servers of others are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outgoing {
    /// Webhooks, imports and providers may be at machines of one's own network.
    pub allow_private_addresses: bool,
}

impl Section for Outgoing {
    const KEY: &'static str = "outgoing";
}

/// How imports run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Imports {
    /// So many run at once; the others wait.
    pub parallel: i64,
}

impl Default for Imports {
    fn default() -> Self {
        Self { parallel: 1 }
    }
}

impl Section for Imports {
    const KEY: &'static str = "imports";
}

/// What holds for campaigns that do not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Campaigns {
    /// What becomes of waits when a paused campaign is published again (`campaigns.md` §5.3).
    pub republish: Republish,
}

impl Section for Campaigns {
    const KEY: &'static str = "campaigns";
}

/// Who and where the workspace is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct General {
    pub site_name: String,
    /// Empty: the address from the configuration.
    pub site_url: String,
    /// IANA name; relative dates and sends without a contact's zone are meant in it.
    pub timezone: String,
    pub locale: String,
    /// PHP date format of `|date` tokens.
    pub date_format: String,
    pub time_format: String,
    /// Stands in marketing mail by law of many countries.
    pub postal_address: String,
}

impl Section for General {
    const KEY: &'static str = "general";
}

impl Default for General {
    fn default() -> Self {
        Self {
            site_name: "Honeyguide".into(),
            site_url: String::new(),
            timezone: "UTC".into(),
            locale: "en".into(),
            date_format: "F j, Y".into(),
            time_format: "g:i a".into(),
            postal_address: String::new(),
        }
    }
}

/// Who mail comes from and what it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sending {
    pub sender_name: String,
    pub sender_email: String,
    pub reply_to: String,
    /// HTML with `|URL|` where the link goes; contact tokens work.
    pub unsubscribe_text: String,
    pub webview_text: String,
    /// SMTP connections at once.
    pub max_connections: u32,
    /// A GET of the unsubscribe link acts at once, as Mautic does. Link scanners then unsubscribe people.
    pub unsubscribe_on_get: bool,
    pub track_opens: bool,
    pub track_clicks: bool,
    /// Each contact's owner is the sender of what the contact gets.
    pub owner_sends: bool,
}

impl Section for Sending {
    const KEY: &'static str = "sending";
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            sender_name: String::new(),
            sender_email: String::new(),
            reply_to: String::new(),
            unsubscribe_text: "<a href=\"|URL|\">Unsubscribe</a> to no longer receive emails from us.".into(),
            webview_text: "<a href=\"|URL|\">View this email in your browser.</a>".into(),
            max_connections: 8,
            unsubscribe_on_get: false,
            track_opens: true,
            track_clicks: true,
            owner_sends: false,
        }
    }
}

/// What a browser that only claims an address may change on the contact (`decisions.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnverifiedUpdates {
    Fill,
    Overwrite,
    None,
}

/// How visitors are tracked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tracking {
    pub respect_gpc: bool,
    pub respect_dnt: bool,
    /// Signed-in users are tracked like visitors while the transport is the built-in outbox.
    pub track_own_users: bool,
    pub anonymize_ip: bool,
    pub do_not_track_ips: Vec<String>,
    pub cors_valid_domains: Vec<String>,
    pub public_update_unverified: UnverifiedUpdates,
    /// What machines open and follow counts as if people had.
    pub count_machines: bool,
    /// Each mail gets a link that no person sees: whatever follows it is a machine.
    pub hidden_link: bool,
}

impl Section for Tracking {
    const KEY: &'static str = "tracking";
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            respect_gpc: true,
            respect_dnt: true,
            track_own_users: true,
            anonymize_ip: false,
            do_not_track_ips: Vec::new(),
            cors_valid_domains: Vec::new(),
            public_update_unverified: UnverifiedUpdates::Fill,
            count_machines: false,
            hidden_link: false,
        }
    }
}
