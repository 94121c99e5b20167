//! The search field above lists of hundreds: words, and the commands that all such lists know.
//!
//! `ids:1,2` `is:published` `is:unpublished` `is:global` `is:mine` `is:uncategorized` `name:` `category:`, with the
//! grammar of the contact list (`OR`, `!`, parentheses, quotes). A command that nobody knows is literal text.

use std::collections::HashMap;

use hg_core::contacts::{Search, Term};
use hg_core::text::fold;
use hg_store::{Sql, Tx};

use super::ListQuery;
use crate::error::Result;

/// What is known of a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listed {
    pub id: i64,
    /// Folded; the first is its name.
    pub texts: Vec<String>,
    /// `None`: the thing knows no such state.
    pub published: Option<bool>,
    pub global: Option<bool>,
    pub created_by: Option<i64>,
    pub category: Option<i64>,
    /// Nothing uses it; asked only where [`Matcher::asks_for_unused`].
    pub unused: Option<bool>,
}

/// A search, ready to be put to rows.
pub(crate) struct Matcher {
    search: Option<Search>,
    me: Option<i64>,
    /// Alias and folded title of each category.
    categories: HashMap<i64, (String, String)>,
}

impl Matcher {
    pub fn of(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Matcher> {
        let search = Search::parse(&query.search);
        let names_category = |term: &Term| term.command.as_deref() == Some("category");
        let categories = if search.as_ref().is_some_and(|s| s.mentions(&names_category)) {
            let rows = tx.all(Sql::new("SELECT id, alias, title FROM categories WHERE deleted_at IS NULL"), |r| {
                Ok((r.get::<i64>(0)?, (r.get::<String>(1)?, fold(&r.get::<String>(2)?))))
            })?;
            rows.into_iter().collect()
        } else {
            HashMap::new()
        };
        Ok(Matcher { search, me: query.asked_by.map(|u| u.0), categories })
    }

    /// Whether the search asks for what nothing uses.
    pub fn asks_for_unused(&self) -> bool {
        let unused = |term: &Term| term.command.as_deref() == Some("is") && fold(&term.text) == "unused";
        self.search.as_ref().is_some_and(|s| s.mentions(&unused))
    }

    /// Whether a row is wanted.
    pub fn wants(&self, row: &Listed) -> bool {
        self.search.as_ref().is_none_or(|search| self.fits(search, row))
    }

    fn fits(&self, search: &Search, row: &Listed) -> bool {
        match search {
            Search::All(parts) => parts.iter().all(|part| self.fits(part, row)),
            Search::Any(parts) => parts.iter().any(|part| self.fits(part, row)),
            Search::Not(inner) => !self.fits(inner, row),
            Search::Term(term) => self.meets(term, row),
        }
    }

    fn meets(&self, term: &Term, row: &Listed) -> bool {
        let text = fold(&term.text);
        match (term.command.as_deref(), text.as_str()) {
            (Some("ids"), list) => list.split(',').any(|id| id.trim().parse() == Ok(row.id)),
            (Some("is"), "published") => row.published.unwrap_or(true),
            (Some("is"), "unpublished") => row.published == Some(false),
            (Some("is"), "global") => row.global.unwrap_or(true),
            (Some("is"), "mine") => self.me.is_some() && row.created_by == self.me,
            (Some("is"), "unused") => row.unused.unwrap_or(false),
            (Some("is"), "uncategorized") => row.category.is_none(),
            (Some("name"), text) => row.texts.first().is_some_and(|name| like(name, text, term.exact)),
            (Some("category"), text) => {
                let category = row.category.and_then(|id| self.categories.get(&id));
                category.is_some_and(|(alias, title)| alias == text || title == text)
            }
            (Some(command), text) => contains(row, &format!("{command}:{text}")),
            (None, text) => contains(row, text),
        }
    }
}

fn contains(row: &Listed, text: &str) -> bool {
    row.texts.iter().any(|own| own.contains(text))
}

/// A value begins with the text, or is it; `%` stands for anything.
fn like(name: &str, text: &str, exact: bool) -> bool {
    let mut pieces = text.split('%');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or("")) else { return false };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    !exact || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(search: &str) -> Vec<i64> {
        let row = |id, name: &str, published, created_by, category| Listed {
            id,
            texts: vec![fold(name), format!("alias-{id}")],
            published: Some(published),
            global: Some(id != 3),
            created_by,
            category,
            unused: None,
        };
        let rows = [
            row(1, "Newsletter", true, Some(7), Some(5)),
            row(2, "Old news", false, None, None),
            row(3, "Vips", true, Some(8), None),
        ];
        let matcher = Matcher {
            search: Search::parse(search),
            me: Some(7),
            categories: HashMap::from([(5, ("mail".to_owned(), fold("Mail & more")))]),
        };
        rows.iter().filter(|row| matcher.wants(row)).map(|row| row.id).collect()
    }

    #[test]
    fn commands_and_words_narrow_a_list() {
        for (search, wanted) in [
            ("", vec![1, 2, 3]),
            ("news", vec![1, 2]),
            ("NEWS !old", vec![1]),
            ("ids:1,3", vec![1, 3]),
            ("is:published", vec![1, 3]),
            ("is:unpublished", vec![2]),
            ("is:global", vec![1, 2]),
            ("is:mine", vec![1]),
            ("!is:mine", vec![2, 3]),
            ("is:uncategorized", vec![2, 3]),
            ("category:mail", vec![1]),
            ("category:\"mail & more\"", vec![1]),
            ("name:news", vec![1]),
            ("name:%news", vec![1, 2]),
            ("is:mine OR name:vips", vec![1, 3]),
            ("alias-2", vec![2]),
            ("shoe:size", vec![]),
        ] {
            assert_eq!(found(search), wanted, "{search}");
        }
    }
}
