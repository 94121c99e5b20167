//! A company as services give and take it.

use std::collections::BTreeMap;

use hg_core::contacts::FieldValue;
use hg_core::ids::{CompanyId, ContactId, TagId, UserId};
use hg_core::time::Timestamp;

use crate::contacts::Values;

/// A company.
#[derive(Debug, Clone, PartialEq)]
pub struct Company {
    pub id: CompanyId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub owner_id: Option<UserId>,
    pub score: i64,
    pub published: bool,
    /// Every published field, `Empty` where there is no value.
    pub values: Values,
    /// How many contacts belong to it; counted up to [`Company::MOST_COUNTED`].
    pub contacts: i64,
    /// By name.
    pub tags: Vec<(TagId, String)>,
}

impl Company {
    /// Contacts are counted up to here: more are "1,000 and more".
    pub const MOST_COUNTED: i64 = 1_000;

    pub fn text(&self, alias: &str) -> Option<String> {
        self.values.get(alias).filter(|v| !v.is_empty()).map(FieldValue::to_text)
    }

    pub fn name(&self) -> String {
        self.text("companyname").unwrap_or_default()
    }
}

/// What somebody sends to make or change a company.
#[derive(Debug, Clone, Default)]
pub struct CompanyInput {
    /// Refused when the company is no longer at this version.
    pub version: Option<i64>,
    /// Values as they came, by alias.
    pub fields: BTreeMap<String, serde_json::Value>,
    /// `Some(None)` takes the owner away.
    pub owner_id: Option<Option<UserId>>,
    pub score: Option<i64>,
    pub published: Option<bool>,
    /// Tags by name; `-name` takes one away.
    pub tags: Vec<String>,
}

/// A company of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyLink {
    pub id: CompanyId,
    pub name: String,
    pub primary: bool,
    pub added_at: Timestamp,
}

/// A contact of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyMember {
    pub contact: ContactId,
    pub name: String,
    pub email: Option<String>,
    pub primary: bool,
    pub added_at: Timestamp,
}
