//! One email that is several: variants in a test, and translations.
//!
//! Variants and translations are emails of their own that belong to a parent. What is sent, counted and never sent twice
//! is the parent: the ledger's rows name it, and beside it the member that a message was written from. So whichever
//! member somebody got, she has had the email; segments, campaigns and points go on asking about the parent; and figures
//! add up there by themselves.
//!
//! A reader whose language has a translation gets that; among the others the variants are shared out by weight
//! ([`hg_core::emails::pick_variant`]). Variants take part while they are published, which a test does for them when it
//! begins and undoes when it ends ([`trial`]).

mod members;
mod store;
mod trial;

use std::collections::HashMap;

use hg_core::emails::{pick_translation, pick_variant, takes_part};
use hg_core::ids::{ContactId, EmailId};
use hg_store::{Sql, Tx};

use super::model::Email;
use crate::error::Result;

pub use members::{Joining, Relatives, add_translation, add_variant, family_of, join, relatives, set_weight};
pub use store::{Member, Role};
pub(crate) use store::{ended_since, is_held_back};
pub(super) use trial::changed as content_changed;
pub use trial::{DecideJob, FamilyView, NewTrial, Trial, TrialArm, begin, call_off, win};

/// Who gets which member of an email.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    id: EmailId,
    revision: i64,
    language: String,
    variants: Vec<(i64, i64)>,
    translations: Vec<(String, i64)>,
    revisions: HashMap<i64, i64>,
    /// The share of the audience that takes part in the running test.
    share: Option<i64>,
}

impl Family {
    /// The family of a parent: one look into an index, and a second one only if there are variants.
    pub fn of(tx: &mut Tx<'_>, email: &Email) -> Result<Self> {
        let members = store::children(tx, email.id)?;
        let mut family = Self {
            id: email.id,
            revision: email.revision,
            language: email.content.language.clone(),
            variants: Vec::new(),
            translations: Vec::new(),
            revisions: HashMap::new(),
            share: None,
        };
        for member in members.into_iter().filter(|m| m.published) {
            family.revisions.insert(member.id.0, member.revision);
            match member.role {
                Role::Variant => family.variants.push((member.id.0, member.weight)),
                Role::Translation => family.translations.push((member.language, member.id.0)),
            }
        }
        if !family.variants.is_empty() {
            family.share = store::running(tx, email.id)?.map(|trial| trial.share);
        }
        Ok(family)
    }

    /// Whether the contact waits until the running test has a winner.
    pub fn waits(&self, contact: ContactId) -> bool {
        self.share.is_some_and(|share| !takes_part(self.id.0, contact.0, share))
    }

    /// The member that the contact gets (none: the parent itself), and its revision.
    pub fn choose(&self, contact: ContactId, locale: Option<&str>) -> (Option<EmailId>, i64) {
        let translation = locale.and_then(|wanted| pick_translation(wanted, &self.language, &self.translations)).copied();
        let chosen = translation.or_else(|| pick_variant(self.id.0, contact.0, &self.variants));
        let revision = chosen.and_then(|id| self.revisions.get(&id)).copied().unwrap_or(self.revision);
        (chosen.map(EmailId), revision)
    }

    /// The same for a message that cannot wait for a winner: who takes no part in the test gets the email itself.
    pub fn choose_now(&self, contact: ContactId, locale: Option<&str>) -> (Option<EmailId>, i64) {
        let (chosen, revision) = self.choose(contact, locale);
        let is_variant = chosen.is_some_and(|id| self.variants.iter().any(|(variant, _)| *variant == id.0));
        if is_variant && self.waits(contact) { (None, self.revision) } else { (chosen, revision) }
    }

    /// The languages of contacts, where they matter.
    pub fn locales(&self, tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
        if self.translations.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = "SELECT id, preferred_locale FROM contacts WHERE id @in($1) AND preferred_locale IS NOT NULL";
        Ok(tx.all(Sql::new(sql).bind(ids), |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())
    }
}
