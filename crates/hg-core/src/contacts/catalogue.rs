//! Fields: their types, their definitions, and all of them together.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::contacts::FieldValue;
use crate::ids::FieldId;
use crate::text;

/// What kind of value a field holds. The names are those of the native API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    Text,
    LongText,
    Number,
    Date,
    Datetime,
    Boolean,
    Select,
    Multiselect,
    Email,
    Url,
    Phone,
    Country,
    Region,
    Timezone,
    Locale,
    Lookup,
    /// Formatted text.
    Html,
    /// A time of day. No filter looks at it.
    Time,
}

use FieldType as T;

impl FieldType {
    pub const ALL: [FieldType; 18] = [
        T::Text,
        T::LongText,
        T::Number,
        T::Date,
        T::Datetime,
        T::Boolean,
        T::Select,
        T::Multiselect,
        T::Email,
        T::Url,
        T::Phone,
        T::Country,
        T::Region,
        T::Timezone,
        T::Locale,
        T::Lookup,
        T::Html,
        T::Time,
    ];

    /// The name in the native API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            T::Text => "text",
            T::LongText => "long_text",
            T::Number => "number",
            T::Date => "date",
            T::Datetime => "datetime",
            T::Boolean => "boolean",
            T::Select => "select",
            T::Multiselect => "multiselect",
            T::Email => "email",
            T::Url => "url",
            T::Phone => "phone",
            T::Country => "country",
            T::Region => "region",
            T::Timezone => "timezone",
            T::Locale => "locale",
            T::Lookup => "lookup",
            T::Html => "html",
            T::Time => "time",
        }
    }

    pub fn from_name(name: &str) -> Option<FieldType> {
        FieldType::ALL.into_iter().find(|t| t.name() == name)
    }

    /// The name in the compatible API.
    pub const fn compatible_name(self) -> &'static str {
        match self {
            T::LongText => "textarea",
            T::Phone => "tel",
            other => other.name(),
        }
    }

    /// Reads a type of the compatible API.
    pub fn from_compatible_name(name: &str) -> Option<FieldType> {
        match name {
            "textarea" => Some(T::LongText),
            "tel" => Some(T::Phone),
            "long_text" | "phone" => None,
            other => FieldType::from_name(other),
        }
    }

    /// Whether the field is of no use without a list of choices.
    pub const fn needs_choices(self) -> bool {
        matches!(self, T::Select | T::Multiselect)
    }

    /// Whether segments and searches can ask for its values.
    pub const fn can_be_asked_for(self) -> bool {
        !matches!(self, T::Time)
    }

    /// Whether values are kept as text (folded when they are compared).
    pub const fn is_text(self) -> bool {
        !matches!(self, T::Number | T::Boolean | T::Date | T::Datetime)
    }

    /// Whether the field's own `char_limit` bounds its values.
    pub const fn has_char_limit(self) -> bool {
        matches!(self, T::Text | T::Select | T::Email | T::Url | T::Phone | T::Lookup)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a field stands on the contact's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldGroup {
    Core,
    Social,
    Personal,
    Professional,
}

impl FieldGroup {
    pub const ALL: [FieldGroup; 4] = [FieldGroup::Core, FieldGroup::Social, FieldGroup::Personal, FieldGroup::Professional];

    pub const fn name(self) -> &'static str {
        match self {
            FieldGroup::Core => "core",
            FieldGroup::Social => "social",
            FieldGroup::Personal => "personal",
            FieldGroup::Professional => "professional",
        }
    }

    pub fn from_name(name: &str) -> Option<FieldGroup> {
        FieldGroup::ALL.into_iter().find(|g| g.name() == name)
    }
}

/// What a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldObject {
    #[default]
    Contact,
    Company,
}

impl FieldObject {
    /// The name in the native API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            FieldObject::Contact => "contact",
            FieldObject::Company => "company",
        }
    }

    pub fn from_name(name: &str) -> Option<FieldObject> {
        [FieldObject::Contact, FieldObject::Company].into_iter().find(|o| o.name() == name)
    }

    /// The table whose columns hold the values.
    pub const fn table(self) -> &'static str {
        match self {
            FieldObject::Contact => "contacts",
            FieldObject::Company => "companies",
        }
    }
}

/// One choice of a select field: what is shown and what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub label: String,
    pub value: String,
}

impl Choice {
    /// A choice whose label is its value.
    pub fn new(value: impl Into<String>) -> Choice {
        let value = value.into();
        Choice { label: value.clone(), value }
    }
}

/// What a type needs to know beyond its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldProperties {
    /// Choices of select and multiselect fields, suggestions of lookup fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// The label of "yes" of a yes/no field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yes: Option<String>,
    /// The label of "no" of a yes/no field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no: Option<String>,
    /// Decimal places of a number; more are rounded half away from zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
}

/// The definition of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDef {
    pub id: FieldId,
    pub object: FieldObject,
    pub alias: String,
    pub label: String,
    pub kind: FieldType,
    pub group: FieldGroup,
    pub order: i64,
    /// The column of the object's table that holds the values; without one they are in the overflow.
    pub column: Option<String>,
    pub required: bool,
    pub unique: bool,
    pub listable: bool,
    pub visible: bool,
    pub short_visible: bool,
    pub publicly_updatable: bool,
    pub fixed: bool,
    pub published: bool,
    pub default_value: Option<String>,
    pub char_limit: u32,
    pub properties: FieldProperties,
}

impl FieldDef {
    /// A plain, visible, listable field; whoever makes it sets the rest.
    pub fn new(alias: &str, label: &str, kind: FieldType) -> FieldDef {
        FieldDef {
            id: FieldId(0),
            object: FieldObject::Contact,
            alias: alias.to_string(),
            label: label.to_string(),
            kind,
            group: FieldGroup::Core,
            order: 0,
            column: Some(alias.to_string()),
            required: false,
            unique: false,
            listable: true,
            visible: true,
            short_visible: false,
            publicly_updatable: false,
            fixed: false,
            published: true,
            default_value: None,
            char_limit: 191,
            properties: FieldProperties::default(),
        }
    }

    /// The choice whose value or label is this text, neither case nor accents counting.
    pub fn choice(&self, text: &str) -> Option<&Choice> {
        let wanted = text::fold(text.trim());
        let options = &self.properties.options;
        options
            .iter()
            .find(|c| c.value == text)
            .or_else(|| options.iter().find(|c| text::fold(&c.value) == wanted))
            .or_else(|| options.iter().find(|c| text::fold(&c.label) == wanted))
    }

    /// The value that a new contact gets when nobody says otherwise.
    pub fn default_value(&self) -> FieldValue {
        self.default_value.as_deref().and_then(|text| self.read(text).ok()).unwrap_or(FieldValue::Empty)
    }
}

/// All fields of contacts, in their order, and beside them those of companies.
#[derive(Debug, Clone, Default)]
pub struct FieldCatalogue {
    fields: Vec<FieldDef>,
    by_alias: HashMap<String, usize>,
    companies: Option<Box<FieldCatalogue>>,
}

impl FieldCatalogue {
    /// Sorts fields to what they belong to.
    pub fn new(fields: Vec<FieldDef>) -> FieldCatalogue {
        let (contacts, companies): (Vec<_>, Vec<_>) = fields.into_iter().partition(|f| f.object == FieldObject::Contact);
        let mut catalogue = FieldCatalogue::of_one(contacts);
        catalogue.companies = Some(Box::new(FieldCatalogue::of_one(companies)));
        catalogue
    }

    fn of_one(mut fields: Vec<FieldDef>) -> FieldCatalogue {
        fields.sort_by_key(|f| (f.order, f.id));
        let by_alias = fields.iter().enumerate().map(|(i, f)| (f.alias.clone(), i)).collect();
        FieldCatalogue { fields, by_alias, companies: None }
    }

    /// The fields of companies; the same rules hold for them.
    pub fn companies(&self) -> &FieldCatalogue {
        self.companies.as_deref().unwrap_or(self)
    }

    /// Whether these are the fields of companies, and of them only.
    pub fn is_of_companies(&self) -> bool {
        self.companies.is_none() && self.fields.first().is_some_and(|f| f.object == FieldObject::Company)
    }

    pub fn get(&self, alias: &str) -> Option<&FieldDef> {
        self.by_alias.get(alias).map(|&i| &self.fields[i])
    }

    /// The place of a field in [`FieldCatalogue::iter`], for values kept in a row.
    pub fn position(&self, alias: &str) -> Option<usize> {
        self.by_alias.get(alias).copied()
    }

    pub fn by_id(&self, id: FieldId) -> Option<&FieldDef> {
        self.fields.iter().find(|f| f.id == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &FieldDef> {
        self.fields.iter()
    }

    pub fn published(&self) -> impl Iterator<Item = &FieldDef> {
        self.fields.iter().filter(|f| f.published)
    }

    /// The fields by which a contact is recognised.
    pub fn unique(&self) -> impl Iterator<Item = &FieldDef> {
        self.published().filter(|f| f.unique)
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// The fields that every workspace starts with, in their order (`contacts.md` §2.3).
pub fn default_fields() -> Vec<FieldDef> {
    let rows: [(&str, &str, FieldType); 28] = [
        ("title", "Title", T::Lookup),
        ("firstname", "First name", T::Text),
        ("lastname", "Last name", T::Text),
        ("company", "Company", T::Text),
        ("position", "Position", T::Text),
        ("email", "Email", T::Email),
        ("mobile", "Mobile", T::Phone),
        ("phone", "Phone", T::Phone),
        ("points", "Points", T::Number),
        ("fax", "Fax", T::Phone),
        ("address1", "Address line 1", T::Text),
        ("address2", "Address line 2", T::Text),
        ("city", "City", T::Text),
        ("state", "State", T::Region),
        ("zipcode", "Postal code", T::Text),
        ("country", "Country", T::Country),
        ("preferred_locale", "Preferred language", T::Locale),
        ("timezone", "Time zone", T::Timezone),
        ("last_active", "Last active", T::Datetime),
        ("attribution_date", "Attribution date", T::Datetime),
        ("attribution", "Attribution", T::Number),
        ("website", "Website", T::Url),
        ("facebook", "Facebook", T::Text),
        ("foursquare", "Foursquare", T::Text),
        ("instagram", "Instagram", T::Text),
        ("linkedin", "LinkedIn", T::Text),
        ("skype", "Skype", T::Text),
        ("twitter", "Twitter", T::Text),
    ];
    let field = |(order, (alias, label, kind)): (i64, (&str, &str, FieldType))| {
        let mut field = FieldDef::new(alias, label, kind);
        field.order = order;
        if matches!(alias, "facebook" | "foursquare" | "instagram" | "linkedin" | "skype" | "twitter") {
            field.group = FieldGroup::Social;
        }
        field.fixed = field.group == FieldGroup::Core && !matches!(alias, "fax" | "website");
        match alias {
            "title" => field.properties.options = ["Mr", "Mrs", "Miss"].map(Choice::new).to_vec(),
            "firstname" | "lastname" => field.short_visible = true,
            "email" => (field.short_visible, field.unique) = (true, true),
            "points" => field.default_value = Some("0".to_string()),
            "last_active" => field.column = Some("last_active_at".to_string()),
            "attribution" => field.properties.scale = Some(2),
            _ => {}
        }
        field
    };
    (1..).zip(rows).map(field).collect()
}

/// The fields that every company starts with, in their order (`contacts.md` §2.3).
pub fn default_company_fields() -> Vec<FieldDef> {
    let rows: [(&str, &str, FieldType); 15] = [
        ("companyname", "Company name", T::Text),
        ("companyemail", "Company email", T::Email),
        ("companyphone", "Phone", T::Phone),
        ("companywebsite", "Website", T::Url),
        ("companyaddress1", "Address line 1", T::Text),
        ("companyaddress2", "Address line 2", T::Text),
        ("companycity", "City", T::Text),
        ("companystate", "State", T::Region),
        ("companyzipcode", "Postal code", T::Text),
        ("companycountry", "Country", T::Country),
        ("companynumber_of_employees", "Number of employees", T::Number),
        ("companyfax", "Fax", T::Phone),
        ("companyannual_revenue", "Annual revenue", T::Number),
        ("companyindustry", "Industry", T::Select),
        ("companydescription", "Description", T::LongText),
    ];
    let field = |(order, (alias, label, kind)): (i64, (&str, &str, FieldType))| {
        let mut field = FieldDef::new(alias, label, kind);
        field.object = FieldObject::Company;
        field.order = order;
        field.group = if order > 10 { FieldGroup::Professional } else { FieldGroup::Core };
        field.fixed = field.group == FieldGroup::Core;
        field.short_visible = matches!(
            alias,
            "companyname" | "companyemail" | "companyphone" | "companywebsite" | "companycity" | "companycountry"
        );
        match alias {
            "companyname" => (field.required, field.unique) = (true, true),
            "companyannual_revenue" => field.properties.scale = Some(2),
            "companyindustry" => field.properties.options = INDUSTRIES.split('|').map(Choice::new).collect(),
            _ => {}
        }
        field
    };
    (1..).zip(rows).map(field).collect()
}

const INDUSTRIES: &str = "\
    Aerospace|Agriculture|Apparel|Automotive|Banking|Biotechnology|Chemicals|Communications|Construction|Consulting|\
    Education|Electronics|Energy|Engineering|Entertainment|Environment|Finance|Food and beverage|Government|\
    Health care|Hospitality|Insurance|Legal|Logistics|Machinery|Manufacturing|Media|Non-profit|Pharmaceuticals|\
    Real estate|Recreation|Retail|Software|Technology|Telecommunications|Transport|Travel|Utilities|Other";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_companies_stand_beside_those_of_contacts() {
        let catalogue = FieldCatalogue::new(default_fields().into_iter().chain(default_company_fields()).collect());
        assert_eq!((catalogue.len(), catalogue.companies().len()), (28, 15));
        assert!(catalogue.get("companycity").is_none() && catalogue.companies().get("city").is_none());
        let unique: Vec<&str> = catalogue.companies().unique().map(|f| f.alias.as_str()).collect();
        assert_eq!(unique, ["companyname"]);
    }

    #[test]
    fn the_default_fields_keep_their_order_and_have_one_identifier() {
        let catalogue = FieldCatalogue::new(default_fields());
        let unique: Vec<&str> = catalogue.unique().map(|f| f.alias.as_str()).collect();
        assert_eq!(unique, ["email"]);
        assert_eq!(catalogue.iter().next().map(|f| f.alias.as_str()), Some("title"));
        assert!(catalogue.get("email").is_some_and(|f| f.fixed && f.short_visible));
        assert!(catalogue.get("twitter").is_some_and(|f| !f.fixed && f.group == FieldGroup::Social));
    }

    #[test]
    fn every_type_is_found_by_the_names_of_both_apis() {
        for kind in FieldType::ALL {
            assert_eq!(FieldType::from_name(kind.name()), Some(kind));
            assert_eq!(FieldType::from_compatible_name(kind.compatible_name()), Some(kind));
        }
        assert_eq!(FieldType::from_compatible_name("phone"), None);
    }
}
