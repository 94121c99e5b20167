//! The search above the list of fields (`contacts.md` §2.2).

use std::collections::HashMap;

use hg_app::Cx;
use hg_app::audit::{self, Authors};
use hg_app::fields::Field;
use hg_core::contacts::{Search, Term};
use hg_core::text::fold;

use super::answer::CompatAnswer;

/// The fields that a search wants: words in label and alias, `ids:`, `is:published`, `is:unpublished`, `is:mine`,
/// `is:unique`, `is:indexed`, `type:`, `group:`, with the grammar of the contact list.
pub(super) async fn found(cx: &Cx, all: Vec<Field>, search: &str) -> CompatAnswer<Vec<Field>> {
    let Some(search) = Search::parse(search) else { return Ok(all) };
    let mine = |term: &Term| term.command.as_deref() == Some("is") && fold(&term.text) == "mine";
    let authors = if search.mentions(&mine) {
        audit::authors(cx, "field", all.iter().map(|f| f.def.id.0).collect()).await?
    } else {
        HashMap::new()
    };
    let me = cx.user_id().map(|id| id.0);
    Ok(all.into_iter().filter(|field| fits(&search, field, &authors, me)).collect())
}

fn fits(search: &Search, field: &Field, authors: &HashMap<i64, Authors>, me: Option<i64>) -> bool {
    match search {
        Search::All(parts) => parts.iter().all(|part| fits(part, field, authors, me)),
        Search::Any(parts) => parts.iter().any(|part| fits(part, field, authors, me)),
        Search::Not(inner) => !fits(inner, field, authors, me),
        Search::Term(term) => meets(term, field, authors, me),
    }
}

fn meets(term: &Term, field: &Field, authors: &HashMap<i64, Authors>, me: Option<i64>) -> bool {
    let (def, text) = (&field.def, fold(&term.text));
    let says = |text: &str| fold(&def.label).contains(text) || def.alias.contains(text);
    match (term.command.as_deref(), text.as_str()) {
        (Some("ids"), list) => list.split(',').any(|id| id.trim().parse() == Ok(def.id.0)),
        (Some("is"), "published") => def.published,
        (Some("is"), "unpublished") => !def.published,
        (Some("is"), "unique" | "indexed") => def.unique,
        (Some("is"), "mine") => {
            let author = authors.get(&def.id.0).and_then(|a| a.created.as_ref()).map(|a| a.id);
            me.is_some() && author == me
        }
        (Some("type"), name) => def.kind.name() == name || def.kind.compatible_name() == name,
        (Some("group"), name) => def.group.name() == name,
        (Some(command), text) => says(&format!("{command}:{text}")),
        (None, text) => says(text),
    }
}
