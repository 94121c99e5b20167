//! The contact list over more people than are sorted by hand: every order and every word, while people change.

use std::cmp::Ordering;

use hg_app::contacts::{self, Contact, ContactInput, ContactQuery};
use hg_app::list::ListQuery;
use hg_core::contacts::FieldValue;
use hg_core::ids::ContactId;
use hg_core::text::fold;
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

const FIRST: [&str; 7] = ["Ada", "Émile", "emil", "Zoë", "", "Bob", "Łukasz"];
const LAST: [&str; 5] = ["Lovelace", "Zola", "de Vries", "", "van der Berg"];
const CITIES: [&str; 6] = ["Plzeň", "Praha", "praha", "", "São Paulo", "Ústí nad Labem"];

fn input(n: usize) -> ContactInput {
    let fields = [
        ("firstname", json!(FIRST[n % 7])),
        ("lastname", json!(LAST[n % 5])),
        ("email", json!(format!("person{n}@example{}.org", n % 13))),
        ("company", json!(format!("Company {}", n % 31))),
        ("city", json!(CITIES[n % 6])),
        ("points", json!((n * 7) % 40)),
    ];
    ContactInput { fields: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(), ..ContactInput::default() }
}

async fn page(app: &TestApp, search: &str, sort: &str, cursor: Option<String>) -> (Vec<Contact>, Option<String>, u64) {
    let list = ListQuery { search: search.into(), sort: sort.into(), limit: 500, cursor, ..ListQuery::default() };
    let page = contacts::list(&app.cx(), ContactQuery { list, ..ContactQuery::default() }).await.unwrap();
    (page.items, page.next_cursor, page.total.unwrap())
}

async fn all(app: &TestApp, search: &str, sort: &str) -> Vec<Contact> {
    let (mut found, mut next, total) = page(app, search, sort, None).await;
    while let Some(cursor) = next {
        let (more, after, _) = page(app, search, sort, Some(cursor)).await;
        found.extend(more);
        next = after;
    }
    assert_eq!(found.len() as u64, total, "{search} by {sort}");
    found
}

/// The same order, worked out the plain way.
fn by_hand(people: &[Contact], sort: &str) -> Vec<ContactId> {
    let (alias, descending) = sort.strip_prefix('-').map_or((sort, false), |a| (a, true));
    let key = |c: &Contact| -> (Option<i64>, Option<String>) {
        match alias {
            "points" => (Some(c.points), None),
            "name" => {
                let name = [c.text("firstname"), c.text("lastname")].into_iter().flatten().collect::<Vec<_>>().join(" ");
                (None, (!name.is_empty()).then(|| fold(&name)))
            }
            alias => (None, c.values.get(alias).filter(|v| !v.is_empty()).map(|v: &FieldValue| fold(&v.to_text()))),
        }
    };
    let mut rows: Vec<_> = people.iter().map(|c| (key(c), c.id)).collect();
    rows.sort_by(|a, b| {
        let either = |o: Ordering| if descending { o.reverse() } else { o };
        match (a.0 == (None, None), b.0 == (None, None)) {
            (false, true) => Ordering::Less,
            (true, false) => Ordering::Greater,
            _ => either(a.cmp(b)),
        }
    });
    rows.into_iter().map(|(_, id)| id).collect()
}

async fn agrees(app: &TestApp) {
    let people = all(app, "", "id").await;
    for sort in ["name", "-name", "city", "-city", "points", "-points", "email", "company"] {
        let ids: Vec<ContactId> = all(app, "", sort).await.iter().map(|c| c.id).collect();
        let expected = by_hand(&people, sort);
        let first = ids.iter().zip(&expected).position(|(a, b)| a != b);
        assert!(ids == expected, "sorted by {sort}: {} and {} differ from place {first:?}", ids.len(), expected.len());
    }
    for word in ["emil", "ZOE", "praha", "van der", "example7", "usti", "company 3", "nobody"] {
        let in_any = |c: &Contact| {
            let name = [c.text("firstname"), c.text("lastname")].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let texts = [Some(name), c.text("email"), c.text("company"), c.text("city")];
            texts.into_iter().flatten().any(|text| fold(&text).contains(&fold(word)))
        };
        let expected = people.iter().filter(|c| in_any(c)).count();
        assert_eq!(all(app, &format!("\"{word}\""), "id").await.len(), expected, "{word}");
    }
}

on_each_db!(every_order_and_every_word_agree_with_the_plain_way_while_people_change, |app| {
    let cx = app.cx();
    let mut ids = Vec::new();
    for n in 0..620 {
        ids.push(contacts::create(&cx, input(n), false).await.unwrap().0.id);
    }
    agrees(&app).await;
    for (n, id) in ids.iter().enumerate().filter(|(n, _)| n % 37 == 0) {
        app.advance(hg_core::time::Millis(10));
        let moved = ContactInput { fields: input(n + 3).fields.into_iter().filter(|(k, _)| k != "email").collect(), ..input(0) };
        match n % 3 {
            0 => drop(
                contacts::update(&cx, *id, ContactInput { fields: moved.fields, ..ContactInput::default() }, true).await.unwrap(),
            ),
            1 => drop(contacts::delete(&cx, *id).await.unwrap()),
            _ => {
                contacts::delete(&cx, *id).await.unwrap();
                contacts::restore(&cx, *id).await.unwrap();
            }
        }
    }
    contacts::create(&cx, input(9_001), false).await.unwrap();
    agrees(&app).await;
});

on_each_db!(words_may_be_exact_open_or_commands, |app| {
    let cx = app.cx();
    for n in 0..40 {
        contacts::create(&cx, input(n), false).await.unwrap();
    }
    let count = async |search: &str| all(&app, search, "id").await.len();
    assert_eq!(count("+emil").await, 1, "exact means a whole text: one of them has no second name");
    assert_eq!(count("+praha").await, 14);
    assert_eq!(count("name:lo").await, 8);
    assert_eq!(count("email:person1").await, 11);
    assert_eq!(count("email:person%example1.").await, 3);
    assert_eq!(count("company:company").await, 40);
    assert_eq!(count("!name:lo").await, 32);
    assert_eq!(count("name:(lo OR zo)").await, 8 + (8 + 6 - 1) - 1);
});
