//! A contact as services give and take it.

use std::collections::BTreeMap;

use hg_core::contacts::FieldValue;
use hg_core::ids::{CompanyId, ContactId, StageId, TagId, UserId};
use hg_core::time::Timestamp;

use crate::companies::CompanyLink;
use crate::contacts::DoNotContact;

/// Values by the alias of their field.
pub type Values = BTreeMap<String, FieldValue>;

/// A person, or a visitor whom nobody knows yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    pub id: ContactId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub identified_at: Option<Timestamp>,
    pub last_active_at: Option<Timestamp>,
    pub owner_id: Option<UserId>,
    pub points: i64,
    pub stage: Option<(StageId, String)>,
    /// Of the highest point trigger that she reached.
    pub color: Option<String>,
    /// Every published field, `Empty` where there is no value.
    pub values: Values,
    pub tags: Vec<(TagId, String)>,
    /// The primary one first.
    pub companies: Vec<CompanyLink>,
    pub do_not_contact: Vec<DoNotContact>,
}

impl Contact {
    pub fn text(&self, alias: &str) -> Option<String> {
        self.values.get(alias).filter(|v| !v.is_empty()).map(FieldValue::to_text)
    }

    pub fn email(&self) -> Option<String> {
        self.text("email")
    }

    /// What to call them: full name, else company, else email, else a social name, else "Anonymous".
    pub fn name(&self) -> String {
        let full = [self.text("firstname"), self.text("lastname")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let social = ["facebook", "foursquare", "instagram", "linkedin", "skype", "twitter"];
        Some(full)
            .filter(|name| !name.is_empty())
            .or_else(|| self.text("company"))
            .or_else(|| self.email())
            .or_else(|| social.iter().find_map(|alias| self.text(alias)))
            .unwrap_or_else(|| "Anonymous".to_owned())
    }
}

/// What to call a contact, for lists of other things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactName {
    pub name: String,
    pub email: Option<String>,
}

/// What somebody sends to make or change a contact.
#[derive(Debug, Clone, Default)]
pub struct ContactInput {
    /// Refused when the contact is no longer at this version.
    pub version: Option<i64>,
    /// Values as they came, by alias.
    pub fields: BTreeMap<String, serde_json::Value>,
    /// Tags by name; `-name` takes one away.
    pub tags: Vec<String>,
    /// `Some(None)` takes the owner away.
    pub owner_id: Option<Option<UserId>>,
    pub do_not_contact: Vec<crate::contacts::NewDoNotContact>,
    /// All companies of the contact, when they change.
    pub companies: Option<Vec<CompanyId>>,
}

/// Where a change comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Somebody signed in, in the browser.
    User(Option<UserId>),
    /// Somebody through an API.
    Api(Option<UserId>),
    /// A form, a hit, a link.
    Web,
    Import(i64),
    /// A step of a campaign, or the product itself.
    Engine,
}

/// What happens to values that a contact already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Overwrite,
    /// Only empty fields are filled.
    Keep,
}

/// How points change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointsOperator {
    Plus,
    Minus,
    Times,
    Divide,
    Set,
}

impl PointsOperator {
    pub fn parse(text: &str) -> Option<PointsOperator> {
        Some(match text {
            "plus" => PointsOperator::Plus,
            "minus" => PointsOperator::Minus,
            "times" => PointsOperator::Times,
            "divide" => PointsOperator::Divide,
            "set" => PointsOperator::Set,
            _ => return None,
        })
    }

    /// The points after the change; a division by zero changes nothing, no result overflows.
    pub fn apply(self, points: i64, by: i64) -> i64 {
        match self {
            PointsOperator::Plus => points.saturating_add(by),
            PointsOperator::Minus => points.saturating_sub(by),
            PointsOperator::Times => points.saturating_mul(by),
            PointsOperator::Divide if by == 0 => points,
            PointsOperator::Divide => points.saturating_div(by),
            PointsOperator::Set => by,
        }
    }
}
