//! A segment as services give and take it.

use hg_core::ids::{CategoryId, ContactId, SegmentId, UserId};
use hg_core::time::Timestamp;
use serde_json::Value as Json;

/// A segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub id: SegmentId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    /// What contacts see; the name when absent.
    pub public_name: Option<String>,
    pub alias: String,
    pub description: Option<String>,
    pub published: bool,
    pub is_global: bool,
    pub in_preferences: bool,
    /// Whether visitors whom nobody knows can belong to it.
    pub include_anonymous: bool,
    pub category_id: Option<CategoryId>,
    /// `None`: only people added by hand.
    pub filter: Option<Json>,
    /// What the compatible API stores and gives back without using it.
    pub extra: Option<Json>,
    pub members: i64,
    pub members_version: i64,
    pub building: bool,
    /// What in the filter can no longer be understood.
    pub broken: Option<String>,
    pub built_at: Option<Timestamp>,
    pub build_ms: Option<i64>,
    /// Then it is switched off when nothing uses it; its maker is reminded before.
    pub expires_at: Option<Timestamp>,
}

/// A segment to be made.
#[derive(Debug, Clone, Default)]
pub struct NewSegment {
    pub name: String,
    pub public_name: Option<String>,
    /// Made of the name when absent.
    pub alias: Option<String>,
    pub description: Option<String>,
    pub published: Option<bool>,
    pub is_global: Option<bool>,
    pub in_preferences: bool,
    pub include_anonymous: bool,
    pub category_id: Option<CategoryId>,
    pub filter: Option<Json>,
    pub extra: Option<Json>,
    pub expires_at: Option<Timestamp>,
}

/// What of a segment changes; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct SegmentPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub public_name: Option<Option<String>>,
    pub alias: Option<String>,
    pub description: Option<Option<String>>,
    pub published: Option<bool>,
    pub is_global: Option<bool>,
    pub in_preferences: Option<bool>,
    pub include_anonymous: Option<bool>,
    pub category_id: Option<Option<CategoryId>>,
    pub filter: Option<Option<Json>>,
    pub extra: Option<Option<Json>>,
    pub expires_at: Option<Option<Timestamp>>,
}

/// Something that uses a segment, a field or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedBy {
    /// `segment`, `email`, `campaign`, `form`, `point trigger`.
    pub kind: &'static str,
    pub id: i64,
    pub name: String,
}

/// Why somebody is a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Filter,
    /// Added by hand: by a user, an import, a form, a campaign.
    Hand(String),
}

/// A segment that a contact belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub segment: SegmentId,
    pub name: String,
    pub alias: String,
    pub origin: Origin,
    pub joined_at: Option<Timestamp>,
}

/// A join or a leave, of one or of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentChange {
    pub id: i64,
    pub at: Timestamp,
    pub contact: Option<(ContactId, String)>,
    pub joined: bool,
    pub people: i64,
    pub reason: String,
}
