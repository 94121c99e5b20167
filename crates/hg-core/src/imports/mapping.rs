//! Which column goes where.

use serde::{Deserialize, Serialize};

use crate::contacts::{FieldCatalogue, FieldDef, FieldType};
use crate::text::fold;

/// Whose records a file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    #[default]
    Contact,
    Company,
}

impl Object {
    pub const fn key(self) -> &'static str {
        match self {
            Object::Contact => "contact",
            Object::Company => "company",
        }
    }

    pub fn from_key(key: &str) -> Option<Object> {
        [Object::Contact, Object::Company].into_iter().find(|o| o.key() == key)
    }
}

/// What a column does to a value that is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The file wins.
    #[default]
    Always,
    /// Only empty fields are filled.
    IfEmpty,
    /// Choices are added to those that are there.
    Append,
}

impl Policy {
    pub const fn key(self) -> &'static str {
        match self {
            Policy::Always => "always",
            Policy::IfEmpty => "if_empty",
            Policy::Append => "append",
        }
    }

    pub fn from_key(key: &str) -> Option<Policy> {
        [Policy::Always, Policy::IfEmpty, Policy::Append].into_iter().find(|p| p.key() == key)
    }
}

/// One column of the file and its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Counted from 0.
    pub column: usize,
    /// The alias of a field or the name of a special target; `None`: left out.
    pub target: Option<String>,
    /// Nobody confirmed it yet.
    #[serde(default)]
    pub guessed: bool,
    #[serde(default)]
    pub policy: Policy,
}

/// Where the values of a column go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Field(String),
    /// The id of the contact to be changed.
    Id,
    /// Tags with `|` or commas between; `-` takes one away.
    Tags,
    /// Yes: no more mail; no: mail again.
    DoNotMail,
    /// Yes or no to a purpose.
    Consent(String),
    DateAdded,
    /// Addresses that she came from, with commas between.
    Addresses,
    LastActive,
    /// Who made or changed the record elsewhere; told in its timeline.
    CreatedBy,
    ModifiedBy,
    /// The e-mail address of a user.
    Owner,
    /// The name of a stage, which is made when it is missing.
    Stage,
    DateIdentified,
    DateModified,
    /// A field of the company, which is found or made and becomes the contact's primary one.
    Company(String),
}

/// What is wrong with a mapping, and at which entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error("There is no column {0} in the file.")]
    NoColumn(usize),
    #[error("There is no field “{0}”.")]
    UnknownTarget(String),
    #[error("Two columns go to “{0}”. Leave one of them out.")]
    TargetTwice(String),
    #[error("“{0}” is required: choose the column that holds it.")]
    Required(String),
    #[error("“{0}” holds one value: only fields of several choices can be added to.")]
    Append(String),
    #[error("Choose at least one column to import.")]
    Nothing,
}

/// A checked mapping.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(super) targets: Vec<(usize, Target)>,
    pub(super) width: usize,
}

/// Targets besides fields: name, label, type.
pub fn special_targets() -> [(&'static str, &'static str, &'static str); 13] {
    [
        ("id", "Contact id (changes that contact)", "number"),
        ("tags", "Tags", "text"),
        ("do_not_mail", "Do not mail", "boolean"),
        ("consent:newsletter", "Agreed to the newsletter", "boolean"),
        ("date_added", "Date added", "datetime"),
        ("owner", "Owner (e-mail of a user)", "text"),
        ("stage", "Stage (made when missing)", "text"),
        ("date_identified", "Date identified", "datetime"),
        ("date_modified", "Date modified", "datetime"),
        ("last_active", "Last active", "datetime"),
        ("ip", "IP addresses (with commas between)", "text"),
        ("created_by", "Created by (name)", "text"),
        ("modified_by", "Modified by (name)", "text"),
    ]
}

/// Targets besides fields in files of companies.
pub fn special_targets_of_companies() -> [(&'static str, &'static str, &'static str); 2] {
    [("id", "Company id (changes that company)", "number"), ("owner", "Owner (e-mail of a user)", "text")]
}

impl Target {
    /// The same in a file of companies.
    fn of_company(name: &str, fields: &FieldCatalogue) -> Option<Target> {
        match name {
            "id" => Some(Target::Id),
            "owner" | "ownerusername" => Some(Target::Owner),
            alias => Some(Target::Company(fields.companies().get(alias).filter(|f| f.published)?.alias.clone())),
        }
    }

    pub fn parse(name: &str, fields: &FieldCatalogue) -> Option<Target> {
        if let Some(purpose) = name.strip_prefix("consent:") {
            let purpose = purpose.trim();
            return (!purpose.is_empty() && purpose.len() <= 100).then(|| Target::Consent(purpose.to_owned()));
        }
        Some(match name {
            "id" => Target::Id,
            "tags" => Target::Tags,
            "do_not_mail" | "doNotEmail" => Target::DoNotMail,
            "date_added" | "dateAdded" => Target::DateAdded,
            "owner" | "ownerusername" => Target::Owner,
            "stage" => Target::Stage,
            "date_identified" | "dateIdentified" => Target::DateIdentified,
            "date_modified" | "dateModified" => Target::DateModified,
            "last_active" | "lastActive" => Target::LastActive,
            "ip" | "ipAddress" => Target::Addresses,
            "created_by" | "createdByUser" => Target::CreatedBy,
            "modified_by" | "modifiedByUser" => Target::ModifiedBy,
            alias => match fields.get(alias).filter(|f| f.published) {
                Some(field) => Target::Field(field.alias.clone()),
                None => Target::Company(fields.companies().get(alias).filter(|f| f.published)?.alias.clone()),
            },
        })
    }
}

impl Mapping {
    /// Checks a mapping; every mistake is reported with the place of its entry.
    pub fn check(
        object: Object,
        columns: &[Column],
        width: usize,
        fields: &FieldCatalogue,
    ) -> Result<Mapping, Vec<(Option<usize>, MappingError)>> {
        let mut errors = Vec::new();
        let mut targets: Vec<(usize, Target)> = Vec::new();
        for (entry, column) in columns.iter().enumerate() {
            let Some(name) = column.target.as_deref().filter(|t| !t.is_empty()) else { continue };
            let found = match object {
                Object::Contact => Target::parse(name, fields),
                Object::Company => Target::of_company(name, fields),
            };
            let field = match &found {
                Some(Target::Field(alias)) => fields.get(alias),
                Some(Target::Company(alias)) => fields.companies().get(alias),
                _ => None,
            };
            if let Some(field) = field.filter(|f| column.policy == Policy::Append && f.kind != FieldType::Multiselect) {
                errors.push((Some(entry), MappingError::Append(field.label.clone())));
            }
            match found {
                _ if column.column >= width => errors.push((Some(entry), MappingError::NoColumn(column.column))),
                None => errors.push((Some(entry), MappingError::UnknownTarget(name.to_owned()))),
                Some(target) if targets.iter().any(|(_, t)| *t == target) => {
                    errors.push((Some(entry), MappingError::TargetTwice(name.to_owned())));
                }
                Some(target) => targets.push((column.column, target)),
            }
        }
        if targets.is_empty() && errors.is_empty() {
            errors.push((None, MappingError::Nothing));
        }
        let by_id = targets.iter().any(|(_, t)| *t == Target::Id);
        let needed = fields.published().filter(|f| object == Object::Contact && f.required && f.default_value.is_none());
        for field in needed.filter(|_| !by_id) {
            if !targets.iter().any(|(_, t)| matches!(t, Target::Field(alias) if *alias == field.alias)) {
                errors.push((None, MappingError::Required(field.label.clone())));
            }
        }
        let of_company = |alias: &str| targets.iter().any(|(_, t)| matches!(t, Target::Company(a) if a == alias));
        let names_companies = targets.iter().any(|(_, t)| matches!(t, Target::Company(_))) || object == Object::Company;
        if names_companies && !(object == Object::Company && by_id) {
            for field in fields.companies().published().filter(|f| f.required && f.default_value.is_none()) {
                if !of_company(&field.alias) {
                    errors.push((None, MappingError::Required(field.label.clone())));
                }
            }
        }
        if errors.is_empty() { Ok(Mapping { targets, width }) } else { Err(errors) }
    }
}

/// Names under which columns are met in the files of other programs.
const ALSO: &str = "firstname=first name,given name,forename,vorname,prenom,jmeno,nombre|\
    lastname=last name,surname,family name,nachname,nom,prijmeni,apellido,apellidos|\
    email=e mail,email address,e mail address,mail,adresse e mail,correo|\
    mobile=mobile phone,cell,cell phone,handy|phone=phone number,telephone,telefon,tel|\
    company=organization,organisation,company name,firma|position=job title,role|title=salutation,anrede|\
    address1=address,street,strasse,ulice|address2=address line 2|city=town,ort,stadt,mesto,ville,ciudad|\
    state=region,province,county|zipcode=zip,zip code,postal code,postcode,plz,psc|country=land,zeme,pays,pais|\
    timezone=time zone,tz|preferred_locale=locale,language,lang,sprache,jazyk|website=url,web,homepage|\
    points=score|tags=tag,labels|do_not_mail=unsubscribed,opted out,do not email,donotemail,opt out|\
    consent:newsletter=newsletter,consent,opt in,optin,agreed,subscribed,gdpr|date_added=dateadded,created,created at,signup date|\
    owner=ownerusername|stage=lifecycle stage|date_identified=dateidentified|date_modified=datemodified,modified,updated at|\
    last_active=lastactive,last seen|ip=ipaddress,ip address,ip addresses|created_by=createdbyuser|modified_by=modifiedbyuser|\
    id=contact id";

/// Guesses where columns go by their names: aliases, labels, and what other programs call them.
pub fn guess_mapping(headers: &[String], fields: &FieldCatalogue) -> Vec<Column> {
    let mut taken: Vec<String> = Vec::new();
    headers
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let target = guess(header, fields).filter(|t| !taken.contains(t));
            taken.extend(target.clone());
            Column { column, guessed: target.is_some(), target, policy: Policy::Always }
        })
        .collect()
}

/// The same for a file of companies: `name` is the company's.
pub fn guess_company_mapping(headers: &[String], fields: &FieldCatalogue) -> Vec<Column> {
    let mut taken: Vec<String> = Vec::new();
    let companies = fields.companies();
    headers
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let wanted = words(header.trim());
            let of_field = |f: &FieldDef| {
                let alias = words(&f.alias);
                alias == wanted
                    || words(&f.label) == wanted
                    || alias.strip_prefix("company").is_some_and(|short| short.trim() == wanted)
            };
            let found = companies.published().find(|f| of_field(f)).map(|f| f.alias.clone());
            let special = ["id", "owner"].into_iter().find(|s| *s == wanted).map(str::to_owned);
            let called = ["company", "organization", "organisation", "account", "firma"].contains(&wanted.as_str());
            let name = called.then(|| "companyname".to_owned());
            let target = found.or(special).or(name).filter(|t| !wanted.is_empty() && !taken.contains(t));
            taken.extend(target.clone());
            Column { column, guessed: target.is_some(), target, policy: Policy::Always }
        })
        .collect()
}

fn words(text: &str) -> String {
    fold(text).replace(['_', '-', '.'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn guess(header: &str, fields: &FieldCatalogue) -> Option<String> {
    let wanted = words(header.trim());
    if wanted.is_empty() {
        return None;
    }
    if let Some(field) = fields.published().find(|f| words(&f.alias) == wanted || words(&f.label) == wanted) {
        return Some(field.alias.clone());
    }
    if let Some(field) = fields.companies().published().find(|f| words(&f.alias) == wanted) {
        return Some(field.alias.clone());
    }
    let (name, _) = ALSO
        .split('|')
        .filter_map(|e| e.split_once('='))
        .map(|(n, others)| (n.trim(), others))
        .find(|(name, others)| words(name) == wanted || others.split(',').any(|other| other.trim() == wanted))?;
    Target::parse(name, fields).map(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::{default_company_fields, default_fields};

    fn fields() -> FieldCatalogue {
        FieldCatalogue::new(default_fields())
    }

    fn guessed(headers: &[&str]) -> Vec<Option<String>> {
        let headers: Vec<String> = headers.iter().map(|h| (*h).to_owned()).collect();
        guess_mapping(&headers, &fields()).into_iter().map(|c| c.target).collect()
    }

    #[test]
    fn columns_are_recognised_by_the_names_that_people_give_them() {
        let found = guessed(&[
            "First Name",
            "last_name",
            "E-mail",
            "Město",
            "Country",
            "Timezone",
            "preferred_locale",
            "newsletter",
            "Shoe",
            "mail",
        ]);
        let expected = [
            Some("firstname"),
            Some("lastname"),
            Some("email"),
            Some("city"),
            Some("country"),
            Some("timezone"),
            Some("preferred_locale"),
            Some("consent:newsletter"),
            None,
            None,
        ];
        assert_eq!(found, expected.map(|e| e.map(str::to_owned)));
    }

    #[test]
    fn two_columns_cannot_go_to_one_field() {
        let column = |column, target: &str| Column { column, target: Some(target.into()), ..Column::default() };
        let errors = Mapping::check(
            Object::Contact,
            &[column(0, "email"), column(1, "email"), column(2, "shoe"), column(9, "city")],
            3,
            &fields(),
        )
        .unwrap_err();
        assert_eq!(
            errors,
            [
                (Some(1), MappingError::TargetTwice("email".into())),
                (Some(2), MappingError::UnknownTarget("shoe".into())),
                (Some(3), MappingError::NoColumn(9)),
            ]
        );
        assert_eq!(Mapping::check(Object::Contact, &[], 3, &fields()).unwrap_err(), [(None, MappingError::Nothing)]);
    }

    #[test]
    fn files_of_companies_have_their_own_targets() {
        let headers: Vec<String> = ["Company", "City", "companywebsite", "owner", "email"].map(str::to_owned).to_vec();
        let of_both = || FieldCatalogue::new(default_fields().into_iter().chain(default_company_fields()).collect());
        let found: Vec<Option<String>> = guess_company_mapping(&headers, &of_both()).into_iter().map(|c| c.target).collect();
        assert_eq!(found[..2], [Some("companyname".to_owned()), Some("companycity".to_owned())]);
        assert_eq!(found[3], Some("owner".to_owned()));
        let column = |column, target: &str| Column { column, target: Some(target.into()), ..Column::default() };
        let check = |columns: &[Column]| Mapping::check(Object::Company, columns, 5, &of_both());
        assert!(check(&[column(0, "companyname"), column(1, "companycity")]).is_ok());
        assert_eq!(check(&[column(0, "firstname")]).unwrap_err()[0], (Some(0), MappingError::UnknownTarget("firstname".into())));
        let added = Column { policy: Policy::Append, ..column(0, "companyname") };
        assert!(matches!(check(&[added]).unwrap_err()[0], (Some(0), MappingError::Append(_))));
    }
}
