use hg_core::ids::{PageId, UserId};
use hg_core::time::Timestamp;
use serde_json::Value as Json;

/// A landing page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRecord {
    pub id: PageId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub title: String,
    pub alias: String,
    pub html: String,
    pub language: String,
    pub published: bool,
    pub no_index: bool,
    pub meta_description: String,
    pub head_script: String,
    pub footer_script: String,
    /// Where an unpublished page leads, and how (301, 302, 303, 307, 308).
    pub redirect_type: Option<i64>,
    pub redirect_url: String,
    pub hits: i64,
    pub unique_hits: i64,
    pub extra: Json,
}

/// A page to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPage {
    pub title: String,
    /// Empty: made from the title.
    pub alias: String,
    pub html: String,
    pub language: String,
    pub published: bool,
    pub no_index: bool,
    pub meta_description: String,
    pub head_script: String,
    pub footer_script: String,
    pub redirect_type: Option<i64>,
    pub redirect_url: String,
}

impl Default for NewPage {
    fn default() -> Self {
        Self {
            title: String::new(),
            alias: String::new(),
            html: String::new(),
            language: "en".into(),
            published: true,
            no_index: false,
            meta_description: String::new(),
            head_script: String::new(),
            footer_script: String::new(),
            redirect_type: None,
            redirect_url: String::new(),
        }
    }
}

/// What changes; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct PagePatch {
    pub version: Option<i64>,
    pub title: Option<String>,
    pub alias: Option<String>,
    pub html: Option<String>,
    pub language: Option<String>,
    pub published: Option<bool>,
    pub no_index: Option<bool>,
    pub meta_description: Option<String>,
    pub head_script: Option<String>,
    pub footer_script: Option<String>,
    pub redirect_type: Option<Option<i64>>,
    pub redirect_url: Option<String>,
}
