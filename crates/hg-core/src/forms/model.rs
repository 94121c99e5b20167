//! What a form is made of.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// How a field looks and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Text,
    /// An address.
    Email,
    /// Several lines.
    Textarea,
    /// One of several options.
    Select,
    /// Not shown; carries a value along.
    Hidden,
    /// A box to tick, for a purpose.
    Consent,
    /// The button; takes no value.
    Button,
}

impl FieldKind {
    /// The word in APIs and class names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Textarea => "textarea",
            Self::Select => "select",
            Self::Hidden => "hidden",
            Self::Consent => "consent",
            Self::Button => "button",
        }
    }

    /// Reads the word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Text, Self::Email, Self::Textarea, Self::Select, Self::Hidden, Self::Consent, Self::Button]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// Whether an answer can come of it.
    pub fn takes_value(self) -> bool {
        self != Self::Button
    }
}

/// One option of a select.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceOption {
    /// What people read.
    pub label: String,
    /// What is stored.
    pub value: String,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormField {
    /// Stays the same while the form is edited.
    pub id: i64,
    /// Name in posts and results; unique within the form.
    pub alias: String,
    /// What people read.
    pub label: String,
    /// How it looks.
    pub kind: FieldKind,
    /// Must be answered.
    pub required: bool,
    /// Shown in the empty field.
    pub placeholder: String,
    /// Shown below the label.
    pub help: String,
    /// Filled in beforehand.
    pub default_value: String,
    /// What a select offers.
    pub options: Vec<ChoiceOption>,
    /// Said when the answer is missing or wrong; empty: a sentence of ours.
    pub validation_message: String,
    /// The contact field that the answer goes to.
    pub mapped_field: Option<String>,
    /// What a consent is for.
    pub purpose: String,
    /// The text next to the box, as it is kept with the consent.
    pub consent_text: String,
    /// Show the label.
    pub show_label: bool,
}

impl Default for FormField {
    fn default() -> Self {
        Self {
            id: 0,
            alias: String::new(),
            label: String::new(),
            kind: FieldKind::Text,
            required: false,
            placeholder: String::new(),
            help: String::new(),
            default_value: String::new(),
            options: Vec::new(),
            validation_message: String::new(),
            mapped_field: None,
            purpose: String::new(),
            consent_text: String::new(),
            show_label: true,
        }
    }
}

/// What happens when somebody has sent the form in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FormAction {
    /// Tags come and go.
    AddTags {
        /// These come.
        #[serde(default)]
        tags: Vec<String>,
        /// These go.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Points change.
    ChangePoints {
        /// `plus`, `minus`, `times` or `divide`.
        #[serde(default = "plus")]
        operator: String,
        /// By how many.
        points: i64,
        /// In this point group; none: the main score.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<i64>,
    },
    /// The score of every company of the contact changes.
    ChangeCompanyScore {
        /// By how much; less when negative.
        score: i64,
    },
    /// To a stage, whatever the one before.
    ChangeStage {
        /// Where to.
        stage: i64,
    },
    /// Into segments, and out of others.
    AddToSegment {
        /// Into these.
        #[serde(default)]
        add: Vec<i64>,
        /// Out of these.
        #[serde(default)]
        remove: Vec<i64>,
    },
    /// The campaign parameters of the page that the form stood on are recorded.
    RecordUtm,
    /// Whoever left, or was taken off, may be mailed again; a bounce stays.
    AllowContact,
}

fn plus() -> String {
    "plus".into()
}

/// What the person sees afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostAction {
    /// A message.
    Message(String),
    /// Another page.
    Redirect(String),
    /// The page she came from.
    Return,
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Its id; part of the address it is sent to.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it asks.
    pub fields: Vec<FormField>,
    /// What happens then.
    pub actions: Vec<FormAction>,
    /// What the person sees.
    pub post_action: PostAction,
}

impl Form {
    /// The name in ids of elements: small letters and digits only.
    pub fn element_name(&self) -> String {
        form_name(&self.name)
    }
}

/// `Contact Us!` becomes `contactus`.
///
/// ```
/// assert_eq!(hg_core::forms::form_name("Čau, Contact Us!"), "caucontactus");
/// ```
pub fn form_name(name: &str) -> String {
    name.nfkd().flat_map(char::to_lowercase).filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit()).collect()
}
