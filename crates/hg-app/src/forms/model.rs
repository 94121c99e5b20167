use hg_core::forms::{Form, FormAction, FormField, PostAction};
use hg_core::ids::{FormId, UserId};
use hg_core::time::Timestamp;
use serde_json::Value as Json;

/// How a form is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKind {
    /// By itself, with actions of its own.
    Standalone,
    /// As the source of campaigns.
    Campaign,
}

impl FormKind {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Campaign => "campaign",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "standalone" => Some(Self::Standalone),
            "campaign" => Some(Self::Campaign),
            _ => None,
        }
    }
}

/// A form with what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct FormRecord {
    pub id: FormId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub alias: String,
    pub description: String,
    pub kind: FormKind,
    pub published: bool,
    pub fields: Vec<FormField>,
    pub actions: Vec<FormAction>,
    pub post_action: PostAction,
    pub submissions: i64,
    /// Keys of later features, stored and given back.
    pub extra: Json,
}

impl FormRecord {
    /// As the rules want it.
    pub fn form(&self) -> Form {
        Form {
            id: self.id.0,
            name: self.name.clone(),
            fields: self.fields.clone(),
            actions: self.actions.clone(),
            post_action: self.post_action.clone(),
        }
    }
}

/// A form to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewForm {
    pub name: String,
    /// Empty: made from the name.
    pub alias: String,
    pub description: String,
    pub kind: FormKind,
    pub published: bool,
    pub fields: Vec<FormField>,
    pub actions: Vec<FormAction>,
    pub post_action: PostAction,
    pub extra: Json,
}

impl Default for NewForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            alias: String::new(),
            description: String::new(),
            kind: FormKind::Standalone,
            published: true,
            fields: Vec::new(),
            actions: Vec::new(),
            post_action: PostAction::Return,
            extra: Json::Object(serde_json::Map::new()),
        }
    }
}

/// What changes; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct FormPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub alias: Option<String>,
    pub description: Option<String>,
    pub kind: Option<FormKind>,
    pub published: Option<bool>,
    pub fields: Option<Vec<FormField>>,
    pub actions: Option<Vec<FormAction>>,
    pub post_action: Option<PostAction>,
    pub extra: Option<Json>,
}
