//! Writing the log.

use hg_core::ids::UserId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::cx::Cx;
use crate::error::Result;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Create,
    Update,
    Delete,
    /// Brought back from the trash.
    Restore,
    /// Another record was merged into this one.
    Merge,
    Unmerge,
    /// An import was taken back.
    Undo,
    /// Every personal value is gone for good.
    Erase,
    Export,
    Import,
    SignIn,
    Publish,
    Unpublish,
    Send,
    /// One deed on many records.
    Bulk,
}

impl Deed {
    /// The word that is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Merge => "merge",
            Self::Unmerge => "unmerge",
            Self::Undo => "undo",
            Self::Erase => "erase",
            Self::Export => "export",
            Self::Import => "import",
            Self::SignIn => "sign_in",
            Self::Publish => "publish",
            Self::Unpublish => "unpublish",
            Self::Send => "send",
            Self::Bulk => "bulk",
        }
    }
}

/// Who does something, and when; taken from the call context before a transaction begins.
#[derive(Debug, Clone)]
pub struct Who {
    user: Option<UserId>,
    name: String,
    address: Option<String>,
    at: Timestamp,
}

impl Cx {
    /// Who acts, for the audit log. The address is shortened where the settings anonymise addresses.
    pub fn who(&self) -> Who {
        let shorten = self.ws.settings().tracking.anonymize_ip;
        let address = self.address.map(|a| if shorten { hg_core::tracking::anonymized(a).to_string() } else { a.to_string() });
        Who { user: self.user_id(), name: self.actor_name().to_owned(), address, at: self.now() }
    }
}

/// Fields that a deed changed, as they were and as they are.
#[derive(Debug, Clone, Default)]
pub struct Changes(Map<String, Json>);

impl Changes {
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a field when its value changed.
    #[must_use]
    pub fn field<T: Serialize + ?Sized>(mut self, name: &str, before: &T, after: &T) -> Self {
        let json = |value: &T| serde_json::to_value(value).unwrap_or(Json::Null);
        let (before, after) = (json(before), json(after));
        if before != after {
            self.0.insert(name.to_owned(), Json::Array(vec![before, after]));
        }
        self
    }

    /// Notes that something changed whose values are too long to be told.
    #[must_use]
    pub fn touched(mut self, name: &str, changed: bool) -> Self {
        if changed {
            self.0.insert(name.to_owned(), Json::from("changed"));
        }
        self
    }

    /// Notes what two descriptions of the same thing differ in, but for the names given.
    #[must_use]
    pub fn between(mut self, before: &Json, after: &Json, but: &[&str]) -> Self {
        let empty = Map::new();
        let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
        for (name, value) in after.iter().filter(|(name, _)| !but.contains(&name.as_str())) {
            self = self.field(name, before.get(name).unwrap_or(&Json::Null), value);
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One row of the log.
#[derive(Debug, Clone)]
pub struct Entry {
    deed: Deed,
    object: &'static str,
    id: i64,
    name: String,
    detail: Option<Json>,
}

impl Entry {
    /// `object` is the word of the API for the kind of thing (`contact`, `segment`); `name` what people call it.
    pub fn new(deed: Deed, object: &'static str, id: i64, name: impl Into<String>) -> Self {
        Self { deed, object, id, name: name.into(), detail: None }
    }

    #[must_use]
    pub fn changes(mut self, changes: Changes) -> Self {
        self.detail = (!changes.is_empty()).then_some(Json::Object(changes.0));
        self
    }

    /// What else is worth knowing, such as how many people a bulk deed was about.
    #[must_use]
    pub fn detail(mut self, detail: Json) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// Details longer than this are left out; the row says so.
const LONGEST: usize = 20_000;

/// Writes a row, in the transaction of the deed.
pub fn record(tx: &mut Tx<'_>, who: &Who, entry: Entry) -> Result<()> {
    // An update that changed nothing is no deed.
    if entry.deed == Deed::Update && entry.detail.is_none() {
        return Ok(());
    }
    let detail = entry.detail.map(|detail| detail.to_string());
    let detail = detail.map(|text| if text.len() > LONGEST { r#"{"left_out":"too long"}"#.to_owned() } else { text });
    tx.exec(
        Sql::new(
            "INSERT INTO audit (at, user_id, actor, action, object_type, object_id, object_name, address, detail) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(who.at)
        .bind(who.user)
        .bind(who.name.as_str())
        .bind(entry.deed.key())
        .bind(entry.object)
        .bind(entry.id)
        .bind(entry.name)
        .bind(who.address.as_deref())
        .bind(detail.as_deref()),
    )?;
    Ok(())
}
