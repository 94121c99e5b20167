//! Which companies a search finds: decided in memory, because text is never compared by a database's own rules.

use std::collections::BTreeSet;

use hg_core::contacts::{FieldCatalogue, Search, Term};
use hg_core::ids::UserId;
use hg_core::segments::{Operator, TextTest};
use hg_core::text::fold;

/// Fields in which a word without a command may stand.
const WORDS_IN: [&str; 7] =
    ["companyname", "companyemail", "companycity", "companystate", "companycountry", "companywebsite", "companyindustry"];

/// What of a company a search looks at, besides the values of fields.
pub(super) struct Facts<'a> {
    pub id: i64,
    pub owner: Option<i64>,
    pub published: bool,
    /// The value of a field as text.
    pub text: &'a dyn Fn(&str) -> Option<String>,
    /// For commands about what hangs on companies: whether this is one of them.
    pub inside: &'a dyn Fn(&Term) -> bool,
}

/// Fields whose values a search asks for.
pub(super) fn aliases(search: &Search, fields: &FieldCatalogue) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(search, fields, &mut found);
    found
}

fn collect(search: &Search, fields: &FieldCatalogue, found: &mut BTreeSet<String>) {
    match search {
        Search::All(parts) | Search::Any(parts) => parts.iter().for_each(|part| collect(part, fields, found)),
        Search::Not(inner) => collect(inner, fields, found),
        Search::Term(term) if hangs_on(term) => {}
        Search::Term(term) => match field_of(term, fields) {
            Some(alias) => drop(found.insert(alias.to_owned())),
            None => found.extend(WORDS_IN.iter().filter(|a| fields.get(a).is_some()).map(|a| (*a).to_owned())),
        },
    }
}

/// Whether a command asks about what hangs on companies; such are looked up before the companies are read.
pub(super) fn hangs_on(term: &Term) -> bool {
    matches!(term.command.as_deref(), Some("tag" | "segment"))
}

/// Those commands of a search.
pub(super) fn hanging(search: &Search) -> Vec<&Term> {
    match search {
        Search::All(parts) | Search::Any(parts) => parts.iter().flat_map(hanging).collect(),
        Search::Not(inner) => hanging(inner),
        Search::Term(term) => {
            if hangs_on(term) {
                vec![term]
            } else {
                Vec::new()
            }
        }
    }
}

/// The field that a command names; `name:` and `email:` stand for the usual ones.
fn field_of<'a>(term: &Term, fields: &'a FieldCatalogue) -> Option<&'a str> {
    let command = term.command.as_deref()?;
    let alias = match command {
        "name" => "companyname",
        "email" => "companyemail",
        "has" => term.text.as_str(),
        other => other,
    };
    fields.get(alias).filter(|f| f.published).map(|f| f.alias.as_str())
}

pub(super) fn matches(search: &Search, fields: &FieldCatalogue, facts: &Facts<'_>, me: Option<UserId>) -> bool {
    match search {
        Search::All(parts) => parts.iter().all(|part| matches(part, fields, facts, me)),
        Search::Any(parts) => parts.iter().any(|part| matches(part, fields, facts, me)),
        Search::Not(inner) => !matches(inner, fields, facts, me),
        Search::Term(term) => one(term, fields, facts, me),
    }
}

fn one(term: &Term, fields: &FieldCatalogue, facts: &Facts<'_>, me: Option<UserId>) -> bool {
    let holds = |alias: &str, wanted: &str| {
        let there = (facts.text)(alias).map(|text| fold(&text)).unwrap_or_default();
        match (term.exact, wanted.contains('%')) {
            (true, false) => there == wanted,
            (false, false) => there.contains(wanted),
            (exact, true) => {
                let wanted = wanted.replace('_', "\\_");
                let pattern = if exact { wanted } else { format!("%{wanted}%") };
                TextTest::of(Operator::Like, &pattern).is_ok_and(|test| test.passes(Some(&there), &mut String::new()))
            }
        }
    };
    match (term.command.as_deref(), term.text.as_str()) {
        _ if hangs_on(term) => (facts.inside)(term),
        (Some("ids"), list) => list.split(',').any(|id| id.trim().parse() == Ok(facts.id)),
        (Some("is"), "mine") => me.is_some_and(|me| facts.owner == Some(me.0)),
        (Some("is"), "unowned") => facts.owner.is_none(),
        (Some("is"), "published") => facts.published,
        (Some("is"), "unpublished") => !facts.published,
        (Some("has"), alias) if fields.get(alias).is_some() => (facts.text)(alias).is_some_and(|t| !t.is_empty()),
        (Some(command), text) => match field_of(term, fields) {
            Some(alias) => holds(alias, &fold(text)),
            // A command that nobody knows is literal text.
            None => {
                let wanted = fold(&format!("{command}:{text}"));
                WORDS_IN.iter().any(|alias| holds(alias, &wanted))
            }
        },
        (None, text) => {
            let wanted = fold(text);
            WORDS_IN.iter().any(|alias| holds(alias, &wanted))
        }
    }
}
