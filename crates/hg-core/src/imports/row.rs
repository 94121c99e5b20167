//! One row of a file, read.

use std::net::IpAddr;

use jiff::tz::TimeZone;

use crate::contacts::{FieldCatalogue, FieldDef, FieldType, FieldValue, read_instant};
use crate::imports::mapping::{Mapping, Target};
use crate::time::Timestamp;

/// What a row says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewRow {
    pub id: Option<i64>,
    /// Values that are there; a cell `NULL` clears and stands as `Empty`. Blank cells are left out.
    pub values: Vec<(String, FieldValue)>,
    pub add_tags: Vec<String>,
    pub remove_tags: Vec<String>,
    pub do_not_mail: Option<bool>,
    pub consents: Vec<(String, bool)>,
    pub date_added: Option<Timestamp>,
    pub owner: Option<String>,
    /// `Some(None)` takes her out of her stage.
    pub stage: Option<Option<String>>,
    pub date_identified: Option<Timestamp>,
    pub date_modified: Option<Timestamp>,
    pub last_active: Option<Timestamp>,
    pub addresses: Vec<String>,
    pub created_by: Option<String>,
    pub modified_by: Option<String>,
    /// Values of her company, by alias.
    pub company: Vec<(String, FieldValue)>,
}

/// Why a row is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("the row has {found} cells, the head line has {expected}")]
    Cells { found: usize, expected: usize },
    #[error("the row is empty")]
    Empty,
    #[error("{label}: {reason}")]
    Value { label: String, reason: String },
    #[error("the id “{0}” is not a number")]
    Id(String),
    #[error("“{0}” is neither yes nor no")]
    YesNo(String),
    #[error("there is no user “{0}”; write the e-mail address with which somebody signs in")]
    Owner(String),
    #[error("“{0}” is not a date and time")]
    Date(String),
    #[error("“{0}” is not an IP address")]
    Address(String),
    #[error("the line is not a JSON object")]
    NoObject,
    #[error("{label}: “{value}” belongs to another record than the rest of the row")]
    Taken { label: String, value: String },
    #[error("{label}: “{value}” is somebody's whose other identifiers are not those of the row")]
    Half { label: String, value: String },
    #[error("{0} is required")]
    Missing(String),
}

impl Rejected {
    /// The reason without the value in it, so that rows with the same mistake are counted together.
    pub fn group(&self) -> String {
        let text = self.to_string();
        match (text.find('“'), text.rfind('”')) {
            (Some(from), Some(to)) if from < to => format!("{}…{}", &text[..from], &text[to + '”'.len_utf8()..]),
            _ => text,
        }
    }
}

impl Mapping {
    /// Reads a row. Dates and times without an offset are meant in `zone`.
    pub fn read_row<'a>(
        &self,
        cells: impl Iterator<Item = &'a str>,
        fields: &FieldCatalogue,
        zone: &TimeZone,
    ) -> Result<NewRow, Rejected> {
        let cells: Vec<&str> = cells.collect();
        if cells.len() != self.width {
            return Err(Rejected::Cells { found: cells.len(), expected: self.width });
        }
        let mut row = NewRow::default();
        let mut empty = true;
        for (column, target) in &self.targets {
            let cell = cells[*column].trim();
            if cell.is_empty() {
                continue;
            }
            empty = false;
            match target {
                Target::Field(alias) => {
                    let Some(field) = fields.get(alias) else { continue };
                    row.values.push((alias.clone(), value_of(field, cell, zone)?));
                }
                Target::Company(alias) => {
                    let Some(field) = fields.companies().get(alias) else { continue };
                    row.company.push((alias.clone(), value_of(field, cell, zone)?));
                }
                Target::Id => row.id = Some(cell.parse().map_err(|_| Rejected::Id(cell.to_owned()))?),
                Target::Tags => {
                    for tag in cell.split(['|', ',']).map(str::trim).filter(|t| !t.is_empty()) {
                        match tag.strip_prefix('-') {
                            Some(name) => row.remove_tags.push(name.trim().to_owned()),
                            None => row.add_tags.push(tag.to_owned()),
                        }
                    }
                }
                // Other words say nothing about mail.
                Target::DoNotMail => row.do_not_mail = yes_no(cell).ok(),
                Target::Consent(purpose) => row.consents.push((purpose.clone(), yes_no(cell)?)),
                Target::DateAdded => row.date_added = Some(instant(cell, zone)?),
                Target::DateIdentified => row.date_identified = Some(instant(cell, zone)?),
                Target::DateModified => row.date_modified = Some(instant(cell, zone)?),
                Target::LastActive => row.last_active = Some(instant(cell, zone)?),
                Target::Addresses => {
                    for text in cell.split(',').map(str::trim).filter(|t| !t.is_empty()) {
                        let address: IpAddr = text.parse().map_err(|_| Rejected::Address(text.chars().take(60).collect()))?;
                        row.addresses.push(address.to_string());
                    }
                }
                Target::CreatedBy => row.created_by = Some(cell.chars().take(200).collect()),
                Target::ModifiedBy => row.modified_by = Some(cell.chars().take(200).collect()),
                Target::Stage => row.stage = Some((cell != "NULL").then(|| cell.to_owned())),
                Target::Owner => row.owner = Some(cell.to_owned()),
            }
        }
        if empty { Err(Rejected::Empty) } else { Ok(row) }
    }
}

fn instant(cell: &str, zone: &TimeZone) -> Result<Timestamp, Rejected> {
    read_instant(cell, zone).ok_or_else(|| Rejected::Date(cell.to_owned()))
}

/// The value of a cell; the word `NULL` clears.
fn value_of(field: &FieldDef, cell: &str, zone: &TimeZone) -> Result<FieldValue, Rejected> {
    if cell == "NULL" {
        return Ok(FieldValue::Empty);
    }
    match field.read_in(cell, zone) {
        Ok(value) => Ok(value),
        // A choice that the field does not know clears, as in the compatible product.
        Err(_) if field.kind == FieldType::Select => Ok(FieldValue::Empty),
        Err(error) => Err(Rejected::Value { label: field.label.clone(), reason: error.to_string() }),
    }
}

fn yes_no(cell: &str) -> Result<bool, Rejected> {
    match cell.to_lowercase().as_str() {
        "1" | "true" | "on" | "yes" | "y" | "x" | "given" | "agreed" | "ja" | "ano" | "oui" | "si" => Ok(true),
        "0" | "false" | "off" | "no" | "n" | "-" | "withdrawn" | "nein" | "ne" | "non" => Ok(false),
        _ => Err(Rejected::YesNo(cell.chars().take(40).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::default_fields;
    use crate::imports::{Column, Object, guess_mapping};

    fn read(headers: &[&str], cells: &[&str]) -> Result<NewRow, Rejected> {
        let fields = FieldCatalogue::new(default_fields());
        let headers: Vec<String> = headers.iter().map(|h| (*h).to_owned()).collect();
        let columns: Vec<Column> = guess_mapping(&headers, &fields);
        Mapping::check(Object::Contact, &columns, headers.len(), &fields).unwrap().read_row(
            cells.iter().copied(),
            &fields,
            &TimeZone::UTC,
        )
    }

    #[test]
    fn a_row_says_values_tags_and_consents() {
        let row =
            read(&["email", "city", "country", "tags", "newsletter"], &[" ada@example.org ", "", "NULL", "a|-b", "Yes"]).unwrap();
        assert_eq!(
            row.values,
            [("email".into(), FieldValue::Text("ada@example.org".into())), ("country".into(), FieldValue::Empty)]
        );
        assert_eq!(
            (row.add_tags, row.remove_tags, row.consents),
            (vec!["a".into()], vec!["b".into()], vec![("newsletter".into(), true)])
        );
    }

    #[test]
    fn a_broken_row_is_rejected_with_its_reason() {
        for (cells, part) in [
            (&["a@b.org"][..], "has 1 cells, the head line has 2"),
            (&["", " "], "is empty"),
            (&["nobody", "x"], "Email: “nobody” is not an e-mail address"),
        ] {
            let rejected = read(&["email", "city"], cells).expect_err(part);
            assert!(rejected.to_string().contains(part), "{rejected}");
        }
        let one = read(&["email", "city"], &["nobody", ""]).unwrap_err().group();
        let other = read(&["email", "city"], &["no one", ""]).unwrap_err().group();
        assert_eq!(one, other);
    }
}
