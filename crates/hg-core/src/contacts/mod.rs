//! What is known about a person, and in which form.
//!
//! A contact's facts are the values of fields. A [`FieldDef`] says what a field is called, which
//! [`FieldType`] it has and what a value must look like; a [`FieldCatalogue`] is all fields of a
//! workspace. Whatever door a value comes through (the browser, an API, a form, an import), it is
//! read by [`FieldDef::read`]: out comes a [`FieldValue`] that can be stored, or a sentence that says
//! what is wrong. Nothing behind that door checks again.

mod alias;
mod catalogue;
mod country;
mod duplicates;
mod html;
mod loose_date;
mod search;
mod value;

pub use alias::{AliasError, alias_from_label, check_alias};
pub use catalogue::{
    Choice, FieldCatalogue, FieldDef, FieldGroup, FieldObject, FieldProperties, FieldType, default_company_fields, default_fields,
};
pub use country::{countries, country_name};
pub use duplicates::{Likeness, Traits, mailbox};
pub use html::safe_html;
pub(crate) use loose_date::month_number;
pub use loose_date::{read_clock, read_date, read_instant};
pub use search::{Search, Term};
pub use value::{FieldValue, ValueError};
