//! What can happen to a contact: the kinds of the event log, of the change queue, and of the timeline.
//!
//! The numbers are stored; they are never used for another meaning.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $n:literal, $key:literal;)*) => {
        /// A kind of event. What `object_id` and `ref_id` of the row mean stands beside each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum EventKind {
            $($(#[$doc])* $name = $n,)*
        }

        impl EventKind {
            pub const ALL: &'static [EventKind] = &[$(EventKind::$name),*];

            /// The stored number.
            pub const fn code(self) -> i64 {
                self as i64
            }

            pub const fn from_code(code: i64) -> Option<Self> {
                match code { $($n => Some(Self::$name),)* _ => None }
            }

            /// The name in APIs and in the timeline's filter.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            pub fn from_key(key: &str) -> Option<Self> {
                match key { $($key => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    /// The contact was made. object: import id when an import made it.
    Created = 1, "created";
    /// The first name, company, email or social identity came in.
    Identified = 2, "identified";
    /// Fields changed. detail: `{"fields": ["city", …]}`. Not in the timeline.
    FieldsChanged = 3, "fields_changed";
    /// A tag came or went. object: tag id; detail: `{"added": bool, "name": …}`.
    TagChanged = 4, "tag_changed";
    /// Points changed. object: point group, 0 for the main score; ref: the point action that gave them; detail: `{"delta",
    /// "points", "reason", "type", "event", "action", "group", "ip"}`.
    PointsChanged = 5, "points_changed";
    /// A do-not-contact entry came or went. detail: `{"channel", "reason", "added", "comments"}`.
    DoNotContactChanged = 6, "do_not_contact_changed";
    /// A consent was given or withdrawn. detail: `{"purpose", "given", "source"}`.
    ConsentChanged = 7, "consent_changed";
    /// Joined a segment. object: segment id.
    SegmentJoined = 8, "segment_joined";
    /// Left a segment. object: segment id.
    SegmentLeft = 9, "segment_left";
    /// Joined a campaign. object: campaign id.
    CampaignJoined = 10, "campaign_joined";
    /// Left a campaign. object: campaign id.
    CampaignLeft = 11, "campaign_left";
    /// A step of a campaign ran. object: step id; ref: campaign id; detail: `{"name", "type", "path", "text"}`.
    CampaignStep = 12, "campaign_step";
    /// A page was visited. object: landing page id or 0; ref: device id; url: the address; detail: title, referrer, utm.
    PageHit = 13, "page_hit";
    /// A mail went out. object: email id; ref: send id.
    EmailSent = 14, "email_sent";
    /// A mail was opened. object: email id; ref: send id.
    EmailOpened = 15, "email_opened";
    /// A link of a mail was clicked. object: email id; ref: send id; url: the target.
    EmailClicked = 16, "email_clicked";
    /// A mail could not be delivered. object: email id; ref: send id; detail: `{"reason"}`.
    EmailFailed = 17, "email_failed";
    /// A form was sent in. object: form id; ref: submission id.
    FormSubmitted = 18, "form_submitted";
    /// An import made or changed the contact. object: import id; detail: `{"line"}`.
    Imported = 19, "imported";
    /// Another contact was merged into this one. object: its id.
    Merged = 20, "merged";
    /// The contact was deleted or brought back. detail: `{"deleted": bool}`. Not in the timeline.
    DeletedChanged = 21, "deleted_changed";
    /// The contact wrote through the API. object: user id.
    ApiChanged = 22, "api_changed";
    /// Nothing happened, but time passed: filters that depend on time may answer anew. Not in the timeline.
    TimePassed = 23, "time_passed";
    /// A mail was answered. object: email id; ref: send id.
    EmailReplied = 24, "email_replied";
    /// A message came back. object: email id; ref: send id; detail: `{"reason", "class", "final": bool}`.
    EmailBounced = 25, "email_bounced";
    /// A message was reported as spam. object: email id; ref: send id.
    EmailComplained = 26, "email_complained";
    /// The contact came to a company or left it. object: company id; detail: `{"added": bool, "name": …}`.
    CompanyChanged = 30, "company_changed";
    /// Something about a company of the contact changed. object: company id. Not in the timeline.
    CompanyEdited = 31, "company_edited";
    /// Went to another stage. object: stage id, 0 for none; ref: the stage before; detail: `{"from", "to", "reason"}`.
    StageChanged = 40, "stage_changed";
    /// Subscribed to a category or no more. object: category id; detail: `{"subscribed": bool, "source"}`.
    CategoryChanged = 41, "category_changed";
    /// A score reached a trigger. object: trigger id; detail: `{"name", "points", "done": [{"name", "text"}]}`.
    TriggerReached = 42, "trigger_reached";
    /// Campaign parameters were recorded. ref: the record; detail: `{"source", "medium", "campaign", "content", "term", "url"}`.
    UtmRecorded = 60, "utm_recorded";
    /// An address was seen for the first time. detail: `{"address"}`. The timeline tells it from the addresses; as a change it
    /// says that something about her devices is known anew.
    AddressSeen = 61, "address_seen";
    /// A marketing message waits. object: email id; ref: send id; detail: `{"reason", "until"}`.
    MessageHeld = 62, "message_held";
    /// A merge was undone. object: the id of the contact that came back.
    Unmerged = 63, "unmerged";
    /// How she wants to be contacted changed. detail: `{"channel", "source"}`.
    PreferencesChanged = 64, "preferences_changed";
    /// A machine opened a mail. object: email id; ref: send id; detail: `{"reasons", "score"}`.
    MachineOpened = 70, "machine_opened";
    /// A machine followed a link of a mail. object: email id; ref: send id; url: the target; detail: as above, and `"url"`.
    MachineClicked = 71, "machine_clicked";
}

impl EventKind {
    /// Whether the timeline and the activity stream show it.
    pub const fn is_shown(self) -> bool {
        !matches!(self, Self::FieldsChanged | Self::DeletedChanged | Self::TimePassed | Self::CompanyEdited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_from_its_number_and_its_name() {
        for &kind in EventKind::ALL {
            assert_eq!(EventKind::from_code(kind.code()), Some(kind));
            assert_eq!(EventKind::from_key(kind.key()), Some(kind));
        }
    }
}
