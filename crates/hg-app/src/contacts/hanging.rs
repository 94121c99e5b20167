//! What hangs on several contacts at once, for doors that show it beside each of them.

use std::collections::HashMap;

use hg_core::ids::ContactId;

use crate::contacts::traces::{addresses_of, utm_of};
use crate::contacts::{SeenAddress, UtmRecord};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::preferences::{self, Rule};

/// Addresses, campaign parameters and rules of a contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hanging {
    pub addresses: Vec<SeenAddress>,
    pub utm: Vec<UtmRecord>,
    pub rules: Vec<Rule>,
}

/// What hangs on these contacts; those on whom nothing hangs are left out.
pub async fn hanging(cx: &Cx, ids: Vec<ContactId>) -> Result<HashMap<ContactId, Hanging>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
            let mut found: HashMap<ContactId, Hanging> = HashMap::new();
            for (id, addresses) in addresses_of(tx, &plain)? {
                found.entry(id).or_default().addresses = addresses;
            }
            for (id, utm) in utm_of(tx, &plain)? {
                found.entry(id).or_default().utm = utm;
            }
            for (id, rules) in preferences::rules_of(tx, &plain)? {
                found.entry(id).or_default().rules = rules;
            }
            Ok(found)
        })
        .await
}
