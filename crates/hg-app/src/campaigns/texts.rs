//! Texts of steps with the values of a contact in the place of tokens.

use std::collections::HashMap;

use hg_core::ids::ContactId;
use hg_core::tokens::{DateFormats, Place, Template, TokenFacts, Value, Zoned};
use hg_store::{Sql, Tx};

use crate::emails::{self, ContactTexts, Text};
use crate::error::Result;
use crate::workspace::Workspace;

/// The token of the address that the contact was last seen at.
const ADDRESS: &str = "ipaddress";

/// The values of one contact, read when a text asks for them.
pub(super) struct Texts {
    contact: ContactId,
    known: HashMap<String, Text>,
}

impl Texts {
    pub fn of(contact: ContactId) -> Self {
        Self { contact, known: HashMap::new() }
    }

    /// The text with its tokens filled in.
    pub fn fill(&mut self, ws: &Workspace, tx: &mut Tx<'_>, text: &str, place: Place) -> Result<String> {
        if !text.contains('{') {
            return Ok(text.to_owned());
        }
        let template = Template::parse(text);
        let asked: Vec<String> = template.field_aliases().filter(|a| !self.known.contains_key(*a)).map(str::to_owned).collect();
        if !asked.is_empty() {
            let mut found = emails::texts(tx, &[self.contact.0], &asked)?.remove(&self.contact.0).unwrap_or_default();
            if asked.iter().any(|a| a == ADDRESS) {
                let sql = Sql::new("SELECT address FROM contact_addresses WHERE contact_id = $1 ORDER BY last_at DESC LIMIT 1");
                let value = tx.opt(sql.bind(self.contact), |r| r.get::<String>(0))?.unwrap_or_default();
                found.insert(ADDRESS.to_owned(), Text { value, label: None });
            }
            self.known.extend(asked.into_iter().map(|alias| {
                let value = found.remove(&alias).unwrap_or_default();
                (alias, value)
            }));
        }
        let settings = ws.settings();
        let facts = Facts {
            texts: ContactTexts(self.known.clone()),
            now: hg_core::emails::local_now(ws.clock.now(), &[&settings.general.timezone]),
            formats: DateFormats { date: settings.general.date_format.clone(), time: settings.general.time_format.clone() },
        };
        Ok(template.render(&facts, place))
    }
}

struct Facts {
    texts: ContactTexts,
    now: Zoned,
    formats: DateFormats,
}

impl TokenFacts for Facts {
    fn now(&self) -> &Zoned {
        &self.now
    }
    fn formats(&self) -> &DateFormats {
        &self.formats
    }
    fn field(&self, alias: &str) -> Option<Value<'_>> {
        use hg_core::emails::ContactValues;
        self.texts.value(alias)
    }
}
