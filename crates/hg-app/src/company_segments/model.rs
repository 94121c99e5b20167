//! A segment of companies as services give and take it.

use hg_core::ids::{CategoryId, CompanySegmentId, UserId};
use hg_core::time::Timestamp;
use serde_json::Value as Json;

use crate::segments::UsedBy;

/// A named set of companies.
#[derive(Debug, Clone, PartialEq)]
pub struct CompanySegment {
    pub id: CompanySegmentId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    /// The name when absent.
    pub public_name: Option<String>,
    pub alias: String,
    pub description: Option<String>,
    pub published: bool,
    /// `None`: only companies put in by hand.
    pub filter: Option<Json>,
    /// What in the filter can no longer be understood.
    pub broken: Option<String>,
    pub building: bool,
    pub built_at: Option<Timestamp>,
    pub build_ms: Option<i64>,
    pub members: i64,
    pub category_id: Option<CategoryId>,
    /// Segments of contacts that ask about it.
    pub used_by: Vec<UsedBy>,
}

/// A segment to be made.
#[derive(Debug, Clone, Default)]
pub struct NewCompanySegment {
    pub name: String,
    pub public_name: Option<String>,
    /// Made of the name when absent.
    pub alias: Option<String>,
    pub description: Option<String>,
    pub published: Option<bool>,
    pub category_id: Option<CategoryId>,
    pub filter: Option<Json>,
}

/// What of a segment changes; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct CompanySegmentPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub public_name: Option<Option<String>>,
    pub alias: Option<String>,
    pub description: Option<Option<String>>,
    pub published: Option<bool>,
    pub category_id: Option<Option<CategoryId>>,
    pub filter: Option<Option<Json>>,
}

/// A segment that a company belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyMembership {
    pub segment: CompanySegmentId,
    pub name: String,
    pub alias: String,
    /// Put in by a hand; otherwise by the filter.
    pub by_hand: bool,
    pub since: Timestamp,
}
