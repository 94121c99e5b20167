//! Which column goes where.

use serde::{Deserialize, Serialize};

use crate::contacts::FieldCatalogue;
use crate::text::fold;

/// One column of the file and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Counted from 0.
    pub column: usize,
    /// The alias of a field or the name of a special target; `None`: left out.
    pub target: Option<String>,
    /// Nobody confirmed it yet.
    #[serde(default)]
    pub guessed: bool,
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
pub fn special_targets() -> [(&'static str, &'static str, &'static str); 9] {
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
    ]
}

impl Target {
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
        columns: &[Column],
        width: usize,
        fields: &FieldCatalogue,
    ) -> Result<Mapping, Vec<(Option<usize>, MappingError)>> {
        let mut errors = Vec::new();
        let mut targets: Vec<(usize, Target)> = Vec::new();
        for (entry, column) in columns.iter().enumerate() {
            let Some(name) = column.target.as_deref().filter(|t| !t.is_empty()) else { continue };
            match Target::parse(name, fields) {
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
        for field in fields.published().filter(|f| f.required && f.default_value.is_none() && !by_id) {
            if !targets.iter().any(|(_, t)| matches!(t, Target::Field(alias) if *alias == field.alias)) {
                errors.push((None, MappingError::Required(field.label.clone())));
            }
        }
        let of_company = |alias: &str| targets.iter().any(|(_, t)| matches!(t, Target::Company(a) if a == alias));
        if targets.iter().any(|(_, t)| matches!(t, Target::Company(_))) {
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
            Column { column, guessed: target.is_some(), target }
        })
        .collect()
}

fn guess(header: &str, fields: &FieldCatalogue) -> Option<String> {
    let words = |text: &str| fold(text).replace(['_', '-', '.'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
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
    use crate::contacts::default_fields;

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
        let column = |column, target: &str| Column { column, target: Some(target.into()), guessed: false };
        let errors =
            Mapping::check(&[column(0, "email"), column(1, "email"), column(2, "shoe"), column(9, "city")], 3, &fields())
                .unwrap_err();
        assert_eq!(
            errors,
            [
                (Some(1), MappingError::TargetTwice("email".into())),
                (Some(2), MappingError::UnknownTarget("shoe".into())),
                (Some(3), MappingError::NoColumn(9)),
            ]
        );
        assert_eq!(Mapping::check(&[], 3, &fields()).unwrap_err(), [(None, MappingError::Nothing)]);
    }
}
