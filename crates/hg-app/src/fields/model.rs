//! A field as services give and take it.

use hg_core::contacts::{FieldDef, FieldGroup, FieldObject, FieldProperties, FieldType};
use hg_core::time::Timestamp;

/// A field with what the database keeps beside its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub def: FieldDef,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A field to be made.
#[derive(Debug, Clone)]
pub struct NewField {
    pub object: FieldObject,
    pub label: String,
    /// Made of the label when absent.
    pub alias: Option<String>,
    pub kind: FieldType,
    pub group: FieldGroup,
    /// At the end when absent.
    pub order: Option<i64>,
    pub required: bool,
    pub unique: bool,
    pub listable: bool,
    pub visible: bool,
    pub short_visible: bool,
    pub publicly_updatable: bool,
    pub published: bool,
    pub default_value: Option<String>,
    pub char_limit: Option<u32>,
    pub properties: FieldProperties,
}

impl NewField {
    /// A visible, listable field of a type.
    pub fn new(label: &str, kind: FieldType) -> NewField {
        NewField {
            object: FieldObject::Contact,
            label: label.to_owned(),
            alias: None,
            kind,
            group: FieldGroup::Core,
            order: None,
            required: false,
            unique: false,
            listable: true,
            visible: true,
            short_visible: false,
            publicly_updatable: false,
            published: true,
            default_value: None,
            char_limit: None,
            properties: FieldProperties::default(),
        }
    }
}

/// What of a field changes; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct FieldPatch {
    /// Refused when the field is no longer at this version.
    pub version: Option<i64>,
    pub label: Option<String>,
    pub group: Option<FieldGroup>,
    pub order: Option<i64>,
    pub required: Option<bool>,
    /// Refused while two contacts have the same value.
    pub unique: Option<bool>,
    pub listable: Option<bool>,
    pub visible: Option<bool>,
    pub short_visible: Option<bool>,
    pub publicly_updatable: Option<bool>,
    pub published: Option<bool>,
    pub default_value: Option<Option<String>>,
    pub char_limit: Option<u32>,
    pub properties: Option<FieldProperties>,
}
